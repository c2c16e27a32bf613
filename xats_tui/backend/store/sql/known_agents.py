"""Agents in memory as of the last commit, because every call looks up its caller and its recipients.

Triggers in the database report changed rows, so code that changes an agent needs no extra step.
"""

from collections.abc import Sequence

from xats_tui.backend.store import agents as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.writer import Told
from xats_tui.core.clock import from_wire
from xats_tui.core.model.agents import Agent
from xats_tui.core.records import replace

TOLD = "agent_changed"

SEEN = "last_seen_at"
"""Column that changes with every call; its new value is reported, so that the row need not be read again."""

COLUMNS = "SELECT group_concat(name) AS names FROM pragma_table_info('agents') WHERE name <> ?"

TRIGGERS = (
    f"CREATE TEMP TRIGGER agent_added AFTER INSERT ON main.agents BEGIN SELECT {TOLD}(new.agent_id); END",
    f"CREATE TEMP TRIGGER agent_deleted AFTER DELETE ON main.agents BEGIN SELECT {TOLD}(old.agent_id); END",
    f"CREATE TEMP TRIGGER agent_seen AFTER UPDATE OF {SEEN} ON main.agents "
    f"BEGIN SELECT {TOLD}(new.agent_id, new.{SEEN}); END",
)
CHANGED = (
    "CREATE TEMP TRIGGER agent_changed AFTER UPDATE OF {columns} ON main.agents BEGIN SELECT {told}(old.agent_id); END"
)


class KnownAgents:
    """Cache of agents that were looked up and have not changed since."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id: dict[str, Agent] = {}
        self._ids: dict[tuple[str, str], str] = {}
        """Agent ids by team and name."""
        self._teams: dict[str, tuple[str, ...]] = {}
        """Agent ids by team, the earliest registered first; dropped at any change but of `SEEN`."""
        self._seen: dict[str, str] = {}
        """New values of `SEEN` of agents that are not cached, for a read that is under way."""
        self._watching = False
        self._changes = 0

    async def watch(self) -> None:
        """Subscribe to changes; before that, every lookup reads the database."""
        row = await self._database.fetch_one(COLUMNS, (SEEN,))
        assert row is not None
        changed = CHANGED.format(columns=row["names"], told=TOLD)
        await self._database.watch(TOLD, (*TRIGGERS, changed), self._hear)
        await self._database.was_changed_outside()  # what follows is compared with now
        self._watching = True

    async def by_id(self, agent_id: str) -> Agent | None:
        """Return the agent with this id."""
        is_current = await self._is_current()
        if is_current and (known := self._by_id.get(agent_id)):
            return known
        before = self._changes
        agent = await store.by_id(self._database.quick, agent_id)
        return self._learn(agent, before) if is_current else agent

    async def by_name(self, team: str, name: str) -> Agent | None:
        """Return the agent with this exact name in the team."""
        is_current = await self._is_current()
        if is_current and (known := self._by_id.get(self._ids.get((team, name), ""))):
            return known
        before = self._changes
        agent = await store.by_name(self._database.quick, team, name)
        return self._learn(agent, before) if is_current else agent

    async def of_team(self, team: str) -> tuple[Agent, ...]:
        """Return a team's agents, the earliest registered first."""
        is_current = await self._is_current()
        ids = self._teams.get(team)
        if ids is not None and is_current:
            return tuple([self._by_id[agent_id] for agent_id in ids])
        before = self._changes
        agents = await store.of_team(self._database, team)
        if not is_current or not self._watching or before != self._changes:
            return agents
        for agent in agents:
            self._learn(agent, before)
        self._teams[team] = tuple(agent.agent_id for agent in agents)
        return await self.of_team(team)

    async def _is_current(self) -> bool:
        """Forget everything if another program has changed the file; return False while that cannot be told."""
        is_changed = await self._database.was_changed_outside()
        if is_changed:  # no trigger of ours has told of it
            self._forget_all()
        return is_changed is not None

    def _learn(self, agent: Agent | None, before: int) -> Agent | None:
        """Cache the agent, unless anything changed since `before`: then the read may be out of date."""
        if agent is None or not self._watching or before != self._changes:
            return agent
        if known := self._by_id.get(agent.agent_id):
            return known
        if seen := self._seen.pop(agent.agent_id, None):
            agent = replace(agent, last_seen_at=from_wire(seen))
        self._by_id[agent.agent_id] = agent
        self._ids[agent.team, agent.name] = agent.agent_id
        return agent

    def _hear(self, changes: Sequence[Told]) -> None:
        for agent_id, *seen in changes:
            if seen:
                self._note_seen(agent_id, *seen)
            else:
                self._forget(agent_id)

    def _note_seen(self, agent_id: str, seen: str) -> None:
        known = self._by_id.get(agent_id)
        if known is None:
            self._seen[agent_id] = seen
        else:
            self._by_id[agent_id] = replace(known, last_seen_at=from_wire(seen))

    def _forget_all(self) -> None:
        self._changes += 1
        for known in (self._by_id, self._ids, self._teams, self._seen):
            known.clear()

    def _forget(self, agent_id: str) -> None:
        self._changes += 1
        self._teams.clear()
        self._seen.pop(agent_id, None)
        known = self._by_id.pop(agent_id, None)
        if known is not None:
            del self._ids[known.team, known.name]
