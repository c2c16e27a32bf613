"""Watcher of Codex threads: the state that each app-server tells of the agents' threads, and the dialogs in them.

An app-server tells every client the status of all threads.  What a dialog asks it tells only to those who joined the
thread, and the diff of changed files only to those who had joined before: this watcher joins a thread for each turn and
leaves it afterwards, so that Codex forgets idle threads as before.  The window's own dialog stays open meanwhile;
whoever answers first counts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.transports.tokens import Tokens
from xats_tui.backend.watchers.codex_follower import ANSWER_TIMEOUT_S, CodexFollower, Server
from xats_tui.core.clock import Clock
from xats_tui.core.events import AgentChanged, Event, PaneBound
from xats_tui.core.model.agents import Agent, DeliveryKind

AGENTS_INTERVAL_S = 0.5
"""Least time between two looks at which agents there are."""

Agents = Callable[[], Awaitable[Sequence[Agent]]]


class CodexThreadWatcher:
    """Follows the threads of all agents that have one, over one connection to each app-server."""

    def __init__(
        self,
        states: ClientStates,
        tokens: Tokens,
        agents: Agents,
        clock: Clock,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._states = states
        self._tokens = tokens
        self._answer_timeout_s = answer_timeout_s
        self._agents = agents
        self._clock = clock
        self._changed = asyncio.Event()
        self._followed: dict[Server, tuple[CodexFollower, asyncio.Task[None]]] = {}

    def hear(self, event: Event) -> None:
        """Note that there may be other agents now."""
        if isinstance(event, AgentChanged | PaneBound):
            self._changed.set()

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                self._changed.clear()
                self._follow(await self._agents())
                await self._changed.wait()
                await self._clock.sleep(AGENTS_INTERVAL_S)
        finally:
            for _, task in self._followed.values():
                task.cancel()
            await asyncio.gather(*(task for _, task in self._followed.values()), return_exceptions=True)
            self._followed.clear()

    def _follow(self, agents: Sequence[Agent]) -> None:
        wanted: dict[Server, dict[str, str]] = {}
        for agent in sorted(agents, key=lambda agent: agent.last_seen_at):  # the last one has taken the thread over
            if agent.delivery.kind is DeliveryKind.CODEX_APPSERVER:
                address = agent.delivery.address
                server = (address["ws_url"], address.get("auth_token_ref"))
                wanted.setdefault(server, {})[address["thread_id"]] = agent.agent_id
        for server in self._followed.keys() - wanted.keys():
            follower, task = self._followed.pop(server)
            follower.follow({})
            task.cancel()
        for server, threads in wanted.items():
            if server not in self._followed:
                follower = CodexFollower(self._states, self._tokens, server, self._clock, self._answer_timeout_s)
                self._followed[server] = (follower, asyncio.create_task(follower.run(), name="codex threads"))
            self._followed[server][0].follow(threads)
