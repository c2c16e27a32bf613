"""Records of what the operator and the agents did, as the logs keep them."""

from dataclasses import dataclass
from datetime import datetime

from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.core.model.panes import PaneRef


@dataclass(frozen=True, slots=True)
class Actor:
    """The operator at one door: the dashboard, or the command line."""

    name: str = OPERATOR_NAME
    """The name in the activity log."""
    seat: PaneRef | None = None
    """The pane that the dashboard is drawn in; None outside tmux, and for a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An action of the operator."""

    activity_id: int
    at: datetime
    actor: str
    verb: str
    agent_id: str | None
    message_id: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
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
