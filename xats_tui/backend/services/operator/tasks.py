"""Actions of the operator on the tasks of any team.

Each takes the task as the operator saw it, and is refused if the task has changed.  The agents concerned get a message
in the same transaction.  The result is the task as it is then, from which `restore` undoes the action.
"""

from collections.abc import Iterable
from uuid import uuid4

from xats_tui.backend.services.agents.registry import operator_in
from xats_tui.backend.services.dependencies import cycle
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import messages as outbox
from xats_tui.backend.store import tasks as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.errors import Refusal
from xats_tui.core.events import TaskChanged
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import OPERATOR_ID, Agent
from xats_tui.core.model.tasks import CANCELLED, Task, TaskDraft, TaskStatus
from xats_tui.core.records import replace

QUOTED_DESCRIPTION_CHARS = 4000
"""Maximum length of a description that is repeated in a message."""


class OperatorTasks:
    """The operator's verbs for tasks."""

    def __init__(self, database: Database, mailbox: Mailbox) -> None:
        self._database = database
        self._mailbox = mailbox

    async def add(self, actor: Actor, team: str, draft: TaskDraft) -> Task:
        """Add a task to a team's board; it wakes nobody.

        Raises:
            Refusal: `empty_title`, `unknown_dependency`.
        """
        async with self._database.write() as tx:
            task = _written(_blank(str(uuid4()), team, tx), draft)
            await self._check(tx, task)
            await store.add(
                tx,
                store.NewTask(
                    id=task.id, team=team, title=task.title, description=task.description, depends_on=task.depends_on
                ),
            )
            await self._note(tx, actor, "task_added", "add task", task, "")
            return await self._stored(tx, task)

    async def edit(self, actor: Actor, seen: Task, draft: TaskDraft) -> Task:
        """Change the texts and dependencies of a task, and tell its owner.

        Raises:
            Refusal: `unknown_task`, `task_changed`, `task_is_done`; `empty_title`, `unknown_dependency`;
                `dependency_cycle` with the path of the cycle.
        """
        async with self._database.write() as tx:
            await self._as_seen(tx, seen)
            _not_done(seen)
            task = _written(seen, draft)
            await self._check(tx, task)
            await store.save(tx, task)
            await self._note(tx, actor, "task_edited", "edit task", task, _differences(seen, task))
            body = f"The operator changed your task {_named(task)}: {_differences(seen, task)}.{_description(task)}"
            await self._tell(tx, task, seen.claimed_by, f"task changed: {task.title}", body)
            return await self._stored(tx, task)

    async def reassign(self, actor: Actor, seen: Task, agent_id: str) -> Task:
        """Give a task to an agent of its team, and tell both agents.

        Raises:
            Refusal: `unknown_task`, `task_changed`, `task_is_done`; `unknown_agent`; `owns_it_already`;
                `dependencies_pending` if nobody owns it and it waits for others.
        """
        async with self._database.write() as tx:
            await self._as_seen(tx, seen)
            _not_done(seen)
            owner = await self._new_owner(tx, seen, agent_id)
            task = replace(seen, status=TaskStatus.IN_PROGRESS, claimed_by=agent_id, claimed_at=tx.now)
            await store.save(tx, task)
            to = f"to {owner.name}"
            await self._note(tx, actor, "task_reassigned", "reassign task", task, to, taken_from=seen.claimed_by)
            gone = f"The operator gave your task {_named(task)} to {owner.name}.  Do not go on with it."
            await self._tell(tx, task, seen.claimed_by, f"task taken: {task.title}", gone)
            yours = (
                f"The operator gave you the task {_named(task)}.  It is in progress under your name: work on it, then "
                f"call task_complete.{_description(task)}"
            )
            await self._tell(tx, task, agent_id, f"task for you: {task.title}", yours)
            return await self._stored(tx, task)

    async def release(self, actor: Actor, seen: Task) -> Task:
        """Take a task from its owner, so that anybody can claim it, and tell the owner.

        Raises:
            Refusal: `unknown_task`, `task_changed`; `not_in_progress`.
        """
        async with self._database.write() as tx:
            await self._as_seen(tx, seen)
            if seen.status is not TaskStatus.IN_PROGRESS:
                raise Refusal("not_in_progress")
            task = replace(seen, status=TaskStatus.PENDING, claimed_by=None, claimed_at=None)
            await store.save(tx, task)
            await self._note(tx, actor, "task_released", "release task", task, "", taken_from=seen.claimed_by)
            body = (
                f"The operator released your task {_named(task)}: it is pending again, and anybody in the team can "
                "claim it.  Do not go on with it unless you claim it again."
            )
            await self._tell(tx, task, seen.claimed_by, f"task released: {task.title}", body)
            return await self._stored(tx, task)

    async def cancel(self, actor: Actor, seen: Task) -> Task:
        """Take a task off the board and tell its owner; tasks that depend on it no longer wait for it.

        Agents see it as completed, with the result `CANCELLED`: the wire has no other end of a task.

        Raises:
            Refusal: `unknown_task`, `task_changed`, `task_is_done`.
        """
        async with self._database.write() as tx:
            await self._as_seen(tx, seen)
            _not_done(seen)
            task = replace(seen, status=TaskStatus.COMPLETED, completed_at=tx.now, result=CANCELLED)
            await store.save(tx, task)
            await self._note(tx, actor, "task_cancelled", "cancel task", task, "", taken_from=seen.claimed_by)
            body = f"The operator cancelled your task {_named(task)}.  Stop working on it."
            await self._tell(tx, task, seen.claimed_by, f"task cancelled: {task.title}", body)
            return await self._stored(tx, task)

    async def restore(self, actor: Actor, seen: Task, before: Task) -> Task:
        """Undo an action: make a task what it was before, if it has not changed since, and tell both owners.

        Raises:
            Refusal: `unknown_task`, `task_changed`; `unknown_agent` if its former owner has left;
                `unknown_dependency`, `dependency_cycle`.
        """
        async with self._database.write() as tx:
            await self._as_seen(tx, seen)
            if before.claimed_by and await agents_store.by_id(tx, before.claimed_by) is None:
                raise Refusal("unknown_agent")
            await self._check(tx, before)
            await store.save(tx, before)
            taken_from = seen.claimed_by if seen.claimed_by != before.claimed_by else None
            stands = await self._stands(tx, before)
            await self._note(tx, actor, "task_restored", "undo", before, stands, taken_from=taken_from)
            for agent_id in {seen.claimed_by, before.claimed_by}:
                body = f"The operator undid the last change of the task {_named(before)}: it is {stands} again."
                await self._tell(tx, before, agent_id, f"undone: {before.title}", body)
            return await self._stored(tx, before)

    async def _as_seen(self, tx: Transaction, seen: Task) -> None:
        now = await self._stored(tx, seen)
        if now != seen:
            moved = (now.status, now.claimed_by) != (seen.status, seen.claimed_by)
            what = f"it is {await self._stands(tx, now)} now" if moved else _differences(seen, now)
            raise Refusal("task_changed", detail=what)

    async def _stored(self, reader: Reader, task: Task) -> Task:
        stored = await store.by_id(reader, task.team, task.id)
        if stored is None:
            raise Refusal("unknown_task")
        return stored

    async def _stands(self, reader: Reader, task: Task) -> str:
        """Return its state and owner, for a sentence."""
        if task.status is TaskStatus.PENDING:
            return "pending"
        if task.is_cancelled:
            return "cancelled"
        names = await agents_store.names(reader, {task.claimed_by} if task.claimed_by else ())
        name = names.get(task.claimed_by or "", "somebody who left")
        return f"in progress with {name}" if task.status is TaskStatus.IN_PROGRESS else f"completed by {name}"

    async def _check(self, tx: Transaction, task: Task) -> None:
        """Check title and dependencies of a task."""
        if not task.title.strip():
            raise Refusal("empty_title")
        unknown = await store.missing(tx, task.team, task.depends_on)
        if unknown:
            raise Refusal("unknown_dependency", task_ids=list(unknown))
        others = {other.id: other for other in await store.of_team(tx, task.team)} | {task.id: task}
        way = cycle(task.id, task.depends_on, {other.id: other.depends_on for other in others.values()})
        if way:
            titles = " → ".join(others[task_id].title for task_id in way)
            raise Refusal("dependency_cycle", path=list(way), detail=f"it would wait for itself: {titles}")

    async def _new_owner(self, tx: Transaction, task: Task, agent_id: str) -> Agent:
        agent = await agents_store.by_id(tx, agent_id)
        if agent is None or agent.team != task.team:
            raise Refusal("unknown_agent")
        if task.claimed_by == agent_id:
            raise Refusal("owns_it_already")
        if task.status is TaskStatus.PENDING and await store.unfinished(tx, task.team, task.depends_on):
            raise Refusal("dependencies_pending")
        return agent

    async def _tell(self, tx: Transaction, task: Task, agent_id: str | None, subject: str, body: str) -> None:
        """Send a message to an agent, if it is still registered."""
        agent = await agents_store.by_id(tx, agent_id) if agent_id else None
        if agent is not None and agent.team == task.team:
            await self._mailbox.post(
                tx, operator_in(task.team), (agent,), body, subject=subject, need_reply=False, to_role=None
            )

    async def _note(
        self,
        tx: Transaction,
        actor: Actor,
        kind: str,
        verb: str,
        task: Task,
        detail: str,
        *,
        taken_from: str | None = None,
    ) -> None:
        payload = {"task_id": task.id, "title": task.title, "owner": task.claimed_by, "taken_from": taken_from}
        await outbox.add_event(tx, kind, task.team, task.team, OPERATOR_ID, payload)
        tx.record(TaskChanged(task_id=task.id, team=task.team))
        told = ": ".join(filter(None, (f"{_named(task)} of {task.team}", detail)))
        await activity_store.note(tx, actor.name, verb, told, agent_id=taken_from or task.claimed_by)


