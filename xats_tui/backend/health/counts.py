"""Numbers of agents, wakes and dialogs, cached until something happens because they are read every second."""

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, EventBus
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import agent_state
from xats_tui.core.model.panes import PaneState

RECOUNT_INTERVAL_S = 15.0
"""Time after which everything is counted again even without an event."""


class Counted(Struct, frozen=True, kw_only=True):
    """The numbers of one count."""

    agents_connected: int
    wakes_waiting: int
    wakes_failed: int
    dialogs_open: int


class Counts:
    """Counter with a cache that every event clears."""

    def __init__(
        self,
        database: Database,
        sessions: McpSessions,
        monitor: PaneMonitor,
        states: ClientStates,
        bus: EventBus,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._monitor = monitor
        self._states = states
        self._clock = clock
        self._known: Counted | None = None
        self._known_until = 0.0
        self._events = 0
        bus.listen(self._hear)

    async def now(self) -> Counted:
        """Return the current numbers."""
        if self._known is None or self._clock.monotonic() >= self._known_until:
            events = self._events
            counted = await self._count()
            if events != self._events:  # an event during the count may be missing from it
                return counted
            self._known, self._known_until = counted, self._clock.monotonic() + RECOUNT_INTERVAL_S
        return self._known

    def _hear(self, _: Event) -> None:
        self._known = None
        self._events += 1

    async def _count(self) -> Counted:
        agents = await agents_store.all_teams(self._database)
        return Counted(
            agents_connected=sum(self._sessions.is_connected(agent.agent_id) for agent in agents),
            wakes_waiting=sum((await wakes_store.waiting_by_agent(self._database)).values()),
            wakes_failed=await wakes_store.failed_count(self._database),
            dialogs_open=sum(self._asks(agent) for agent in agents),
        )

    def _asks(self, agent: Agent) -> bool:
        view = self._monitor.view(agent.binding.pane) if agent.binding else None
        state = agent_state(view, self._states.of(agent.agent_id), self._states.dialogs(agent.agent_id))
        return state is not None and state.state is PaneState.DIALOG
