"""Counts of what happened since a moment, read from indexes.

Events are numbered in the order of time, so a moment is found by halving the numbers, and everything that has an event
is counted by its number.  Nothing here reads more than `MAX_COUNTED` rows.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.store.history.happenings import ENDED, LOST, OPENED
from xats_tui.backend.store.sql.columns import from_json, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.activity import SummaryNote
from xats_tui.core.model.agents import OPERATOR_ID

MAX_COUNTED = 500_000
"""Maximum rows of one kind that are counted."""

MAX_READ = 500
"""Maximum newest rows of one kind whose details are read."""

MAX_NOTES = 5
"""Maximum details of one kind."""

MEMBERS = """(SELECT agent_id FROM agents WHERE team = ?3 UNION ALL
    SELECT agent_id FROM departed_agents WHERE team = ?3)"""
"""Agents of a team, with those that have left."""


class Span(Struct, frozen=True, kw_only=True):
    """A span of time with the numbers of its events."""

    since: datetime
    until: datetime
    first: int
    """Number of the first event."""
    end: int
    """Number of the first event after it."""
    team: str | None
    """The team that is looked at; None for all."""

    @property
    def times(self) -> tuple[str, str]:
        """Both times, as the store spells them."""
        return to_wire(self.since), to_wire(self.until)


async def span_of(reader: Reader, since: datetime, until: datetime, team: str | None) -> Span:
    """Return the span between two moments; the second one does not belong to it."""
    first, end = await first_event_since(reader, since), await first_event_since(reader, until)
    return Span(since=since, until=until, first=first, end=end, team=team)


class Counted(Struct, frozen=True):
    """A number of rows with details."""

    count: int
    notes: tuple[SummaryNote, ...] = ()
    """Details; those that are about an agent have its id."""

    @property
    def is_least(self) -> bool:
        """True if there may be more."""
        return self.count >= MAX_COUNTED


async def first_event_since(reader: Reader, moment: datetime) -> int:
    """Return the number of the first event at or after a moment; one more than the last number if there is none."""
    row = await reader.fetch_one(
        "WITH RECURSIVE halves(low, high) AS ("
        "SELECT (SELECT coalesce(min(event_id), 1) FROM events), (SELECT coalesce(max(event_id), 0) + 1 FROM events) "
        "UNION ALL SELECT "
        "CASE WHEN found.created_at < ?1 THEN found.event_id + 1 ELSE low END, "
        "CASE WHEN found.created_at < ?1 THEN high ELSE (low + high) / 2 END "
        "FROM halves JOIN events found ON found.event_id = "
        "(SELECT min(event_id) FROM events WHERE event_id >= (low + high) / 2) WHERE low < high) "
        "SELECT max(low) AS first FROM halves",
        (to_wire(moment),),
    )
    return int(row["first"] or 0) if row else 0


async def events(reader: Reader, kind: str, span: Span) -> int:
    """Count the events of a type."""
    sql, parameters = _selected(kind, span)
    row = await reader.fetch_one(f"SELECT count(*) AS n FROM ({sql} LIMIT {MAX_COUNTED})", parameters)
    return int(row["n"]) if row else 0


async def sent(reader: Reader, span: Span) -> Counted:
    """Count the messages that were sent within a team, to it and from it; a broadcast is one message."""
    count = await events(reader, "message_sent", span)
    if span.team is not None:
        row = await reader.fetch_one(
            "SELECT count(*) AS n FROM (SELECT 1 FROM events WHERE from_team = ?1 AND event_id >= ?2 "
            f"AND event_id < ?3 AND event_type = 'message_sent' AND to_team <> ?1 LIMIT {MAX_COUNTED})",
            (span.team, span.first, span.end),
        )
        count += int(row["n"]) if row else 0
    return Counted(count)


async def to_operator(reader: Reader, span: Span) -> Counted:
    """Count the operator's unread messages, with who sent the newest and what about."""
    wanted = (
        "m.to_agent_id = ?3 AND m.read_at IS NULL AND m.event_id >= ?1 AND m.event_id < ?4 "
        "AND (?2 IS NULL OR m.from_team = ?2)"
    )
    values = (span.first, span.team, OPERATOR_ID, span.end)
    row = await reader.fetch_one(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM messages m WHERE {wanted} LIMIT {MAX_COUNTED})", values
    )
    newest = await reader.fetch_all(
        f"SELECT coalesce(m.subject, substr(m.body, 1, 200)) AS what, m.from_agent_id AS who "
        f"FROM messages m WHERE {wanted} ORDER BY m.event_id DESC LIMIT {MAX_NOTES}",
        values,
    )
    return Counted(int(row["n"]) if row else 0, tuple(SummaryNote(what=one["what"], who=one["who"]) for one in newest))