def _blank(task_id: str, team: str, tx: Transaction) -> Task:
    return Task(
        id=task_id,
        team=team,
        title="",
        description=None,
        status=TaskStatus.PENDING,
        depends_on=(),
        claimed_by=None,
        claimed_at=None,
        completed_at=None,
        result=None,
        created_at=tx.now,
    )


def _written(task: Task, draft: TaskDraft) -> Task:
    return replace(
        task,
        title=draft.title.strip(),
        description=draft.description or None,
        depends_on=tuple(dict.fromkeys(draft.depends_on)),
    )


def _not_done(task: Task) -> None:
    if task.status is TaskStatus.COMPLETED:
        raise Refusal("task_is_done")


def _named(task: Task) -> str:
    return f"“{task.title}” ({task.id})"


def _description(task: Task) -> str:
    return f"\n\n{task.description[:QUOTED_DESCRIPTION_CHARS]}" if task.description else ""


def _differences(before: Task, after: Task) -> str:
    """Name the fields that differ, for a sentence."""
    parts: Iterable[tuple[str, bool]] = (
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("dependencies", before.depends_on != after.depends_on),
        ("owner", before.claimed_at != after.claimed_at),
        ("result", before.result != after.result),
    )
    changed = [part for part, differs in parts if differs]
    return f"another {' and '.join(changed)}" if changed else "nothing is different"
