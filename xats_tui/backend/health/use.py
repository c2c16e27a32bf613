"""Use of the coordinator by agents: how long ago anybody needed it."""

from datetime import timedelta

from xats_tui.backend.health.counts import Counts
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.core.clock import Clock

LOOKS = 60
"""Looks within the time that it may be unused."""


class CoordinatorUse:
    """Watches whether agents need the coordinator: a connected session, a recent call, or a waiting wake."""

    def __init__(self, sessions: McpSessions, counts: Counts, clock: Clock) -> None:
        self._sessions = sessions
        self._counts = counts
        self._clock = clock
        self._last_used_at = clock.now()

    async def ended(self, limit: timedelta) -> None:
        """Return once nobody has used it for this long."""
        while self._clock.now() - self._last_used_at < limit:
            await self._clock.sleep(limit.total_seconds() / LOOKS)
            await self.look()

    async def look(self) -> None:
        """Note the latest use."""
        if any(map(self._sessions.has_stream, self._sessions.open_ones())) or (await self._counts.now()).wakes_waiting:
            self._last_used_at = self._clock.now()
        for session in self._sessions.open_ones():
            self._last_used_at = max(self._last_used_at, session.last_call_at or session.opened_at)
