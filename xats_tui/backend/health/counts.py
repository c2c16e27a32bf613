"""How many agents, wakes and dialogs there are: asked for every second, and counted anew when something has happened.

It knows that things happen, not what they change.
"""

from dataclasses import dataclass

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, EventBus
from xats_tui.core.model.panes import PaneState

RECOUNT_INTERVAL_S = 15.0
"""Seconds after which they are counted in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted."""

    agents_connected: int
    wakes_waiting: int
    wakes_failed: int
    dialogs_open: int


class Counts:
    """Counts, and remembers until the next event."""

    def __init__(
        self, database: Database, sessions: McpSessions, monitor: PaneMonitor, bus: EventBus, clock: Clock
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._monitor = monitor
        self._clock = clock
        self._known: Counted | None = None
        self._known_until = 0.0
        self._events = 0
        bus.listen(self._hear)

    async def now(self) -> Counted:
        """How many there are."""
        if self._known is None or self._clock.monotonic() >= self._known_until:
            events = self._events
            counted = await self._count()
            if events != self._events:  # what has happened meanwhile may be in it or not
                return counted
            self._known, self._known_until = counted, self._clock.monotonic() + RECOUNT_INTERVAL_S
        return self._known

    def _hear(self, _: Event) -> None:
        self._known = None
        self._events += 1

    async def _count(self) -> Counted:
        agents = await agents_store.all_teams(self._database)
        views = [self._monitor.view(agent.binding.pane) for agent in agents if agent.binding]
        return Counted(
            agents_connected=sum(self._sessions.is_connected(agent.agent_id) for agent in agents),
            wakes_waiting=sum((await wakes_store.waiting_by_agent(self._database)).values()),
            wakes_failed=await wakes_store.failed_count(self._database),
            dialogs_open=sum(view is not None and view.reading.state is PaneState.DIALOG for view in views),
        )
