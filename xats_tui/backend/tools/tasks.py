"""Tools about the task board."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from xats_tui.backend.clock import to_wire
from xats_tui.backend.model.tasks import Task, TaskStatus
from xats_tui.backend.tools.kit import Answer, Arguments, Call, FirstFault, Optional, Tool

NonEmpty = Annotated[str, StringConstraints(min_length=1)]


LIST_CHARACTERS = 2_000_000
"""Characters of tasks in one answer."""
PER_TASK = 500
"""Of them what a task has besides its texts: ids, times, names of fields."""


class TaskAdd(Arguments):
    title: NonEmpty
    description: Optional[str] = None
    depends_on: Optional[Annotated[list[NonEmpty], FirstFault()]] = Field(
        default=None, description="Ids of tasks that must be completed first."
    )


class TaskClaim(Arguments):
    task_id: NonEmpty


class TaskComplete(Arguments):
    task_id: NonEmpty
    result: Optional[str] = None


class TaskList(Arguments):
    status: Optional[Literal["pending", "in_progress", "completed"]] = None


async def task_add(call: Call, arguments: TaskAdd) -> Answer:
    async with call.write() as tx:
        task_id = await call.services.board.add(
            tx, call.agent, arguments.title, arguments.description, arguments.depends_on or ()
        )
        return call.keep({"task_id": task_id})


async def task_claim(call: Call, arguments: TaskClaim) -> Answer:
    async with call.write() as tx:
        await call.services.board.claim(tx, call.agent, arguments.task_id)
        return call.keep({"ok": True})


async def task_complete(call: Call, arguments: TaskComplete) -> Answer:
    async with call.write() as tx:
        await call.services.board.complete(tx, call.agent, arguments.task_id, arguments.result)
        return call.keep({"ok": True})


async def task_list(call: Call, arguments: TaskList) -> Answer:
    status = TaskStatus(arguments.status) if arguments.status else None
    tasks = await call.services.board.of_team(call.agent.team, status)
    fitting = _fitting(tasks)
    shown = [shown_task(task) for task in tasks if task.id in fitting]
    left_out = len(tasks) - len(shown)
    return {"tasks": shown, "left_out": left_out} if left_out else {"tasks": shown}


def _fitting(tasks: Sequence[Task]) -> frozenset[str]:
    """The ids of as many as an answer holds; of more, the unfinished before the completed, the newest first."""
    newest_first = tasks[::-1]
    wanted_first = sorted(newest_first, key=lambda task: task.status is TaskStatus.COMPLETED)
    sizes = accumulate(
        len(task.title) + len(task.description or "") + len(task.result or "") + PER_TASK for task in wanted_first
    )
    return frozenset(task.id for task, size in zip(wanted_first, sizes, strict=True) if size <= LIST_CHARACTERS)


def shown_task(task: Task) -> dict[str, Any]:
    """A task as its team sees it."""
    return {
        "id": task.id,
        "team": task.team,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "depends_on": list(task.depends_on),
        "claimed_by": task.claimed_by,
        "claimed_at": to_wire(task.claimed_at) if task.claimed_at else None,
        "completed_at": to_wire(task.completed_at) if task.completed_at else None,
        "result": task.result,
        "created_at": to_wire(task.created_at),
    }


TOOLS = (
    Tool(
        name="task_add",
        description=(
            "Put a task on your team's board. Anybody in the team can claim it; it wakes nobody, so tell the others "
            "with a message (and see get_delivery_status for that). depends_on names tasks to be completed first."
        ),
        arguments=TaskAdd,
        run=task_add,
        once=True,
    ),
    Tool(
        name="task_claim",
        description=(
            "Take a pending task. Answers ok, or already_claimed with its owner, dependencies_pending, unknown_task."
        ),
        arguments=TaskClaim,
        run=task_claim,
        once=True,
    ),
    Tool(
        name="task_complete",
        description="Mark a task that you claimed as done, with an optional result for the others to read.",
        arguments=TaskComplete,
        run=task_complete,
        once=True,
    ),
    Tool(
        name="task_list",
        description="List your team's tasks, oldest first, all or those of one status; left_out counts the rest.",
        arguments=TaskList,
        run=task_list,
    ),
)
