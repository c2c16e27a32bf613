"""The coordinator's part of a launch: look up the name, announce the pane, record the arrival.

It opens no window and starts no process; the `Launcher` does that.
"""

from datetime import timedelta

from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.services.agents.registration import Registrar
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.launch.launcher import KnownAgent
from xats_tui.backend.services.wakes.delivery import checked_delivery
from xats_tui.backend.store import activity
from xats_tui.backend.store.agents import AgentRow
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Processes
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import Agent, Delivery, DeliveryKind
from xats_tui.core.model.launches import LaunchRequest
from xats_tui.core.model.panes import PaneRef

ANNOUNCED_FOR = timedelta(seconds=600)
"""Lifetime of a pane's announcement: a person may have to answer a question of the client first."""


class LocalLaunchBackend:
    """The coordinator's side of a launch."""

    def __init__(self, database: Database, registry: Registry, registrar: Registrar, sessions: McpSessions) -> None:
        self._database = database
        self._registry = registry
        self._registrar = registrar
        self._sessions = sessions
        self._processes = Processes()

    async def known(self, team: str, name: str) -> KnownAgent | None:
        """Return what is known of the agent with that name; None if there is none."""
        agent = await self._registry.by_name(team, name)
        if agent is None:
            return None
        return KnownAgent(
            agent_id=agent.agent_id,
            lives=await self._lives(agent),
            seen_at=agent.last_seen_at,
            is_bound=agent.binding is not None,
            delivery=agent.delivery.kind,
        )

    async def expect(self, wanted: LaunchRequest, pane: PaneRef | None, mark: str) -> None:
        """Forget how an earlier agent with that name was woken; announce the pane in which a Codex is about to run."""
        agent = await self._registry.by_name(wanted.team, wanted.name)
        async with self._database.write() as tx:
            if agent is not None and agent.delivery.kind is not DeliveryKind.NONE:
                await self._registry.register(tx, AgentRow.of(agent, Delivery()))
            if pane is not None:
                await self._registrar.announce(tx, pane, mark, ANNOUNCED_FOR)

    async def bind(self, agent_id: str, mark: str) -> None:
        """Bind the pane that was announced under this mark, if its program runs by now.

        Raises:
            Refusal: `unknown_agent` if the agent has left again.
        """
        await self._registrar.bind_announced(agent_id, mark)

    async def arrived(self, wanted: LaunchRequest, agent_id: str, base_url: str, session_id: str) -> None:
        """Record an arrival for the dashboard, whose launcher runs in this process."""
        await self.arrived_for(Actor(), wanted, agent_id, base_url, session_id)

    async def arrived_for(
        self, actor: Actor, wanted: LaunchRequest, agent_id: str, base_url: str, session_id: str
    ) -> None:
        """Record the agent's arrival, and the session of its own server through which it is woken, if there is one.

        Raises:
            Refusal: `unknown_agent` if the agent has left again; `invalid_delivery`.
        """
        agent = await self._registry.by_id(agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        async with self._database.write() as tx:
            if session_id:
                address = {"kind": DeliveryKind.OPENCODE_SERVER, "base_url": base_url, "session_id": session_id}
                await self._registry.register(tx, AgentRow.of(agent, checked_delivery(address)))
            where = f", pane {agent.binding.pane.pane_id}" if agent.binding else ""
            detail = f"{agent.address}: {wanted.client} in {wanted.folder}{where}"
            await activity.note(tx, actor.name, "launch", detail, agent_id=agent_id)

    async def _lives(self, agent: Agent) -> bool:
        """Return whether its process lives, or if no process is known, whether a session speaks for it."""
        if agent.process is not None:
            return agent.process in await self._processes.living({agent.process})
        return self._sessions.is_connected(agent.agent_id)
