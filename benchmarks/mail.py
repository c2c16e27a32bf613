"""A store with any number of read messages in one team of 20, filled with SQL in seconds."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.core.clock import to_wire

AGENTS = 20
TEAM = "team"

SPACING = 3
"""Seconds between two messages, so that the oldest of 500,000 is not yet old enough to be deleted."""

BODY = "The endpoint answers with a number since this morning: total is required now, ids are integers.\n" * 3

NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :messages) "
SENT_AT = "strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:now) - (:messages - n) * :spacing / 86400.0)"
FROM, TO = f"'id-' || (n % {AGENTS})", f"'id-' || ((n + 7) % {AGENTS})"

STATEMENTS = (
    f"{NUMBERS} INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
    f"SELECT n, :team, :team, 'message_sent', {FROM}, json_object('recipients', json_array({TO})), {SENT_AT} "
    "FROM numbers",
    f"{NUMBERS} INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, subject, body, "
    f"need_reply, sent_at, read_at) SELECT 'm-' || n, n, :team, :team, {FROM}, {TO}, 'subject ' || n, :body, 0, "
    f"{SENT_AT}, {SENT_AT} FROM numbers",
    f"{NUMBERS} INSERT INTO message_delivery_status (message_id, agent_id, wake_status, updated_at, delivered_at, "
    "recipient_message_id, attempts, transport, queued_at, attempted_at, typed_at, submitted_at, seen_at, read_at) "
    f"SELECT 'm-' || n, {TO}, 'delivered', {SENT_AT}, {SENT_AT}, 'm-' || n, 1, 'tmux-pane', {SENT_AT}, {SENT_AT}, "
    f"{SENT_AT}, {SENT_AT}, {SENT_AT}, {SENT_AT} FROM numbers",
)
"""Statements for each message with its event and a completed wake."""


def fill(path: Path, messages: int) -> None:
    """Fill the store."""
    now = datetime.now(UTC)
    prepare(path, now)
    given = {"now": to_wire(now), "messages": messages, "spacing": SPACING, "team": TEAM, "body": BODY}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(
            "INSERT INTO agents (agent_id, client, team, role, name, registered_at, last_seen_at) "
            "VALUES (?, 'custom', ?, 'developer', ?, ?, ?)",
            [(agent_id(number), TEAM, name(number), to_wire(now), to_wire(now)) for number in range(AGENTS)],
        )
        for statement in STATEMENTS if messages else ():
            connection.execute(statement, given)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def name(number: int) -> str:
    """Return the name of an agent by its number."""
    return f"agent-{number:02d}"


def agent_id(number: int) -> str:
    """Return the id of an agent by its number."""
    return f"id-{number}"
