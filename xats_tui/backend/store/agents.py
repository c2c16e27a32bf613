"""Agents, their pane bindings, and the kept ids of agents that left."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from msgspec import Struct

from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.clients.registry import known_client
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.agents import (
    CHANNEL_PROXY_ROLE,
    OPERATOR_ID,
    OPERATOR_NAME,
    Agent,
    Binding,
    Delivery,
    DeliveryKind,
    SeenProcess,
    VerificationMode,
)
from xats_tui.core.model.labels import CUSTOM, ClientId, ShownNames
from xats_tui.core.model.panes import PaneRef

REQUIRED_ADDRESS = {
    DeliveryKind.NONE: (),
    DeliveryKind.CLAUDE_CHANNEL: ("channel_session_id",),
    DeliveryKind.CODEX_APPSERVER: ("thread_id", "ws_url"),
    DeliveryKind.OPENCODE_SERVER: ("base_url",),
}
"""Address fields that each kind of delivery requires."""


FORGOTTEN: Mapping[str, Any] = {
    "host_session": None,
    "tmux_pane_id": None,
    "runtime_ui_pid": None,
    "runtime_ui_started_at": None,
    "runtime_tty": None,
    "runtime_verification_mode": None,
    "runtime_bound_at": None,
    "runtime_proved": 0,
    "delivery_kind": DeliveryKind.NONE,
    "delivery_payload": None,
}
"""Cleared values of the columns that describe the program behind an agent; they always change together."""


class AgentRow(Struct, frozen=True, kw_only=True):
    """Values that a registration writes; None keeps the stored value."""

    team: str
    name: str
    role: str
    client: ClientId
    client_name: str | None
    model: str
    delivery: Delivery | None = None
    ui_pid: int | None = None
    ui_started_at: float | None = None
    """Start time of the process `ui_pid`, written together with it; None if the process is gone."""
    is_proved: bool = False
    """True if the runtime proved that the process is its own."""
    host_session: str | None = None
    is_another: bool = False
    """True for a different runtime than before: the stored facts about the old runtime are cleared."""

    @classmethod
    def of(cls, agent: Agent, delivery: Delivery) -> "AgentRow":
        """Make a row of an agent's stored values with another delivery."""
        return cls(
            team=agent.team,
            name=agent.name,
            role=agent.role,
            client=agent.client or CUSTOM,
            client_name=agent.client_name,
            model=agent.model or "",
            delivery=delivery,
        )


async def by_id(reader: Reader, agent_id: str) -> Agent | None:
    """Return the agent with this id."""
    row = await reader.fetch_one("SELECT * FROM agents WHERE agent_id = ?", (agent_id,))
    return _agent(row) if row else None


async def by_name(reader: Reader, team: str, name: str) -> Agent | None:
    """Return the agent with this exact name in the team."""
    row = await reader.fetch_one("SELECT * FROM agents WHERE team = ? AND name = ?", (team, name))
    return _agent(row) if row else None


async def of_team(reader: Reader, team: str) -> tuple[Agent, ...]:
    """Return all agents of a team, earliest registration first."""
    return await reader.fetch_objects(
        _agent, "SELECT * FROM agents WHERE team = ? ORDER BY registered_at, rowid", (team,)
    )


async def all_teams(reader: Reader) -> tuple[Agent, ...]:
    """Return every agent, ordered by team and name."""
    return await reader.fetch_objects(_agent, "SELECT * FROM agents ORDER BY team, name")


async def others_of_team(reader: Reader, team: str, *, but: str, role: str | None = None) -> tuple[Agent, ...]:
    """Return the agents of a team (or of one role in it) by name, without channel proxies and without `but`."""
    return await reader.fetch_objects(
        _agent,
        "SELECT * FROM agents WHERE team = ? AND agent_id <> ? AND role <> ? AND (? IS NULL OR role = ?) ORDER BY name",
        (team, but, CHANNEL_PROXY_ROLE, role, role),
    )


async def by_host_session(reader: Reader, host_session: str) -> tuple[Agent, ...]:
    """Return the agents registered from one session of a client program, most recently seen first."""
    return await reader.fetch_objects(
        _agent, "SELECT * FROM agents WHERE host_session = ? ORDER BY last_seen_at DESC", (host_session,)
    )


async def holder_of(reader: Reader, pane: PaneRef) -> Agent | None:
    """Return the agent that the pane is bound to."""
    row = await reader.fetch_one(
        "SELECT * FROM agents WHERE tmux_pane_id = ? AND tmux_socket = ?", (pane.pane_id, pane.socket)
    )
    return _agent(row) if row else None


