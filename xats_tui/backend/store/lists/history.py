"""Stretches of what was done: the operator's actions and the agents' events, merged by time."""

from collections.abc import Sequence

from msgspec import Struct

from xats_tui.backend.store.activity import SELECT_EVENTS, activity_of, logged_event_of
from xats_tui.backend.store.lists.conditions import Conditions
from xats_tui.backend.store.lists.keyed import FoundRows, KeyedList, beyond, count_above, key_in, rows_of
from xats_tui.backend.store.sql.columns import instant
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted
from xats_tui.core.records import replace

Entry = Activity | LoggedEvent

EVENTS = KeyedList(
    select=SELECT_EVENTS.replace("e.event_id,", "e.event_id AS key_0, e.created_at AS at, e.event_id,", 1),
    table="events e",
    key=("e.event_id",),
    time="e.created_at",
    searched_rows=10_000,
)

ACTIONS = KeyedList(
    select="SELECT a.activity_id AS key_0, a.* FROM activity a",
    table="activity a",
    key=("a.activity_id",),
    time="a.at",
    searched_rows=10_000,
)

TEXT_OF_EVENT = """replace(e.event_type, '_', ' ') || ' ' || e.to_team || ' ' || e.payload || ' ' ||
    CASE e.event_type WHEN 'message_sent' THEN
    coalesce((SELECT coalesce(m.subject, substr(m.body, 1, 200)) FROM messages m WHERE m.event_id = e.event_id), '')
    WHEN 'contract_registered' THEN 'v' || coalesce(e.payload ->> 'version', '')
    ELSE coalesce((SELECT title FROM tasks WHERE id = e.payload ->> 'task_id'), '') END"""
"""Text of an event's row, without the names."""

TEXT_OF_ACTION = """a.actor || ' ' || a.verb || ' ' || a.detail || ' ' ||
    coalesce((SELECT title FROM tasks WHERE id = a.detail), '')"""
"""Text of an action's row, without the names."""

OF_TEAM = "coalesce((SELECT team FROM agents WHERE agent_id = a.agent_id), ?) = ?"
"""Condition for the team of an action's agent; an action without an agent is in any team."""

ABOVE_ALL = 2**62
"""Id above all that are stored."""

PARTIES = ("+e.actor_agent_id", "(SELECT m.to_agent_id FROM messages m WHERE m.event_id = e.event_id LIMIT 1)")
"""Agents of an event; of the recipients of a broadcast, one."""

OPERATOR, NOT_STORED = "operator", frozenset({"tmux", "notice"})
OF_EVENTS = frozenset({"message", "task", "contract", "dialog", "agent"})
"""Kinds of entries, as the filter knows them."""


class LogPart(Struct, frozen=True, kw_only=True):
    """Stretch of one of the two logs."""

    listed: KeyedList
    key: Key
    """Key where it begins."""
    found: FoundRows
    is_complete: bool
    """True if it goes as far as was asked for."""
    up_to: str
    """Time that it goes to, as the store spells it."""


async def stretch(reader: Reader, request: StretchRequest) -> Stretch[Entry]:
    """Return entries on one side of a key: an event id and an activity id, one for each of the two logs."""
    parts = [
        await _part(reader, EVENTS, request, 0, _event_conditions(request.wanted)),
        await _part(reader, ACTIONS, request, 1, _action_conditions(request.wanted)),
    ]
    # Beyond the time that both logs were read up to, entries of one of them would be missing.
    pick = min if request.newer else max
    horizon = pick((part.up_to for part in parts if not part.is_complete), default=None)
    kept = [_kept(part, horizon, newer=request.newer) for part in parts]
    (events, _), (actions, _) = kept
    entries: list[tuple[str, Entry]] = [(row["at"], logged_event_of(row)) for row in events]
    entries += [(row["at"], activity_of(row)) for row in actions]
    return Stretch(
        entries=tuple(entry for _, entry in sorted(entries, key=lambda pair: pair[0], reverse=True)),
        reached=tuple(key for _, key in kept),
        reached_at=instant(horizon),
        is_last=horizon is None and request.until is None,
        above=await _count_above(reader, request),
    )


async def place_of_event(reader: Reader, event_id: int) -> Key | None:
    """Return the key directly above an event; None if it is not stored."""
    row = await reader.fetch_one("SELECT created_at FROM events WHERE event_id = ?", (event_id,))
    if row is None:
        return None
    above = await reader.fetch_one(
        "SELECT activity_id FROM activity WHERE at > ? ORDER BY at, activity_id LIMIT 1", (row["created_at"],)
    )
    return event_id + 1, above["activity_id"] if above else ABOVE_ALL


