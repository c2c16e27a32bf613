"""Departures: clients and programs that ended without a farewell, noticed within seconds.

A killed process sends nothing, and without an open stream no connection breaks, either.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import sessions as sessions_store
from xats_tui.backend.store.history import happenings
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Processes
from xats_tui.core.clock import Clock
from xats_tui.core.events import AgentChanged, Event
from xats_tui.core.model.agents import SeenProcess

LOOK_EVERY_S = 3.0


class Departures:
    """Watches the processes behind sessions and agents."""

    def __init__(
        self,
        database: Database,
        sessions: McpSessions,
        processes: Processes,
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._processes = processes
        self._clock = clock
        self._publish = publish
        self._at_work: frozenset[SeenProcess] | None = None
        """The agents' processes that were there at the last look; None before the first."""

    async def remember(self) -> None:
        """Find the agents whose processes ended before a restart: their last calls no longer prove presence."""
        peers: defaultdict[str, list[SeenProcess | None]] = defaultdict(list)
        for kept in await sessions_store.identified(self._database):
            peers[kept.agent_id or ""].append(kept.peer)
        living = await self._processes.living({peer for found in peers.values() for peer in found if peer})
        agents = [agent.agent_id for agent in await agents_store.all_teams(self._database)]
        self._sessions.forget(one for one in agents if all(peer and peer not in living for peer in peers[one]))

    async def run(self) -> None:
        """Look every `LOOK_EVERY_S` seconds, without end."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look once at the process of every agent and of every session without a stream."""
        silent = [
            session
            for session in self._sessions.open_ones()
            if session.process and session.agent_id and not session.left_at and not self._sessions.has_stream(session)
        ]
        agents = [agent for agent in await agents_store.all_teams(self._database) if agent.process]
        living = await self._processes.living({session.process for session in silent if session.process})
        for session in silent:
            if session.process not in living and not self._sessions.has_stream(session):
                self._sessions.leave(session)
        before = self._at_work
        self._at_work = await self._processes.at_work({agent.process for agent in agents if agent.process})
        changed = self._at_work ^ before if before is not None else frozenset()
        self._publish([AgentChanged(agent_id=agent.agent_id) for agent in agents if agent.process in changed])
        lost = [agent for agent in agents if before and agent.process in before - self._at_work]
        if lost:
            async with self._database.write() as tx:
                for agent in lost:
                    await happenings.note_lost(tx, agent)
