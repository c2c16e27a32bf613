"""Channels: ways into a running Claude Code, each carried by a session, and the agents that are woken through them.

A channel proxy registers and carries a channel; agents find it by the pid of their user interface.  Proxies are no
agents: nobody can list them or write to them.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import uuid4

from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import channels as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.transports.claude_channel import OpenChannels
from xats_tui.core.errors import Refusal
from xats_tui.core.events import AgentChanged, Event, SessionChanged
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent
from xats_tui.core.model.labels import CUSTOM

KEPT = timedelta(days=1)
"""Time for which a proxy that carries nothing is remembered, so that it gets its id again when it returns."""


class Channels:
    """All channels."""

    def __init__(self, database: Database, open_channels: OpenChannels, waker: Waker) -> None:
        self._database = database
        self._open = open_channels
        self._waker = waker
        self._stirred = asyncio.Event()

    async def proxy(self, agent_id: str) -> Agent | None:
        """Return the channel proxy of that id, as a record like an agent's."""
        return await store.by_id(self._database, agent_id)

    async def of_ui_pid(self, ui_pid: int) -> dict[str, McpSession]:
        """Return the channels of a Claude Code's proxies that are still carried, each with the session that carries it.

        Those that are listened to come first, then those of the newest proxies.
        """
        csids = [csid for csid in await store.of_ui_pid(self._database, ui_pid) if self.is_live(csid)]
        carriers = {csid: self._open.carrier(csid) for csid in sorted(csids, key=self._is_deaf)}
        return {csid: carrier for csid, carrier in carriers.items() if carrier is not None}

    def _is_deaf(self, csid: str) -> bool:
        return not self._open.has_stream(csid)

    def is_live(self, csid: str) -> bool:
        """Return whether an open session carries the channel and its stream has not ended."""
        return self._open.carrier(csid) is not None and not self._open.is_given_up(csid)

    async def register_proxy(
        self, tx: Transaction, *, team: str, name: str, csid: str | None, ui_pid: int | None
    ) -> tuple[Agent, tuple[str, ...]]:
        """Add or refresh a proxy, and point the agents of its Claude Code to its channel, whatever their team.

        Returns:
            The proxy, and the ids of the agents that now use its channel.
        """
        await self._prune(tx)
        wanted = Agent(
            agent_id=str(uuid4()),
            team=team,
            name=name,
            role=CHANNEL_PROXY_ROLE,
            client=CUSTOM,
            client_name=store.PROXY_CLIENT_NAME,
            model="proxy",
            delivery=store.delivery_by(csid),
            binding=None,
            registered_at=tx.now,
            last_seen_at=tx.now,
            channel_ui_pid=ui_pid,
        )
        proxy = await store.register(tx, wanted)
        if csid is None or proxy.channel_ui_pid is None:
            return proxy, ()
        return proxy, await self._lead(tx, await store.hosts_of(tx, proxy.channel_ui_pid), csid)

    async def unregister_proxy(self, tx: Transaction, proxy: Agent) -> None:
        """Remove a proxy."""
        await store.remove(tx, proxy.agent_id)

    async def subscribe(self, tx: Transaction, session: McpSession, proxy: Agent, csid: str) -> None:
        """Let a proxy's session carry a channel.

        Raises:
            Refusal: `channel_in_use` if another session with an open stream carries it.
        """
        self.attach(session, csid)
        await store.touch(tx, proxy.agent_id)
        await self._revive(tx, await store.hosts_on(tx, csid))

    async def bind(self, tx: Transaction, agent_id: str, csid: str) -> None:
        """Wake a registered agent through a channel from now on; such an agent runs in Claude Code.

        Raises:
            Refusal: `unknown_channel_session` if no session carries the channel.
        """
        if not self.is_live(csid):
            raise Refusal("unknown_channel_session")
        await store.set_client(tx, agent_id)
        await self._lead(tx, {agent_id: None}, csid)

    def attach(self, session: McpSession, csid: str, *, agents_own: bool = False) -> None:
        """Let a session carry a channel.

        Raises:
            Refusal: `channel_in_use` if another session with an open stream carries it, unless both are the agent's.
        """
        carrier = self._open.carrier(csid)
        is_ours = carrier is session or (agents_own and carrier and carrier.agent_id in (None, session.agent_id))
        if carrier is not None and not is_ours and self._open.has_stream(csid):
            raise Refusal("channel_in_use", detail="another session listens on this channel: take one of your own")
        self._open.attach(session, csid, agents_own=agents_own)
        self._stirred.set()

    def detach(self, session: McpSession) -> None:
        """End all channels of a session."""
        self._open.detach(session)

    def hear(self, event: Event) -> None:
        """Note that a stream may have been opened, or a session closed."""
        if isinstance(event, SessionChanged):
            self._stirred.set()

    async def run(self) -> None:
        """Retry the wakes of agents whose channel has a stream again, forever."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            hosts = [host for csid in self._open.look() for host in await store.hosts_on(self._database, csid)]
            if hosts:
                async with self._database.write() as tx:
                    await self._revive(tx, hosts)

    async def _lead(self, tx: Transaction, hosts: Mapping[str, str | None], csid: str) -> tuple[str, ...]:
        """Point agents to a channel, unless their present one has an open stream; return the ids of those pointed."""
        led = []
        for agent_id, current in hosts.items():
            if current != csid and not (current and self._open.has_stream(current)):
                await store.point(tx, agent_id, csid)
                tx.record(AgentChanged(agent_id=agent_id))
                await self._waker.revive(tx, agent_id)
                led.append(agent_id)
        return tuple(led)

    async def _revive(self, tx: Transaction, hosts: Iterable[str]) -> None:
        for agent_id in hosts:
            await self._waker.revive(tx, agent_id)

    async def _prune(self, tx: Transaction) -> None:
        for proxy in await store.unseen_since(tx, tx.now - KEPT):
            csid = proxy.delivery.address.get("channel_session_id")
            if csid is None or self._open.carrier(csid) is None:
                await store.remove(tx, proxy.agent_id)
