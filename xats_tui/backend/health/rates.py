"""Rates of the last hour, read from the store."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import quantiles

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock, from_wire
from xats_tui.core.model.health import Rates
from xats_tui.core.model.wakes import WakeStatus

MINUTES = 60


class RateCounts:
    """Counts messages, wakes and calls; at most `RATE_ROWS` of an hour, the newest."""

    def __init__(self, database: Database, sessions: McpSessions, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock
        self._before_hour = 0
        """Highest event id that is known to be older than an hour; 0 if none is known."""
        self._counted: tuple[int, float] | None = None
        """Number of calls at the last count, and its time on the monotonic clock."""

    async def now(self) -> Rates:
        """Return the rates as they are now."""
        now = self._clock.now()
        since = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
        sent = await messages_store.sent_since(self._database, since, self._before_hour)
        if sent:
            self._before_hour = sent[-1][0] - 1
        wakes = await wakes_store.queued_since(self._database, since)
        failed = (row["updated_at"] for row in wakes if row["wake_status"] == WakeStatus.FAILED)
        waited = [_seconds(row["queued_at"], row["read_at"]) for row in wakes if row["read_at"]]
        return Rates(
            messages=_by_minute((at for _, at in sent), since),
            submitted=_by_minute((row["submitted_at"] for row in wakes if row["submitted_at"]), since),
            failed=_by_minute(failed, since),
            until_read=_typical(waited),
            calls_per_second=self._calls(),
        )

    def _calls(self) -> float | None:
        before, self._counted = self._counted, (self._sessions.calls, self._clock.monotonic())
        elapsed = self._counted[1] - before[1] if before else 0.0
        return (self._counted[0] - before[0]) / elapsed if before and elapsed > 0 else None


def _by_minute(instants: Iterable[str], since: datetime) -> tuple[int, ...]:
    counts = Counter(int((from_wire(at) - since).total_seconds() // 60) for at in instants)
    return tuple(counts[minute] for minute in range(MINUTES))


def _seconds(start: str, end: str) -> float:
    return (from_wire(end) - from_wire(start)).total_seconds()


def _typical(seconds: list[float]) -> tuple[float, float] | None:
    """Return median and 95th percentile; None without a value."""
    if not seconds:
        return None
    parts = quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    return parts[9], parts[18]
