"""Rows of the tasks, as a single list or as a board: in progress, pending, completed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from xats_tui.core.model.pages import ListName
from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Slice, Snapshot, is_away
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.names import (
    NAME_CELLS,
    TEAM_CELLS,
    counted,
    filter_name,
    loaded,
    more_than,
    name_of,
    total_of,
)
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, age, one_line

STATE = Column(key="state", title="", width=1)
TITLE = Column(key="title", title="task", width=15, grow=3)
OWNER = Column(key="owner", title="owner", width=12, grow=1, fits=2 + NAME_CELLS, names=True)
RELATION = Column(key="relation", title="depends", width=9, drop=2)
TEAM = Column(key="team", title="team", width=7, drop=3, fits=TEAM_CELLS, names=True)
AGE = Column(key="age", title="age", width=5, drop=1, right=True)

COLUMNS = (STATE, TITLE, OWNER, RELATION, TEAM, AGE)

BOARD_COLUMNS: Mapping[TaskStatus, Sequence[Column]] = {
    TaskStatus.PENDING: (TITLE, RELATION, TEAM, AGE),
    TaskStatus.IN_PROGRESS: (TITLE, OWNER, RELATION, TEAM, AGE),
    TaskStatus.COMPLETED: (TITLE, OWNER, TEAM, AGE),
}

ORDER = {TaskStatus.IN_PROGRESS: 0, TaskStatus.PENDING: 1, TaskStatus.COMPLETED: 2}

WORDS = {TaskStatus.IN_PROGRESS: "doing", TaskStatus.PENDING: "pending", TaskStatus.COMPLETED: "done"}
"""States as the operator reads and types them."""

CANCELLED = "cancelled"
"""Word for a cancelled task."""

SHAPES = {
    TaskStatus.IN_PROGRESS: ("◐", Tone.ACCENT),
    TaskStatus.PENDING: ("○", Tone.PLAIN),
    TaskStatus.COMPLETED: ("✓", Tone.MUTED),
}

STATES = frozenset({*WORDS.values(), CANCELLED, "blocked", "orphaned"})


def task_moved_at(task: Task) -> datetime:
    """Return the time at which a task entered its state."""
    return task.completed_at or task.claimed_at or task.created_at


def task_shape(task: Task) -> tuple[str, Tone]:
    """Return a task's state as shape and tone."""
    return ("✕", Tone.MUTED) if task.is_cancelled else SHAPES[task.status]


def task_word(task: Task) -> str:
    """Return a task's state as a word."""
    return CANCELLED if task.is_cancelled else WORDS[task.status]


def task_owner(snapshot: Snapshot, entry: TaskEntry, now: datetime) -> TableCell:
    """Return the task's owner, with the owner's current state if the task is unfinished."""
    task = entry.task
    if not task.claimed_by:
        return TableCell(NOTHING, Tone.MUTED)
    name = name_of(snapshot, task.claimed_by, entry.owner_name)
    owner = snapshot.entry(task.claimed_by)
    if task.status is TaskStatus.COMPLETED:
        return TableCell(name, Tone.MUTED)
    if owner is None:
        return TableCell(f"✕ {name}", Tone.BAD)
    state = agent_state(snapshot, owner, now)
    return TableCell(f"{state.text[0]} {name}", Tone.WARN if is_away(owner) else state.tone)


def task_summary(snapshot: Snapshot) -> str:
    """Return the number of pending, current and completed tasks."""
    states = [WORDS[entry.task.status] for entry in snapshot.tasks]
    counts = " · ".join(f"{states.count(word)} {word}" for word in ("pending", "doing", "done")) if states else ""
    return counted(counts, loaded(snapshot, Slice.TASKS), MAX_LIST_ROWS, total_of(snapshot, ListName.TASKS))


def _in_order(snapshot: Snapshot) -> list[TaskEntry]:
    """Return the tasks: in progress, then pending, then completed; latest first."""
    return sorted(snapshot.tasks, key=lambda entry: (ORDER[entry.task.status], -task_moved_at(entry.task).timestamp()))


