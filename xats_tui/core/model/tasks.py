"""Tasks of a team's board."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

CANCELLED = "cancelled by the operator"
"""The result of a task that the operator cancelled."""


class TaskStatus(StrEnum):
    """The state of a task."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Task(Struct, frozen=True, kw_only=True):
    """A task on a team's board."""

    id: str
    team: str
    title: str
    description: str | None
    status: TaskStatus
    depends_on: tuple[str, ...]
    claimed_by: str | None
    claimed_at: datetime | None
    completed_at: datetime | None
    result: str | None
    created_at: datetime

    @property
    def is_cancelled(self) -> bool:
        """True if the operator cancelled it."""
        # The wire knows only three states, so a cancelled task is stored as completed.
        return self.status is TaskStatus.COMPLETED and self.result == CANCELLED


class TaskDraft(Struct, frozen=True, kw_only=True):
    """The parts of a task that the operator writes."""

    title: str
    description: str | None = None
    depends_on: tuple[str, ...] = ()


class TaskEntry(Struct, frozen=True, kw_only=True):
    """A task with the names and states that the board shows."""

    task: Task
    owner_name: str | None
    owner_online: bool | None
    waits_for: tuple[str, ...]
    """Ids of unfinished tasks that this one depends on."""
    blocks: int
    """Number of unfinished tasks that depend on this one."""
