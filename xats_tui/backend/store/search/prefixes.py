"""Lookup of tasks and messages by the beginning of an id, as people type it."""

from xats_tui.backend.store import tasks
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.model.tasks import Task

HIGHEST = "\U0010ffff"
"""Highest character, for range queries: they use the index of the ids, which LIKE does not."""

MAX_MATCHES = 100
"""Fetch this many matches: enough to detect an ambiguous prefix, as a broadcast has a row for each recipient."""


async def tasks_beginning(reader: Reader, prefix: str) -> tuple[Task, ...]:
    """Return tasks of any team whose id starts with `prefix`."""
    rows = await reader.fetch_all(
        "SELECT team, id FROM tasks WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (prefix, prefix + HIGHEST, MAX_MATCHES),
    )
    found = [await tasks.by_id(reader, row["team"], row["id"]) for row in rows]
    return tuple(task for task in found if task)


async def messages_beginning(reader: Reader, prefix: str) -> dict[str, int]:
    """Return event ids of messages whose id starts with `prefix`, by message id, shortest id first."""
    rows = await reader.fetch_all(
        "SELECT id, event_id FROM messages WHERE id >= ? AND id < ? ORDER BY length(id), id LIMIT ?",
        (prefix, prefix + HIGHEST, MAX_MATCHES),
    )
    return {row["id"]: row["event_id"] for row in rows}
