"""Runtimes behind agents, by evidence: the process at the other end of a connection, or a secret from registration.

Facts that others can see, such as a pid or a session id, prove nothing.  This module tells whose place a registration
would take; the registration decides what follows.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum, auto

from msgspec import Struct

from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.backend.services.agents.process_clients import client_in
from xats_tui.backend.session_limit import SessionUse
from xats_tui.backend.store import agents
from xats_tui.backend.store import sessions as store
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.backend.system.callers import Callers
from xats_tui.backend.system.processes import Process, Processes
from xats_tui.backend.system.sessions.processes import process_of
from xats_tui.clients.programs import launches_only
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import ONLINE_WINDOW, Agent, Binding, SeenProcess

logger = logging.getLogger(__name__)

KEPT_BELIEVED = 2 * ONLINE_WINDOW
"""Time for which a session from before a restart still counts, if its process is unknown."""


class Runtime(Struct, frozen=True, kw_only=True):
    """The registering program, as far as the coordinator itself can see it."""

    instance: str | None = None
    """The secret of its bridge."""
    ui_pid: int | None = None
    """The pid that it names as its user interface."""
    line: tuple[Process, ...] = ()
    """The process at the other end of the connection and its parents; empty if unknown."""

    @property
    def peer(self) -> SeenProcess | None:
        """The process at the other end of the connection."""
        return self.line[0].seen if self.line else None

    @property
    def hosts(self) -> tuple[SeenProcess, ...]:
        """The program that the connection is made for, with its own wrapper, if there is one."""
        return tuple(one.seen for one in hosts_in(self.line))

    @property
    def proofs(self) -> frozenset[str]:
        """The facts that distinguish this runtime from any other."""
        # A program without a terminal may have many windows, so its pid distinguishes nothing.
        starts = [one.started_at for one in hosts_in(self.line) if one.tty and one.pid == self.ui_pid]
        # Two readings of one start time may differ by a tick; of their two roundings one is equal.
        shown = {f"ui:{self.ui_pid}@{int(start + half)}" for start in starts for half in (0, 0.5)}
        return frozenset(shown | ({f"instance:{self.instance}"} if self.instance else set()))

    def shows(self, pid: int | None) -> bool:
        """Return whether the process with that pid is this runtime's own."""
        return any(one.pid == pid for one in self.hosts)

    def is_in(self, process: SeenProcess | None) -> bool:
        """Return whether a seen process is this runtime's own."""
        return any(one.is_same(process) for one in self.hosts)

    def runs_below(self, pid: int | None) -> bool:
        """Return whether the process of that pid started this runtime, directly or through others."""
        return any(one.pid == pid for one in self.line)


class NameHolder(Enum):
    """The relation between a runtime and the holder of the name it wants."""

    NOBODY = auto()
    """No living agent has the name, or the very same bridge has it."""
    SAME = auto()
    """Another session of the same runtime has it."""
    OTHER = auto()
    """Another living runtime has it."""


