"""Agents with their changes, for watchers that follow each agent by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from xats_tui.core.events import AgentChanged, Event, PaneBound
from xats_tui.core.model.agents import Agent


class AgentChanges:
    """All agents as they are now, then each one that changes."""

    def __init__(
        self,
        all_agents: Callable[[], Awaitable[Sequence[Agent]]],
        agent_by_id: Callable[[str], Awaitable[Agent | None]],
    ) -> None:
        """Set the functions that read the registered agents."""
        self._all_agents = all_agents
        self._agent_by_id = agent_by_id
        self._changed: set[str] = set()
        self._news = asyncio.Event()

    def hear(self, event: Event) -> None:
        """Note the agent that an event is about."""
        if isinstance(event, AgentChanged | PaneBound):
            self._changed.add(event.agent_id)
            self._news.set()

    async def follow(self) -> AsyncIterator[tuple[str, Agent | None]]:
        """Yield id and agent, forever; None for an agent that has left."""
        for agent in await self._all_agents():
            yield agent.agent_id, agent
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, set()
            for agent_id in changed:
                yield agent_id, await self._agent_by_id(agent_id)
