"""Stretches of the messages of all teams, by the event that numbers them."""

from collections.abc import Sequence
from datetime import datetime

from xats_tui.backend.store.lists.conditions import Conditions
from xats_tui.backend.store.messages import SELECT, message_of
from xats_tui.backend.store.sql.columns import instant, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.model.messages import BROADCAST_MARK, Message
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted
from xats_tui.core.records import replace

SEARCHED_EVENTS = 20_000
"""Events that are looked through for what is wanted before the answer says how far that was."""

ANSWER_EVENTS = 5_000
"""Events after a message among which its answer is looked for."""

# Unbounded, the search for a missing answer would read everything that the recipient has written since.
ANSWERED = f"""CASE WHEN m.need_reply THEN (SELECT a.sent_at FROM messages a WHERE a.from_agent_id = m.to_agent_id
    AND a.to_agent_id = m.from_agent_id AND a.event_id > m.event_id AND a.event_id < m.event_id + {ANSWER_EVENTS}
    ORDER BY a.event_id LIMIT 1) END AS answered_at,"""

SELECT_NEAR = SELECT.replace("m.*,", f"m.*, {ANSWERED}")

TEXT = f"""coalesce(m.subject, '') || ' ' || m.body || ' ' || m.from_team || ' ' || m.to_team || ' ' ||
    CASE m.to_role WHEN '{BROADCAST_MARK}' THEN 'all of' ELSE coalesce(m.to_role || 's', '') END"""
"""Text of a message's row, without the names."""

# The `+` keeps SQLite from reading all messages of the agents, to sort them then.
PARTIES = ("+m.from_agent_id", "+m.to_agent_id")

STATES = {
    "unread": "m.read_at IS NULL",
    "read": "m.read_at IS NOT NULL",
    "reply": "m.need_reply = 1",
    "answered": "m.need_reply = 1",
    "unanswered": "m.need_reply = 1",
}
"""Conditions for the filter's states; a broadcast has a state of its own for each copy."""


async def stretch(reader: Reader, request: StretchRequest) -> Stretch[Message]:
    """Return whole letters on one side of an event id, which is the only part of the key.

    A letter is all messages of one event; the limit counts messages, and one letter at least is returned.
    """
    oldest, above = await _ends(reader)
    edge = min(max(request.key[0], oldest), above)
    far = request.until[0] if request.until else above if request.newer else oldest
    # All that one agent got is in an index; anything else has to be looked for.
    step = SEARCHED_EVENTS if replace(request.wanted, recipient=None) else above
    low, high = (edge, min(far, edge + step)) if request.newer else (max(far, edge - step), edge)
    found = await _letters(reader, request, low, high)
    taken = _within(found, request.limit)
    is_cut = len(taken) < len(found) or len(found) == request.limit
    messages = await _copies(reader, taken, request.wanted)
    last = (taken[-1] + 1 if request.newer else taken[-1]) if taken else edge
    end = high if request.newer else low
    reached = last if is_cut else end
    return Stretch(
        entries=messages,
        reached=(reached,),
        reached_at=await _time_at(reader, reached),
        is_last=not is_cut and reached == far,
        above=await _count_above(reader, request) if request.counts else None,
    )


async def place(reader: Reader, event_id: int) -> Key | None:
    """Return the key directly above a letter; None if it is not stored."""
    row = await reader.fetch_one("SELECT 1 FROM messages WHERE event_id = ? LIMIT 1", (event_id,))
    return (event_id + 1,) if row else None


async def _ends(reader: Reader) -> tuple[int, int]:
    """Return the event id of the oldest message, and the one above the newest."""
    row = await reader.fetch_one(
        "SELECT (SELECT min(event_id) FROM messages) AS oldest, (SELECT max(event_id) FROM messages) AS newest"
    )
    return (row["oldest"] or 0, (row["newest"] or 0) + 1) if row else (0, 1)


async def _count_above(reader: Reader, request: StretchRequest) -> int:
    recipient = request.wanted.recipient
    whose, given = ("AND to_agent_id = ?", (recipient,)) if recipient is not None else ("", ())
    row = await reader.fetch_one(
        f"SELECT count(*) AS number FROM messages WHERE event_id >= ? {whose}", (*request.key, *given)
    )
    return row["number"] if row else 0


async def _letters(reader: Reader, request: StretchRequest, low: int, high: int) -> list[tuple[int, int]]:
    """Return event ids with the number of their messages, those next to the key first."""
    order = "ASC" if request.newer else "DESC"
    conditions = _conditions(request.wanted)
    rows = await reader.fetch_all(
        "SELECT m.event_id, (SELECT count(*) FROM messages c WHERE c.event_id = m.event_id) AS copies "
        f"FROM messages m WHERE m.event_id >= ? AND m.event_id < ? AND {conditions} "
        f"GROUP BY m.event_id ORDER BY m.event_id {order} LIMIT ?",
        (low, high, *conditions.parameters, request.limit),
    )
    return [(row["event_id"], row["copies"]) for row in rows]


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if wanted.recipient is not None:
        conditions.add("m.to_agent_id = ?", wanted.recipient)
    if wanted.team is not None:
        conditions.add("(m.from_team = ? OR m.to_team = ?)", wanted.team, wanted.team)
    for state in sorted(wanted.states & STATES.keys()):
        conditions.add(STATES[state])
    conditions.add_words(wanted.words, TEXT, PARTIES)
    conditions.add_agents(wanted.agents, PARTIES)
    return conditions


def _within(found: Sequence[tuple[int, int]], limit: int) -> list[int]:
    """Return the first events whose messages keep within the limit, one at least."""
    taken: list[int] = []
    messages = 0
    for event_id, copies in found:
        messages += copies
        if taken and messages > limit:
            break
        taken.append(event_id)
    return taken


async def _copies(reader: Reader, event_ids: Sequence[int], wanted: Wanted) -> tuple[Message, ...]:
    return await reader.fetch_objects(
        _answered,
        f"{SELECT_NEAR} WHERE m.event_id IN (SELECT value FROM json_each(?)) AND (? IS NULL OR m.to_agent_id = ?) "
        "ORDER BY m.event_id DESC, m.id",
        (to_json(list(event_ids)), wanted.recipient, wanted.recipient),
    )


async def _time_at(reader: Reader, event_id: int) -> datetime | None:
    row = await reader.fetch_one(
        "SELECT sent_at FROM messages WHERE event_id >= ? ORDER BY event_id LIMIT 1", (event_id,)
    )
    return instant(row["sent_at"]) if row else None


def _answered(row: Row) -> Message:
    return message_of(row, instant(row["answered_at"]))
