"""Watcher of extensions: keeps a link to that of each agent's program, and writes down what it tells.

A program may load its extension later, or anew.  Its socket is then there, so that is looked for once a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.system.sessions.processes import process_of
from xats_tui.backend.transports.extension.links import ExtensionLink, ExtensionLinks, NoExtension
from xats_tui.backend.transports.extension.words import ExtensionState
from xats_tui.backend.watchers.agent_changes import AgentChanges
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.client_states import StateSource, ToldState
from xats_tui.core.model.panes import PaneState

logger = logging.getLogger(__name__)

LINE_INTERVAL_S = 0.01
"""Pause after each line: a program that never stops talking must leave the loop to others."""

RETRY_INTERVAL_S = 1.0
"""Interval between two looks for a socket."""


class Extensions:
    """Follows the extensions of all agents whose clients can have one."""

    def __init__(
        self,
        links: ExtensionLinks,
        states: ClientStates,
        all_agents: Callable[[], Awaitable[Sequence[Agent]]],
        agent_by_id: Callable[[str], Awaitable[Agent | None]],
        turn_ended: Callable[[Agent], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """Set the dependencies; `turn_ended` is called when an agent's program has come to rest."""
        self._links = links
        self._states = states
        self._agent_by_id = agent_by_id
        self._turn_ended = turn_ended
        self._clock = clock
        self._changes = AgentChanges(all_agents, agent_by_id)
        self._followed: dict[str, tuple[SeenProcess, asyncio.Task[None]]] = {}

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
        process = _process_with_extension(agent)
        before = self._followed.get(agent_id)
        if before is not None and before[0].is_same(process):
            return
        if before is not None:
            before[1].cancel()
            del self._followed[agent_id]
        if process is not None:
            self._followed[agent_id] = (process, followers.create_task(self._keep_linked(agent_id, process)))

    async def _keep_linked(self, agent_id: str, process: SeenProcess) -> None:
        while True:
            try:
                async with self._links.opened(agent_id, process) as link:
                    await self._listen(agent_id, link)
            except NoExtension as error:
                logger.debug("the extension of %s is not linked: %s", agent_id, error)
            except Exception:  # one strange extension must not end the others
                logger.exception("the extension of %s cannot be followed", agent_id)
            finally:
                self._states.note(agent_id, StateSource.EXTENSION, None)
            await self._clock.sleep(RETRY_INTERVAL_S)

    async def _listen(self, agent_id: str, link: ExtensionLink) -> None:
        """Write down what an extension tells until it hangs up.

        Raises:
            NoExtension: it has hung up.
        """
        before = PaneState.UNKNOWN
        while True:
            state = await link.next_state()
            self._states.note(agent_id, StateSource.EXTENSION, _told(state))
            agent = await self._agent_by_id(agent_id) if (before, state.state) == TURN_END else None
            before = state.state
            if agent is not None:
                await self._turn_ended(agent)
            await self._clock.sleep(LINE_INTERVAL_S)


TURN_END = (PaneState.BUSY, PaneState.IDLE)
"""The state before and after the end of a turn."""


def _told(state: ExtensionState) -> ToldState:
    return ToldState(state=state.state, detail=state.obstacle or "idle", source=StateSource.EXTENSION, at=state.since)


def _process_with_extension(agent: Agent | None) -> SeenProcess | None:
    """Return the process whose extension is to be followed; None if the agent's client can have none."""
    spec = CLIENTS.get(agent.client or "") if agent else None
    return process_of(agent) if agent and spec and spec.extension else None
