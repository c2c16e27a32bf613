"""DialogLog: writes to the event log when an agent begins to ask a person something, and when it no longer does.

Of several open dialogs of one client the oldest counts.  A question that is first seen on the screen and then told by
the client, or the other way round, is the same question.
"""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.panes.fates import SEEN_WITHOUT
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.history import happenings as store
from xats_tui.backend.store.history.happenings import StoredDialog
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.events import ClientStateChanged, Event, PaneBound, PaneChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import SCREEN, AgentState, agent_state
from xats_tui.core.model.panes import PaneRef, PaneState
from xats_tui.core.records import replace


class Asking(Struct, frozen=True):
    """A question that an agent asks."""

    dialog: StoredDialog
    since: datetime
    """Start time of the state that shows it now; the question itself may be older."""
    is_told: bool
    """True if the client tells of it, False if only its screen shows it."""
    is_hidden: bool = False
    """True if the screen shows neither the question nor something else in its place."""

    def goes_on_in(self, state: AgentState) -> bool:
        """Return whether a state shows the same question."""
        if self.is_hidden:
            return self.dialog.what == _question(state)
        return self.is_told != (state.source != SCREEN) or self.since == state.since


def asked_now(agent: Agent, before: Asking | None, state: AgentState | None) -> Asking | None:
    """Return the question that an agent asks now; None if it asks nothing.

    Args:
        agent: the agent.
        before: its question up to now.
        state: its state now; None if nothing tells, as right after a start.
    """
    if state is not None and state.state is PaneState.DIALOG:
        is_told = state.source != SCREEN
        if before and before.goes_on_in(state):
            return replace(before, since=state.since, is_told=is_told, is_hidden=False)
        dialog = StoredDialog(agent_id=agent.agent_id, team=agent.team, what=_question(state), began=state.since)
        return Asking(dialog, state.since, is_told)
    if before is None or (state is not None and state.state in SEEN_WITHOUT):
        return None
    return replace(before, is_hidden=True)


class DialogLog:
    """The questions of all agents, and what changed since the last note."""

    def __init__(self, database: Database, monitor: PaneMonitor, states: ClientStates) -> None:
        self._database = database
        self._monitor = monitor
        self._states = states
        self._asking: dict[str, Asking] = {}
        self._stirred_agents: set[str] = set()
        self._stirred_panes: set[PaneRef] = set()

    async def recall(self) -> None:
        """Read the questions that were open when the last coordinator ended."""
        for agent_id, dialog in (await store.open_ones(self._database)).items():
            self._asking[agent_id] = Asking(dialog, dialog.began, is_told=False, is_hidden=True)

    def hear(self, event: Event) -> bool:
        """Note whose question may have changed; return whether there is one."""
        match event:
            case PaneChanged(state_changed=True):
                self._stirred_panes.add(PaneRef(event.socket, event.pane_id))
            case ClientStateChanged() if event.agent_id in self._asking or self._states.dialogs(event.agent_id):
                self._stirred_agents.add(event.agent_id)
            case ClientStateChanged() if (told := self._states.of(event.agent_id)) and told.state is PaneState.DIALOG:
                self._stirred_agents.add(event.agent_id)
            case PaneBound() if event.agent_id in self._asking:
                self._stirred_agents.add(event.agent_id)
            case _:
                return False
        return True

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[Sequence[tuple[str, StoredDialog]]]:
        """Return what has begun and ended since the last time, each with the type of its event.

        If the block fails, it has not been written, and is found again the next time.
        """
        panes, self._stirred_panes = self._stirred_panes, set()
        agents, self._stirred_agents = self._stirred_agents, set()
        before = dict(self._asking)
        try:
            yield await self._found(panes, agents)
        except BaseException:
            self._asking = before
            self._stirred_panes |= panes
            self._stirred_agents |= agents
            raise

    async def _found(self, panes: AbstractSet[PaneRef], agents: AbstractSet[str]) -> Sequence[tuple[str, StoredDialog]]:
        holders = [await agents_store.holder_of(self._database, pane) for pane in panes]
        found: list[tuple[str, StoredDialog]] = []
        for agent_id in sorted(agents | {holder.agent_id for holder in holders if holder}):
            before, now = self._asking.get(agent_id), await self._asked_by(agent_id)
            if now:
                self._asking[agent_id] = now
            else:
                self._asking.pop(agent_id, None)
            if before and (now is None or now.dialog is not before.dialog):
                found.append((store.ENDED, before.dialog))
            if now and (before is None or now.dialog is not before.dialog):
                found.append((store.OPENED, now.dialog))
        return found

    async def write(self, tx: Transaction, changes: Sequence[tuple[str, StoredDialog]]) -> None:
        """Write the changes."""
        for kind, dialog in changes:
            await store.note(tx, kind, dialog)

    async def _asked_by(self, agent_id: str) -> Asking | None:
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            return None
        view = self._monitor.view(agent.binding.pane) if agent.binding else None
        state = agent_state(view, self._states.of(agent_id), self._states.dialogs(agent_id))
        before = self._asking.get(agent_id)
        if state is None and before and (before.is_told or agent.binding is None):
            return None  # the client closed its dialog, and there is no screen to see
        return asked_now(agent, before, state)


def _question(state: AgentState) -> str:
    return state.reason.removeprefix("asks: ")[: store.MAX_WHAT_CHARS]
