"""What a report of a span reads besides the long lists: places in them, attempts of many wakes, tasks that moved."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from xats_tui.backend.store.history.summary import Span
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.backend.store.tasks import task_of
from xats_tui.backend.store.wakes import attempt_of
from xats_tui.core.clock import to_wire
from xats_tui.core.model.pages import Key
from xats_tui.core.model.tasks import Task
from xats_tui.core.model.wakes import Wake, WakeAttempt


async def places(reader: Reader, span: Span) -> dict[str, tuple[Key, Key]]:
    """Return the keys of a span's beginning and end in the long lists of messages, wakes and history."""
    first, end = [await _first_action(reader, time) for time in span.times]
    since, until = span.times
    return {
        "messages": ((span.first,), (span.end,)),
        "wakes": ((since, 0), (until, 0)),
        "timeline": ((span.first, first), (span.end, end)),
    }


async def _first_action(reader: Reader, time: str) -> int:
    """Return the number of the operator's first action since a time; one more than the last if there is none."""
    row = await reader.fetch_one(
        "SELECT coalesce((SELECT activity_id FROM activity WHERE at >= ? ORDER BY at, activity_id LIMIT 1), "
        "(SELECT max(activity_id) + 1 FROM activity), 1) AS first",
        (time,),
    )
    return int(row["first"]) if row else 1


async def attempts(reader: Reader, wakes: Iterable[Wake]) -> Mapping[tuple[str, str], Sequence[WakeAttempt]]:
    """Return the attempts of these wakes, by message id and agent id, the first attempt first."""
    keys = [[wake.message_id, wake.agent_id] for wake in wakes]
    rows = await reader.fetch_all(
        "SELECT a.* FROM json_each(?) k CROSS JOIN wake_attempts a ON a.message_id = k.value ->> 0 "
        "AND a.agent_id = k.value ->> 1 ORDER BY a.message_id, a.agent_id, a.number",
        (to_json(keys),),
    )
    found: defaultdict[tuple[str, str], list[WakeAttempt]] = defaultdict(list)
    for row in rows:
        found[row["message_id"], row["agent_id"]].append(attempt_of(row))
    return found


async def breaks(reader: Reader, team: str, name: str, version: int) -> bool | None:
    """Return whether a version of a contract breaks the one before; None for a first version."""
    row = await reader.fetch_one(
        "SELECT breaking FROM contracts WHERE team = ? AND name = ? AND version = ?", (team, name, version)
    )
    return None if row is None or row["breaking"] is None else bool(row["breaking"])


async def titles(reader: Reader, task_ids: Iterable[str]) -> dict[str, str]:
    """Return the titles of these tasks by id."""
    rows = await reader.fetch_all(
        "SELECT id, title FROM tasks WHERE id IN (SELECT value FROM json_each(?))", (to_json(list(task_ids)),)
    )
    return {row["id"]: row["title"] for row in rows}


async def tasks(reader: Reader, span: Span, after: int, limit: int) -> tuple[Sequence[Task], int | None]:
    """Return the next tasks that existed in a span and were not done before it, and where to go on; None at the end."""
    rows = await reader.fetch_all(
        "SELECT rowid AS number, * FROM tasks WHERE rowid > ?1 AND (?2 IS NULL OR team = ?2) AND created_at < ?3 "
        "AND (completed_at IS NULL OR completed_at >= ?4) ORDER BY rowid LIMIT ?5",
        (after, span.team, to_wire(span.until), to_wire(span.since), limit),
    )
    return tuple(map(task_of, rows)), rows[-1]["number"] if len(rows) == limit else None
