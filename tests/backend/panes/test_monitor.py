"""Panes that the monitor looks at, and how often."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.manifests.manifest_text import TEXT
from tests.fakes import FakeClock, FakePane, FakeTmux, Published
from tests.patience import PATIENCE
from xats_tui.backend.panes.monitor import (
    CALM,
    CALM_AFTER,
    FAST_POLL_INTERVAL_S,
    RESTING_AFTER,
    SLOW_POLL_INTERVAL_S,
    PaneMonitor,
)
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_looks import Looks
from xats_tui.clients.registry import use_manifests
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.panes import PaneRef, PaneState

QUIET, WATCHED = PaneRef("", "%1"), PaneRef("", "%2")


class LookedAt(Tmux):
    """A tmux whose panes are empty, and which notes what it was asked to look at."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.looks: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        """Note it."""
        self.looks.put_nowait(frozenset(pane_ids))
        return Looks(panes={pane_id: {} for pane_id in pane_ids}, screens=dict.fromkeys(pane_ids, ""))


async def test_only_the_pane_that_somebody_looks_at_is_looked_at_fast() -> None:
    tmux = LookedAt()
    monitor = PaneMonitor(tmux, SystemClock(), Published())
    monitor.track({QUIET: None, WATCHED: None})
    monitor.attend(frozenset({WATCHED}))
    running = asyncio.create_task(monitor.run())
    try:
        async with asyncio.timeout(PATIENCE):
            looks = [await tmux.looks.get() for _ in range(5)]
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    everything = frozenset({QUIET.pane_id, WATCHED.pane_id})
    assert looks == [everything, *[frozenset({WATCHED.pane_id})] * 3, everything]


async def test_a_server_that_hangs_does_not_keep_the_panes_of_others_from_being_looked_at() -> None:
    hung = PaneRef("hung", "%1")

    class Hanging(LookedAt):
        async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
            if socket == hung.socket:
                await asyncio.Event().wait()
            return await super().look(socket, pane_ids)

    tmux = Hanging()
    monitor = PaneMonitor(tmux, SystemClock(), Published())
    monitor.track({hung: None, WATCHED: None})
    monitor.await_change(frozenset({hung, WATCHED}))
    running = asyncio.create_task(monitor.run())
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                assert await tmux.looks.get() == {WATCHED.pane_id}
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(asyncio.all_tasks()) == 1


async def test_a_pane_that_is_back_as_it_was_is_read_anew_and_quiet_from_then_on() -> None:
    clock = FakeClock()
    tmux, published = FakeTmux(clock), Published()
    tmux.terminals[QUIET.pane_id] = FakePane(tty="pts/1", pid=1)
    monitor = PaneMonitor(tmux, clock, published)
    monitor.track({QUIET: None})
    await monitor.tick()
    before = monitor.view(QUIET)
    clock.advance(60)
    tmux.runs = False
    await monitor.tick()
    lost = monitor.view(QUIET)
    clock.advance(60)
    tmux.runs = True
    for _ in range(2):
        await monitor.tick()
    after = monitor.view(QUIET)

    assert before and lost and after
    assert (lost.reading.state, lost.reading.reason) == (PaneState.DEAD, "no server running")
    assert after.reading == before.reading
    assert after.unchanged_since == after.state_since == clock.now()
    assert len(published.events) == 3


async def test_a_screen_is_read_again_when_a_manifest_has_changed(tmp_path: Path) -> None:
    clock = FakeClock()
    tmux = FakeTmux(clock)
    tmux.terminals["%1"] = FakePane(tty="/dev/pts/1", pid=1)
    monitor = PaneMonitor(tmux, clock, Published())
    monitor.track({QUIET: "mine"})
    await monitor.tick()
    before = monitor.view(QUIET)
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "mine.toml").write_text(TEXT, encoding="utf-8")
    try:
        use_manifests(tmp_path)
        await monitor.tick()
        after = monitor.view(QUIET)
    finally:
        use_manifests(tmp_path / "none")
    assert before is not None and before.reading.state is PaneState.IDLE
    assert after is not None and after.reading.reason == "no input line is seen, or a list is open below it"


async def test_several_panes_that_are_shown_at_once_are_looked_at_together_and_less_often() -> None:
    tmux = LookedAt()
    monitor = PaneMonitor(tmux, SystemClock(), Published())
    monitor.track({QUIET: None, WATCHED: None, PaneRef("", "%3"): None})
    await monitor.tick()
    monitor.attend(frozenset({QUIET, WATCHED}))
    assert monitor.next_pause() == CALM
    monitor.attend(frozenset({WATCHED}))
    assert monitor.next_pause() == FAST_POLL_INTERVAL_S
    monitor.attend(frozenset())
    assert monitor.next_pause() > CALM


@pytest.mark.parametrize(
    ("watch", "after", "pause"),
    [
        pytest.param(PaneMonitor.attend, RESTING_AFTER, SLOW_POLL_INTERVAL_S, id="shown"),
        pytest.param(PaneMonitor.await_change, CALM_AFTER, CALM, id="a wake waits for it"),
        pytest.param(PaneMonitor.await_change, RESTING_AFTER, SLOW_POLL_INTERVAL_S, id="a wake has waited for long"),
    ],
)
async def test_a_pane_that_somebody_waits_for_is_looked_at_less_often_while_nothing_changes_in_it(
    watch: Callable[[PaneMonitor, frozenset[PaneRef]], None], after: timedelta, pause: float
) -> None:
    clock = FakeClock()
    tmux = FakeTmux(clock)
    tmux.terminals["%1"] = FakePane(tty="/dev/pts/1", pid=1)
    monitor = PaneMonitor(tmux, clock, Published())
    monitor.track({QUIET: None})
    await monitor.tick()
    watch(monitor, frozenset({QUIET}))
    assert monitor.next_pause() == FAST_POLL_INTERVAL_S
    clock.advance(after.total_seconds() + 1)
    await monitor.tick()
    assert monitor.next_pause() == pause
    tmux.terminals["%1"].prints = True
    await monitor.tick()
    assert monitor.next_pause() == FAST_POLL_INTERVAL_S
