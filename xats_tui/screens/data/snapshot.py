"""The snapshot of the data that the dashboard shows, and the protocol of its source.

A `Snapshot` is frozen; a `SnapshotSource` loads its slices.  Loading marks nothing as read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Activity, LoggedEvent, Moment
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.client_states import AgentState, UnconnectedProgram
from xats_tui.core.model.contracts import ContractChange, ContractSummary
from xats_tui.core.model.health import Health, Rates, SessionEntry
from xats_tui.core.model.labels import ShownNames
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest, Totals
from xats_tui.core.model.panes import PaneRef, PaneState, PaneView, TmuxCommand
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.core.model.ways import Way

# A longer table would make scrolling slow.
MAX_STREAM_MESSAGES = 300
"""Newest messages that are always loaded; older ones come page by page (`screens/paging/`)."""

MAX_LIST_ROWS = 200
"""Newest wakes, tasks and activity entries that are always loaded."""


class Slice(StrEnum):
    """Part of the snapshot that is loaded as a whole."""

    HEALTH = "health"
    ROSTER = "roster"
    VIEWS = "views"
    UNCONNECTED = "unconnected"
    STREAM = "stream"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"
    ACTIVITY = "activity"
    EVENTS = "events"
    COMMANDS = "commands"
    SESSIONS = "sessions"
    INBOX = "inbox"
    UNANSWERED = "unanswered"
    RATES = "rates"
    TOTALS = "totals"


STALE_PARTS: Mapping[Scope, frozenset[Slice]] = {
    Scope.AGENTS: frozenset({Slice.ROSTER, Slice.VIEWS, Slice.UNCONNECTED, Slice.HEALTH}),
    Scope.MESSAGES: frozenset({Slice.STREAM, Slice.INBOX, Slice.UNANSWERED, Slice.EVENTS, Slice.TOTALS}),
    Scope.WAKES: frozenset({Slice.WAKES, Slice.HEALTH, Slice.COMMANDS, Slice.TOTALS}),
    Scope.TASKS: frozenset({Slice.TASKS, Slice.EVENTS, Slice.TOTALS}),
    Scope.CONTRACTS: frozenset({Slice.CONTRACTS, Slice.EVENTS, Slice.TOTALS}),
    Scope.PANES: frozenset({Slice.VIEWS, Slice.HEALTH}),
    Scope.SESSIONS: frozenset({Slice.ROSTER, Slice.HEALTH, Slice.SESSIONS}),
    Scope.ACTIVITY: frozenset({Slice.ACTIVITY, Slice.EVENTS, Slice.COMMANDS, Slice.TOTALS}),
}
"""Slices that become stale with a scope."""


class _Agents:
    """Agents of a roster by id, and their names; kept for the next snapshot, which mostly has the same roster."""

    def __init__(self) -> None:
        self.entries: Mapping[str, RosterEntry] = {}
        self.names = ShownNames()
        self._roster: tuple[RosterEntry, ...] = ()

    def of(self, roster: tuple[RosterEntry, ...]) -> "_Agents":
        """Return the agents of a roster."""
        if roster is not self._roster:
            self._roster = roster
            self.entries = {entry.agent.agent_id: entry for entry in roster}
            self.names = ShownNames(entry.agent for entry in roster)
        return self


_AGENTS = _Agents()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All data that the dashboard shows, as of the last load."""

    health: Health | None = None
    roster: tuple[RosterEntry, ...] = ()
    views: Mapping[PaneRef, PaneView] = field(default_factory=dict)
    """Latest view of each bound pane."""
    unconnected: tuple[UnconnectedProgram, ...] = ()
    """Programs that could be agents, but have not registered, the oldest first."""
    stream: tuple[Message, ...] = ()
    """Messages of all teams, newest first."""
    wakes: tuple[Wake, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    contracts: tuple[ContractSummary, ...] = ()
    activity: tuple[Activity, ...] = ()
    """The operator's actions, newest first."""
    events: tuple[LoggedEvent, ...] = ()
    """Actions of agents, newest first."""
    commands: tuple[TmuxCommand, ...] = ()
    """Recent tmux commands that changed something, newest first."""
    sessions: tuple[SessionEntry, ...] = ()
    inbox: tuple[Message, ...] = ()
    """Messages to the operator, newest first."""
    unanswered: tuple[Message, ...] = ()
    """Recent messages that lack a requested reply, newest first."""
    rates: Rates | None = None
    """Traffic of the last hour; None before the first load."""
    totals: Totals | None = None
    """Number of entries in the store; None before the first load."""
    log_span: tuple[datetime | None, datetime | None] | None = None
    """First and last time of the activity that is listed, each None without a limit; None for the newest activity."""
    confirmed_at: datetime | None = None
    """Time at which the data was last known to match the store; None before the first load."""
    trouble: str | None = None
    """Reason why the last load failed."""
    outage: str = ""
    """The same reason, if the operator can fix it (a full disk, for instance) and it is no fault of the coordinator."""
    moment: Moment | None = None
    """Moment of the past that all of this is of; None for the present."""
    team: str | None = None
    """Team that the lists are limited to; None if they show every team."""
    unlimited: "Snapshot | None" = field(default=None, repr=False, compare=False)
    """The snapshot of all teams, if this one is limited to a team."""
    # Each row of each list looks up a name: a search through the roster would be slow.
    _entries: Mapping[str, RosterEntry] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Agents of all teams by id."""
    names: ShownNames = field(init=False, repr=False, compare=False, default_factory=ShownNames)
    """Names of the agents of all teams, as people read them."""

    def __post_init__(self) -> None:
        agents = _AGENTS.of(self.everyone)
        object.__setattr__(self, "_entries", agents.entries)
        object.__setattr__(self, "names", agents.names)

    def entry(self, agent_id: str) -> RosterEntry | None:
        """Return the agent with this id, of whatever team, if it is still registered."""
        return self._entries.get(agent_id)

    def entry_in(self, pane: PaneRef) -> RosterEntry | None:
        """Return the agent bound to a pane, of whatever team."""
        found = (entry for entry in self.everyone if entry.agent.binding and entry.agent.binding.pane == pane)
        return next(found, None)

    @property
    def whole(self) -> "Snapshot":
        """The snapshot of all teams."""
        return self.unlimited or self

    @property
    def everyone(self) -> tuple[RosterEntry, ...]:
        """Agents of all teams."""
        return self.whole.roster

    @property
    def teams(self) -> tuple[str, ...]:
        """All teams that an agent, a task or a contract belongs to."""
        whole = self.whole
        named = {entry.agent.team for entry in whole.roster} | {entry.task.team for entry in whole.tasks}
        return tuple(sorted(named | {summary.team for summary in whole.contracts}))

    @property
    def panes(self) -> tuple[PaneRef, ...]:
        """Panes to which agents are bound."""
        return tuple(entry.agent.binding.pane for entry in self.roster if entry.agent.binding)

    def view(self, entry: RosterEntry) -> PaneView | None:
        """Return the latest view of the agent's pane."""
        binding = entry.agent.binding
        return self.views.get(binding.pane, entry.pane) if binding else None

    def state(self, entry: RosterEntry) -> AgentState | None:
        """Return the agent's state, as its client tells it or its pane shows it."""
        return entry.state_in(self.view(entry))

    def asks(self, entry: RosterEntry) -> bool:
        """Return whether the agent asks a person something."""
        state = self.state(entry)
        return state is not None and state.state is PaneState.DIALOG


def is_present(entry: RosterEntry) -> bool:
    """Return whether the agent is present: it called recently, or its session is open."""
    return entry.online or entry.connected


def is_away(entry: RosterEntry) -> bool:
    """Return whether the agent is known not to be present; in the past it may be unknown."""
    return not is_present(entry) and (entry.past is None or entry.past.online is not None)


def present_of(members: Sequence[RosterEntry]) -> str:
    """Return how many of these agents are present; a question mark if that is unknown of any."""
    known = all(is_present(entry) or is_away(entry) for entry in members)
    return str(sum(map(is_present, members))) if known else "?"


class SnapshotSource(Protocol):
    """Source of the data for snapshots."""

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Return the `Snapshot` fields of these slices; `panes` lists the panes to return a view of."""
        ...

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of a wake, oldest first."""
        ...

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Return each gate's verdict for a wake if it were tried now; empty if its agent has left."""
        ...

    async def ways(self, agent_id: str) -> tuple[Way, ...]:
        """Return the ways to an agent, the preferred one first; empty if it has left."""
        ...

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Return two versions of a contract (or a single one) with the meaning of the change; None if they are gone."""
        ...

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        """Return the entries of a list on one side of a key."""
        ...

    async def place(self, name: ListName, entry: Sequence[str]) -> Key | None:
        """Return the key directly above the entry with these ids; None if it does not exist."""
        ...

    async def thread(self, event_id: int) -> Thread:
        """Return the thread around a message."""
        ...

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message, one for each recipient."""
        ...

    async def looks(self, agent_id: str) -> tuple[PaneView, ...]:
        """Return the screens of an agent's pane that are kept, the newest first."""
        ...

    async def attend(self, panes: frozenset[PaneRef]) -> None:
        """Have only these panes looked at more often, because they are on the screen."""
        ...

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` on the running loop with scopes that have become stale; the returned function stops that."""
        ...
