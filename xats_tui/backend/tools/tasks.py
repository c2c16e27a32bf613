"""Tools about the tasks of a team."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from msgspec import Struct
from pydantic import Field, StringConstraints, model_validator

from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.tools.answers.cursors import BEGIN_AGAIN, Cursor, going_on
from xats_tui.backend.tools.answers.long import in_parts
from xats_tui.backend.tools.answers.room import AnswerRoom
from xats_tui.backend.tools.base import Answer, Arguments, Call, FirstFault, Optional, Positive, Tool
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.tasks import Task, TaskStatus

NonEmpty = Annotated[str, StringConstraints(min_length=1)]


MAX_EXCERPT_CHARS = 600
"""Maximum characters of each text in a list, if the whole task is too long for an answer."""
MAX_DEPENDENCIES = 20
"""Maximum number of dependencies in that case."""


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
    cursor: Cursor = None
    task_id: Optional[NonEmpty] = Field(default=None, description="Only this task, with all of its texts.")
    part: Optional[Positive] = Field(default=None, description="With task_id: this part of a long task.")

    @model_validator(mode="after")
    def _of_one_task_only(self) -> Self:
        if self.part is not None and self.task_id is None:
            raise ValueError("part goes with task_id only")
        return self


async def task_add(call: Call, arguments: TaskAdd) -> Answer:
    async def add(tx: Transaction) -> Answer:
        task_id = await call.services.board.add(
            tx, call.agent, arguments.title, arguments.description, arguments.depends_on or ()
        )
        return call.keep({"task_id": task_id})

    return await call.transact(add)


async def task_claim(call: Call, arguments: TaskClaim) -> Answer:
    async def claim(tx: Transaction) -> Answer:
        await call.services.board.claim(tx, call.agent, arguments.task_id)
        return call.keep({"ok": True})

    return await call.transact(claim)


async def task_complete(call: Call, arguments: TaskComplete) -> Answer:
    async def complete(tx: Transaction) -> Answer:
        await call.services.board.complete(tx, call.agent, arguments.task_id, arguments.result)
        return call.keep({"ok": True})

    return await call.transact(complete)


async def task_list(call: Call, arguments: TaskList) -> Answer:
    if arguments.task_id is not None:
        task = await call.services.board.task(call.agent.team, arguments.task_id)
        return in_parts({"tasks": [shown_task(task)]}, arguments.part, call.room())
    status = TaskStatus(arguments.status) if arguments.status else None
    tasks = await call.services.board.of_team(call.agent.team, status)
    # a list that fits into one page keeps the order of the reference: oldest first
    if arguments.cursor is None and len(shown := call.room().filled(tasks, shown_task)) == len(tasks):
        return {"tasks": shown}
    rest = _after(_unfinished_first(tasks), arguments.cursor)
    shown = call.room().filled(rest, lambda place: _listed(place.task, call.room()))
    return {"tasks": shown, **going_on(rest, shown, lambda place: place.cursor)}


class _Place(Struct, frozen=True, kw_only=True):
    """Position of a task in a paged list; completing a task does not move the others."""

    is_completed: bool
    number: int
    """Number among all tasks of the team, oldest first."""
    task: Task

    @property
    def order(self) -> tuple[bool, int]:
        """Sort key: unfinished before completed, each oldest first."""
        return self.is_completed, self.number

    @property
    def cursor(self) -> str:
        """Name of the position, for a cursor."""
        return f"{'completed' if self.is_completed else 'unfinished'}-{self.number}"


def _unfinished_first(tasks: Sequence[Task]) -> list[_Place]:
    places = [
        _Place(is_completed=task.status is TaskStatus.COMPLETED, number=number, task=task)
        for number, task in enumerate(tasks)
    ]
    return sorted(places, key=lambda place: place.order)


def _after(places: Sequence[_Place], cursor: str | None) -> Sequence[_Place]:
    if cursor is None:
        return places
    named = re.fullmatch(r"(completed|unfinished)-(\d{1,9})", cursor)
    if named is None:
        raise Refusal("unknown_cursor", detail=BEGIN_AGAIN)
    reached = (named[1] == "completed", int(named[2]))
    return [place for place in places if place.order > reached]


def _listed(task: Task, room: AnswerRoom) -> dict[str, Any]:
    """Return a task for a page; long texts of a task that exceeds a page are shortened."""
    shown = shown_task(task)
    if room.fits(shown):
        return shown
    excerpts = {name: _excerpt(shown[name]) for name in ("title", "description", "result")}
    waits_for = {"depends_on": shown["depends_on"][:MAX_DEPENDENCIES]}
    return shown | excerpts | waits_for | {"shortened": f"task_list with task_id {task.id} shows all of it"}


def _excerpt(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_EXCERPT_CHARS else f"{text[:MAX_EXCERPT_CHARS]}…"


def shown_task(task: Task) -> dict[str, Any]:
    """Return a task as its team sees it."""
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
        description=(
            "List your team's tasks, oldest first, all or those of one status. More than a page come with the "
            "unfinished before the completed: while has_more is true call it again with cursor = next_cursor."
        ),
        arguments=TaskList,
        run=task_list,
    ),
)