async def place_of_action(reader: Reader, activity_id: int) -> Key | None:
    """Return the key directly above an action of the operator; None if it is not stored."""
    row = await reader.fetch_one("SELECT at FROM activity WHERE activity_id = ?", (activity_id,))
    return (await _first_event_after(reader, row["at"]), activity_id + 1) if row else None


async def _first_event_after(reader: Reader, at: str) -> int:
    """Return the id of the first event after a time; events are numbered in their order in time."""
    ends = await reader.fetch_one("SELECT (SELECT min(event_id) FROM events), (SELECT max(event_id) FROM events)")
    low, high = (ends[0] or 0, (ends[1] or 0) + 1) if ends else (0, 1)
    while low < high:
        middle = (low + high) // 2
        row = await reader.fetch_one(
            "SELECT event_id, created_at FROM events WHERE event_id >= ? ORDER BY event_id LIMIT 1", (middle,)
        )
        if row is None or row["created_at"] > at:
            high = middle
        else:
            low = row["event_id"] + 1
    return low


async def _count_above(reader: Reader, request: StretchRequest) -> int | None:
    if not request.counts:
        return None
    requests = (replace(request, key=(key,)) for key in request.key)
    counts = [await count_above(reader, *one) for one in zip((EVENTS, ACTIONS), requests, strict=True)]
    return sum(filter(None, counts))


async def _part(
    reader: Reader, listed: KeyedList, request: StretchRequest, place: int, conditions: Conditions | None
) -> LogPart:
    key, until = (request.key[place],), (request.until[place],) if request.until else None
    if conditions is None:
        found = FoundRows(rows=(), reached=key, is_last=True)
    else:
        found = await rows_of(reader, listed, replace(request, key=key, until=until), conditions)
    return LogPart(
        listed=listed,
        key=key,
        found=found,
        is_complete=found.is_last or found.reached == until,
        up_to=await _time_at(reader, listed, found.reached, newer=request.newer),
    )


def _kept(part: LogPart, horizon: str | None, *, newer: bool) -> tuple[Sequence[Row], int]:
    """Return the rows of a log up to a time, and the id at which the log goes on."""
    rows = part.found.rows
    if horizon is None or part.up_to == horizon:
        return rows, part.found.reached[0]
    kept = [row for row in rows if (row["at"] <= horizon if newer else row["at"] >= horizon)]
    if len(kept) == len(rows) and part.is_complete:
        return kept, part.found.reached[0]
    if not kept:
        return kept, part.key[0]
    farthest = kept[0] if newer else kept[-1]
    return kept, beyond(key_in(part.listed, farthest), newer=newer)[0]


async def _time_at(reader: Reader, listed: KeyedList, key: Key, *, newer: bool) -> str:
    """Return the time of the last row before a key; empty if there is none."""
    table, (column,) = listed.table, listed.key
    side, order = ("<", "DESC") if newer else (">=", "ASC")
    row = await reader.fetch_one(
        f"SELECT {listed.time} AS at FROM {table} WHERE {column} {side} ? ORDER BY {column} {order} LIMIT 1", key
    )
    return row["at"] if row else ""


def _event_conditions(wanted: Wanted) -> Conditions | None:
    """Return the conditions for an event; None if no event is wanted."""
    if wanted.states & (NOT_STORED | {OPERATOR}):
        return None
    conditions = Conditions()
    if wanted.team is not None:
        conditions.add(
            "(e.to_team = ? OR EXISTS (SELECT 1 FROM agents WHERE agent_id = e.actor_agent_id AND team = ?))",
            wanted.team,
            wanted.team,
        )
    for kind in sorted(wanted.states & OF_EVENTS):
        conditions.add("substr(e.event_type, 1, length(?)) = ?", kind, kind)
    conditions.add_words(wanted.words, TEXT_OF_EVENT, PARTIES)
    conditions.add_agents(wanted.agents, PARTIES)
    return conditions


def _action_conditions(wanted: Wanted) -> Conditions | None:
    """Return the conditions for an action of the operator; None if none is wanted."""
    if wanted.states & (NOT_STORED | OF_EVENTS):
        return None
    conditions = Conditions()
    if wanted.team is not None:
        conditions.add(OF_TEAM, wanted.team, wanted.team)
    conditions.add_words(wanted.words, TEXT_OF_ACTION, ("+a.agent_id",))
    for name in wanted.agents:
        if not OPERATOR.startswith(name):
            conditions.add_agents([name], ("+a.agent_id",))
    return conditions
