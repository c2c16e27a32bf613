"""The clock, and the wire form of an instant.

The coordinator's services get a `Clock`, so that a test can run the 30/180/600 s schedule without waiting.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time functions that the coordinator uses."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC, cut to milliseconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow, for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` on this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC, cut to milliseconds."""
        instant = datetime.now(UTC)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)  # the wire form carries no more

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


def to_wire(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC with milliseconds and `Z`: `2026-11-22T14:25:02.875Z`.

    Instants in this form sort as text; the store's indexes rely on it.
    """
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_wire(text: str) -> datetime:
    """Parse an instant that `to_wire` wrote.

    Raises:
        ValueError: the text is not an ISO 8601 instant.
    """
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
