"""Queries whose form for the present would read all mail in the past: the log knows what was open then."""

from xats_tui.backend.store import wakes
from xats_tui.backend.store.messages import Unread
from xats_tui.backend.store.past.reader import PastReader
from xats_tui.core.clock import from_wire
from xats_tui.core.model.client_states import AgentState, PastFacts
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import Wake

LISTED = """SELECT w.message_id, w.agent_id, w.queued_at, 1 AS pressing FROM temp.open_wakes o
        CROSS JOIN message_delivery_status w ON w.recipient_message_id = o.recipient_message_id
    UNION ALL SELECT f.message_id, f.agent_id, f.queued_at, 1 FROM temp.unread u
        CROSS JOIN message_delivery_status f ON f.recipient_message_id = u.id
        JOIN temp.agents a ON a.agent_id = f.agent_id WHERE f.wake_status = 'failed'
    UNION ALL SELECT * FROM (SELECT message_id, agent_id, queued_at, 0 FROM message_delivery_status
        WHERE queued_at <= (SELECT latest_at FROM temp.here) ORDER BY queued_at DESC LIMIT ?)"""
"""Wakes for the list, as `wakes.LISTED` has them."""


async def newest_wakes(past: PastReader, limit: int) -> tuple[Wake, ...]:
    """Return wakes of all agents, newest first; wakes that somebody waited for take precedence within the limit."""
    return await wakes.newest(past, limit, listed=LISTED)


async def waiting_by_agent(past: PastReader) -> dict[str, int]:
    """Count the waiting wakes of each agent."""
    rows = await past.fetch_all(
        "SELECT w.agent_id, count(*) AS n FROM temp.open_wakes o "
        "CROSS JOIN message_delivery_status w ON w.recipient_message_id = o.recipient_message_id "
        "WHERE w.wake_status = 'retrying' GROUP BY w.agent_id"
    )
    return {row["agent_id"]: row["n"] for row in rows}


async def failed_count(past: PastReader) -> int:
    """Count the failed wakes whose message was unread."""
    row = await past.fetch_one(
        "SELECT count(*) AS n FROM temp.unread u "
        "CROSS JOIN message_delivery_status w ON w.recipient_message_id = u.id WHERE w.wake_status = 'failed'"
    )
    return int(row["n"]) if row else 0


async def unread_counts(past: PastReader) -> dict[str, Unread]:
    """Return unread messages by agent id, without agents that had none."""
    rows = await past.fetch_all(
        "SELECT to_agent_id, count(*) AS n, min(event_id), sent_at FROM temp.unread GROUP BY to_agent_id"
    )
    return {row["to_agent_id"]: Unread(count=row["n"], oldest_at=row["sent_at"]) for row in rows}


async def facts(past: PastReader) -> dict[str, PastFacts]:
    """Return what the log tells of each agent, by its id; an agent of which it tells nothing is missing."""
    rows = await past.fetch_all("SELECT * FROM temp.agent_states")
    return {
        row["agent_id"]: PastFacts(
            state=AgentState(
                state=PaneState(row["state"]),
                since=from_wire(row["since"]),
                reason=row["reason"],
                source=row["source"],
            )
            if row["state"] in set(PaneState)
            else None,
            online=bool(row["online"]) if row["online"] is not None else None,
        )
        for row in rows
    }
