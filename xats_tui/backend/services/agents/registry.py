"""The Registry: the agents, their names and their panes."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.panes.tested_versions import newer_than_tested
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as store
from xats_tui.backend.store import contracts as contracts_store
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store import receipts as receipts_store
from xats_tui.backend.store import tasks as tasks_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.agents import AgentRow
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.known_agents import KnownAgents
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import Clock, from_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.events import AgentChanged, PaneBound, SubscriptionChanged
from xats_tui.core.model.agents import (
    CHANNEL_PROXY_ROLE,
    OPERATOR_ID,
    OPERATOR_NAME,
    Agent,
    Binding,
    Delivery,
    DeliveryKind,
    RosterEntry,
    SeenProcess,
)
from xats_tui.core.model.labels import ClientId, composed, folded
from xats_tui.core.model.panes import PaneRef

MAX_LABEL_CHARS = 64
"""Longest name, role or team: they stand in tables and in hints."""

MAX_CONTRACT_NAME_CHARS = 200

DEFAULT_TEAM = "default"

EPOCH = datetime.fromtimestamp(0, UTC)

INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
"""Printable characters that show nothing: with them two names can look the same, or a name can look empty."""

RESERVED = "__"
"""Start of roles that are reserved for programs."""


class Registry:
    """All registered agents."""

    def __init__(
        self,
        database: Database,
        known: KnownAgents,
        sessions: McpSessions,
        presence: Presence,
        waker: Waker,
        monitor: PaneMonitor,
        states: ClientStates,
        clock: Clock,
    ) -> None:
        self._database = database
        self._states = states
        self._known = known
        self._sessions = sessions
        self._presence = presence
        self._waker = waker
        self._monitor = monitor
        self._clock = clock

    async def by_id(self, agent_id: str) -> Agent | None:
        """Return the agent with that id."""
        return await self._known.by_id(agent_id)

    async def by_name(self, team: str, name: str) -> Agent | None:
        """Return the agent with that name in that team; the operator is in every team."""
        if folded(name).strip() == OPERATOR_NAME:
            return operator_in(team)
        meant = composed(team), composed(name)
        found = await self._known.by_name(*meant)
        if found is None:  # an old database may hold it in another spelling
            others = await store.all_teams(self._database)
            found = next((one for one in others if (composed(one.team), composed(one.name)) == meant), None)
        return found

    async def member(self, team: str, agent_id: str) -> Agent | None:
        """Return the agent with that id if it is in that team; the operator is in every team."""
        if agent_id == OPERATOR_ID:
            return operator_in(team)
        agent = await self._known.by_id(agent_id)
        return agent if agent and agent.team == team else None

    async def of_team(self, team: str) -> tuple[Agent, ...]:
        """Return a team's agents, the earliest registered first."""
        return await self._known.of_team(team)

    async def register(self, tx: Transaction, wanted: AgentRow) -> Agent:
        """Create or refresh an identity; the id of a (team, name) never changes."""
        before = await store.by_name(tx, wanted.team, wanted.name)
        agent = await store.register(tx, wanted, str(uuid4()))
        tx.record(AgentChanged(agent_id=agent.agent_id))
        if before is not None and (before.binding, before.client) != (agent.binding, agent.client):
            tx.record(PaneBound(agent_id=agent.agent_id))  # the pane now has another reader, or none
        if wanted.delivery is not None and wanted.delivery.kind is not DeliveryKind.NONE:
            await self._waker.revive(tx, agent.agent_id)
        return agent

    async def reach(self, tx: Transaction, agent_id: str, delivery: Delivery) -> None:
        """Reach an agent in another way from now on, and restart its wakes."""
        await store.set_delivery(tx, agent_id, delivery)
        tx.record(AgentChanged(agent_id=agent_id))
        await self._waker.revive(tx, agent_id)

    async def bind(self, tx: Transaction, agent_id: str, binding: Binding) -> Agent:
        """Give an agent a pane, take the pane from its holder, and restart the agent's wakes.

        Raises:
            Refusal: `unknown_agent` if the agent has left meanwhile.
        """
        for loser in await store.bind(tx, agent_id, binding):
            tx.record(PaneBound(agent_id=loser))
        tx.record(PaneBound(agent_id=agent_id))
        await self._waker.revive(tx, agent_id)
        bound = await store.by_id(tx, agent_id)
        if bound is None:
            raise Refusal("unknown_agent")
        return bound

    async def succeed(self, tx: Transaction, former: Agent, agent: Agent) -> Agent:
        """Let an agent take the place of another: it gets the pane and the delivery, unless it has its own."""
        await store.forget_runtime(tx, former.agent_id)
        tx.record(PaneBound(agent_id=former.agent_id))
        if agent.delivery.kind is DeliveryKind.NONE and former.delivery.kind is not DeliveryKind.NONE:
            agent = await self.register(tx, AgentRow.of(agent, former.delivery))
        bound = agent.binding is None and former.binding
        return await self.bind(tx, agent.agent_id, former.binding) if bound and former.binding else agent

    async def unregister(self, tx: Transaction, agent: Agent) -> None:
        """Remove an agent; its id and its messages are kept for its return.

        Raises:
            Refusal: `tasks_in_progress` with the ids of its unfinished tasks.
        """
        unfinished = await tasks_store.owned_by(tx, agent.team, agent.agent_id)
        if unfinished:
            raise Refusal("tasks_in_progress", task_ids=list(unfinished))
        await wakes_store.end_for_departed(tx, agent.agent_id)
        await receipts_store.withdraw(tx, agent.agent_id, ())
        await contracts_store.unsubscribe_all(tx, agent.agent_id)
        await store.depart(tx, agent)
        tx.record(PaneBound(agent_id=agent.agent_id))
        tx.record(SubscriptionChanged(agent_id=agent.agent_id))

    def dismiss(self, agent_id: str) -> None:
        """Make sure that no session speaks as a removed agent."""
        self._sessions.dismiss(agent_id)

    async def touch(self, tx: Transaction, agent_id: str) -> None:
        """Record that an agent called."""
        await store.touch(tx, agent_id)
        tx.record(AgentChanged(agent_id=agent_id))

    async def bound_panes(self) -> Mapping[PaneRef, ClientId | None]:
        """Return every bound pane, with the client that should be in it."""
        agents = await store.all_teams(self._database)
        return {agent.binding.pane: agent.client for agent in agents if agent.binding}

    async def bound_processes(self) -> Mapping[PaneRef, SeenProcess]:
        """Return the process that was seen in each bound pane, if one was."""
        agents = await store.all_teams(self._database)
        return {agent.binding.pane: agent.process for agent in agents if agent.binding and agent.process}

    async def roster(self) -> tuple[RosterEntry, ...]:
        """Return every agent with its messages, wakes and pane, by team and name."""
        unread = await messages_store.unread_counts(self._database)
        waiting = await wakes_store.waiting_by_agent(self._database)
        latest = await wakes_store.latest_by_agent(self._database)
        rests = await activity_store.all_resting(self._database, self._clock.now())
        agents = await store.all_teams(self._database)
        online = await self._presence.among(agents)
        return tuple(
            RosterEntry(
                agent=agent,
                online=agent.agent_id in online,
                connected=self._sessions.is_connected(agent.agent_id),
                unread=mail.count if (mail := unread.get(agent.agent_id)) else 0,
                oldest_unread_at=_oldest(mail),
                wakes_waiting=waiting.get(agent.agent_id, 0),
                latest_wake=latest.get(agent.agent_id),
                pane=self._monitor.view(agent.binding.pane) if agent.binding else None,
                told=self._states.of(agent.agent_id),
                dialogs=self._states.dialogs(agent.agent_id),
                work=self._states.work_of(agent.agent_id),
                called=self._sessions.called_by(agent.agent_id),
                reader_note=self._reader_note(agent),
                **rest_of(agent, rests),
            )
            for agent in agents
        )

    def _reader_note(self, agent: Agent) -> str:
        session = self._sessions.of_agent(agent.agent_id)
        return newer_than_tested(agent.client, session.program or session.client) if session else ""


