"""Stretches of the tasks of all teams: unfinished before completed, then by the time at which they were added."""

from xats_tui.backend.store.lists.conditions import Conditions
from xats_tui.backend.store.lists.keyed import KeyedList, count_above, rows_of
from xats_tui.backend.store.sql.columns import instant
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.backend.store.tasks import IS_OPEN, task_of
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted
from xats_tui.core.model.tasks import CANCELLED, Task

TASKS = KeyedList(
    select=f"SELECT {IS_OPEN} AS key_0, t.created_at AS key_1, t.rowid AS key_2, t.* FROM tasks t",
    table="tasks t",
    key=(IS_OPEN, "t.created_at", "t.rowid"),
    time="t.created_at",
    searched_rows=5_000,
)

TEXT = "t.title || ' ' || coalesce(t.description, '') || ' ' || t.team"
"""Text of a task's row, without the owner's name."""

STATES = {
    "pending": "+t.status = 'pending'",
    "doing": "+t.status = 'in_progress'",
    "done": "+t.status = 'completed'",
    "cancelled": f"t.result = '{CANCELLED}'",
    "blocked": "+t.status <> 'completed' AND t.depends_on <> '[]'",
    "orphaned": "+t.status = 'in_progress'",
}
"""Conditions for the filter's states."""


async def stretch(reader: Reader, request: StretchRequest) -> Stretch[Task]:
    """Return tasks on one side of a key: 1 for an unfinished task, the time at which it was added, and its rowid."""
    found = await rows_of(reader, TASKS, request, _conditions(request.wanted))
    return Stretch(
        entries=tuple(map(task_of, found.rows)),
        reached=found.reached,
        reached_at=instant(found.reached[1]),
        is_last=found.is_last,
        above=await count_above(reader, TASKS, request),
    )


async def place(reader: Reader, task_id: str) -> Key | None:
    """Return the key directly above a task; None if it is not stored."""
    row = await reader.fetch_one(f"SELECT {IS_OPEN}, t.created_at, t.rowid + 1 FROM tasks t WHERE t.id = ?", (task_id,))
    return tuple(row) if row else None


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if wanted.team is not None:
        conditions.add("+t.team = ?", wanted.team)
    for state in sorted(wanted.states & STATES.keys()):
        conditions.add(STATES[state])
    conditions.add_words(wanted.words, TEXT, ("+t.claimed_by",))
    conditions.add_agents(wanted.agents, ("+t.claimed_by",))
    return conditions
