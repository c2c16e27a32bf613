"""The frozen instant of the sample, and times before it."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 22, 14, 3, 22, tzinfo=UTC)


def ago(**span: float) -> datetime:
    """An instant that long before the frozen one."""
    return NOW - timedelta(**span)


class FrozenClock:
    """Stands still until it is told otherwise."""

    def __init__(self, now: datetime = NOW) -> None:
        self.instant = now

    def now(self) -> datetime:
        """The frozen instant."""
        return self.instant

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.instant.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Pass at once."""
        self.instant += timedelta(seconds=seconds)
