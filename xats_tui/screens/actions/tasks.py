"""Actions on tasks: release, reassign, cancel, add, edit, undo."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.tasks import Task, TaskDraft, TaskStatus
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.actions.task_table import tasks_of
from xats_tui.screens.data.desk import Undoable
from xats_tui.screens.data.snapshot import is_present
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.asking import Pick, PickOption
from xats_tui.screens.dialogs.task_form import TaskForm
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import count, cut, one_line

# Longer would be risky: others may have built on the change by then.
UNDO_LASTS = timedelta(seconds=10)
"""Time in which a change can be undone with one key."""

TITLE_CELLS = 40
"""Maximum cells of a task's title in a question or an outcome."""

LISTED_FREED_TASKS = 3
"""Maximum tasks that a question names; further tasks are counted."""


class TaskActions(ActionContext):
    """Performs the actions on tasks."""

    @property
    def undoable(self) -> bool:
        """True if the last change can still be undone."""
        done = self.desk.last_change.done
        return done is not None and self.desk.clock.now() < done.until

    @property
    def teams(self) -> tuple[str, ...]:
        """Teams that a task can be added for: the one that the dashboard is limited to, otherwise all."""
        return (self.snapshot.team,) if self.snapshot.team else self.snapshot.teams

    def action_release_task(self) -> None:
        """Release all selected tasks."""
        tasks = _in(self.situation(), TaskStatus.IN_PROGRESS)
        verbs = self.desk.verbs
        released = self._each("released", tasks, lambda task: verbs.ask(OperatorApi.release_task, task))
        self.carry_out(f"releasing {_named(tasks)}", released)

    def action_reassign_task(self) -> None:
        """Ask for the new owner, then reassign all selected tasks."""
        tasks = _in(self.aim(), TaskStatus.PENDING, TaskStatus.IN_PROGRESS)
        team = tasks[0].team

        def give(agent_id: str) -> None:
            name = name_of(self.snapshot, agent_id)
            verbs = self.desk.verbs
            given = self._each(f"gave {name}", tasks, lambda task: verbs.ask(OperatorApi.reassign_task, task, agent_id))
            self.carry_out(f"reassigning {_named(tasks)}", given)

        mates = [entry for entry in self.snapshot.everyone if entry.agent.team == team]
        if mates:
            ordered = sorted(mates, key=lambda entry: (not is_present(entry), entry.agent.name))
            choices = [self._candidate(entry, tasks) for entry in ordered]
            self.ask(Pick(f"Give {_named(tasks)} to", choices), give)
        else:
            self.tell(f"team {one_line(team)} has no agent to give the task to", "warning")

    def action_cancel_task(self) -> None:
        """Ask for confirmation, then cancel all selected tasks."""
        tasks = _in(self.situation(), TaskStatus.PENDING, TaskStatus.IN_PROGRESS)
        verbs = self.desk.verbs

        def cancel() -> None:
            cancelled = self._each("cancelled", tasks, lambda task: verbs.ask(OperatorApi.cancel_task, task))
            self.carry_out(f"cancelling {_named(tasks)}", cancelled)

        self.confirm(
            f"Cancel {count(len(tasks), 'task')}?",
            self._consequence(tasks),
            "Cancel task" if len(tasks) == 1 else "Cancel tasks",
            cancel,
        )

    def action_add_task(self) -> None:
        """Ask for the team if there are several (the selected task's team first), then for the task."""
        teams, selected = self.teams, tasks_of(self.situation())
        if len(teams) == 1:
            self._write_new(teams[0])
        else:
            first = selected[0].team if selected else ""
            choices = [
                PickOption(team, one_line(team)) for team in sorted(teams, key=lambda team: (team != first, team))
            ]
            self.ask(Pick("A new task for team", choices), self._write_new)

    def action_edit_task(self) -> None:
        """Open the selected task in a form."""
        if tasks := tasks_of(self.situation()):
            seen = tasks[0]
            fresh = TaskDraft(title=seen.title, description=seen.description, depends_on=seen.depends_on)
            form = self._form(f"Task of team {seen.team}", seen.id, fresh, seen.team)
            self.ask(form, lambda draft: self.carry_out(f"saving {_named(tasks)}", self._edit(seen, draft)))

    def action_undo(self) -> None:
        """Undo the last change."""
        done, self.desk.last_change.done = self.desk.last_change.done, None
        if done:
            self.carry_out(f"undoing: {done.what}", self._undo(done))

    def _write_new(self, team: str) -> None:
        form = self._form(f"New task for team {team}", f"new {team}", TaskDraft(title=""), team)
        self.ask(form, lambda draft: self.carry_out(f"adding {_quoted(draft.title)}", self._add(team, draft)))

    def _form(self, title: str, begun_for: str, fresh: TaskDraft, team: str) -> TaskForm:
        offered = [entry for entry in self.snapshot.tasks if entry.task.team == team and entry.task.id != begun_for]
        return TaskForm(title, begun_for, fresh, offered, self.desk.task_drafts)

    def _candidate(self, entry: RosterEntry, tasks: Sequence[Task]) -> PickOption:
        agent = entry.agent
        owned = sum(
            each.task.claimed_by == agent.agent_id and each.task.status is TaskStatus.IN_PROGRESS
            for each in self.snapshot.tasks
        )
        busy = f", works on {count(owned, 'task')}" if owned else ""
        note = f"{agent_state(self.snapshot, entry, self.desk.clock.now()).text}, {one_line(agent.role)}{busy}"
        owns_all = all(task.claimed_by == agent.agent_id for task in tasks)
        return PickOption(
            agent.agent_id, name_of(self.snapshot, agent.agent_id), note, "owns it already" if owns_all else None
        )

    def _consequence(self, tasks: Sequence[Task]) -> str:
        ids = {task.id for task in tasks}
        told = sorted({name_of(self.snapshot, owner) for task in tasks if (owner := task.claimed_by)})
        freed = [each.task for each in self.snapshot.tasks if ids.intersection(each.waits_for)]
        sentences = [
            f"{_named(tasks)} leaves the board; agents see it as completed, “cancelled by the operator”."
            if len(tasks) == 1
            else f"{len(tasks)} tasks leave the board; agents see them as completed, “cancelled by the operator”.",
            f"{', '.join(told)} will be told to stop." if told else "",
            f"No longer waiting: {_several(freed)}." if freed else "",
            f"{self.key_of('undo')} undoes it for {UNDO_LASTS.seconds} seconds.",
        ]
        return "  ".join(filter(None, sentences))

    async def _each(self, done: str, tasks: Sequence[Task], verb: Callable[[Task], Awaitable[Task]]) -> str:
        """Apply the verb to each task; show refusals as toasts and make the successful steps undoable."""
        steps: list[tuple[Task, Task]] = []
        for task in tasks:
            try:
                steps.append((await verb(task), task))
            except VerbRefused as refused:
                self.tell(f"{_quoted(task.title)}: {refused.sentence}", "warning")
        return self._can_be_undone(f"{done} {_named([task for task, _ in steps])}", steps)

    async def _add(self, team: str, draft: TaskDraft) -> str:
        task = await self._written(self.desk.verbs.ask(OperatorApi.add_task, team, draft), "added", f"new {team}")
        return f"added {_quoted(task.title)}"

    async def _edit(self, seen: Task, draft: TaskDraft) -> str:
        task = await self._written(self.desk.verbs.ask(OperatorApi.edit_task, seen, draft), "saved", seen.id)
        return self._can_be_undone(f"changed {_quoted(task.title)}", [(task, seen)])

    async def _written(self, verb: Awaitable[Task], done: str, draft_key: str) -> Task:
        """Await a verb that saves a draft; keep the draft if the verb is refused."""
        try:
            task = await verb
        except VerbRefused as refused:
            raise VerbRefused(refused.code, f"not {done}: {refused.sentence}; the draft is kept") from refused
        self.desk.task_drafts.pop(draft_key, None)
        return task

    async def _undo(self, done: Undoable) -> str:
        restored: list[Task] = []
        for after, before in done.steps:
            try:
                restored.append(await self.desk.verbs.ask(OperatorApi.restore_task, after, before))
            except VerbRefused as refused:
                self.tell(f"{_quoted(before.title)} cannot be undone: {refused.sentence}", "warning")
        return f"undone: {_named(restored)} as before" if restored else ""

    def _can_be_undone(self, what: str, steps: Sequence[tuple[Task, Task]]) -> str:
        if not steps:
            return ""
        until = self.desk.clock.now() + UNDO_LASTS
        self.desk.last_change.done = Undoable(what=what, until=until, steps=tuple(steps))
        return f"{what}; {self.key_of('undo')} undoes it"


def _in(situation: Situation, *states: TaskStatus) -> tuple[Task, ...]:
    return tuple(task for task in tasks_of(situation) if task.status in states)


def _quoted(title: str) -> str:
    return f"“{cut(one_line(title), TITLE_CELLS)}”"


def _named(tasks: Sequence[Task]) -> str:
    return _quoted(tasks[0].title) if len(tasks) == 1 else count(len(tasks), "task")


def _several(tasks: Sequence[Task]) -> str:
    more = [f"{len(tasks) - LISTED_FREED_TASKS} more"] if len(tasks) > LISTED_FREED_TASKS else []
    return ", ".join((*(_quoted(task.title) for task in tasks[:LISTED_FREED_TASKS]), *more))
