"""Messages, their events, and who has read what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xats_tui.backend.clock import from_wire, to_wire
from xats_tui.backend.model import Message, Page
from xats_tui.backend.store.columns import instant, to_json
from xats_tui.backend.store.database import Reader, Row, Transaction

SELECT = """SELECT m.*,
    coalesce(s.name, (SELECT name FROM departed_agents WHERE agent_id = m.from_agent_id)) AS from_name,
    s.role AS from_role,
    coalesce(r.name, (SELECT name FROM departed_agents WHERE agent_id = m.to_agent_id)) AS to_name
    FROM messages m LEFT JOIN agents s ON s.agent_id = m.from_agent_id
    LEFT JOIN agents r ON r.agent_id = m.to_agent_id """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message before it has a number: one letter to one or more recipients of one team."""

    id: str
    from_team: str
    to_team: str
    from_agent_id: str
    recipients: tuple[str, ...]
    to_role: str | None
    subject: str | None
    body: str
    need_reply: bool

    def row_id(self, position: int) -> str:
        """The id of the row for the recipient at `position`: the first has the letter's own."""
        return self.id if position == 0 else f"{self.id}-{position}"


async def add_event(
    tx: Transaction, kind: str, from_team: str, to_team: str, actor: str, payload: dict[str, Any]
) -> int:
    """Append to the outbox that messages and contract events are numbered by; the event's id."""
    return await tx.insert(
        "INSERT INTO events (from_team, to_team, event_type, actor_agent_id, payload, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (from_team, to_team, kind, actor, to_json(payload), to_wire(tx.now)),
    )


async def add(tx: Transaction, letter: Outgoing) -> int:
    """Store a letter, one row a recipient; the id of its event."""
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


async def unread(reader: Reader, agent_id: str, limit: int) -> Page[Message]:
    """The oldest messages that the agent has not read."""
    rows = await reader.fetch_all(
        f"{SELECT} WHERE m.to_agent_id = ? AND m.read_at IS NULL ORDER BY m.event_id LIMIT ?", (agent_id, limit + 1)
    )
    return _page(rows, limit)


async def since(reader: Reader, agent_id: str, event_id: int, limit: int) -> Page[Message]:
    """The agent's messages after an event, oldest first, read or not."""
    rows = await reader.fetch_all(
        f"{SELECT} WHERE m.to_agent_id = ? AND m.event_id > ? ORDER BY m.event_id LIMIT ?",
        (agent_id, event_id, limit + 1),
    )
    return _page(rows, limit)


async def newest_event_id(reader: Reader, agent_id: str) -> int:
    """The event of the newest message to an agent; 0 if it never had any."""
    row = await reader.fetch_one("SELECT max(event_id) AS newest FROM messages WHERE to_agent_id = ?", (agent_id,))
    return int(row["newest"] or 0) if row else 0


async def stream(reader: Reader, limit: int, before_event_id: int | None = None) -> tuple[Message, ...]:
    """The newest messages of all teams, newest first."""
    rows = await reader.fetch_all(
        f"{SELECT} WHERE m.event_id < coalesce(?, 9223372036854775807) ORDER BY m.event_id DESC, m.id LIMIT ?",
        (before_event_id, limit),
    )
    return tuple(map(_message, rows))


async def mark_read(tx: Transaction, message_ids: Sequence[str]) -> None:
    """Note that their recipient has read these messages."""
    await tx.execute_many(
        "UPDATE messages SET read_at = ? WHERE id = ? AND read_at IS NULL",
        [(to_wire(tx.now), message_id) for message_id in message_ids],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """How much mail waits for an agent."""

    count: int
    oldest_at: str


async def unread_counts(reader: Reader) -> dict[str, Unread]:
    """Unread mail by agent id; agents without any are not in it."""
    rows = await reader.fetch_all(
        "SELECT to_agent_id, count(*) AS n, min(sent_at) AS oldest FROM messages WHERE read_at IS NULL "
        "GROUP BY to_agent_id"
    )
    return {row["to_agent_id"]: Unread(count=row["n"], oldest_at=row["oldest"]) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chatter:
    """What an agent and its counterparts have said to each other in some time."""

    received: int
    """Acknowledgements to the agent: short, and wanting no reply."""
    sent: int
    """Acknowledgements by the agent."""
    counterparts: int
    worth_waking: int
    """Unread messages to the agent that are no acknowledgement."""


async def chatter(reader: Reader, agent_id: str, since: datetime, short: int) -> Chatter:
    """The exchange of acknowledgements around an agent after `since`; `short` is in characters."""
    row = await reader.fetch_one(
        "SELECT (SELECT count(*) FROM messages WHERE to_agent_id = ?1 AND sent_at > ?2 AND need_reply = 0 "
        "AND length(body) <= ?3) AS received, "
        "(SELECT count(*) FROM messages WHERE from_agent_id = ?1 AND sent_at > ?2 AND need_reply = 0 "
        "AND length(body) <= ?3) AS sent, "
        "(SELECT count(DISTINCT from_agent_id) FROM messages WHERE to_agent_id = ?1 AND sent_at > ?2) "
        "AS counterparts, "
        "(SELECT count(*) FROM messages WHERE to_agent_id = ?1 AND read_at IS NULL AND NOT (need_reply = 0 "
        "AND length(body) <= ?3)) AS worth_waking",
        (agent_id, to_wire(since), short),
    )
    assert row is not None  # a row of counts
    return Chatter(
        received=row["received"], sent=row["sent"], counterparts=row["counterparts"], worth_waking=row["worth_waking"]
    )


async def sent_by(reader: Reader, message_id: str) -> str | None:
    """The id of the agent that sent a message; None if there is no such message."""
    row = await reader.fetch_one("SELECT from_agent_id FROM messages WHERE id = ?", (message_id,))
    return row["from_agent_id"] if row else None


def _page(rows: list[Row], limit: int) -> Page[Message]:
    return Page(rows=tuple(map(_message, rows[:limit])), has_more=len(rows) > limit)


def _message(row: Row) -> Message:
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
        from_name=row["from_name"],
        from_role=row["from_role"],
        to_name=row["to_name"],
    )
