"""Deliveries to opencode sessions that were found by evidence: the agent's own process listens, the session works."""

from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.wakes.delivery import checked_delivery
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.model.agents import DeliveryKind


class OpencodeDeliveries:
    """Registers agents with the servers and sessions that were found."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    async def learn(self, agent_id: str, base_url: str, session_id: str) -> None:
        """Reach an agent through this session of this server from now on."""
        address = {"kind": DeliveryKind.OPENCODE_SERVER, "base_url": base_url, "session_id": session_id}
        delivery = checked_delivery(address)
        agent = await self._registry.by_id(agent_id)
        if agent is None or agent.delivery == delivery:
            return
        async with self._database.write() as tx:
            await self._registry.reach(tx, agent_id, delivery)
