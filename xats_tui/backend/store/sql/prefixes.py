"""Things by the beginning of their id, as people type it."""

from xats_tui.backend.store import tasks
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.model.tasks import Task

HIGHEST = "\U0010ffff"
"""Follows on every character that an id can have; a range of ids uses their index, LIKE would not."""

MAX_MATCHES = 100
"""So many tell that a beginning is not enough; a broadcast has a row for each recipient."""


async def tasks_beginning(reader: Reader, prefix: str) -> tuple[Task, ...]:
    """Tasks of any team whose id begins so."""
    rows = await reader.fetch_all(
        "SELECT team, id FROM tasks WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (prefix, prefix + HIGHEST, MAX_MATCHES),
    )
    found = [await tasks.by_id(reader, row["team"], row["id"]) for row in rows]
    return tuple(task for task in found if task)


async def messages_beginning(reader: Reader, prefix: str) -> dict[str, int]:
    """The event of each message whose id begins so, by id, the shortest first."""
    rows = await reader.fetch_all(
        "SELECT id, event_id FROM messages WHERE id >= ? AND id < ? ORDER BY length(id), id LIMIT ?",
        (prefix, prefix + HIGHEST, MAX_MATCHES),
    )
    return {row["id"]: row["event_id"] for row in rows}
