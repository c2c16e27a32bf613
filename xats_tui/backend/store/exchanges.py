"""Recent messages and work of an agent and its counterparts."""

from datetime import datetime

from msgspec import Struct

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.clock import from_wire, to_wire

MAX_TEXT_CHARS = 200
"""Longest message that is compared with others; a longer message never counts as a repetition."""

MAX_MESSAGES = 200
"""Limit for each of three queries: newest messages to an agent, newest messages by it, its unread messages."""

MAX_EVENTS = 50
"""Limit for the newest contract events of a team."""


class Utterance(Struct, frozen=True, kw_only=True):
    """One message of an exchange."""

    at: datetime
    sender: str
    recipient: str
    text: str
    """Subject and body; only the beginning of a text that is too long to be compared."""
    need_reply: bool
    read: bool


async def exchange(reader: Reader, agent_id: str, since: datetime) -> tuple[Utterance, ...]:
    """Return messages to and from an agent after `since`, and all its unread messages, oldest first."""
    return await reader.fetch_objects(
        _said,
        "SELECT DISTINCT id, event_id, sent_at, from_agent_id, to_agent_id, need_reply, read_at, "
        "substr(coalesce(subject || ' ', '') || body, 1, ?3) AS text FROM ("
        "SELECT * FROM (SELECT * FROM messages WHERE to_agent_id = ?1 ORDER BY event_id DESC LIMIT ?4) "
        "WHERE sent_at > ?2 UNION ALL "
        "SELECT * FROM (SELECT * FROM messages WHERE from_agent_id = ?1 ORDER BY event_id DESC LIMIT ?4) "
        "WHERE sent_at > ?2 UNION ALL "
        "SELECT * FROM (SELECT * FROM messages WHERE to_agent_id = ?1 AND read_at IS NULL ORDER BY event_id LIMIT ?4)"
        ") ORDER BY event_id",
        (agent_id, to_wire(since), MAX_TEXT_CHARS + 1, MAX_MESSAGES),
    )


async def worked_since(reader: Reader, team: str, agent_ids: frozenset[str], since: datetime) -> bool:
    """Return whether any of these agents touched a task or contract of the team after `since`."""
    row = await reader.fetch_one(
        "SELECT 1 FROM events WHERE event_type NOT IN ('message_sent', 'contract_registered') AND created_at > ?1 "
        "AND actor_agent_id IN (SELECT value FROM json_each(?2)) UNION ALL "
        "SELECT 1 FROM (SELECT * FROM events WHERE event_type = 'contract_registered' AND to_team = ?3 "
        "ORDER BY event_id DESC LIMIT ?4) WHERE created_at > ?1 LIMIT 1",
        (to_wire(since), to_json(sorted(agent_ids)), team, MAX_EVENTS),
    )
    return row is not None


def _said(row: Row) -> Utterance:
    return Utterance(
        at=from_wire(row["sent_at"]),
        sender=row["from_agent_id"],
        recipient=row["to_agent_id"],
        text=row["text"],
        need_reply=bool(row["need_reply"]),
        read=row["read_at"] is not None,
    )
