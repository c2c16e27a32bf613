"""Watcher of opencode and its kin: follows the server of each agent's own process, and writes down what its session
does and asks.

An event only says that something has changed: the server is then asked for everything at once, as it is at the
beginning, so that no event can be missed and nothing is put together from pieces.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.transports.opencode_access import AgentEnded, OpencodeAccess, port_of, registered_url
from xats_tui.backend.transports.opencode_api import (
    UNREAD,
    NoServerAnswer,
    ServerAccess,
    connected,
    events,
)
from xats_tui.backend.transports.opencode_reading import (
    BUSY,
    IDLE,
    RETRY,
    OpencodeSessionTree,
    ServerReading,
    SessionReading,
    read_server,
)
from xats_tui.backend.watchers import opencode_dialogs
from xats_tui.backend.watchers.agent_changes import AgentChanges
from xats_tui.backend.watchers.opencode_answers import give_answer
from xats_tui.backend.watchers.opencode_dialogs import Asker, OpenDialog
from xats_tui.clients.registry import CLIENTS, own_server
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal
from xats_tui.core.events import Event
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.client_states import DialogOption, StateSource, ToldState
from xats_tui.core.model.panes import PaneState

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
"""Pauses before a server is looked for again; doubled each time."""

READ_INTERVAL_S = 0.05
"""Minimum time between two readings of one server, however many events it sends."""

TELLING = ("session.", "permission.", "question.", "server.connected", UNREAD)
"""Beginnings of the types of events after which a server is read anew."""

STATES = {IDLE: PaneState.IDLE, BUSY: PaneState.BUSY, RETRY: PaneState.BUSY}

Learn = Callable[[str, str, str], Awaitable[None]]
"""Called with an agent's id, the URL of its server, and its session there."""


class OpencodeSessions:
    """Follows all agents whose client may have such a server."""

    def __init__(
        self,
        access: OpencodeAccess,
        states: ClientStates,
        all_agents: Callable[[], Awaitable[Sequence[Agent]]],
        agent_by_id: Callable[[str], Awaitable[Agent | None]],
        learn: Learn,
        clock: Clock,
    ) -> None:
        """Prepare it; `learn` is called when an agent's session is seen at work that it is not registered with."""
        self._access = access
        self._states = states
        self._learn = learn
        self._clock = clock
        self._changes = AgentChanges(all_agents, agent_by_id)
        self._followed: dict[str, _Follower] = {}

    def hear(self, event: Event) -> None:
        """Note agents that may have to be followed, or no longer."""
        self._changes.hear(event)

    async def run(self) -> None:
        """Follow agents, forever."""
        self._followed.clear()
        async with asyncio.TaskGroup() as followers:
            async for agent_id, agent in self._changes.follow():
                self._follow(followers, agent_id, agent)

    def _follow(self, followers: asyncio.TaskGroup, agent_id: str, agent: Agent | None) -> None:
        before = self._followed.get(agent_id)
        if agent is not None and not _has_server(agent):
            agent = None
        if before is not None and agent is not None and before.is_of_same_program(agent):
            before.agent = agent
            return
        if before is not None and before.task is not None:
            del self._followed[agent_id]
            before.task.cancel()
        if agent is not None:
            follower = _Follower(agent, self._access, self._states, self._learn, self._is_alone, self._clock)
            self._followed[agent_id] = follower
            follower.task = followers.create_task(follower.run())

    def _is_alone(self, agent_id: str, base_url: str) -> bool:
        """Return whether no other agent is registered with that server."""
        urls = [registered_url(one.agent) for key, one in self._followed.items() if key != agent_id]
        return not any(url and port_of(url) == port_of(base_url) for url in urls)


