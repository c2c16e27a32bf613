"""Tasks of a team."""

from collections.abc import Sequence

import orjson
from msgspec import Struct

from xats_tui.backend.store.sql.columns import column, instant
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.tasks import Task, TaskStatus

IS_OPEN = "(t.status <> 'completed')"
"""Expression for 1 if a task is unfinished, else 0; the index of the list begins with it."""


class NewTask(Struct, frozen=True, kw_only=True):
    """A task before an agent has claimed it."""

    id: str
    team: str
    title: str
    description: str | None
    depends_on: tuple[str, ...]


async def add(tx: Transaction, task: NewTask) -> None:
    """Store a pending task."""
    await tx.execute(
        "INSERT INTO tasks (id, team, title, description, status, depends_on, created_at) "
        "VALUES (?, ?, ?, ?, 'pending', ?, ?)",
        (task.id, task.team, task.title, task.description, orjson.dumps(task.depends_on).decode(), to_wire(tx.now)),
    )


async def by_id(reader: Reader, team: str, task_id: str) -> Task | None:
    """Return the team's task with this id."""
    row = await reader.fetch_one("SELECT * FROM tasks WHERE id = ? AND team = ?", (task_id, team))
    return task_of(row) if row else None


async def of_team(reader: Reader, team: str, status: TaskStatus | None = None) -> tuple[Task, ...]:
    """Return a team's tasks, oldest first."""
    return await reader.fetch_objects(
        task_of,
        "SELECT * FROM tasks WHERE team = ? AND (? IS NULL OR status = ?) ORDER BY created_at, rowid",
        (team, status, status),
    )


async def newest(reader: Reader, limit: int) -> tuple[Task, ...]:
    """Return tasks of all teams: unfinished before finished, then newest first."""
    return await reader.fetch_objects(
        task_of,
        f"SELECT * FROM tasks t ORDER BY {IS_OPEN} DESC, t.created_at DESC, t.rowid DESC LIMIT ?",
        (limit,),
    )


async def missing(reader: Reader, team: str, task_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that are not tasks of the team."""
    known = await _matching(reader, "SELECT id FROM tasks WHERE +team = ? AND id IN", team, task_ids)
    return tuple(task_id for task_id in dict.fromkeys(task_ids) if task_id not in known)


async def unfinished(reader: Reader, team: str, task_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the team's tasks that are not completed."""
    found = await _matching(
        reader, "SELECT id FROM tasks WHERE +team = ? AND status <> 'completed' AND id IN", team, task_ids
    )
    return tuple(task_id for task_id in dict.fromkeys(task_ids) if task_id in found)


async def unfinished_among(reader: Reader, task_ids: Sequence[str]) -> set[str]:
    """Return the ids of the tasks, of any team, that are not completed."""
    rows = await reader.fetch_all(
        "SELECT id FROM tasks WHERE status <> 'completed' AND id IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(task_ids)).decode(),),
    )
    return {row["id"] for row in rows}


async def claim(tx: Transaction, task_id: str, agent_id: str) -> bool:
    """Give a pending task to an agent; False if it is not pending."""
    row = await tx.fetch_one(
        "UPDATE tasks SET status = 'in_progress', claimed_by = ?, claimed_at = ? WHERE id = ? AND status = 'pending' "
        "RETURNING id",
        (agent_id, to_wire(tx.now), task_id),
    )
    return row is not None


async def complete(tx: Transaction, task_id: str, result: str | None) -> None:
    """Mark a task as done."""
    await tx.execute(
        "UPDATE tasks SET status = 'completed', completed_at = ?, result = ? WHERE id = ?",
        (to_wire(tx.now), result, task_id),
    )


async def save(tx: Transaction, task: Task) -> None:
    """Update the stored task to match `task`, except for its team and creation time."""
    await tx.execute(
        "UPDATE tasks SET title = ?, description = ?, status = ?, depends_on = ?, claimed_by = ?, claimed_at = ?, "
        "completed_at = ?, result = ? WHERE id = ?",
        (
            task.title,
            task.description,
            task.status,
            orjson.dumps(task.depends_on).decode(),
            task.claimed_by,
            column(task.claimed_at),
            column(task.completed_at),
            task.result,
            task.id,
        ),
    )


async def was_taken_from(reader: Reader, task: Task, agent_id: str) -> bool:
    """Return whether the operator ever took the task from that agent."""
    row = await reader.fetch_one(
        "SELECT 1 FROM events WHERE from_team = ? AND actor_agent_id = ? AND event_type LIKE 'task_%' "
        "AND payload ->> 'task_id' = ? AND payload ->> 'taken_from' = ? LIMIT 1",
        (task.team, OPERATOR_ID, task.id, agent_id),
    )
    return row is not None


async def owned_by(reader: Reader, team: str, agent_id: str) -> tuple[str, ...]:
    """Return the ids of the tasks that an agent is working on, sorted."""
    rows = await reader.fetch_all(
        "SELECT id FROM tasks WHERE claimed_by = ? AND team = ? AND status = 'in_progress' ORDER BY id",
        (agent_id, team),
    )
    return tuple(row["id"] for row in rows)


async def _matching(reader: Reader, query: str, team: str, task_ids: Sequence[str]) -> set[str]:
    """Return the ids that a query finds; its `+` stops SQLite from reading all tasks of the team."""
    if not task_ids:
        return set()
    rows = await reader.fetch_all(
        f"{query} (SELECT value FROM json_each(?))", (team, orjson.dumps(list(task_ids)).decode())
    )
    return {row["id"] for row in rows}


def task_of(row: Row) -> Task:
    """Return the task in a row."""
    return Task(
        id=row["id"],
        team=row["team"],
        title=row["title"],
        description=row["description"],
        status=TaskStatus(row["status"]),
        depends_on=tuple(orjson.loads(row["depends_on"])),
        claimed_by=row["claimed_by"],
        claimed_at=instant(row["claimed_at"]),
        completed_at=instant(row["completed_at"]),
        result=row["result"],
        created_at=from_wire(row["created_at"]),
    )