def operator_in(team: str) -> Agent:
    """Return the operator as a sender and recipient in a team; it is never woken or listed as an agent."""
    return Agent(
        agent_id=OPERATOR_ID,
        team=team,
        name=OPERATOR_NAME,
        role=OPERATOR_NAME,
        client=None,
        client_name=None,
        model=None,
        delivery=Delivery(),
        binding=None,
        registered_at=EPOCH,
        last_seen_at=EPOCH,
    )


def checked_label(what: str, text: str) -> str:
    """Return a name, role or team in its stored form: trimmed, printable, 1 to 64 characters.

    Raises:
        Refusal: `invalid_name`, `invalid_role` or `invalid_team`, with the rule.
    """
    label = _visible(what, text, MAX_LABEL_CHARS)
    if what == "role" and label.startswith(RESERVED) and label != CHANNEL_PROXY_ROLE:
        raise Refusal("invalid_role", detail=f"roles that begin with {RESERVED} are reserved")
    if what == "name" and unicodedata.normalize("NFKC", label).casefold() == OPERATOR_NAME:
        raise Refusal("invalid_name", detail=f"{OPERATOR_NAME} is the person at the dashboard: take another name")
    return label


def checked_contract_name(text: str) -> str:
    """Return a contract's name in its stored form: trimmed, printable, 1 to 200 characters.

    Raises:
        Refusal: `invalid_contract_name`, with the rule.
    """
    return _visible("contract_name", text, MAX_CONTRACT_NAME_CHARS)


def _visible(what: str, text: str, limit: int) -> str:
    """Return a checked text; two texts that look the same are the same."""
    label = composed(text)
    if not 1 <= len(label) <= limit or not label.isprintable() or INVISIBLE.search(label):
        rule = f"a {what.replace('_', ' ')} has 1 to {limit} printable characters"
        raise Refusal(f"invalid_{what}", detail=rule)
    return label


def team_of(team: str | None, project_dir: str | None) -> str:
    """Return a registration's team: the named one, else its project folder's name, else `default`."""
    if team and team.strip():
        return checked_label("team", team)
    folder = PurePosixPath((project_dir or "").rstrip("/")).name.strip().lower()
    return checked_label("team", folder) if folder else DEFAULT_TEAM


def rest_of(agent: Agent, rests: Mapping[str, datetime | None]) -> dict[str, Any]:
    """Return the fields of an agent's `RosterEntry` about do not disturb, from all subjects that have it on."""
    subjects = (activity_store.agent_subject(agent.agent_id), activity_store.team_subject(agent.team))
    ends = [rests[subject] for subject in subjects if subject in rests]
    until = None if None in ends else max((end for end in ends if end), default=None)
    return {"resting": bool(ends), "resting_until": until}


def _oldest(mail: messages_store.Unread | None) -> datetime | None:
    return from_wire(mail.oldest_at) if mail else None
