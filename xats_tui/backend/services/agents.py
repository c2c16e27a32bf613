"""The Registry: who is there, under which name, in which pane."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from uuid import uuid4

from xats_tui.backend.clock import Clock, from_wire
from xats_tui.backend.errors import Refusal
from xats_tui.backend.events import AgentChanged, PaneBound, SubscriptionChanged
from xats_tui.backend.model import OPERATOR_NAME, Agent, Binding, Client, DeliveryKind, PaneRef, RosterEntry
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.wakes import Waker
from xats_tui.backend.sessions import Sessions
from xats_tui.backend.store import agents as store
from xats_tui.backend.store import contracts as contracts_store
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store import tasks as tasks_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.agents import Registration
from xats_tui.backend.store.database import Database, Transaction

LABEL_LIMIT = 64
"""Characters of a name, role or team at most: they stand in tables and in hints."""

DEFAULT_TEAM = "default"


class Registry:
    """All agents."""

    def __init__(
        self, database: Database, sessions: Sessions, waker: Waker, monitor: PaneMonitor, clock: Clock
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._waker = waker
        self._monitor = monitor
        self._clock = clock

    async def by_id(self, agent_id: str) -> Agent | None:
        """The agent of that id."""
        return await store.by_id(self._database, agent_id)

    async def by_name(self, team: str, name: str) -> Agent | None:
        """The agent of that name in that team."""
        return await store.by_name(self._database, team, name)

    async def of_team(self, team: str) -> tuple[Agent, ...]:
        """A team's agents, the longest registered first."""
        return await store.of_team(self._database, team)

    async def register(self, tx: Transaction, wanted: Registration) -> Agent:
        """Make or refresh an identity; the id of a (team, name) never changes."""
        agent = await store.register(tx, wanted, str(uuid4()))
        tx.record(AgentChanged(agent_id=agent.agent_id))
        if wanted.delivery is not None and wanted.delivery.kind is not DeliveryKind.NONE:
            await self._waker.revive(tx, agent.agent_id)
        return agent

    async def bind(self, tx: Transaction, agent_id: str, binding: Binding) -> None:
        """Give an agent a pane, take it from whoever held it, and begin again with the agent's wakes."""
        for loser in await store.bind(tx, agent_id, binding):
            tx.record(PaneBound(agent_id=loser))
        tx.record(PaneBound(agent_id=agent_id))
        await self._waker.revive(tx, agent_id)

    async def unregister(self, tx: Transaction, agent: Agent) -> None:
        """Remove an agent; its id and its mail are there when it comes back.

        Raises:
            Refusal: `tasks_in_progress` with the ids of the tasks that it has not finished.
        """
        unfinished = await tasks_store.owned_by(tx, agent.team, agent.agent_id)
        if unfinished:
            raise Refusal("tasks_in_progress", task_ids=list(unfinished))
        await wakes_store.end_for_departed(tx, agent.agent_id)
        await contracts_store.unsubscribe_all(tx, agent.agent_id)
        await store.depart(tx, agent)
        tx.record(PaneBound(agent_id=agent.agent_id))
        tx.record(SubscriptionChanged(agent_id=agent.agent_id))

    async def touch(self, tx: Transaction, agent_id: str) -> None:
        """Note that an agent called."""
        if await store.touch(tx, agent_id):
            tx.record(AgentChanged(agent_id=agent_id))

    async def bound_panes(self) -> Mapping[PaneRef, Client | None]:
        """Every pane that an agent is bound to, with the program that should be in it."""
        agents = await store.all_teams(self._database)
        return {agent.binding.pane: agent.client for agent in agents if agent.binding}

    async def roster(self) -> tuple[RosterEntry, ...]:
        """Every agent with its mail, its wakes and its pane, by team and name."""
        unread = await messages_store.unread_counts(self._database)
        waiting = await wakes_store.waiting_by_agent(self._database)
        latest = await wakes_store.latest_by_agent(self._database)
        now = self._clock.now()
        return tuple(
            RosterEntry(
                agent=agent,
                online=agent.is_online(now),
                connected=self._sessions.is_connected(agent.agent_id),
                unread=mail.count if (mail := unread.get(agent.agent_id)) else 0,
                oldest_unread_at=_oldest(mail),
                wakes_waiting=waiting.get(agent.agent_id, 0),
                latest_wake=latest.get(agent.agent_id),
                pane=self._monitor.view(agent.binding.pane) if agent.binding else None,
            )
            for agent in await store.all_teams(self._database)
        )


def checked_label(what: str, text: str) -> str:
    """A name, role or team as it is stored: trimmed, printable, 1 to 64 characters.

    Raises:
        Refusal: `invalid_name`, `invalid_role` or `invalid_team`, with the rule.
    """
    label = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(label) <= LABEL_LIMIT or not label.isprintable():
        raise Refusal(f"invalid_{what}", detail=f"a {what} has 1 to {LABEL_LIMIT} printable characters")
    if what == "name" and label.casefold() == OPERATOR_NAME:
        raise Refusal("invalid_name", detail=f"{OPERATOR_NAME} is the person at the dashboard: take another name")
    return label


def team_of(team: str | None, project_dir: str | None) -> str:
    """The team that a registration means: the one it names, else its project folder's name, else `default`."""
    if team and team.strip():
        return checked_label("team", team)
    folder = PurePosixPath((project_dir or "").rstrip("/")).name.strip().lower()
    return checked_label("team", folder) if folder else DEFAULT_TEAM


def _oldest(mail: messages_store.Unread | None) -> datetime | None:
    return from_wire(mail.oldest_at) if mail else None