class Runtimes:
    """Tells which runtimes are behind connections and agents."""

    def __init__(
        self,
        sessions: McpSessions,
        processes: Processes,
        callers: Callers,
        clock: Clock,
        is_left: Callable[[Agent], Awaitable[bool]],
    ) -> None:
        """Prepare it; `is_left` tells whether no window shows the agent's conversation any more."""
        self._sessions = sessions
        self._processes = processes
        self._callers = callers
        self._clock = clock
        self.is_left = is_left

    async def of(self, session: McpSession, instance: str | None, ui_pid: int | None, bridge: int | None) -> Runtime:
        """Return the runtime that calls in a session, looking first at the pids that it names."""
        likely = [pid for pid in (bridge, ui_pid) if pid is not None]
        line = await self._callers.line(session.peer, likely)
        return Runtime(instance=instance, ui_pid=ui_pid, line=line)

    async def agent_behind(self, agents: Iterable[Agent], port: int | None, pid: int | None) -> Agent | None:
        """Return the agent in whose program a process runs that connects from a local port.

        Args:
            agents: those to choose from.
            port: the port.
            pid: the process to look at first.
        """
        return shown_by(await self._callers.line(port, [pid] if pid is not None else []), agents)

    async def may_speak_for(self, agent: Agent, port: int | None) -> bool:
        """Return whether a connection from a local port belongs to the user of an agent's program, or nothing tells."""
        process = process_of(agent)
        return process is None or port is None or await self._callers.may_speak_for(process.pid, port)

    async def occupants(self, sessions: Sequence[McpSession]) -> list[SessionUse]:
        """Return what keeps each of these sessions alive: a stream, a call, a living process."""
        unknown = {one.stream_peer for one in sessions if one.process is None and self._sessions.has_stream(one)}
        owners = await self._callers.owners({port for port in unknown if port is not None})
        processes = {one.session_id: one.process or owners.get(one.stream_peer or 0) for one in sessions}
        living = await self._processes.living({process for process in processes.values() if process})
        return [
            SessionUse(
                session=session,
                listens=self._sessions.has_stream(session),
                process=(process := processes[session.session_id]),
                lives=process in living,
            )
            for session in sessions
        ]

    async def believed(self, ui_pid: int | None, session: McpSession) -> int | None:
        """Return the claimed pid of a user interface, or None if that process belongs to another user."""
        if ui_pid is None or session.peer is None or await self._callers.may_speak_for(ui_pid, session.peer):
            return ui_pid
        logger.warning("the claimed process %d belongs to another user than the caller: claim ignored", ui_pid)
        return None

    async def may_carry(self, ui_pid: int, carrier: McpSession) -> bool:
        """Return whether a channel's session belongs to the user of a program.

        The program's pid may have been named before it ran.
        """
        peer = carrier.stream_peer if self._sessions.has_stream(carrier) else carrier.peer
        return peer is None or await self._callers.may_speak_for(ui_pid, peer)

    async def is_alive(self, agent: Agent) -> bool:
        """Return whether an agent's program runs, or a session speaks for it."""
        if agent.process is not None:
            return agent.process in await self._processes.living({agent.process})
        return any([await self._is_there(one) for one in self._sessions.all_of(agent.agent_id)])

    async def holder(self, reader: Reader, agent: Agent, session: McpSession, runtime: Runtime) -> NameHolder:
        """Return the relation of a runtime to the holder of an agent's name."""
        others = [one for one in self._sessions.all_of(agent.agent_id) if one is not session]
        kept = await self._kept(reader, agent.agent_id, session)
        all_evidence = [one.evidence for one in others] + [one.evidence for one in kept]
        if session.agent_id == agent.agent_id or any(f"instance:{runtime.instance}" in one for one in all_evidence):
            return NameHolder.NOBODY
        evidence = [one.evidence for one in others if await self._is_there(one)]
        evidence += [one.evidence for one in kept if await self._was_there(one)]
        foreign = any(proofs.isdisjoint(runtime.proofs) for proofs in evidence)
        if not foreign and agent.process is not None and not runtime.is_in(agent.process):
            foreign = agent.process in await self._processes.living({agent.process})
        if foreign:
            return NameHolder.OTHER
        return NameHolder.SAME if evidence else NameHolder.NOBODY

    async def why_not_bind(
        self, reader: Reader, binding: Binding, session: McpSession, *, must_be_free: bool = False
    ) -> str:
        """Return the reason why a pane is not bound for a caller that only names its process; empty if it may be.

        With `must_be_free` any living agent keeps its pane, else only one whose program has proved it.
        """
        holder = await agents.holder_of(reader, binding.pane)
        if holder is None or binding.proved or holder.agent_id == session.agent_id:
            return ""
        is_kept = must_be_free or (holder.binding and holder.binding.proved)
        if not (is_kept and await self.is_alive(holder)):
            return ""
        proved = ", whose program has proved it" if holder.binding and holder.binding.proved else ""
        step = "; if it is your window, call bind_runtime_identity with its pid as ui_pid" if must_be_free else ""
        return f"pane {binding.pane.pane_id} belongs to {holder.address}{proved}{step}"

    async def displaced(
        self, reader: Reader, agent: Agent, binding: Binding, runtime: Runtime, session: McpSession
    ) -> tuple[Agent, ...]:
        """Return the living agent of another runtime that loses its pane to this binding."""
        holder = await agents.holder_of(reader, binding.pane)
        if holder is None or holder.agent_id in (agent.agent_id, session.agent_id) or runtime.is_in(holder.process):
            return ()
        return (holder,) if await self.is_alive(holder) else ()

    async def gone_on(self, reader: Reader, agent: Agent, session: McpSession, runtime: Runtime) -> tuple[Agent, ...]:
        """Return the agents that this program was before it became `agent`, unless another session speaks for them."""
        return tuple(
            [
                one
                for one in await agents.all_teams(reader)
                if one.agent_id != agent.agent_id
                and (one.agent_id == session.agent_id or runtime.is_in(one.process))
                and not await self._has_another(reader, one.agent_id, session)
            ]
        )

    async def _has_another(self, reader: Reader, agent_id: str, session: McpSession) -> bool:
        others = [one for one in self._sessions.all_of(agent_id) if one is not session]
        there = [await self._is_there(one) for one in others]
        return any(there) or any([await self._was_there(one) for one in await self._kept(reader, agent_id, session)])

    async def is_continued(self, reader: Reader, agent: Agent, session: McpSession, runtime: Runtime) -> bool:
        """Return whether the program in an agent's row still holds: the same runtime, or the same process, calls."""
        others = [one for one in self._sessions.all_of(agent.agent_id) if one is not session]
        kept = await store.others_of(reader, agent.agent_id, session.session_id)
        if session.agent_id == agent.agent_id or runtime.is_in(agent.process):
            return True
        all_evidence = [one.evidence for one in others] + [one.evidence for one in kept]
        if any(not proofs.isdisjoint(runtime.proofs) for proofs in all_evidence):
            return True
        peers = [one.process for one in others] + [one.peer for one in kept]
        return runtime.peer is not None and any(map(runtime.peer.is_same, peers))

    async def _kept(self, reader: Reader, agent_id: str, session: McpSession) -> list[store.KeptSession]:
        """Return an agent's sessions from before a restart that no client has reopened yet."""
        kept = await store.others_of(reader, agent_id, session.session_id)
        return [one for one in kept if self._sessions.get(one.session_id) is None]

    async def _is_there(self, session: McpSession) -> bool:
        if self._sessions.has_stream(session):
            return True
        if session.process is not None:
            return session.process in await self._processes.living({session.process})
        return session.last_call_at is not None and self._clock.now() - session.last_call_at < ONLINE_WINDOW

    async def _was_there(self, kept: store.KeptSession) -> bool:
        if kept.peer is not None:
            return kept.peer in await self._processes.living({kept.peer})
        return self._clock.now() - kept.last_call_at < KEPT_BELIEVED


def shown_by(line: tuple[Process, ...], agents: Iterable[Agent]) -> Agent | None:
    """Return the agent whose program is what a connection is made for."""
    # a program without a terminal may have many windows, each with an agent
    seen = [one.seen for one in hosts_in(line) if one.tty]
    return next((agent for agent in agents if any(one.is_same(agent.process) for one in seen)), None)


def hosts_in(line: tuple[Process, ...]) -> tuple[Process, ...]:
    """Return the program that a connection is made for: the nearest in its line that is no mere launcher.

    The first process is the bridge or a script, unless a client connects itself.
    """
    above = line if line and client_in(line[0]) else line[1:]
    found: list[Process] = []
    for one in above:
        if found:
            if client_in(one) is None or client_in(one) is not client_in(found[0]):
                break
            # npm puts a wrapper around a client, so the same client may appear twice.
            found.append(one)
        elif client_in(one) or not launches_only(one.names):
            found.append(one)
    return tuple(found)
