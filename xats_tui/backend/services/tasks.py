"""The TaskBoard: tasks, their owners and their dependencies."""

from collections.abc import Collection, Sequence
from uuid import uuid4

from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import messages as outbox
from xats_tui.backend.store import tasks as store
from xats_tui.backend.store.lists import tasks as lists_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.errors import Refusal
from xats_tui.core.events import TaskChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.pages import Stretch, StretchRequest
from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus


class TaskBoard:
    """All tasks."""

    def __init__(self, database: Database, presence: Presence) -> None:
        self._database = database
        self._presence = presence

    async def add(
        self, tx: Transaction, author: Agent, title: str, description: str | None, depends_on: Sequence[str]
    ) -> str:
        """Put a task on the board of the author's team; return its id.

        Raises:
            Refusal: `unknown_dependency` with the ids that are not tasks of the team.
        """
        # A new task can only name existing tasks, so no cycle can arise.
        unknown = await store.missing(tx, author.team, depends_on)
        if unknown:
            raise Refusal("unknown_dependency", task_ids=list(unknown))
        task = store.NewTask(
            id=str(uuid4()),
            team=author.team,
            title=title,
            description=description,
            depends_on=tuple(dict.fromkeys(depends_on)),
        )
        await store.add(tx, task)
        await self._note(tx, "task_added", author, {"task_id": task.id, "title": title})
        return task.id

    async def claim(self, tx: Transaction, agent: Agent, task_id: str) -> None:
        """Give a pending task to an agent.

        Raises:
            Refusal: `unknown_task`; `already_claimed` with its owner; `dependencies_pending`.
        """
        task = await self._of(tx, agent, task_id)
        if task.status is not TaskStatus.PENDING:
            raise Refusal("already_claimed", owner=task.claimed_by or "")
        if await store.unfinished(tx, agent.team, task.depends_on):
            raise Refusal("dependencies_pending")
        await store.claim(tx, task_id, agent.agent_id)
        await self._note(tx, "task_claimed", agent, {"task_id": task_id})

    async def complete(self, tx: Transaction, agent: Agent, task_id: str, result: str | None) -> None:
        """Mark an agent's own task as completed.

        Raises:
            Refusal: `unknown_task`; `invalid_status` if no agent works on it; `not_owner`, with the new owner if the
                operator took the task from the caller.
        """
        task = await self._of(tx, agent, task_id)
        if task.status is not TaskStatus.IN_PROGRESS or task.claimed_by != agent.agent_id:
            raise await self._not_to_complete(tx, agent, task)
        await store.complete(tx, task_id, result)
        await self._note(tx, "task_completed", agent, {"task_id": task_id, "result": result})

    async def task(self, team: str, task_id: str) -> Task:
        """Return a task of a team.

        Raises:
            Refusal: `unknown_task`.
        """
        task = await store.by_id(self._database, team, task_id)
        if task is None:
            raise Refusal("unknown_task")
        return task

    async def of_team(self, team: str, status: TaskStatus | None = None) -> tuple[Task, ...]:
        """Return a team's tasks, oldest first."""
        return await store.of_team(self._database, team, status)

    async def entries(self, team: str | None = None, limit: int = 300) -> tuple[TaskEntry, ...]:
        """Return tasks as the board shows them, of one team or of all, unfinished ones first."""
        tasks = await store.newest(self._database, limit)
        return tuple(entry for entry in await self._described(tasks) if team in (None, entry.task.team))

    async def stretch(self, request: StretchRequest) -> Stretch[TaskEntry]:
        """Return the tasks of all teams on one side of a key, unfinished ones first."""
        found = await lists_store.stretch(self._database, request)
        entries = await self._described(found.entries)
        return Stretch(
            entries=entries,
            reached=found.reached,
            reached_at=found.reached_at,
            is_last=found.is_last,
            above=found.above,
        )

    async def _described(self, tasks: Sequence[Task]) -> tuple[TaskEntry, ...]:
        agents = await agents_store.all_teams(self._database)
        return await task_entries(self._database, tasks, agents, await self._presence.among(agents))

    async def _not_to_complete(self, tx: Transaction, agent: Agent, task: Task) -> Refusal:
        if not await store.was_taken_from(tx, task, agent.agent_id):
            return Refusal("not_owner" if task.status is TaskStatus.IN_PROGRESS else "invalid_status")
        if task.status is TaskStatus.COMPLETED:
            ending = "cancelled this task" if task.is_cancelled else "took this task from you; it has been completed"
            return Refusal("invalid_status", detail=f"the operator {ending}")
        names = await agents_store.names(tx, {task.claimed_by} if task.claimed_by else ())
        owner_name = names.get(task.claimed_by or "")
        now = f"{owner_name} works on it now" if owner_name else "it is pending and can be claimed"
        detail = f"the operator took this task from you; {now}"
        return Refusal("not_owner", owner=task.claimed_by, owner_name=owner_name, detail=detail)

    async def _of(self, tx: Transaction, agent: Agent, task_id: str) -> Task:
        task = await store.by_id(tx, agent.team, task_id)
        if task is None:
            raise Refusal("unknown_task")
        return task

    async def _note(self, tx: Transaction, kind: str, agent: Agent, payload: dict[str, str | None]) -> None:
        await outbox.add_event(tx, kind, agent.team, agent.team, agent.agent_id, payload)
        tx.record(TaskChanged(task_id=str(payload["task_id"]), team=agent.team))


async def task_entries(
    reader: Reader, tasks: Sequence[Task], agents: Sequence[Agent], online: Collection[str]
) -> tuple[TaskEntry, ...]:
    """Return tasks as the board shows them.

    Args:
        reader: the store.
        tasks: the tasks; what they wait for may be others.
        agents: every agent.
        online: ids of the agents that are there.
    """
    registered = {agent.agent_id for agent in agents}
    names = await agents_store.names(reader, {task.claimed_by for task in tasks if task.claimed_by})
    wanted = {one for task in tasks for one in task.depends_on}
    unfinished = {task.id for task in tasks if task.status is not TaskStatus.COMPLETED}
    elsewhere = sorted(wanted - {task.id for task in tasks})
    unfinished |= await store.unfinished_among(reader, elsewhere) if elsewhere else set()
    blocking = [wanted for task in tasks if task.id in unfinished for wanted in task.depends_on]
    return tuple(
        TaskEntry(
            task=task,
            owner_name=names.get(task.claimed_by or ""),
            owner_online=task.claimed_by in online if task.claimed_by in registered else None,
            waits_for=tuple(wanted for wanted in task.depends_on if wanted in unfinished),
            blocks=blocking.count(task.id),
        )
        for task in tasks
    )
