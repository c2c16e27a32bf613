"""Stretches of the wakes of all agents, by the time at which they were queued."""

from xats_tui.backend.store.lists.conditions import Conditions
from xats_tui.backend.store.lists.keyed import KeyedList, count_above, rows_of
from xats_tui.backend.store.sql.columns import instant
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.backend.store.wakes import SELECT, wake_of
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted
from xats_tui.core.model.wakes import Wake

WAKES = KeyedList(
    select=SELECT.replace("w.*,", "w.queued_at AS key_0, w.rowid AS key_1, w.*,"),
    table="message_delivery_status w",
    key=("w.queued_at", "w.rowid"),
    time="w.queued_at",
    searched_rows=10_000,
)

TEXT = """coalesce(m.subject, '') || ' ' || coalesce(w.detail, '') || ' ' || coalesce(w.skip_reason, '') ||
    CASE WHEN w.urgent THEN ' urgent:' ELSE '' END"""
"""Text of a wake's row, without the names."""

STATES = {
    "waiting": "w.wake_status = 'retrying'",
    "failed": "w.wake_status = 'failed'",
    "skipped": "w.wake_status = 'skipped'",
    "submitted": "w.wake_status = 'delivered'",
    "delivered": "w.wake_status = 'delivered'",
    "seen": "w.seen_at IS NOT NULL",
    "read": "w.read_at IS NOT NULL",
}
"""Conditions for the filter's states."""

OF_TEAM = """coalesce((SELECT team FROM agents WHERE agent_id = w.agent_id),
    (SELECT team FROM agents WHERE agent_id = m.from_agent_id), ?) = ?"""
"""Condition for the team of an agent or, if the agent has left, of the sender; of neither, any team."""


async def stretch(reader: Reader, request: StretchRequest) -> Stretch[Wake]:
    """Return wakes on one side of a key: the time at which a wake was queued, and its rowid."""
    found = await rows_of(reader, WAKES, request, _conditions(request.wanted))
    return Stretch(
        entries=tuple(map(wake_of, found.rows)),
        reached=found.reached,
        reached_at=instant(found.reached[0]),
        is_last=found.is_last,
        above=await count_above(reader, WAKES, request),
    )


async def place(reader: Reader, message_id: str, agent_id: str) -> Key | None:
    """Return the key directly above a wake; None if it is not stored."""
    row = await reader.fetch_one(
        "SELECT queued_at, rowid + 1 FROM message_delivery_status WHERE message_id = ? AND agent_id = ?",
        (message_id, agent_id),
    )
    return tuple(row) if row else None


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if wanted.team is not None:
        conditions.add(OF_TEAM, wanted.team, wanted.team)
    for state in sorted(wanted.states & STATES.keys()):
        conditions.add(STATES[state])
    conditions.add_words(wanted.words, TEXT, ("+w.agent_id", "m.from_agent_id"))
    conditions.add_agents(wanted.agents, ("+w.agent_id",))
    return conditions