async def register(tx: Transaction, wanted: AgentRow, new_id: str) -> Agent:
    """Create or update the row of (team, name); a returning agent gets its old id back, a new agent gets `new_id`."""
    departed = await tx.fetch_one(
        "DELETE FROM departed_agents WHERE team = ? AND name = ? RETURNING agent_id", (wanted.team, wanted.name)
    )
    now = to_wire(tx.now)
    await tx.execute(
        "INSERT INTO agents (agent_id, team, name, role, client, client_name, model, registered_at, last_seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (team, name) DO UPDATE SET role = excluded.role, "
        "client = excluded.client, client_name = excluded.client_name, model = excluded.model, "
        "last_seen_at = excluded.last_seen_at",
        (
            departed["agent_id"] if departed else new_id,
            wanted.team,
            wanted.name,
            wanted.role,
            wanted.client,
            wanted.client_name,
            wanted.model,
            now,
            now,
        ),
    )
    given: dict[str, Any] = dict(FORGOTTEN) if wanted.is_another else {}
    if wanted.host_session is not None:
        given["host_session"] = wanted.host_session
    if wanted.ui_pid is not None:
        given |= {"runtime_ui_pid": wanted.ui_pid, "runtime_ui_started_at": wanted.ui_started_at}
        given["runtime_proved"] = wanted.is_proved
    if wanted.delivery is not None:
        given |= {"delivery_kind": wanted.delivery.kind, "delivery_payload": _payload(wanted.delivery)}
    for column, value in given.items():
        await tx.execute(
            f"UPDATE agents SET {column} = ? WHERE team = ? AND name = ?", (value, wanted.team, wanted.name)
        )
    agent = await by_name(tx, wanted.team, wanted.name)
    assert agent is not None  # written two statements ago, in this transaction
    return agent


async def set_delivery(tx: Transaction, agent_id: str, delivery: Delivery) -> None:
    """Store another way to reach the agent, if it still exists; unlike a registration this is no call of its own."""
    await tx.execute(
        "UPDATE agents SET delivery_kind = ?, delivery_payload = ? WHERE agent_id = ?",
        (delivery.kind, _payload(delivery), agent_id),
    )


async def touch(tx: Transaction, agent_id: str) -> None:
    """Record that the agent made a call, if it still exists."""
    await tx.execute("UPDATE agents SET last_seen_at = ? WHERE agent_id = ?", (to_wire(tx.now), agent_id))


async def bind(tx: Transaction, agent_id: str, binding: Binding) -> tuple[str, ...]:
    """Bind a pane to the agent, and return the ids of the agents that lost the pane.

    The agent's client becomes the client observed in the pane, if there is one.
    """
    losers = await tx.fetch_all(
        "UPDATE agents SET tmux_pane_id = NULL WHERE tmux_pane_id = ? AND tmux_socket = ? AND agent_id <> ? "
        "RETURNING agent_id",
        (binding.pane.pane_id, binding.pane.socket, agent_id),
    )
    await tx.execute(
        "UPDATE agents SET tmux_pane_id = ?, tmux_socket = ?, runtime_tty = ?, "
        "runtime_ui_pid = coalesce(?, runtime_ui_pid), runtime_ui_started_at = coalesce(?, runtime_ui_started_at), "
        "runtime_verification_mode = ?, runtime_bound_at = ?, runtime_proved = ?, client = coalesce(?, client), "
        "client_name = CASE WHEN ? IS NULL OR ? IN (client, ?) THEN client_name END WHERE agent_id = ?",
        (
            binding.pane.pane_id,
            binding.pane.socket,
            binding.tty,
            binding.ui_pid,
            binding.ui_started_at,
            binding.mode,
            to_wire(binding.bound_at),
            binding.proved,
            binding.client,
            binding.client,
            binding.client,
            CUSTOM,
            agent_id,
        ),
    )
    return tuple(row["agent_id"] for row in losers)


async def forget_runtime(tx: Transaction, agent_id: str) -> None:
    """Clear everything stored about the program behind an agent: the program now belongs to another agent."""
    columns = ", ".join(f"{column} = ?" for column in FORGOTTEN)
    await tx.execute(f"UPDATE agents SET {columns} WHERE agent_id = ?", (*FORGOTTEN.values(), agent_id))


