"""A coordinator that nobody asked for ends when nobody needs it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import pytest

from tests.fakes import Notified, Published, SkippingClock
from xats_tui.backend.health.counts import Counted, Counts
from xats_tui.backend.health.use import CoordinatorUse
from xats_tui.backend.mcp_sessions import McpSessions

LIMIT = timedelta(hours=1)
BUSY_MINUTES = 90


@dataclass
class Counting:
    """Counts of a coordinator in which a wake waits for so long."""

    clock: SkippingClock
    minutes: float = 0

    async def now(self) -> Counted:
        """The numbers at this time."""
        waits = self.clock.monotonic() < self.minutes * 60
        return Counted(agents_connected=0, wakes_waiting=int(waits), wakes_failed=0, dialogs_open=0)


async def unused_after(minutes: float) -> float:
    """Minutes until it may end, without any session."""
    clock = SkippingClock()
    sessions = McpSessions(clock, Published())
    await CoordinatorUse(sessions, cast(Counts, Counting(clock, minutes)), clock).ended(LIMIT)
    return clock.monotonic() / 60


async def test_it_ends_an_hour_after_its_start_if_nobody_came() -> None:
    assert await unused_after(0) == pytest.approx(60)


async def test_a_wake_that_waits_keeps_it_and_the_hour_begins_afterwards() -> None:
    assert await unused_after(BUSY_MINUTES) == pytest.approx(BUSY_MINUTES + 60, abs=2)


async def test_a_connected_agent_keeps_it_although_it_calls_nothing() -> None:
    clock = SkippingClock()
    sessions = McpSessions(clock, Published())
    sessions.open("s", "test 1", Notified())
    use = CoordinatorUse(sessions, cast(Counts, Counting(clock)), clock)
    with sessions.streaming("s"):
        for _ in range(BUSY_MINUTES):
            await clock.sleep(60)
            await use.look()
    await use.ended(LIMIT)
    assert clock.monotonic() / 60 == pytest.approx(BUSY_MINUTES + 60, abs=2)
