"""Records of what the operator and the agents did, as the logs keep them, and summaries of a span of time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.core.model.panes import PaneRef


class Actor(Struct, frozen=True):
    """The operator at one door: the dashboard, or the command line."""

    name: str = OPERATOR_NAME
    """The name in the activity log."""
    seat: PaneRef | None = None
    """The pane that the dashboard is drawn in; None outside tmux, and for a command."""


class Activity(Struct, frozen=True, kw_only=True):
    """An action of the operator."""

    activity_id: int
    at: datetime
    actor: str
    verb: str
    agent_id: str | None
    message_id: str | None
    detail: str


class LoggedEvent(Struct, frozen=True, kw_only=True):
    """An action of an agent, as the event log keeps it."""

    event_id: int
    at: datetime
    kind: str
    """`message_sent`, `contract_registered`, `task_…`, `dialog_opened`, `dialog_ended`, `agent_lost`."""
    team: str
    actor_id: str
    actor_name: str | None
    others: tuple[str, ...]
    """Ids of the agents that it was addressed to."""
    about: str
    """The subject's key: the id of a task, the name of a contract, the event id of a message."""
    detail: str


class Happening(StrEnum):
    """Kinds of what happened in a span of time, in the order in which a summary lists them."""

    TO_YOU = "messages to you"
    MESSAGES = "messages"
    WAKES = "wakes"
    WAKES_FAILED = "wakes failed"
    DIALOGS = "dialogs"
    TASKS_DONE = "tasks done"
    CONTRACTS = "contract versions"
    CONTRACTS_BROKEN = "breaking versions"
    CAME = "agents came"
    LEFT = "agents left"
    LOST = "agents lost"


LISTED_IN: Mapping[Happening, tuple[str, str]] = {
    Happening.TO_YOU: ("messages", "@operator unread"),
    Happening.MESSAGES: ("messages", ""),
    Happening.WAKES: ("wakes", ""),
    Happening.WAKES_FAILED: ("wakes", "failed"),
    Happening.DIALOGS: ("activity", "dialog"),
    Happening.TASKS_DONE: ("tasks", "done"),
    Happening.CONTRACTS: ("contracts", ""),
    Happening.CONTRACTS_BROKEN: ("contracts", "breaking"),
    Happening.CAME: ("agents", ""),
    Happening.LEFT: ("activity", ""),
    Happening.LOST: ("activity", "agent"),
}
"""The list that has the rows of each kind, and the filter that selects them there."""


class SummaryNote(Struct, frozen=True, kw_only=True):
    """A detail of a summary's line: whom or what it is about."""

    what: str
    """A subject, a title, a reason, a question; foreign text."""
    who: str = ""
    """Name of the agent."""
    count: int = 1
    duration: timedelta | None = None
    """Time that a dialog stood."""
    is_open: bool = False
    """True for a dialog that still stands."""


class SummaryLine(Struct, frozen=True, kw_only=True):
    """One kind of thing that happened, and how often."""

    kind: Happening
    count: int
    is_least: bool = False
    """True if there are more than were counted."""
    notes: tuple[SummaryNote, ...] = ()
    """The most telling details, the most important first; not all."""

    @property
    def noun(self) -> str:
        """The list that has its rows."""
        return LISTED_IN[self.kind][0]

    @property
    def words(self) -> str:
        """The filter that selects its rows in that list."""
        return LISTED_IN[self.kind][1]


class Summary(Struct, frozen=True, kw_only=True):
    """What happened in a span of time; a kind of which nothing happened has no line."""

    since: datetime
    until: datetime
    team: str | None
    """None for all teams."""
    lines: tuple[SummaryLine, ...]


class Moment(Struct, frozen=True, kw_only=True):
    """A moment of the past, as the change log knows it."""

    number: int
    """The last transaction by then that changed something; a higher number is later."""
    at: datetime
    event_id: int
    """The last event by then, 0 if there was none; events number messages, tasks and contracts."""