class _Follower:
    """Follows one agent."""

    def __init__(
        self,
        agent: Agent,
        access: OpencodeAccess,
        states: ClientStates,
        learn: Learn,
        is_alone: Callable[[str, str], bool],
        clock: Clock,
    ) -> None:
        self.agent = agent
        self.task: asyncio.Task[None] | None = None
        self._access = access
        self._states = states
        self._learn = learn
        self._is_alone = is_alone
        self._clock = clock
        self._tree = OpencodeSessionTree()
        self._open: dict[str, OpenDialog] = {}
        self._told: ToldState | None = None
        self._retry_s = FIRST_RETRY_S

    def is_of_same_program(self, agent: Agent) -> bool:
        """Return whether an agent still runs in the program that is followed."""
        if self.agent.process is None or agent.process is None:
            return self.agent.process is agent.process and registered_url(self.agent) == registered_url(agent)
        return self.agent.process.is_same(agent.process)

    async def run(self) -> None:
        """Follow it until its process has ended."""
        try:
            while True:
                try:
                    await self._listen_to_any()
                except AgentEnded:
                    return
                except Exception:  # one strange server must not end the others
                    logger.exception("the server of %s cannot be followed", self.agent.address)
                self._forget()
                await self._clock.sleep(self._retry_s)
                self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
        finally:
            self._forget()

    async def _listen_to_any(self) -> None:
        """Follow the first of its process's servers that speaks as opencode does, until it is gone."""
        for access in await self._servers():
            try:
                await self._listen(access)
            except NoServerAnswer as error:
                logger.debug("%s is not followed: %s", self.agent.address, error)

    async def _servers(self) -> tuple[ServerAccess, ...]:
        if self.agent.process is not None:
            return await self._access.to_servers_of_process(self.agent)
        return (ServerAccess(base_url=registered_url(self.agent)),)

    async def _listen(self, access: ServerAccess) -> None:
        """Read the server now and after each event.

        Raises:
            NoServerAnswer: it is gone, or no opencode.
        """
        stale, lost = asyncio.Event(), ""
        try:
            async with connected(access) as server, asyncio.TaskGroup() as group:
                group.create_task(_note_events(server, stale))
                while True:
                    await stale.wait()  # the first event comes when the server has begun to send them
                    stale.clear()
                    await self._read(server, access)
                    self._retry_s = FIRST_RETRY_S
                    await asyncio.sleep(READ_INTERVAL_S)
        except* NoServerAnswer as errors:
            lost = str(errors.exceptions[0])
        raise NoServerAnswer(lost)

    async def _read(self, server: httpx2.AsyncClient, access: ServerAccess) -> None:
        reading = await read_server(server)
        session = await self._session(server, access, reading)
        if not session:
            self._forget()
            return
        now = await reading.of(server, self._tree, session)
        self._note_state(now)
        self._note_dialogs(now, access)

    async def _session(self, server: httpx2.AsyncClient, access: ServerAccess, reading: ServerReading) -> str:
        """Return the agent's session: the one at work, else the one it is registered with; empty if not known."""
        is_registered = registered_url(self.agent) == access.base_url
        named = self.agent.delivery.address.get("session_id", "") if is_registered else ""
        roots = {await self._tree.root(server, session) for session in reading.at_work}
        if not roots or named in roots:
            return named
        if len(roots) == 1 and self._is_alone(self.agent.agent_id, access.base_url):
            (session,) = roots
            await self._learn(self.agent.agent_id, access.base_url, session)
            return session
        return named

    def _note_state(self, reading: SessionReading) -> None:
        state = PaneState.DIALOG if reading.asks else STATES.get(reading.state, PaneState.UNKNOWN)
        told = ToldState(state=state, detail=reading.detail, source=StateSource.SESSION_STATUS, at=self._clock.now())
        before = self._told
        if before is None or (before.state, before.detail) != (told.state, told.detail):
            self._told = told
            self._states.note(self.agent.agent_id, StateSource.SESSION_STATUS, told)

    def _note_dialogs(self, reading: SessionReading, access: ServerAccess) -> None:
        asker = Asker(agent_id=self.agent.agent_id, client=_title(self.agent))
        now = self._clock.now()
        asked_for = {
            one.dialog.id: one
            for one in (
                *(opencode_dialogs.permission(request, asker, now) for request in reading.permissions),
                *(opencode_dialogs.question(request, asker, now) for request in reading.questions),
            )
        }
        for dialog_id in self._open.keys() - asked_for.keys():
            self._close(dialog_id)
        for dialog_id, one in asked_for.items():
            before = self._open.get(dialog_id)
            if before is not None and before.request == one.request:
                continue
            self._open[dialog_id] = one
            self._states.open_dialog(one.dialog, self._answering(access.base_url, one))

    def _answering(self, base_url: str, one: OpenDialog) -> Callable[[DialogOption, str], Awaitable[None]]:
        async def answer(option: DialogOption, text: str) -> None:
            await self._answer(base_url, one, option, text)

        return answer

    async def _answer(self, base_url: str, one: OpenDialog, option: DialogOption, text: str) -> None:
        await give_answer(await self._access_to(base_url), one, option, text)
        self._close(one.dialog.id)

    async def _access_to(self, base_url: str) -> ServerAccess:
        """Return access to a server that has been followed, if it is still the agent's own.

        Raises:
            Refusal: `prompt_changed`.
        """
        try:
            found = [access for access in await self._servers() if access.base_url == base_url]
        except AgentEnded as error:
            raise Refusal("prompt_changed", sentence=str(error)) from error
        if not found:
            raise Refusal("prompt_changed", sentence=f"it does not listen at {base_url} any more")
        return found[0]

    def _forget(self) -> None:
        """Take back everything that the server has told: it is gone, or its session is not known."""
        for dialog_id in list(self._open):
            self._close(dialog_id)
        self._told = None
        self._states.note(self.agent.agent_id, StateSource.SESSION_STATUS, None)

    def _close(self, dialog_id: str) -> None:
        self._open.pop(dialog_id, None)
        self._states.close_dialog(dialog_id)


def _has_server(agent: Agent) -> bool:
    """Return whether an agent may have a server that is followed."""
    may_have = own_server(agent.client) is not None and agent.process is not None
    return may_have or agent.delivery.kind is DeliveryKind.OPENCODE_SERVER


def _title(agent: Agent) -> str:
    """Return the name of the agent's program, for people."""
    spec = CLIENTS.get(agent.client or "")
    return spec.title if spec else "its program"


async def _note_events(server: httpx2.AsyncClient, stale: asyncio.Event) -> None:
    async for kind in events(server):
        if kind.startswith(TELLING):
            stale.set()
