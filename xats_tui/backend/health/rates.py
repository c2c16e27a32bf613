"""Rates of the last hour, counted in the store."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock, from_wire
from xats_tui.core.model.health import Rates

MINUTES = 60

RATE_ROWS = 20_000
"""Maximum messages of an hour that are counted, and maximum wakes; the newest."""


class RateCounts:
    """Counts messages, wakes and calls."""

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
        sent = await messages_store.sent_by_minute(self._database, since, self._before_hour, RATE_ROWS)
        if sent:
            self._before_hour = min(first for _, _, first in sent) - 1
        return Rates(
            messages=_by_minute(((at, number) for at, number, _ in sent), since),
            submitted=_by_minute(await wakes_store.submitted_by_minute(self._database, since, RATE_ROWS), since),
            failed=_by_minute(await wakes_store.failed_by_minute(self._database, since, RATE_ROWS), since),
            until_read=await wakes_store.typical_waits(self._database, since, RATE_ROWS),
            calls_per_second=self._calls(),
        )

    def _calls(self) -> float | None:
        before, self._counted = self._counted, (self._sessions.calls, self._clock.monotonic())
        elapsed = self._counted[1] - before[1] if before else 0.0
        return (self._counted[0] - before[0]) / elapsed if before and elapsed > 0 else None


def _by_minute(counted: Iterable[tuple[str, int]], since: datetime) -> tuple[int, ...]:
    counts: Counter[int] = Counter()
    for at, number in counted:
        counts[int((from_wire(at) - since).total_seconds() // 60)] += number
    return tuple(counts[minute] for minute in range(MINUTES))
