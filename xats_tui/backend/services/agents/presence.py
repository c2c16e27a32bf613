"""Presence: which agents are online, by evidence.

An agent that has waited for a person for an hour is online: its process lives.  An agent that called a minute ago is
offline if its process has ended or its bridge has gone.  Without evidence an agent counts as offline.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import Processes
from xats_tui.clients.registry import is_read
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.panes import PaneState

PROCESS_CACHE_S = 3.0
"""Time for which a look at a process is remembered."""

CLIENT_SEEN = frozenset({PaneState.IDLE, PaneState.BUSY, PaneState.DRAFT, PaneState.DIALOG})
"""States that the pane of a known client shows only while the client runs in it."""


class Presence:
    """Tells which agents are online."""

    def __init__(self, sessions: McpSessions, monitor: PaneMonitor, processes: Processes, clock: Clock) -> None:
        self._sessions = sessions
        self._monitor = monitor
        self._processes = processes
        self._clock = clock
        self._looked_at: dict[SeenProcess, tuple[float, bool]] = {}
        """Time of the last look at each process, and whether it was there."""

    async def among(self, agents: Iterable[Agent]) -> frozenset[str]:
        """Return the ids of the online agents: on a stream, with a living process or client, or lately calling."""
        agents = tuple(agents)
        processes = [agent.process for agent in agents if agent.process]
        at_work, now = await self._at_work(processes) if processes else frozenset(), self._clock.now()
        return frozenset([agent.agent_id for agent in agents if self._is_there(agent, at_work, now)])

    def _is_there(self, agent: Agent, at_work: frozenset[SeenProcess], now: datetime) -> bool:
        if self._sessions.is_listened_to(agent.agent_id):
            return True
        if agent.process is not None:
            return agent.process in at_work
        # A recent call counts only if nothing shows that its caller has gone since.
        called = agent.has_called_lately(now) and not self._sessions.has_left(agent.agent_id)
        return called or self._shows(agent)

    def _shows(self, agent: Agent) -> bool:
        """Return whether the client shows in its pane."""
        if agent.binding is None or not is_read(agent.client):
            return False
        view = self._monitor.view(agent.binding.pane)
        return view is not None and view.reading.state in CLIENT_SEEN

    async def _at_work(self, seen: Sequence[SeenProcess]) -> frozenset[SeenProcess]:
        now = self._clock.monotonic()
        self._looked_at = {one: look for one, look in self._looked_at.items() if now - look[0] < PROCESS_CACHE_S}
        unknown = frozenset(seen) - self._looked_at.keys()
        if unknown:
            living = await self._processes.at_work(unknown)
            self._looked_at |= {one: (now, one in living) for one in unknown}
        return frozenset(one for one, (_, lives) in self._looked_at.items() if lives)
