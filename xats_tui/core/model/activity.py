"""What the operator and the agents have done, as the logs have it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something that the operator did."""

    activity_id: int
    at: datetime
    actor: str
    verb: str
    agent_id: str | None
    message_id: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """Something that agents did, as the event log has it."""

    event_id: int
    at: datetime
    kind: str
    """`message_sent`, `contract_registered`, `task_…`."""
    team: str
    actor_id: str
    actor_name: str | None
    others: tuple[str, ...]
    """Names of whom it was addressed to."""
    about: str
    """What it is known by: the id of a task, the name of a contract, the event of a message."""
    detail: str
