"""Stale scopes become reloads: few, of the right parts, and honest when they fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.screens.hurried import hurried
from tests.screens.sample.clock import NOW, FrozenClock
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui.core.events import Scope
from xats_tui.core.model.panes import PaneRef
from xats_tui.screens.data.refresh import COALESCE_S, CROWD, STORM, Refresh, staleness
from xats_tui.screens.data.snapshot import STALE_PARTS, Slice, Snapshot


class CountingSource(FixedSource):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__(FILLED)
        self.rounds: list[frozenset[Slice]] = []
        self.takes: Callable[[], object] = lambda: None

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        self.rounds.append(frozenset(parts))
        self.takes()
        return await super().load(parts, panes)


class Running:
    """Reloads at work, and the pictures that they delivered."""

    def __init__(self) -> None:
        self.source = CountingSource()
        self.snapshots: asyncio.Queue[Snapshot] = asyncio.Queue()
        self.clock = FrozenClock()
        self.unseen: frozenset[Slice] = frozenset()
        self.reloads = Refresh(self.source, self.clock, self.snapshots.put_nowait, lambda: self.unseen)

    async def next_snapshot(self) -> Snapshot:
        async with asyncio.timeout(PATIENCE):
            return await self.snapshots.get()


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    at_work = Running()
    task = asyncio.create_task(at_work.reloads.run())
    try:
        yield at_work
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_first_round_loads_everything() -> None:
    async with running() as at_work:
        snapshot = await at_work.next_snapshot()
    assert at_work.source.rounds == [frozenset(Slice)]
    assert snapshot.stream == FILLED.stream
    assert snapshot.confirmed_at == NOW


async def test_many_events_are_one_round_of_just_what_is_stale() -> None:
    async with running() as at_work:
        await at_work.next_snapshot()
        for _ in range(50):
            at_work.reloads.mark({Scope.TASKS})
        at_work.reloads.mark({Scope.MESSAGES})
        await at_work.next_snapshot()
    assert at_work.source.rounds[1:] == [STALE_PARTS[Scope.TASKS] | STALE_PARTS[Scope.MESSAGES]]


def test_a_source_that_takes_long_is_left_alone_for_as_long() -> None:
    async def rest() -> float:
        async with running() as at_work:

            def pass_time() -> None:
                at_work.clock.instant += timedelta(seconds=0.3)

            at_work.source.takes = pass_time
            await at_work.next_snapshot()
            at_work.reloads.mark({Scope.TASKS})
            return await seconds_until_the_next(at_work)

    assert hurried(rest()) == pytest.approx(0.3)


async def test_a_silent_coordinator_is_asked_how_it_is() -> None:
    async with running() as at_work:
        await at_work.next_snapshot()
        await at_work.next_snapshot()
    assert at_work.source.rounds[1:] == [frozenset({Slice.HEALTH})]


async def test_a_failure_keeps_what_was_there_says_why_and_is_tried_again() -> None:
    async with running() as at_work:
        await at_work.next_snapshot()
        at_work.source.failing = True
        at_work.reloads.mark({Scope.MESSAGES})
        failed = await at_work.next_snapshot()
        assert failed.stream == FILLED.stream
        assert failed.trouble == "database is locked"
        assert staleness(failed, NOW) is not None
        at_work.source.failing = False
        recovered = await at_work.next_snapshot()
    assert recovered.trouble is None
    assert Slice.STREAM in at_work.source.rounds[-1]


async def test_a_picture_is_stale_when_it_was_not_confirmed_for_a_while() -> None:
    snapshot = Snapshot(confirmed_at=NOW)
    assert staleness(snapshot, NOW + timedelta(seconds=2)) is None
    assert staleness(snapshot, NOW + timedelta(seconds=12)) == 12


def test_in_a_storm_of_changes_rounds_are_seldom() -> None:
    assert hurried(seconds_of_a_round(STORM.marks, timedelta(milliseconds=50))) == pytest.approx(STORM.rest)


def test_the_first_change_after_a_silence_is_loaded_at_once() -> None:
    async def seconds() -> float:
        async with running() as at_work:
            await at_work.next_snapshot()
            at_work.reloads.mark({Scope.TASKS})
            return await seconds_until_the_next(at_work)

    assert hurried(seconds()) == 0


def test_changes_that_keep_coming_are_shown_oftener() -> None:
    assert hurried(seconds_of_a_round(CROWD.marks, timedelta(milliseconds=50))) == pytest.approx(CROWD.rest)


def test_what_changes_a_few_times_a_second_is_shown_as_soon_as_ever() -> None:
    assert hurried(seconds_of_a_round(STORM.marks, timedelta(milliseconds=200))) == pytest.approx(COALESCE_S)


async def seconds_of_a_round(marks: int, apart: timedelta) -> float:
    """Return the seconds of the next reload after `marks` changes at intervals of `apart`."""
    async with running() as at_work:
        await at_work.next_snapshot()
        at_work.reloads.mark({Scope.TASKS})
        await at_work.next_snapshot()
        at_work.clock.instant += timedelta(minutes=1)
        for _ in range(marks):
            at_work.clock.instant += apart
            at_work.reloads.mark({Scope.MESSAGES})
        return await seconds_until_the_next(at_work)


async def seconds_until_the_next(at_work: Running) -> float:
    """From now to the next picture."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await at_work.next_snapshot()
    return loop.time() - began


async def test_what_nothing_shows_is_loaded_as_soon_as_something_does() -> None:
    async with running() as at_work:
        at_work.unseen = frozenset({Slice.RATES})
        assert (await at_work.next_snapshot()).stream
        assert at_work.source.rounds == [frozenset(Slice) - {Slice.RATES}]
        at_work.reloads.hurry()
        at_work.reloads.mark([Scope.TASKS])
        await at_work.next_snapshot()
        assert at_work.source.rounds[1] == STALE_PARTS[Scope.TASKS]
        at_work.unseen = frozenset()
        at_work.reloads.hurry()
        await at_work.next_snapshot()
        assert at_work.source.rounds[2] == {Slice.RATES}
