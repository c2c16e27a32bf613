"""Messages, the events that number them, and read marks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.backend.store.sql.columns import instant, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.backend.store.sql.writer import RowId
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.agents import OPERATOR_ID, OPERATOR_NAME
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.pages import Page

ANSWER = """(SELECT a.sent_at FROM messages a WHERE a.from_agent_id = m.to_agent_id
    AND a.to_agent_id = m.from_agent_id AND a.event_id > m.event_id ORDER BY a.event_id LIMIT 1)"""
"""Time when the recipient of a message first wrote back to its sender."""

SELECT = """SELECT m.*,
    coalesce(s.name, (SELECT name FROM departed_agents WHERE agent_id = m.from_agent_id)) AS from_name,
    s.role AS from_role,
    coalesce(r.name, (SELECT name FROM departed_agents WHERE agent_id = m.to_agent_id)) AS to_name
    FROM messages m LEFT JOIN agents s ON s.agent_id = m.from_agent_id
    LEFT JOIN agents r ON r.agent_id = m.to_agent_id """

SELECT_ANSWERED = SELECT.replace("m.*,", f"m.*, CASE WHEN m.need_reply THEN {ANSWER} END AS answered_at,")
"""SELECT with the time when a message that wants a reply was answered."""

UNANSWERED_SEARCH_EVENTS = 2_000
"""Number of newest events that are searched for messages without an answer."""


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message before it is stored: one text to one or more recipients of one team."""

    id: str
    from_team: str
    to_team: str
    from_agent_id: str
    recipients: tuple[str, ...]
    to_role: str | None
    subject: str | None
    body: str
    need_reply: bool
    urgent: bool = False
    """True if its wakes may reach a model in the middle of a turn; stored with the wakes."""

    def row_id(self, position: int) -> str:
        """Return the row id for the recipient at `position`; the first row has the message's own id."""
        return self.id if position == 0 else f"{self.id}-{position}"


async def add_event(
    tx: Transaction, kind: str, from_team: str, to_team: str, actor: str, payload: dict[str, Any]
) -> RowId:
    """Append to the outbox that numbers messages and contract events; return the event's id."""
    return await tx.insert(
        "INSERT INTO events (from_team, to_team, event_type, actor_agent_id, payload, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (from_team, to_team, kind, actor, to_json(payload), to_wire(tx.now)),
    )