async def wakes(reader: Reader, span: Span) -> Counted:
    """Count the wakes that were queued, with their outcomes."""
    of_team = f"AND agent_id IN {MEMBERS}" if span.team is not None else ""
    rows = await reader.fetch_all(
        "SELECT wake_status, count(*) AS n FROM (SELECT wake_status FROM message_delivery_status "
        f"WHERE queued_at >= ?1 AND queued_at < ?2 AND agent_id <> '{OPERATOR_ID}' {of_team} LIMIT {MAX_COUNTED}) "
        "GROUP BY wake_status ORDER BY n DESC",
        (*span.times, span.team)[: 2 if span.team is None else 3],
    )
    notes = tuple(SummaryNote(what=row["wake_status"], count=row["n"]) for row in rows)
    return Counted(sum(note.count for note in notes), notes)


async def failed(reader: Reader, span: Span) -> Counted:
    """Count the wakes that failed and whose message is still unread, with the reasons, the most frequent first."""
    of_team = f"AND w.agent_id IN {MEMBERS}" if span.team is not None else ""
    rows = await reader.fetch_all(
        "SELECT reason, count(*) AS n FROM (SELECT coalesce(w.detail, w.skip_reason, '') AS reason "
        "FROM message_delivery_status w JOIN messages m ON m.id = w.recipient_message_id "
        "WHERE w.wake_status = 'failed' AND w.updated_at >= ?1 AND w.updated_at < ?2 AND m.read_at IS NULL "
        f"{of_team} LIMIT {MAX_COUNTED}) "
        "GROUP BY reason ORDER BY n DESC",
        (*span.times, span.team)[: 2 if span.team is None else 3],
    )
    notes = [SummaryNote(what=row["reason"], count=row["n"]) for row in rows]
    return Counted(sum(note.count for note in notes), tuple(notes[:MAX_NOTES]))


async def dialogs(reader: Reader, span: Span) -> Counted:
    """Count the dialogs that were opened, with how long they stood; the longest first."""
    ends = {_dialog(row): from_wire(row["created_at"]) for row in await _newest(reader, ENDED, span)}
    notes = []
    for row in await _newest(reader, OPENED, span):
        payload, ended = from_json(row["payload"]), ends.get(_dialog(row))
        stood = (ended or span.until) - from_wire(payload["began"])
        notes.append(
            SummaryNote(what=payload["what"], who=row["actor"], duration=max(stood, timedelta()), is_open=not ended)
        )
    longest = sorted(notes, key=lambda note: note.duration or timedelta(), reverse=True)
    return Counted(await events(reader, OPENED, span), tuple(longest[:MAX_NOTES]))


async def done(reader: Reader, span: Span) -> Counted:
    """Count the tasks that were completed, with title and agent of the newest."""
    rows = await _newest(reader, "task_completed", span, MAX_NOTES)
    ids = [from_json(row["payload"]).get("task_id") for row in rows]
    found = await reader.fetch_all(
        "SELECT id, title FROM tasks WHERE id IN (SELECT value FROM json_each(?))", (to_json(ids),)
    )
    titles = {row["id"]: row["title"] for row in found}
    notes = (
        SummaryNote(what=titles.get(task, task or ""), who=row["actor"]) for task, row in zip(ids, rows, strict=True)
    )
    return Counted(await events(reader, "task_completed", span), tuple(notes))


async def published(reader: Reader, span: Span) -> Counted:
    """Count the contract versions that were published, the newest first."""
    notes = await _versions(reader, span)
    return Counted(await events(reader, "contract_registered", span), tuple(notes.values())[:MAX_NOTES])


