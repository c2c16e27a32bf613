"""The snapshot of the data that the dashboard shows, and the protocol of its source.

A `Snapshot` is frozen; a `SnapshotSource` loads its slices.  Loading marks nothing as read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.contracts import ContractChange, ContractSummary
from xats_tui.core.model.health import Health, SessionEntry
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.panes import PaneRef, PaneView, TmuxCommand
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt

MAX_STREAM_MESSAGES = 300
"""Messages on the screen; more would cost a table its speed."""

MAX_LIST_ROWS = 200
"""Wakes, tasks and acts on the screen."""


class Slice(StrEnum):
    """A part of the picture that is loaded as a whole."""

    HEALTH = "health"
    ROSTER = "roster"
    VIEWS = "views"
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


STALE_PARTS: Mapping[Scope, frozenset[Slice]] = {
    Scope.AGENTS: frozenset({Slice.ROSTER, Slice.VIEWS, Slice.HEALTH}),
    Scope.MESSAGES: frozenset({Slice.STREAM, Slice.INBOX, Slice.UNANSWERED, Slice.EVENTS}),
    Scope.WAKES: frozenset({Slice.WAKES, Slice.HEALTH, Slice.COMMANDS}),
    Scope.TASKS: frozenset({Slice.TASKS, Slice.EVENTS}),
    Scope.CONTRACTS: frozenset({Slice.CONTRACTS, Slice.EVENTS}),
    Scope.PANES: frozenset({Slice.VIEWS, Slice.HEALTH}),
    Scope.SESSIONS: frozenset({Slice.ROSTER, Slice.HEALTH, Slice.SESSIONS}),
    Scope.ACTIVITY: frozenset({Slice.ACTIVITY, Slice.COMMANDS}),
}
"""Which parts a stale scope makes stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that is shown, as it was when it was last loaded."""

    health: Health | None = None
    roster: tuple[RosterEntry, ...] = ()
    views: Mapping[PaneRef, PaneView] = field(default_factory=dict)
    """The latest look at each bound pane."""
    stream: tuple[Message, ...] = ()
    """Newest first, of all teams."""
    wakes: tuple[Wake, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    contracts: tuple[ContractSummary, ...] = ()
    activity: tuple[Activity, ...] = ()
    """What was done by hand, the newest first."""
    events: tuple[LoggedEvent, ...] = ()
    """What agents did, the newest first."""
    commands: tuple[TmuxCommand, ...] = ()
    """The tmux commands of late that changed something, the newest first."""
    sessions: tuple[SessionEntry, ...] = ()
    inbox: tuple[Message, ...] = ()
    """The operator's own mail, newest first."""
    unanswered: tuple[Message, ...] = ()
    """Messages of late that want a reply and have none, newest first."""
    confirmed_at: datetime | None = None
    """When it was last known to be what the store holds; None before the first load."""
    trouble: str | None = None
    """Why the last load failed."""
    outage: str = ""
    """That trouble, if it is not the coordinator's own and the operator can mend it: the disk is full, for instance."""
    _entries: Mapping[str, RosterEntry] = field(init=False, repr=False, compare=False, default_factory=dict)
    """The roster by agent id: each row of each list asks for a name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_entries", {entry.agent.agent_id: entry for entry in self.roster})

    def entry(self, agent_id: str) -> RosterEntry | None:
        """The agent of that id, if it is still registered."""
        return self._entries.get(agent_id)

    @property
    def panes(self) -> tuple[PaneRef, ...]:
        """The panes that agents are bound to."""
        return tuple(entry.agent.binding.pane for entry in self.roster if entry.agent.binding)

    def view(self, entry: RosterEntry) -> PaneView | None:
        """The latest look at the agent's pane."""
        binding = entry.agent.binding
        return self.views.get(binding.pane, entry.pane) if binding else None


def is_present(entry: RosterEntry) -> bool:
    """Whether the agent is there: it called lately, or its session is open though it is quiet."""
    return entry.online or entry.connected


class SnapshotSource(Protocol):
    """Where the picture comes from."""

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """The fields of a `Snapshot` that these parts stand for; `panes` are those to have a view of."""
        ...

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The attempts of one wake, first one first."""
        ...

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Every gate's verdict for one wake if it were tried now; none if its agent has left."""
        ...

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Two versions of a contract, or one alone, and what the change means; None if they are gone."""
        ...

    async def older(self, before_event_id: int) -> tuple[Message, ...]:
        """A stream's worth of messages from before an event, newest first."""
        ...

    async def thread(self, event_id: int) -> Thread:
        """What was said around one message."""
        ...

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """The wakes of a message, by recipient."""
        ...

    async def attend(self, pane: PaneRef | None) -> None:
        """Have this pane looked at more often, because it is on the screen."""
        ...

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` on the running loop with scopes that have gone stale; the returned function ends it."""
        ...
