"""Rows are made anew when what they are read from has changed, or the times in them, and not before."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from xats_tui.core.model.wakes import WakeStage
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.listing import Listing, Reading
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.contracts import CONTRACTS, VERSIONS
from xats_tui.screens.rows.messages import MESSAGES, STREAM
from xats_tui.screens.rows.task_graph import TASK_GRAPH
from xats_tui.screens.rows.tasks import BOARD, TASKS
from xats_tui.screens.rows.wakes import WAKES

LISTINGS = (AGENTS, STREAM, MESSAGES, WAKES, TASKS, TASK_GRAPH, *BOARD.values(), CONTRACTS, VERSIONS, ACTIVITY)

each_listing = pytest.mark.parametrize("listing", LISTINGS, ids=[f"{n} {one.title}" for n, one in enumerate(LISTINGS)])


@each_listing
def test_rows_are_read_from_no_part_but_those_that_the_listing_names(listing: Listing) -> None:
    named = {part.value: getattr(FILLED, part.value) for part in listing.reads}
    assert listing.rows(Snapshot(**named), NOW) == listing.rows(FILLED, NOW)
    assert listing.summary(Snapshot(**named)) == listing.summary(FILLED)


@each_listing
def test_a_time_told_in_seconds_is_never_a_second_old(listing: Listing) -> None:
    reading = Reading(listing)
    for seconds in (0, 20, 50, 59, 60, 120, 3540, 3599, 3600):
        now = NOW + timedelta(seconds=seconds)
        reading.take(FILLED, now)
        if listing.tells_seconds(FILLED, now):
            later = now + timedelta(seconds=1)
            reading.take(FILLED, later)
            assert reading.rows == listing.rows(FILLED, later)


def test_rows_stay_the_same_ones_while_nothing_in_them_can_have_changed() -> None:
    reading = Reading(STREAM)
    reading.take(FILLED, NOW)
    before = reading.rows
    reading.take(replace(FILLED, tasks=(), health=None), NOW + timedelta(seconds=1))
    assert reading.rows is before
    reading.take(replace(FILLED, stream=FILLED.stream[1:]), NOW + timedelta(seconds=1))
    assert len(reading.rows) < len(before)


def test_a_part_that_is_loaded_again_is_read_again() -> None:
    reading = Reading(TASKS)
    reading.take(FILLED, NOW)
    before = reading.rows
    reading.take(replace(FILLED, roster=()), NOW)
    assert reading.rows != before


def test_a_list_that_tells_no_seconds_is_looked_through_six_times_a_minute() -> None:
    looks = list[datetime]()

    def noted(snapshot: Snapshot, now: datetime) -> bool:
        looks.append(now)
        return TASKS.tells_seconds(snapshot, now)

    reading, later = Reading(replace(TASKS, tells_seconds=noted)), NOW + timedelta(days=1)
    for seconds in range(60):
        reading.take(FILLED, later + timedelta(seconds=seconds))
    assert len(looks) <= 2 * 7


def test_what_is_due_within_the_hour_is_told_in_seconds_from_the_first_one_on() -> None:
    queued = {WakeStage.QUEUED: NOW - timedelta(days=1)}
    wake = replace(FILLED.wakes[0], due_at=NOW + timedelta(seconds=3604), reached=queued)
    due, reading = replace(FILLED, wakes=(wake,)), Reading(WAKES)
    for seconds in range(7):
        reading.take(due, NOW + timedelta(seconds=seconds))
    assert reading.rows == WAKES.rows(due, NOW + timedelta(seconds=6))
