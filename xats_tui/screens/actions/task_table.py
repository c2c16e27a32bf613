"""Entries of the action table for tasks, and the conditions under which each is available."""

from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import Situation, in_list
from xats_tui.screens.data.targets import Target
from xats_tui.screens.modes.places import Mode, Panel

WITH_TASKS = modes(Mode.LIVE, Mode.TASKS)

WITH_CAUSES = frozenset({Panel.TASKS, Panel.ATTENTION})


def tasks_of(situation: Situation) -> tuple[Task, ...]:
    """Return the tasks among the targets."""
    return tuple(target.task for target in situation.targets if isinstance(target, TaskEntry))


def needs_team(situation: Situation) -> str | None:
    """Return a reason unless at least one team is known."""
    # A new task needs a team's board to stand on.
    return None if situation.teams else "there is no team yet"


def needs_open_task(situation: Situation) -> str | None:
    """Return a reason unless an unfinished task is selected."""
    tasks = tasks_of(situation)
    if not tasks:
        return "no task is selected"
    return "the task is done" if all(task.status is TaskStatus.COMPLETED for task in tasks) else None


def _needs_owned_task(situation: Situation) -> str | None:
    owned = any(task.status is TaskStatus.IN_PROGRESS for task in tasks_of(situation))
    return needs_open_task(situation) or (None if owned else "nobody works on it")


def _needs_one_open_task(situation: Situation) -> str | None:
    return "several tasks are selected" if len(tasks_of(situation)) > 1 else needs_open_task(situation)


def _needs_tasks_of_one_team(situation: Situation) -> str | None:
    teams = {task.team for task in tasks_of(situation)}
    if len(teams) > 1:
        return "tasks of several teams are selected"
    waits = all(_waits(target) for target in situation.targets)
    return needs_open_task(situation) or ("it waits for other tasks" if waits else None)


def _waits(target: Target) -> bool:
    return isinstance(target, TaskEntry) and target.task.status is TaskStatus.PENDING and bool(target.waits_for)


def _needs_change(situation: Situation) -> str | None:
    return None if situation.undoable else "nothing was changed in the last 10 s"


TASK_ACTIONS = (
    Action(
        id="task_graph",
        key="v",
        shown_key="v",
        title="graph or board",
        help="Show the unfinished tasks as a tree (what waits for what, the critical path), or the board again.",
        modes=modes(Mode.TASKS),
    ),
    Action(
        id="reassign_task",
        key="R",
        shown_key="R",
        title="reassign",
        help="Give this task to another agent of its team, and notify both agents.",
        modes=WITH_TASKS,
        panels=WITH_CAUSES,
        why_not=_needs_tasks_of_one_team,
        seeks=in_list,
        changes=True,
    ),
    Action(
        id="release_task",
        key="u",
        shown_key="u",
        title="release",
        help="Take this task from its owner, so that any agent of the team can claim it.",
        modes=WITH_TASKS,
        panels=WITH_CAUSES,
        why_not=_needs_owned_task,
        changes=True,
    ),
    Action(
        id="add_task",
        key="n",
        shown_key="n",
        title="new task",
        help="Add a task to a team's board: title, description, dependencies.",
        modes=WITH_TASKS,
        panels=frozenset({Panel.TASKS}),
        gives_way_to="next_hit",
        why_not=needs_team,
        changes=True,
    ),
    Action(
        id="edit_task",
        key="e",
        shown_key="e",
        title="edit",
        help="Change this task's title, description and dependencies.",
        modes=WITH_TASKS,
        panels=frozenset({Panel.TASKS}),
        why_not=_needs_one_open_task,
        changes=True,
    ),
    Action(
        id="cancel_task",
        key="x",
        shown_key="x",
        title="cancel task",
        help="Cancel this task, after a question that names the agent to stop and the tasks that no longer wait.",
        modes=WITH_TASKS,
        panels=WITH_CAUSES,
        why_not=needs_open_task,
        changes=True,
        in_footer=False,
    ),
    Action(
        id="left_column",
        key="left",
        shown_key="←",
        title="column left",
        help="Move to the next column to the left on the board.",
        modes=modes(Mode.TASKS),
        in_footer=False,
        quiet=True,
        call="column(-1)",
    ),
    Action(
        id="right_column",
        key="right",
        shown_key="→",
        title="column right",
        help="Move to the next column to the right on the board.",
        modes=modes(Mode.TASKS),
        in_footer=False,
        quiet=True,
        call="column(1)",
    ),
    Action(
        id="undo",
        key="ctrl+z",
        shown_key="ctrl+z",
        title="undo",
        help="Undo the last change to tasks, within ten seconds and if nobody has changed them since.",
        modes=WITH_TASKS,
        why_not=_needs_change,
        changes=True,
    ),
)
