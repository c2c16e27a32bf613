"""Tasks of a team's board."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CANCELLED = "cancelled by the operator"
"""The result of a task that the operator took from the board."""


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of a team's board."""

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
        """Whether it left the board undone: to whoever only knows three states it is completed."""
        return self.status is TaskStatus.COMPLETED and self.result == CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """What a task says, as the operator writes it."""

    title: str
    description: str | None = None
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """A task with the names and states that its board shows."""

    task: Task
    owner_name: str | None
    owner_online: bool | None
    waits_for: tuple[str, ...]
    """Ids of dependencies that are not completed."""
    blocks: int
    """How many unfinished tasks wait for this one."""
