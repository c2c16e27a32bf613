"""Operator activity, agent events, and do-not-disturb settings."""

from datetime import datetime

from xats_tui.backend.store.sql.columns import column, from_json, instant
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.events import ActivityNoted
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import Agent

SELECT_EVENTS = """SELECT e.event_id, e.event_type, e.to_team, e.actor_agent_id, e.payload, e.created_at,
    a.name AS actor,
    (SELECT json_group_array(m.to_agent_id) FROM messages m WHERE m.event_id = e.event_id) AS others,
    (SELECT coalesce(m.subject, substr(m.body, 1, 200)) FROM messages m WHERE m.event_id = e.event_id LIMIT 1) AS told
    FROM events e LEFT JOIN agents a ON a.agent_id = e.actor_agent_id """


async def note(
    tx: Transaction, actor: str, verb: str, detail: str, *, agent_id: str | None = None, message_id: str | None = None
) -> None:
    """Record an operator action in the transaction that carries it out."""
    await tx.execute(
        "INSERT INTO activity (at, actor, verb, agent_id, message_id, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (to_wire(tx.now), actor, verb, agent_id, message_id, detail),
    )
    tx.record(ActivityNoted(verb=verb))


async def newest(reader: Reader, limit: int) -> tuple[Activity, ...]:
    """Return the latest operator actions, newest first."""
    return await reader.fetch_objects(activity_of, "SELECT * FROM activity ORDER BY activity_id DESC LIMIT ?", (limit,))


async def newest_events(reader: Reader, limit: int) -> tuple[LoggedEvent, ...]:
    """Return the latest agent events, newest first."""
    return await reader.fetch_objects(logged_event_of, f"{SELECT_EVENTS} ORDER BY e.event_id DESC LIMIT ?", (limit,))


def activity_of(row: Row) -> Activity:
    """Return the action of the operator in a row."""
    return Activity(
        activity_id=row["activity_id"],
        at=from_wire(row["at"]),
        actor=row["actor"],
        verb=row["verb"],
        agent_id=row["agent_id"],
        message_id=row["message_id"],
        detail=row["detail"],
    )


def logged_event_of(row: Row) -> LoggedEvent:
    """Return the action of an agent in a row of `SELECT_EVENTS`."""
    payload = from_json(row["payload"])
    contract = f"{payload.get('name')} v{payload.get('version')}" if row["event_type"] == "contract_registered" else ""
    return LoggedEvent(
        event_id=row["event_id"],
        at=from_wire(row["created_at"]),
        kind=row["event_type"],
        team=row["to_team"],
        actor_id=row["actor_agent_id"] or "",
        actor_name=row["actor"],
        others=tuple(str(agent_id) for agent_id in from_json(row["others"])),
        about=str(payload.get("task_id") or payload.get("name") or row["event_id"]),
        detail=contract
        or str(payload.get("title") or row["told"] or payload.get("task_id") or payload.get("what") or ""),
    )


async def let_rest(tx: Transaction, subject: str, until: datetime | None) -> None:
    """Turn on do not disturb for an agent or team, until `until` or until it is turned off."""
    await tx.execute(
        "INSERT OR REPLACE INTO do_not_disturb (subject, until, set_at) VALUES (?, ?, ?)",
        (subject, column(until), to_wire(tx.now)),
    )


async def lift_rest(tx: Transaction, subject: str) -> bool:
    """Turn off do not disturb; return False if it was not on."""
    row = await tx.fetch_one("DELETE FROM do_not_disturb WHERE subject = ? RETURNING subject", (subject,))
    return row is not None


async def resting(reader: Reader, agent: Agent, now: datetime) -> tuple[bool, datetime | None]:
    """Return whether do not disturb is on for an agent or its team, and when it ends (None if it has no end)."""
    rows = await reader.fetch_all(
        "SELECT until FROM do_not_disturb WHERE subject IN (?, ?) AND (until IS NULL OR until > ?)",
        (agent_subject(agent.agent_id), team_subject(agent.team), to_wire(now)),
    )
    ends = [instant(row["until"]) for row in rows]
    return bool(ends), None if None in ends else max((end for end in ends if end), default=None)


async def all_resting(reader: Reader, now: datetime) -> dict[str, datetime | None]:
    """Return every subject with do not disturb on, mapped to its end (None if it has no end)."""
    rows = await reader.fetch_all(
        "SELECT subject, until FROM do_not_disturb WHERE until IS NULL OR until > ?", (to_wire(now),)
    )
    return {row["subject"]: instant(row["until"]) for row in rows}


def agent_subject(agent_id: str) -> str:
    """Return the do-not-disturb subject for one agent."""
    return f"agent:{agent_id}"


def team_subject(team: str) -> str:
    """Return the do-not-disturb subject for a team."""
    return f"team:{team}"
