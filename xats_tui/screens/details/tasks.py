"""Detail of a task: its texts, and the tree of its dependencies and dependents."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from textual.content import Content

from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import find
from xats_tui.screens.details.lines import block, field, heading, lines, styled, when
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.rows.tasks import task_moved_at, task_owner, task_shape, task_word
from xats_tui.screens.widgets.format import CUT, TableCell, Tone, age, one_line, short_id
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MAX_TREE_DEPTH = 4
"""Maximum depth of a tree."""

TREE_LINES = 40
"""Maximum lines of a tree."""

Around = Callable[[str], Sequence[str]]
"""Function that returns the ids of the tasks next to a task."""


def task_detail(snapshot: Snapshot, task_id: str, now: datetime) -> Content | None:
    """Return a task's texts, owner and times; None if it is gone."""
    entry = find(snapshot, Mode.TASKS, task_id)
    if not isinstance(entry, TaskEntry):
        return None
    task = entry.task
    fields = [
        Content.styled(one_line(task.title), "bold"),
        field("team", task.team),
        field("state", f"{task_shape(task)[0]} {task_word(task)} for {age(now - task_moved_at(task))}"),
        field("owner", _owner(snapshot, entry, now)),
        field("added", when(task.created_at, now)),
        *([field("claimed", when(task.claimed_at, now))] if task.claimed_at else []),
        *([field(task_word(task), when(task.completed_at, now))] if task.completed_at else []),
        field("id", task.id),
    ]
    texts = (("description", task.description), ("result", task.result))
    return lines([*fields, *(line for name, text in texts if text for line in (*heading(name), *block(text)))])


def dependency_tree(snapshot: Snapshot, task_id: str) -> Content | None:
    """Return the dependencies of a task and the tasks that depend on it; None if the task is gone."""
    entries = {entry.task.id: entry for entry in snapshot.tasks}
    if task_id not in entries:
        return None

    def blockers(of: str) -> Sequence[str]:
        return entries[of].task.depends_on if of in entries else ()

    def waiting(of: str) -> Sequence[str]:
        return [each for each, entry in entries.items() if of in entry.task.depends_on]

    drawn: list[Content] = []
    for title, around in (("waits for", blockers), ("blocks", waiting)):
        branches = list(_branches(snapshot, task_id, around, "", {task_id}))
        drawn.append(styled(title if branches else f"{title} nothing", Tone.MUTED))
        rest = len(branches) - TREE_LINES
        drawn += branches[:TREE_LINES] + ([styled(f"{CUT} {rest} more", Tone.WARN)] if rest > 0 else [])
        drawn.append(Content())
    return lines(drawn[:-1])


def _branches(snapshot: Snapshot, task_id: str, around: Around, stem: str, passed: set[str]) -> Iterator[Content]:
    """Yield the lines of the tree below a task; a task is drawn only once."""
    if len(stem) >= MAX_TREE_DEPTH * 3:
        return
    steps = [each for each in around(task_id) if each not in passed]
    passed.update(steps)
    for number, step in enumerate(steps, 1):
        last = number == len(steps)
        yield Content.assemble((f"{stem}{'└─' if last else '├─'} ", CONTENT_STYLES[Tone.MUTED]), _leaf(snapshot, step))
        yield from _branches(snapshot, step, around, f"{stem}{'   ' if last else '│  '}", passed)


def _leaf(snapshot: Snapshot, task_id: str) -> Content:
    entry = find(snapshot, Mode.TASKS, task_id)
    if not isinstance(entry, TaskEntry):
        return styled(f"{short_id(task_id)}, not among the newest tasks", Tone.MUTED)
    shape, tone = task_shape(entry.task)
    done = entry.task.status is TaskStatus.COMPLETED
    claimed_by = entry.task.claimed_by if entry.task.status is TaskStatus.IN_PROGRESS else None
    owner = name_of(snapshot, claimed_by, entry.owner_name) if claimed_by else ""
    return Content.assemble(
        (f"{shape} ", CONTENT_STYLES[tone]),
        (one_line(entry.task.title), CONTENT_STYLES[Tone.MUTED if done else Tone.PLAIN]),
        (f"  {owner}" if owner else "", CONTENT_STYLES[Tone.MUTED]),
    )


def _owner(snapshot: Snapshot, entry: TaskEntry, now: datetime) -> TableCell | None:
    task = entry.task
    if not task.claimed_by:
        return None
    owner = snapshot.entry(task.claimed_by)
    cell = task_owner(snapshot, entry, now)
    if task.status is TaskStatus.COMPLETED:
        return cell
    if owner is None:
        return TableCell(f"{cell.text}, has left", cell.tone)
    state = agent_state(snapshot, owner, now).text.split(maxsplit=1)[1]
    return TableCell(f"{cell.text}, {state}", cell.tone)
