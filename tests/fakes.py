"""One fake for each seam that a test cannot have for real, none over fifty lines.

They know the protocols that they stand in for and nothing of what uses them.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from xats_tui.backend.events import Event


class FakeClock:
    """A clock that stands still until a test advances it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The instant that the test has brought it to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced so far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let time pass; whoever has slept long enough wakes up."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        for due, woken in self._sleepers:
            if due <= self._elapsed and not woken.done():
                woken.set_result(None)
        self._sleepers = [(due, woken) for due, woken in self._sleepers if not woken.done()]


class Notified:
    """The standing stream of a session, as a list."""

    def __init__(self) -> None:
        self.notifications: list[tuple[str, Mapping[str, Any]]] = []

    async def __call__(self, method: str, params: Mapping[str, Any]) -> None:
        """Keep a notification."""
        self.notifications.append((method, params))


class Published:
    """A bus that keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, events: Iterable[Event]) -> None:
        """Keep the events of one commit."""
        self.events.extend(events)
