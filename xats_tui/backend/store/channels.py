"""Channel proxies, and the agents that are woken through their channels."""

from datetime import datetime

import orjson

from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.clients.registry import CHANNEL_CLIENT
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent, Delivery, DeliveryKind
from xats_tui.core.model.labels import CUSTOM

PROXY_CLIENT_NAME = "cross-agent-teams-channel"


async def by_id(reader: Reader, agent_id: str) -> Agent | None:
    """Return the proxy with this id."""
    row = await reader.fetch_one("SELECT * FROM channel_proxies WHERE agent_id = ?", (agent_id,))
    return _proxy(row) if row else None


async def of_ui_pid(reader: Reader, ui_pid: int) -> tuple[str, ...]:
    """Return the channel session ids of one Claude Code process's proxies, newest first."""
    rows = await reader.fetch_all(
        "SELECT channel_session_id FROM channel_proxies WHERE ui_pid = ? AND channel_session_id IS NOT NULL "
        "ORDER BY last_seen_at DESC, registered_at DESC",
        (ui_pid,),
    )
    return tuple(row["channel_session_id"] for row in rows)


async def register(tx: Transaction, proxy: Agent) -> Agent:
    """Create or update the row of (team, name); the id stays, and so do channel and pid unless new ones are given."""
    row = await tx.fetch_one(
        "INSERT INTO channel_proxies (agent_id, team, name, channel_session_id, ui_pid, registered_at, last_seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (team, name) DO UPDATE SET last_seen_at = excluded.last_seen_at, "
        "channel_session_id = coalesce(excluded.channel_session_id, channel_session_id), "
        "ui_pid = coalesce(excluded.ui_pid, ui_pid) RETURNING *",
        (
            proxy.agent_id,
            proxy.team,
            proxy.name,
            proxy.delivery.address.get("channel_session_id"),
            proxy.channel_ui_pid,
            to_wire(proxy.registered_at),
            to_wire(proxy.last_seen_at),
        ),
    )
    assert row is not None  # an upsert always returns its row
    return _proxy(row)


async def touch(tx: Transaction, agent_id: str) -> None:
    """Record that a proxy made a call."""
    await tx.execute("UPDATE channel_proxies SET last_seen_at = ? WHERE agent_id = ?", (to_wire(tx.now), agent_id))


async def remove(tx: Transaction, agent_id: str) -> None:
    """Delete a proxy."""
    await tx.execute("DELETE FROM channel_proxies WHERE agent_id = ?", (agent_id,))


async def unseen_since(tx: Transaction, before: datetime) -> tuple[Agent, ...]:
    """Return the proxies that neither registered nor subscribed since `before`."""
    rows = await tx.fetch_all("SELECT * FROM channel_proxies WHERE last_seen_at < ?", (to_wire(before),))
    return tuple(map(_proxy, rows))


async def hosts_of(reader: Reader, ui_pid: int) -> dict[str, str | None]:
    """Return the agents of one Claude Code process that a channel may wake, mapped to their channel session id or None.

    Agents with another kind of delivery are left out.
    """
    rows = await reader.fetch_all(
        "SELECT agent_id, CASE WHEN json_valid(delivery_payload) "
        "THEN json_extract(delivery_payload, '$.channel_session_id') END AS csid "
        "FROM agents WHERE runtime_ui_pid = ? AND delivery_kind IN (?, ?)",
        (ui_pid, DeliveryKind.NONE, DeliveryKind.CLAUDE_CHANNEL),
    )
    return {row["agent_id"]: row["csid"] for row in rows}


async def hosts_on(reader: Reader, csid: str) -> tuple[str, ...]:
    """Return the ids of the agents that are woken through this channel."""
    rows = await reader.fetch_all(
        "SELECT agent_id FROM agents WHERE delivery_kind = 'claude-channel' AND json_valid(delivery_payload) "
        "AND json_extract(delivery_payload, '$.channel_session_id') = ?",
        (csid,),
    )
    return tuple(row["agent_id"] for row in rows)


async def point(tx: Transaction, agent_id: str, csid: str) -> None:
    """Switch an agent's delivery to this channel."""
    await tx.execute(
        "UPDATE agents SET delivery_kind = ?, delivery_payload = ? WHERE agent_id = ?",
        (DeliveryKind.CLAUDE_CHANNEL, orjson.dumps({"channel_session_id": csid}).decode(), agent_id),
    )


async def set_client(tx: Transaction, agent_id: str) -> None:
    """Set the agent's client to the only one with channels."""
    await tx.execute("UPDATE agents SET client = ?, client_name = NULL WHERE agent_id = ?", (CHANNEL_CLIENT, agent_id))


def delivery_by(csid: str | None) -> Delivery:
    """Return the delivery through a channel, or the empty delivery if there is no channel."""
    if csid is None:
        return Delivery()
    return Delivery(kind=DeliveryKind.CLAUDE_CHANNEL, address={"channel_session_id": csid})


def _proxy(row: Row) -> Agent:
    return Agent(
        agent_id=row["agent_id"],
        team=row["team"],
        name=row["name"],
        role=CHANNEL_PROXY_ROLE,
        client=CUSTOM,
        client_name=PROXY_CLIENT_NAME,
        model="proxy",
        delivery=delivery_by(row["channel_session_id"]),
        binding=None,
        registered_at=from_wire(row["registered_at"]),
        last_seen_at=from_wire(row["last_seen_at"]),
        channel_ui_pid=row["ui_pid"],
    )
