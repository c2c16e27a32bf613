"""Deletion of old rows, a bounded number at a time.

Each function deletes at most `limit` rows and returns how many; a smaller number means that none are left.
"""

from datetime import datetime

from xats_tui.backend.store.search.indexing import put_messages_back, take_messages_out
from xats_tui.backend.store.sql.change_log import AT
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import to_wire
from xats_tui.core.events import HistoryPruned

IN = "IN (SELECT value FROM json_each(?))"
"""Any id in one JSON array, because SQLite limits the number of variables."""


async def prune_messages(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete read messages sent before `before`, with their wakes and the events that have no message left."""
    rows = await tx.fetch_all(
        "SELECT id, event_id FROM messages WHERE read_at IS NOT NULL AND sent_at < ? ORDER BY sent_at LIMIT ?",
        (to_wire(before), limit),
    )
    if not rows:
        return 0
    ids, events = to_json([row["id"] for row in rows]), sorted({row["event_id"] for row in rows})
    await take_messages_out(tx, events)
    await tx.execute(
        "DELETE FROM wake_attempts WHERE (message_id, agent_id) IN "
        f"(SELECT message_id, agent_id FROM message_delivery_status WHERE recipient_message_id {IN})",
        (ids,),
    )
    await tx.execute(f"DELETE FROM message_delivery_status WHERE recipient_message_id {IN}", (ids,))
    await tx.execute(f"DELETE FROM messages WHERE id {IN}", (ids,))
    await tx.execute(
        f"DELETE FROM events WHERE event_id {IN} "
        "AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.event_id = events.event_id)",
        (to_json(events),),
    )
    await put_messages_back(tx, events)
    tx.record(HistoryPruned())
    return len(rows)


async def prune_events(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete events from before `before`, except those that messages or contract subscribers depend on."""
    rows = await tx.fetch_all(
        "DELETE FROM events WHERE event_id IN (SELECT event_id FROM events "
        "WHERE event_type NOT IN ('message_sent', 'contract_registered') AND created_at < ? "
        "ORDER BY created_at LIMIT ?) RETURNING event_id",
        (to_wire(before), limit),
    )
    return len(rows)


async def prune_activity(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete operator activity from before `before`."""
    rows = await tx.fetch_all(
        "DELETE FROM activity WHERE activity_id IN (SELECT activity_id FROM activity WHERE at < ? ORDER BY at LIMIT ?) "
        "RETURNING activity_id",
        (to_wire(before), limit),
    )
    if rows:
        tx.record(HistoryPruned())
    return len(rows)


async def prune_sessions(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete sessions without a call since `before`."""
    rows = await tx.fetch_all(
        "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE last_call_at < ? LIMIT ?) "
        "RETURNING session_id",
        (to_wire(before), limit),
    )
    return len(rows)


async def prune_calls(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete stored answers of calls from before `before`."""
    rows = await tx.fetch_all(
        "DELETE FROM calls WHERE (caller, call_id) IN "
        "(SELECT caller, call_id FROM calls WHERE at < ? ORDER BY at LIMIT ?) RETURNING call_id",
        (to_wire(before), limit),
    )
    return len(rows)


async def prune_changes(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete what the change log tells of moments before `before`; the last of these moments stays."""
    kept = await tx.fetch_one(AT, (to_wire(before),))
    if kept is None:
        return 0
    rows = await tx.fetch_all(
        "DELETE FROM changes WHERE change_id IN (SELECT change_id FROM changes WHERE change_id <= ? AND moment <= ? "
        "ORDER BY change_id LIMIT ?) RETURNING change_id",
        (kept["change_id"], kept["moment"], limit),
    )
    if len(rows) < limit:  # a moment may go only when no entry tells of an earlier one
        rows = await tx.fetch_all(
            "DELETE FROM moments WHERE moment IN (SELECT moment FROM moments WHERE moment < ? ORDER BY moment LIMIT ?) "
            "RETURNING moment",
            (kept["moment"], limit),
        )
    return len(rows)


async def prune_looks(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete screens from before `before`; there are few of each agent."""
    rows = await tx.fetch_all(
        "DELETE FROM looks WHERE look_id IN (SELECT look_id FROM looks WHERE at < ? ORDER BY look_id LIMIT ?) "
        "RETURNING look_id",
        (to_wire(before), limit),
    )
    return len(rows)