async def broken(reader: Reader, span: Span) -> Counted:
    """Count the contract versions that break the version before, of the newest that were published."""
    notes = await _versions(reader, span)
    rows = await reader.fetch_all(
        "SELECT c.team, c.name, c.version FROM json_each(?) k CROSS JOIN contracts c ON c.team = k.value ->> 0 "
        "AND c.name = k.value ->> 1 AND c.version = k.value ->> 2 WHERE c.breaking",
        (to_json(list(notes)),),
    )
    breaking = {tuple(row) for row in rows}
    worse = tuple(note for key, note in notes.items() if key in breaking)
    return Counted(len(worse), worse[:MAX_NOTES])


async def _versions(reader: Reader, span: Span) -> dict[tuple[str, str, int], SummaryNote]:
    """Return the newest versions that were published: team, name and version, and who did it."""
    authors = {}
    for row in await _newest(reader, "contract_registered", span):
        name, version = (from_json(row["payload"])[part] for part in ("name", "version"))
        authors[row["to_team"], name, version] = row["actor"]
    teams = Counter(name for _, name in {(team, name) for team, name, _ in authors})
    return {
        (team, name, version): SummaryNote(
            what=f"{f'{name}@{team}' if teams[name] > 1 else name} v{version}", who=author
        )
        for (team, name, version), author in authors.items()
    }


async def lost(reader: Reader, span: Span) -> Counted:
    """Count the agents whose program ended without a farewell and that have not called since, each once."""
    found = await _newest(reader, LOST, span)
    times = Counter(row["actor"] for row in found if (row["seen"] or "") <= row["created_at"])
    return Counted(len(times), tuple(SummaryNote(what="", who=who, count=n) for who, n in times.items())[:MAX_NOTES])


async def came(reader: Reader, span: Span) -> Counted:
    """Count the agents that registered for the first time, the newest first."""
    return await _arrivals(reader, "agents", "registered_at", span)


async def left(reader: Reader, span: Span) -> Counted:
    """Count the agents that have left and are still gone, the newest first."""
    return await _arrivals(reader, "departed_agents", "departed_at", span)


async def _arrivals(reader: Reader, table: str, column: str, span: Span) -> Counted:
    # These tables hold one row for each name and no more, so they are read without an index by time.
    rows = await reader.fetch_all(
        f"SELECT agent_id, team FROM {table} WHERE {column} >= ?1 AND {column} < ?2 AND (?3 IS NULL OR team = ?3) "
        f"ORDER BY {column} DESC",
        (*span.times, span.team),
    )
    return Counted(len(rows), _who(rows[:MAX_NOTES]))


def _who(rows: Iterable[Row]) -> tuple[SummaryNote, ...]:
    return tuple(SummaryNote(what=row["team"], who=row["agent_id"]) for row in rows)


async def _newest(reader: Reader, kind: str, span: Span, limit: int = MAX_READ) -> Sequence[Row]:
    """Return the newest events of a type, with the id of the agent that caused each."""
    sql, parameters = _selected(kind, span)
    return await reader.fetch_all(
        f"SELECT e.to_team, e.payload, e.created_at, coalesce(e.actor_agent_id, '') AS actor, a.last_seen_at AS seen "
        f"FROM ({sql}) chosen JOIN events e ON e.event_id = chosen.event_id "
        f"LEFT JOIN agents a ON a.agent_id = e.actor_agent_id ORDER BY e.event_id DESC LIMIT {limit}",
        parameters,
    )


def _selected(kind: str, span: Span) -> tuple[str, tuple[object, ...]]:
    """Return the query for the numbers of a type's events, which skips from team to team in the index."""
    if span.team is not None:
        return (
            "SELECT event_id FROM events WHERE event_type = ? AND to_team = ? AND event_id >= ? AND event_id < ?",
            (kind, span.team, span.first, span.end),
        )
    return (
        "WITH RECURSIVE teams(team) AS (SELECT min(to_team) FROM events WHERE event_type = ?1 UNION ALL "
        "SELECT (SELECT min(to_team) FROM events WHERE event_type = ?1 AND to_team > team) FROM teams "
        "WHERE team IS NOT NULL) SELECT event_id FROM teams CROSS JOIN events "
        "ON event_type = ?1 AND to_team = team AND event_id >= ?2 AND event_id < ?3",
        (kind, span.first, span.end),
    )


def _dialog(row: Row) -> tuple[str, str]:
    """Return what tells a dialog from others: its agent, and when it began."""
    return row["actor"], from_json(row["payload"])["began"]
