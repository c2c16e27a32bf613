"""The board: a task has one owner at the most, and nobody works on what waits for something else."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.properties.mail import Mail
from tests.properties.story import TEAMS, names
from xats_tui.core.errors import Refusal
from xats_tui.core.model.tasks import Task, TaskStatus

PENDING, IN_PROGRESS, COMPLETED = TaskStatus

which = st.integers(min_value=0, max_value=7)
"""One of the tasks that there are, counted round and round."""


@dataclass(slots=True, kw_only=True)
class Work:
    """The model's knowledge of a task."""

    id: str
    team: str
    depends_on: tuple[str, ...]
    status: TaskStatus = PENDING
    owner: str | None = None


class Board(Mail):
    """Agents share work, and the operator moves it about."""

    def __init__(self) -> None:
        self.work: dict[str, Work] = {}
        super().__init__()

    @rule(name=names, wanted=st.lists(which, max_size=3))
    def adds(self, name: str, wanted: list[int]) -> None:
        """A task may wait for others of its team, and for nothing else."""
        if name not in self.registered:
            return
        depends_on = [task.id for one in wanted if (task := self._task(one))]
        answer = self.call(name, "task_add", title=f"task {len(self.work)}", depends_on=depends_on)
        strange = list(dict.fromkeys(one for one in depends_on if self.work[one].team != TEAMS[name]))
        if strange:
            assert answer == {"error": "unknown_dependency", "task_ids": strange}
        else:
            known = tuple(dict.fromkeys(depends_on))
            self.work[answer["task_id"]] = Work(id=answer["task_id"], team=TEAMS[name], depends_on=known)

    @rule(name=names, one=which)
    def claims(self, name: str, one: int) -> None:
        """The first who asks for a pending task gets it, once all that it waits for is done."""
        task = self._task(one)
        if task is None or name not in self.registered:
            return
        answer = self.call(name, "task_claim", task_id=task.id)
        if task.team != TEAMS[name]:
            assert answer["error"] == "unknown_task"
        elif task.status is not PENDING:
            assert answer == {"error": "already_claimed", "owner": self.ids[task.owner] if task.owner else ""}
        elif self._blocked(task):
            assert answer["error"] == "dependencies_pending"
        else:
            assert answer == {"ok": True}
            task.status, task.owner = IN_PROGRESS, name

    @rule(name=names, one=which)
    def completes(self, name: str, one: int) -> None:
        """Only its owner completes a task."""
        task = self._task(one)
        if task is None or name not in self.registered:
            return
        answer = self.call(name, "task_complete", task_id=task.id)
        if task.team != TEAMS[name]:
            assert answer["error"] == "unknown_task"
        elif task.status is IN_PROGRESS and task.owner == name:
            assert answer == {"ok": True}
            task.status = COMPLETED
        else:
            assert answer["error"] in ("not_owner", "invalid_status")

    @rule(one=which)
    def is_released(self, one: int) -> None:
        """The operator takes a task from its owner, who is told."""
        task = self._task(one)
        if task is None:
            return
        refused = self._operate("release", task)
        assert (refused == "not_in_progress") is (task.status is not IN_PROGRESS)
        if refused is None:
            self.operator_writes(self._still_there(task.owner))
            task.status, task.owner = PENDING, None

    @rule(one=which, name=names)
    def is_reassigned(self, one: int, name: str) -> None:
        """The operator gives a task to somebody else, and both are told."""
        task = self._task(one)
        if task is None:
            return
        refused = self._operate("reassign", task, self.ids[name])
        assert refused == self._reason_against(task, name)
        if refused is None:
            self.operator_writes([*self._still_there(task.owner), name])
            task.status, task.owner = IN_PROGRESS, name

    @rule(one=which)
    def is_cancelled(self, one: int) -> None:
        """The operator takes a task from the board; what waited for it waits no longer."""
        task = self._task(one)
        if task is None:
            return
        refused = self._operate("cancel", task)
        assert (refused == "task_is_done") is (task.status is COMPLETED)
        if refused is None:
            self.operator_writes(self._still_there(task.owner))
            task.status = COMPLETED

    @invariant()
    def the_board_is_as_it_was_made(self) -> None:
        """Every team's board holds its tasks in the order of their making, each with its state and one owner."""
        for team in sorted(set(TEAMS.values())):
            shown = self.world.look(self.world.board.of_team(team))
            expected = [task for task in self.work.values() if task.team == team]
            assert [self._told(task) for task in shown] == [
                (task.id, task.status, self.ids.get(task.owner or ""), task.depends_on) for task in expected
            ]

    @invariant()
    def the_board_says_what_waits(self) -> None:
        """Check that the operator sees exactly the obstacles that a claiming agent would meet."""
        for entry in self.world.look(self.world.board.entries(limit=10_000)):
            blocked = self._blocked(self.work[entry.task.id])
            assert bool(entry.waits_for) is blocked

    def tasks_of(self, name: str) -> list[str]:
        """Ids of the tasks that an agent works on."""
        return [task.id for task in self.work.values() if task.status is IN_PROGRESS and task.owner == name]

    def _task(self, one: int) -> Work | None:
        return [*self.work.values()][one % len(self.work)] if self.work else None

    def _blocked(self, task: Work) -> bool:
        return any(self.work[wanted].status is not COMPLETED for wanted in task.depends_on)

    def _still_there(self, owner: str | None) -> list[str]:
        return [owner] if owner in self.registered and owner is not None else []

    def _reason_against(self, task: Work, name: str) -> str | None:
        """Return the expected reason for refusing a task to an agent."""
        if task.status is COMPLETED:
            return "task_is_done"
        if name not in self.registered or TEAMS[name] != task.team:
            return "unknown_agent"
        if task.owner == name:
            return "owns_it_already"
        return "dependencies_pending" if task.status is PENDING and self._blocked(task) else None

    def _operate(self, verb: str, task: Work, *arguments: str) -> str | None:
        """Do what the operator does with a task that is before its eyes; the code of a refusal."""
        seen = next(one for one in self.world.look(self.world.board.of_team(task.team)) if one.id == task.id)
        act: Any = getattr(self.world.operator, f"{verb}_task")
        try:
            self.world.ask(act(seen, *arguments))
        except Refusal as refusal:
            return refusal.code
        return None

    def _told(self, task: Task) -> tuple[str, TaskStatus, str | None, tuple[str, ...]]:
        return task.id, task.status, task.claimed_by, task.depends_on