async def depart(tx: Transaction, agent: Agent) -> None:
    """Delete the agent's row and its screens, and keep its id for a later return."""
    await tx.execute("DELETE FROM agents WHERE agent_id = ?", (agent.agent_id,))
    await tx.execute("DELETE FROM looks WHERE agent_id = ?", (agent.agent_id,))
    await tx.execute(
        "INSERT OR REPLACE INTO departed_agents (team, name, agent_id, departed_at) VALUES (?, ?, ?, ?)",
        (agent.team, agent.name, agent.agent_id, to_wire(tx.now)),
    )


class EverKnown(Struct, frozen=True, kw_only=True):
    """An agent that is or was registered."""

    agent_id: str
    name: str
    team: str

    @property
    def address(self) -> str:
        """Return `name@team`."""
        return f"{self.name}@{self.team}"


async def ever_known(reader: Reader) -> tuple[EverKnown, ...]:
    """Return every agent, including those that left."""
    rows = await reader.fetch_all(
        "SELECT agent_id, name, team FROM agents UNION ALL SELECT agent_id, name, team FROM departed_agents"
    )
    return tuple(map(_ever_known, rows))


async def names(reader: Reader, agent_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these agents by id, including agents that left and the operator."""
    marks = ",".join("?" * len(agent_ids))
    rows = await reader.fetch_all(
        f"SELECT agent_id, name FROM departed_agents WHERE agent_id IN ({marks}) "
        f"UNION ALL SELECT agent_id, name FROM agents WHERE agent_id IN ({marks})",
        (*agent_ids, *agent_ids),
    )
    known = {row["agent_id"]: row["name"] for row in rows}
    return known | ({OPERATOR_ID: OPERATOR_NAME} if OPERATOR_ID in agent_ids else {})


async def shown_names(reader: Reader, agent_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these agents as people read them: `name@team` if another known agent has that name.

    An agent that has left has the beginning of its id behind its name if a known agent has that name, too.
    """
    agents = [_ever_known(row) for row in await reader.fetch_all("SELECT agent_id, name, team FROM agents")]
    shown = ShownNames(agents)
    present = {agent.agent_id: shown.of(agent) for agent in agents if agent.agent_id in agent_ids}
    gone = await names(reader, set(agent_ids) - present.keys())
    return present | {
        agent_id: f"{name} ({agent_id.split('-')[0][:8]})" if shown.is_taken(name) else name
        for agent_id, name in gone.items()
    }


def _ever_known(row: Row) -> EverKnown:
    return EverKnown(agent_id=row["agent_id"], name=row["name"], team=row["team"])


def _agent(row: Row) -> Agent:
    return Agent(
        agent_id=row["agent_id"],
        team=row["team"],
        name=row["name"],
        role=row["role"],
        client=known_client(row["client"]),
        client_name=row["client_name"],
        model=row["model"],
        delivery=_delivery(row["delivery_kind"], row["delivery_payload"]),
        binding=_binding(row),
        registered_at=from_wire(row["registered_at"]),
        last_seen_at=from_wire(row["last_seen_at"]),
        host_session=row["host_session"],
        process=_process(row),
        channel_ui_pid=row["claude_ui_pid"],
    )


def _binding(row: Row) -> Binding | None:
    if not row["tmux_pane_id"]:
        return None
    mode = row["runtime_verification_mode"]
    return Binding(
        pane=PaneRef(row["tmux_socket"], row["tmux_pane_id"]),
        tty=row["runtime_tty"],
        ui_pid=row["runtime_ui_pid"],
        ui_started_at=row["runtime_ui_started_at"],
        mode=VerificationMode(mode) if mode in set(VerificationMode) else VerificationMode.TTY_PANE,
        bound_at=from_wire(row["runtime_bound_at"] or row["registered_at"]),
        proved=bool(row["runtime_proved"]),
        client=known_client(row["client"]),
    )


def _process(row: Row) -> SeenProcess | None:
    pid, started_at = row["runtime_ui_pid"], row["runtime_ui_started_at"]
    return SeenProcess(pid, started_at) if pid is not None and started_at is not None else None


def _delivery(kind: str, payload: str | None) -> Delivery:
    """Parse a stored delivery leniently, so that one unreadable row harms only its own agent."""
    try:
        known = DeliveryKind(kind)
        address = orjson.loads(payload) if payload else {}
        usable = {key: value for key, value in address.items() if isinstance(value, str) and value.strip()}
    except (ValueError, AttributeError):
        return Delivery(damaged=True)
    if not all(key in usable for key in REQUIRED_ADDRESS[known]):
        return Delivery(damaged=True)
    return Delivery(kind=known, address=usable)


def _payload(delivery: Delivery) -> str | None:
    return orjson.dumps(dict(delivery.address)).decode() if delivery.kind is not DeliveryKind.NONE else None
