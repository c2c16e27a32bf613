"""The one place that reads the time, and the wire form of an instant.

Everything else is handed a `Clock`, so that a test can run the 30/180/600 s schedule in no time.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the coordinator knows about time."""

    def now(self) -> datetime:
        """The wall clock, in UTC, with milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow; for measuring how long something took or stayed as it was."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, on this clock, for `seconds`."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock, cut to the millisecond that the wire form can carry."""
        instant = datetime.now(UTC)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


def to_wire(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`: `2026-11-22T14:25:02.875Z`.

    Instants of this form sort as text, which the store's indexes rely on.
    """
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_wire(text: str) -> datetime:
    """The instant that `to_wire` wrote.

    Raises:
        ValueError: the text is no ISO 8601 instant.
    """
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
