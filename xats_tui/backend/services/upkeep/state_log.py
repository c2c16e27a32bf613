"""StateLog: the states and the presence of agents, stored so that the change log can tell them of an earlier moment.

They live in memory only; here they are written when they change, and forgotten at a start: until an agent is seen
again, nothing is known of it.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.upkeep.later import WrittenLater
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.past import agent_states as store
from xats_tui.backend.store.past.agent_states import LoggedState
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.events import ClientStateChanged, Event, PaneBound, PaneChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import agent_state
from xats_tui.core.model.panes import PaneRef, PaneState

PRESENCE_INTERVAL_S = 30.0
"""Time between two looks at who is there, of which no event tells."""


class StateLog(WrittenLater[str]):
    """The logged states of all agents; what changes is told by their ids."""

    def __init__(
        self, database: Database, monitor: PaneMonitor, states: ClientStates, presence: Presence, clock: Clock
    ) -> None:
        super().__init__(clock, PRESENCE_INTERVAL_S)
        self._database = database
        self._monitor = monitor
        self._states = states
        self._presence = presence
        self._known: dict[str, LoggedState] = {}
        self._panes: dict[PaneRef, str] = {}
        """Ids of the agents by their panes, as of the last look at all of them."""
        self._all_due_at = clock.monotonic()

    def hear(self, event: Event) -> None:
        """Note that a state may have changed."""
        if isinstance(event, PaneBound):
            self._all_due_at = self._clock.monotonic()
            self.note()
        elif isinstance(event, ClientStateChanged):
            self.note(event.agent_id)
        elif isinstance(event, PaneChanged) and event.state_changed:
            self.note(*{self._panes.get(PaneRef(event.socket, event.pane_id), "")} - {""})

    async def run(self) -> None:
        """Forget what an earlier process knew, and write changes as they come, without end."""
        async with self._database.write() as tx:
            await store.forget_all(tx)
        self._known = {}
        await super().run()

    async def _keep(self, changed: AbstractSet[str]) -> None:
        """Write the states that have changed; now and then look at all agents for that."""
        if self._clock.monotonic() >= self._all_due_at:
            self._all_due_at = self._clock.monotonic() + PRESENCE_INTERVAL_S
            await self.keep_all()
        else:
            found = [await agents_store.by_id(self._database, agent_id) for agent_id in sorted(changed)]
            await self._write([agent for agent in found if agent])

    async def keep_all(self) -> None:
        """Write the states of all agents that have changed, and forget agents that have left."""
        agents = await agents_store.all_teams(self._database)
        self._panes = {agent.binding.pane: agent.agent_id for agent in agents if agent.binding}
        await self._write(agents, gone=self._known.keys() - {agent.agent_id for agent in agents})

    async def _write(self, agents: Sequence[Agent], gone: AbstractSet[str] = frozenset()) -> None:
        now = await self._seen(agents)
        changed = {agent_id: state for agent_id, state in now.items() if not state.goes_on(self._known.get(agent_id))}
        if changed or gone:
            async with self._database.write() as tx:
                await store.keep(tx, changed.values())
                await store.forget(tx, gone)
        self._known = {agent_id: state for agent_id, state in self._known.items() if agent_id not in gone} | changed

    async def _seen(self, agents: Sequence[Agent]) -> dict[str, LoggedState]:
        online = await self._presence.among(agents)
        seen = {}
        for agent in agents:
            view = self._monitor.view(agent.binding.pane) if agent.binding else None
            agent_id = agent.agent_id
            state = agent_state(view, self._states.of(agent_id), self._states.dialogs(agent_id))
            seen[agent_id] = LoggedState(
                agent_id=agent_id,
                state=state.state if state else PaneState.UNKNOWN,
                reason=state.reason if state else "",
                since=state.since if state else agent.registered_at,
                source=state.source if state else "",
                online=agent_id in online,
            )
        return seen
