"""Watcher of Claude Code's session files: the states of its agents, and the sessions that belong to no agent.

A file says nothing about how it is read: it may be half written, belong to a killed process, or lie in a folder that
is made later.  So all files are looked at anew with each change, and once a second without one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watchfiles import awatch

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.system.sessions.claude_files import LivingSession, SessionFiles
from xats_tui.backend.system.sessions.processes import process_of
from xats_tui.clients.claude_code.sessions import INTERACTIVE
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, UnconnectedChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import StateSource, ToldState, UnconnectedProgram

LOOK_INTERVAL_S = 1.0
"""Interval between two looks without a change: a killed process changes no file."""

DEBOUNCE_MS = 50
"""Time in which changes count as one; a state that is told late holds a wake up."""

SETTLES_WITHIN = timedelta(seconds=30)
"""Time for a program that has just been started to register its agent."""

Agents = Callable[[], Awaitable[Sequence[Agent]]]


class ClaudeSessions:
    """The session files of all Claude Codes that this user runs."""

    def __init__(
        self,
        agents: Agents,
        states: ClientStates,
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
        files: SessionFiles | None = None,
    ) -> None:
        """Set the dependencies; `agents` returns the registered agents."""
        self._agents = agents
        self._states = states
        self._clock = clock
        self._publish = publish
        self._files = files or SessionFiles()
        self._told: frozenset[str] = frozenset()
        """Agents whose state a file told at the last look."""
        self._in_session: dict[str, str] = {}
        """Ids of these agents by session."""
        self._unconnected: tuple[UnconnectedProgram, ...] = ()
        self._folders: frozenset[Path] = frozenset()

    async def unconnected(self) -> tuple[UnconnectedProgram, ...]:
        """Return the interactive sessions that have run for a while and belong to no agent, the oldest first."""
        return tuple(one for one in self._unconnected if self._clock.now() - one.since >= SETTLES_WITHIN)

    def agent_in(self, session_id: str) -> str | None:
        """Return the id of the agent whose process has that session now; None if no file tells one."""
        return self._in_session.get(session_id)

    async def run(self) -> None:
        """Follow the files until cancelled; then their states are known no more."""
        try:
            while True:
                await self.look()
                await self._follow(self._folders)
        finally:
            self._note({}, self._clock.now())

    async def _follow(self, folders: frozenset[Path]) -> None:
        """Look again with each change and each second, until other folders are to be watched."""
        existing = await _existing(folders)
        if not existing:
            await self._clock.sleep(LOOK_INTERVAL_S)
            return
        watching = awatch(
            *existing,
            debounce=DEBOUNCE_MS,
            step=DEBOUNCE_MS // 2,
            rust_timeout=round(LOOK_INTERVAL_S * 1000),
            yield_on_timeout=True,
            recursive=False,
        )
        try:
            async with aclosing(watching):
                async for _ in watching:
                    await self.look()
                    if self._folders != folders or await _existing(folders) != existing:
                        return
        except (OSError, RuntimeError):  # a folder has gone, or its file system has no notifications
            await self._clock.sleep(LOOK_INTERVAL_S)

    async def look(self) -> None:
        """Read all files, and write what they tell to the board."""
        agents = [agent for agent in await self._agents() if agent.client == SPEC.id]
        processes = {process for agent in agents if (process := process_of(agent)) is not None}
        self._folders = await self._files.folders(processes)
        sessions = await self._files.all(self._folders)
        told = sessions_of(agents, sessions)
        self._note(told, self._clock.now())
        taken = {session.process for session in told.values()}
        unconnected = tuple(
            sorted(
                (_unconnected(one) for one in sessions if one.process not in taken and one.file.kind == INTERACTIVE),
                key=lambda one: (one.since, one.pid),
            )
        )
        if unconnected != self._unconnected:
            self._unconnected = unconnected
            self._publish([UnconnectedChanged()])

    def _note(self, told: Mapping[str, LivingSession], now: datetime) -> None:
        for agent_id, session in told.items():
            self._states.note(agent_id, StateSource.SESSION_FILE, told_state(session, now))
        for agent_id in self._told - told.keys():
            self._states.note(agent_id, StateSource.SESSION_FILE, None)
        self._told = frozenset(told)
        self._in_session = {session.file.session_id: agent_id for agent_id, session in told.items()}


async def _existing(folders: Collection[Path]) -> frozenset[Path]:
    return await asyncio.to_thread(lambda: frozenset(folder for folder in folders if folder.is_dir()))


def sessions_of(agents: Iterable[Agent], sessions: Collection[LivingSession]) -> dict[str, LivingSession]:
    """Return the session of each agent: that of its process, else the one session that its hooks report under.

    A process that is known decides alone: a session goes on in another process when it is resumed there.
    """
    named = Counter(session.file.session_id for session in sessions)
    found: dict[str, LivingSession] = {}
    for agent in agents:
        process = process_of(agent)
        for session in sessions:
            is_named = session.file.session_id == agent.host_session and named[session.file.session_id] == 1
            if session.process.is_same(process) if process else is_named:
                found[agent.agent_id] = session
    return found


def told_state(session: LivingSession, now: datetime) -> ToldState:
    """Return what a session file tells of an agent; a stamp from the future counts as now."""
    file = session.file
    return ToldState(state=file.state, detail=file.detail, source=StateSource.SESSION_FILE, at=min(file.since, now))


def _unconnected(session: LivingSession) -> UnconnectedProgram:
    file = session.file
    return UnconnectedProgram(
        client=SPEC.title,
        pid=file.pid,
        folder=file.folder,
        pane_id=file.pane_id,
        since=datetime.fromtimestamp(session.process.started_at, UTC),
    )