async def add(tx: Transaction, letter: Outgoing) -> RowId:
    """Store a message with one row for each recipient; return the id of its event."""
    payload: dict[str, Any] = {"recipients": list(letter.recipients), "subject": letter.subject}
    if letter.to_role is None:
        payload["need_reply"] = letter.need_reply
    else:
        payload = {"to_role": letter.to_role, **payload}
    event_id = await add_event(tx, "message_sent", letter.from_team, letter.to_team, letter.from_agent_id, payload)
    rows = [
        (
            letter.row_id(position),
            event_id,
            letter.from_team,
            letter.to_team,
            letter.from_agent_id,
            recipient,
            letter.to_role,
            letter.subject,
            letter.body,
            int(letter.need_reply),
            to_wire(tx.now),
        )
        for position, recipient in enumerate(letter.recipients)
    ]
    await tx.execute_many(
        "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, to_role, subject, body, "
        "need_reply, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    return event_id


async def unread(reader: Reader, agent_id: str, limit: int, offset: int = 0) -> Page[Message]:
    """Return the agent's oldest unread messages, skipping the first `offset`."""
    rows = await reader.fetch_all(
        f"{SELECT} WHERE m.to_agent_id = ? AND m.read_at IS NULL ORDER BY m.event_id LIMIT ? OFFSET ?",
        (agent_id, limit + 1, offset),
    )
    return _page(rows, limit)


async def since(reader: Reader, agent_id: str, event_id: int, limit: int, offset: int = 0) -> Page[Message]:
    """Return the agent's messages after an event, read or unread, oldest first, skipping the first `offset`."""
    rows = await reader.fetch_all(
        f"{SELECT} WHERE m.to_agent_id = ? AND m.event_id > ? ORDER BY m.event_id LIMIT ? OFFSET ?",
        (agent_id, event_id, limit + 1, offset),
    )
    return _page(rows, limit)


async def newest_event_id(reader: Reader, agent_id: str) -> int:
    """Return the event id of the newest message to an agent, or 0 if there is none."""
    row = await reader.fetch_one("SELECT max(event_id) AS newest FROM messages WHERE to_agent_id = ?", (agent_id,))
    return int(row["newest"] or 0) if row else 0


async def stream(reader: Reader, limit: int, before_event_id: int | None = None) -> tuple[Message, ...]:
    """Return the newest messages of all teams, newest first."""
    return await reader.fetch_objects(
        _with_answer,
        f"{SELECT_ANSWERED} WHERE m.event_id < coalesce(?, 9223372036854775807) ORDER BY m.event_id DESC, m.id LIMIT ?",
        (before_event_id, limit),
    )


async def sent_by_minute(
    reader: Reader, since: datetime, after_event_id: int, limit: int
) -> list[tuple[str, int, int]]:
    """Return for each minute since then the time of its first message, their number, and the first one's event id.

    Of the messages after an event id, at most `limit` are looked at, the newest.
    """
    rows = await reader.fetch_all(
        "SELECT min(sent_at) AS at, count(*) AS n, min(event_id) AS first FROM (SELECT event_id, sent_at FROM messages "
        "WHERE event_id > ? ORDER BY event_id DESC LIMIT ?) WHERE sent_at >= ? GROUP BY substr(sent_at, 1, 16)",
        (after_event_id, limit, to_wire(since)),
    )
    return [(row["at"], row["n"], row["first"]) for row in rows]


async def newest_to(reader: Reader, agent_id: str, limit: int) -> tuple[Message, ...]:
    """Return the newest messages to an agent, read or unread, newest first."""
    return await reader.fetch_objects(
        _with_answer,
        f"{SELECT_ANSWERED} WHERE m.to_agent_id = ? ORDER BY m.event_id DESC, m.id LIMIT ?",
        (agent_id, limit),
    )


async def unanswered(reader: Reader, limit: int) -> tuple[Message, ...]:
    """Return recent messages to a single agent that want a reply and have none, newest first."""
    return await reader.fetch_objects(
        message_of,
        f"{SELECT} WHERE m.event_id > (SELECT max(event_id) FROM messages) - ? AND m.need_reply = 1 "
        f"AND m.to_role IS NULL AND m.from_agent_id <> m.to_agent_id AND NOT EXISTS {ANSWER} "
        "ORDER BY m.event_id DESC LIMIT ?",
        (UNANSWERED_SEARCH_EVENTS, limit),
    )


async def of_event(reader: Reader, event_id: int) -> tuple[Message, ...]:
    """Return everything sent in one event: one message, or a broadcast's message to each recipient."""
    rows = await reader.fetch_all(f"{SELECT_ANSWERED} WHERE m.event_id = ? ORDER BY m.id", (event_id,))
    return tuple(map(_with_answer, rows))


async def between(reader: Reader, one: str, others: Sequence[str], event_id: int, *, before: int, after: int) -> Thread:
    """Return the messages between an agent and its counterparts around an event.

    Args:
        reader: the store.
        one: id of the agent.
        others: ids of the counterparts.
        event_id: event in the middle.
        before: maximum number of messages up to and including this event.
        after: maximum number of later messages.
    """
    pair = (
        "((m.from_agent_id = ?1 AND m.to_agent_id IN (SELECT value FROM json_each(?2))) "
        "OR (m.to_agent_id = ?1 AND m.from_agent_id IN (SELECT value FROM json_each(?2))))"
    )
    whose = (one, to_json(list(others)), event_id)
    earlier = await reader.fetch_all(
        f"{SELECT_ANSWERED} WHERE {pair} AND m.event_id <= ?3 ORDER BY m.event_id DESC, m.id DESC LIMIT ?4",
        (*whose, before + 1),
    )
    later = await reader.fetch_all(
        f"{SELECT_ANSWERED} WHERE {pair} AND m.event_id > ?3 ORDER BY m.event_id, m.id LIMIT ?4", (*whose, after + 1)
    )
    rows = (*reversed(earlier[:before]), *later[:after])
    return Thread(
        messages=tuple(map(_with_answer, rows)), more_before=len(earlier) > before, more_after=len(later) > after
    )


async def unread_among(reader: Reader, agent_id: str, message_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids in `message_ids` that are unread messages to this agent."""
    rows = await reader.fetch_all(
        "SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND to_agent_id = ? AND read_at IS NULL",
        (to_json(list(message_ids)), agent_id),
    )
    return tuple(row["id"] for row in rows)


async def mark_read(tx: Transaction, message_ids: Sequence[str]) -> None:
    """Mark these messages as read by their recipient."""
    await tx.execute_many(
        "UPDATE messages SET read_at = ? WHERE id = ? AND read_at IS NULL",
        [(to_wire(tx.now), message_id) for message_id in message_ids],
    )


class Unread(Struct, frozen=True, kw_only=True):
    """Number and age of an agent's unread messages."""

    count: int
    oldest_at: str


async def unread_count(reader: Reader, agent_id: str) -> int:
    """Count an agent's unread messages."""
    row = await reader.fetch_one(
        "SELECT count(*) AS n FROM messages WHERE to_agent_id = ? AND read_at IS NULL", (agent_id,)
    )
    return int(row["n"]) if row else 0


async def unread_counts(reader: Reader) -> dict[str, Unread]:
    """Return unread messages by agent id, without agents that have none."""
    rows = await reader.fetch_all(
        "SELECT u.to_agent_id, u.n, (SELECT sent_at FROM messages WHERE to_agent_id = u.to_agent_id "
        "AND read_at IS NULL ORDER BY event_id LIMIT 1) AS oldest FROM "
        "(SELECT to_agent_id, count(*) AS n FROM messages WHERE read_at IS NULL GROUP BY to_agent_id) AS u"
    )
    return {row["to_agent_id"]: Unread(count=row["n"], oldest_at=row["oldest"]) for row in rows}


async def sent_by(reader: Reader, message_id: str) -> str | None:
    """Return the id of the agent that sent a message, or None if there is no such message."""
    row = await reader.fetch_one("SELECT from_agent_id FROM messages WHERE id = ?", (message_id,))
    return row["from_agent_id"] if row else None


def _page(rows: list[Row], limit: int) -> Page[Message]:
    return Page(rows=tuple(map(message_of, rows[:limit])), has_more=len(rows) > limit)


def message_of(row: Row, answered_at: datetime | None = None) -> Message:
    """Return the message in a row of `SELECT`."""
    return Message(
        id=row["id"],
        event_id=row["event_id"],
        from_team=row["from_team"],
        to_team=row["to_team"],
        from_agent_id=row["from_agent_id"],
        to_agent_id=row["to_agent_id"],
        to_role=row["to_role"],
        subject=row["subject"],
        body=row["body"],
        need_reply=bool(row["need_reply"]),
        sent_at=from_wire(row["sent_at"]),
        read_at=instant(row["read_at"]),
        from_name=_called(row["from_agent_id"], row["from_name"]),
        from_role=_called(row["from_agent_id"], row["from_role"]),
        to_name=_called(row["to_agent_id"], row["to_name"]),
        answered_at=answered_at,
    )


def _with_answer(row: Row) -> Message:
    return message_of(row, instant(row["answered_at"]))


def _called(agent_id: str, name: str | None) -> str | None:
    """Return the name or role in a row; the operator has no row and gets a fixed name."""
    return OPERATOR_NAME if agent_id == OPERATOR_ID else name
