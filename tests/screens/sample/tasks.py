"""The board of the sample."""

from datetime import timedelta
from typing import Any

from tests.screens.sample.agents import BACKEND, FRONTEND, QA
from tests.screens.sample.clock import ago
from xats_tui.core.model.agents import (
    Agent,
)
from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus
from xats_tui.core.records import replace


def task(
    number: int, title: str, status: TaskStatus, minutes: float, owner: Agent | None = None, **more: Any
) -> TaskEntry:
    """A task that came to its state so many minutes ago."""
    moved = ago(minutes=minutes)
    return TaskEntry(
        task=Task(
            id=f"t-{number}",
            team="shop",
            title=title,
            description=None,
            status=status,
            depends_on=more.get("waits_for", ()),
            claimed_by=owner.agent_id if owner else None,
            claimed_at=moved if owner else None,
            completed_at=moved if status is TaskStatus.COMPLETED else None,
            result=None,
            created_at=moved - timedelta(minutes=30),
        ),
        owner_name=owner.name if owner else None,
        owner_online=True if owner else None,
        waits_for=more.get("waits_for", ()),
        blocks=more.get("blocks", 0),
    )


TASKS = (
    task(41, "migrate the orders table", TaskStatus.IN_PROGRESS, 12, BACKEND, blocks=2),
    task(44, "client for orders v4", TaskStatus.PENDING, 6, waits_for=("t-41",)),
    task(45, "rename total_price in every report of the warehouse", TaskStatus.PENDING, 5, waits_for=("t-41",)),
    task(40, "release notes", TaskStatus.IN_PROGRESS, 70, replace(QA, agent_id="gone-0001", name="writer")),
    task(39, "cart totals", TaskStatus.COMPLETED, 22, FRONTEND),
    task(38, "staging database", TaskStatus.COMPLETED, 63, BACKEND),
)
