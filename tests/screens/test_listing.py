"""Rows are made anew when what they are read from has changed, or the times in them, and not before."""

import re
from datetime import datetime, timedelta

import pytest

from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import WakeStage
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.listing import MINUTES_AFTER_S, Listing, Reading
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.contracts import CONTRACTS, VERSIONS
from xats_tui.screens.rows.messages import MESSAGES, STREAM
from xats_tui.screens.rows.task_graph import TASK_GRAPH
from xats_tui.screens.rows.tasks import BOARD, TASKS
from xats_tui.screens.rows.wakes import WAKES
from xats_tui.screens.widgets.format import TableRow

SHARP = datetime.fromtimestamp(NOW.timestamp() // MINUTES_AFTER_S * MINUTES_AFTER_S, NOW.tzinfo)
"""A moment at which times in minutes are brought up to date."""

LISTINGS = (AGENTS, STREAM, MESSAGES, WAKES, TASKS, TASK_GRAPH, *BOARD.values(), CONTRACTS, VERSIONS, ACTIVITY)

each_listing = pytest.mark.parametrize("listing", LISTINGS, ids=[f"{n} {one.title}" for n, one in enumerate(LISTINGS)])


def tells_seconds(row: TableRow) -> bool:
    return any(re.search(r"\b(\d+m)?\d+s\b", cell.text) for cell in row.cells)


@each_listing
def test_rows_are_read_from_no_part_but_those_that_the_listing_names(listing: Listing) -> None:
    named = {part.value: getattr(FILLED, part.value) for part in listing.reads}
    assert listing.rows(Snapshot(**named), NOW) == listing.rows(FILLED, NOW)
    assert listing.summary(Snapshot(**named)) == listing.summary(FILLED)


@each_listing
def test_a_time_told_in_seconds_is_never_two_seconds_old(listing: Listing) -> None:
    reading = Reading(listing)
    for start in (-5, 3540, 86390):
        earlier = listing.rows(FILLED, NOW + timedelta(seconds=start, milliseconds=300))
        for second in range(start, start + 75):
            now = NOW + timedelta(seconds=second, milliseconds=300)
            reading.take(FILLED, now)
            fresh = listing.rows(FILLED, now)
            for row, true, before in zip(reading.rows, fresh, earlier, strict=True):
                assert row in (true, before) or not tells_seconds(true), second
            earlier = fresh


@each_listing
def test_every_time_is_up_to_date_six_times_a_minute(listing: Listing) -> None:
    reading = Reading(listing)
    for second in range(0, 7300, MINUTES_AFTER_S):
        now = SHARP + timedelta(seconds=second)
        reading.take(FILLED, now)
        assert reading.rows == listing.rows(FILLED, now), second


@each_listing
def test_a_clock_that_is_set_back_is_followed(listing: Listing) -> None:
    reading = Reading(listing)
    for now in (NOW + timedelta(days=2), NOW):
        reading.take(FILLED, now)
        assert reading.rows == listing.rows(FILLED, now)


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


def test_only_rows_whose_time_has_changed_are_made_anew() -> None:
    made = list[str]()

    def noted(snapshot: Snapshot, entry: TaskEntry, now: datetime) -> TableRow:
        row = TASKS.row(snapshot, entry, now)
        made.append(row.key)
        return row

    ages = (timedelta(seconds=30), timedelta(seconds=90), timedelta(hours=3))
    tasks = tuple(replace(one, task=replace(one.task, created_at=SHARP - age, claimed_at=None, completed_at=None))
                  for one, age in zip(FILLED.tasks, ages, strict=False))  # fmt: skip
    young, older, old = (one.task.id for one in tasks)
    reading, shown = Reading(replace(TASKS, row=noted)), replace(FILLED, tasks=tasks)
    for second in range(30):
        reading.take(shown, SHARP + timedelta(seconds=second))
    assert (made.count(young), made.count(older), made.count(old)) == (15, 1, 1)
    reading.take(shown, SHARP + timedelta(seconds=30))
    assert (made.count(young), made.count(older), made.count(old)) == (16, 2, 1)


def test_rows_out_of_sight_wait_until_they_come_into_sight_or_for_ten_seconds() -> None:
    tasks = tuple(
        replace(one, task=replace(one.task, created_at=SHARP, claimed_at=None, completed_at=None))
        for one in FILLED.tasks[:3]
    )
    reading, shown = Reading(TASKS), replace(FILLED, tasks=tasks)
    keys = [one.task.id for one in tasks]

    def stale(second: int, *in_sight: str) -> set[str]:
        now = SHARP + timedelta(seconds=second)
        reading.take(shown, now, frozenset(in_sight))
        return {row.key for row, fresh in zip(reading.rows, TASKS.rows(shown, now), strict=True) if row != fresh}

    assert stale(0, keys[0]) == set()
    assert stale(2, keys[0]) == stale(8, keys[0]) == {keys[1], keys[2]}
    assert stale(8, keys[1]) == {keys[2]}
    assert stale(10, keys[1]) == set()


def test_what_is_due_within_the_hour_is_told_in_seconds_from_the_first_one_on() -> None:
    queued = {WakeStage.QUEUED: NOW - timedelta(days=1)}
    wake = replace(FILLED.wakes[0], due_at=NOW + timedelta(seconds=3604), reached=queued)
    due, reading = replace(FILLED, wakes=(wake,)), Reading(WAKES)
    for seconds in range(7):
        reading.take(due, NOW + timedelta(seconds=seconds))
    assert reading.rows == WAKES.rows(due, NOW + timedelta(seconds=6))