def task_title(entry: TaskEntry) -> TableCell:
    """Return a task's state as a shape, with its title."""
    (shape, tone), title = task_shape(entry.task), one_line(entry.task.title)
    return TableCell(f"{shape} {title}", tone)


def task_row(snapshot: Snapshot, entry: TaskEntry, now: datetime, columns: Sequence[Column]) -> TableRow:
    """Return the row of a task, with the cells of these columns."""
    task = entry.task
    shape, tone = task_shape(task)
    title = one_line(task.title)
    moved = task_moved_at(task)
    cells = {
        STATE.key: TableCell(shape, tone, order=ORDER[task.status]),
        TITLE.key: TableCell(title, Tone.MUTED if task.status is TaskStatus.COMPLETED else Tone.PLAIN),
        OWNER.key: task_owner(snapshot, entry, now),
        RELATION.key: _relation(entry),
        TEAM.key: TableCell(one_line(task.team), Tone.MUTED),
        AGE.key: TableCell(age(now - moved), Tone.MUTED, order=-moved.timestamp()),
    }
    if task.is_cancelled and STATE not in columns:
        cells[TITLE.key] = task_title(entry)
    owner = (filter_name(snapshot, task.claimed_by, entry.owner_name),) if task.claimed_by else ()
    return TableRow(
        task.id,
        tuple(cells[column.key] for column in columns),
        agents=owner,
        states=_states(snapshot, entry),
        text=task.description or "",
    )


def _states(snapshot: Snapshot, entry: TaskEntry) -> tuple[str, ...]:
    """Return the words by which a filter finds a task."""
    owner = snapshot.entry(entry.task.claimed_by or "")
    orphaned = entry.task.status is TaskStatus.IN_PROGRESS and (owner is None or is_away(owner))
    said = ((task_word(entry.task), True), ("blocked", bool(entry.waits_for)), ("orphaned", orphaned))
    return tuple(word for word, applies in said if applies)


def _relation(entry: TaskEntry) -> TableCell:
    if entry.waits_for:
        return TableCell(f"waits {len(entry.waits_for)}", Tone.WARN)
    return TableCell(f"blocks {entry.blocks}", Tone.ACCENT) if entry.blocks else TableCell(NOTHING, Tone.MUTED)


READS = frozenset({Slice.ROSTER, Slice.VIEWS, Slice.TASKS})


TASKS = Listing(
    title="Tasks",
    columns=COLUMNS,
    entries=lambda snapshot, now: _in_order(snapshot),
    row=lambda snapshot, entry, now: task_row(snapshot, entry, now, COLUMNS),
    times=lambda snapshot, entry: (task_moved_at(entry.task),),
    summary=task_summary,
    reads=READS,
    when_empty="No task yet.  {add_task} adds one; agents add them with task_add.",
    states=STATES,
    drawn=frozenset({"waits", "blocks"}),
)


def _number(snapshot: Snapshot, status: TaskStatus) -> str:
    number = sum(entry.task.status is status for entry in snapshot.tasks)
    return f"{number}{more_than(snapshot, Slice.TASKS)}"


def _column(title: str, status: TaskStatus, when_empty: str) -> Listing:
    """Return the list for a column of the board."""
    columns = BOARD_COLUMNS[status]
    return Listing(
        title=title,
        columns=columns,
        entries=lambda snapshot, now: [entry for entry in _in_order(snapshot) if entry.task.status is status],
        row=lambda snapshot, entry, now: task_row(snapshot, entry, now, columns),
        times=TASKS.times,
        summary=lambda snapshot: _number(snapshot, status),
        reads=READS,
        when_empty=when_empty,
        states=STATES,
    )


BOARD: Mapping[TaskStatus, Listing] = {
    TaskStatus.PENDING: _column("Pending", TaskStatus.PENDING, "No task is pending.  {add_task} adds one."),
    TaskStatus.IN_PROGRESS: _column("In progress", TaskStatus.IN_PROGRESS, "No task is in progress."),
    TaskStatus.COMPLETED: _column("Completed", TaskStatus.COMPLETED, "No task is completed yet."),
}
"""Columns of the board, from left to right."""
