"""Temporary views and tables that stand for the store's own as of a moment, so that its queries read the past.

A temporary name hides the name in the file.  Tables that are small are copied as they were (`snapshot.py`); what grows
with the mail is read row by row through the log, and only the keys of what was open then are gathered.
"""

from xats_tui.backend.store.sql.change_log import READ, TABLES, WAKE, WAKE_COLUMNS, WAKE_IDENTITY, LoggedTable

HERE = """CREATE TEMP TABLE here (
    moment INTEGER NOT NULL, event_id INTEGER NOT NULL, activity_id INTEGER NOT NULL, contract_id INTEGER NOT NULL,
    latest_at TEXT NOT NULL)"""
"""The moment that is shown: one row."""

GO_THERE = """INSERT INTO temp.here SELECT m.moment, m.event_id, m.activity_id, m.contract_id, m.at
    FROM main.moments m WHERE m.moment = ?"""

UNREAD = """CREATE TEMP TABLE unread (
    id TEXT PRIMARY KEY, event_id INTEGER NOT NULL, to_agent_id TEXT, sent_at TEXT NOT NULL) WITHOUT ROWID"""
"""Messages that were unread."""

OPEN = """CREATE TEMP TABLE open_wakes (recipient_message_id TEXT PRIMARY KEY) WITHOUT ROWID"""
"""Wakes that were to be tried again."""

MESSAGES = """CREATE TEMP VIEW messages AS SELECT m.id, m.event_id, m.from_team, m.to_team, m.from_agent_id,
    m.to_agent_id, m.to_role, m.subject, m.body, m.need_reply, m.sent_at,
    CASE WHEN EXISTS (SELECT 1 FROM temp.unread u WHERE u.id = m.id) THEN NULL ELSE m.read_at END AS read_at
    FROM main.messages m WHERE m.event_id <= (SELECT event_id FROM temp.here)"""

WAKES = f"""CREATE TEMP VIEW message_delivery_status AS SELECT w.rowid AS rowid,
    {", ".join(f"w.{column}" for column in WAKE_IDENTITY)},
    {
    ", ".join(
        f"CASE WHEN c.change_id IS NULL THEN w.{column} ELSE c.before ->> {place} END AS {column}"
        for place, column in enumerate(WAKE_COLUMNS)
    )
}
    FROM main.message_delivery_status w LEFT JOIN main.changes c ON c.kind = '{WAKE}'
    AND c.key = w.recipient_message_id AND c.moment = (SELECT min(d.moment) FROM main.changes d
        WHERE d.kind = '{WAKE}' AND d.key = w.recipient_message_id AND d.moment > (SELECT moment FROM temp.here))
    WHERE c.change_id IS NULL OR c.before IS NOT NULL"""

ATTEMPTS = """CREATE TEMP VIEW wake_attempts AS SELECT a.* FROM main.wake_attempts a WHERE a.number <= (
    SELECT w.attempts FROM message_delivery_status w WHERE w.message_id = a.message_id AND w.agent_id = a.agent_id)"""

EVENTS = "CREATE TEMP VIEW events AS SELECT e.* FROM main.events e WHERE e.event_id <= (SELECT event_id FROM temp.here)"

ACTIVITY = """CREATE TEMP VIEW activity AS SELECT a.* FROM main.activity a
    WHERE a.activity_id <= (SELECT activity_id FROM temp.here)"""

CONTRACTS = """CREATE TEMP VIEW contracts AS SELECT c.* FROM main.contracts c
    WHERE c.id <= (SELECT contract_id FROM temp.here)"""

FIND_UNREAD = f"""INSERT OR IGNORE INTO temp.unread
    SELECT m.id, m.event_id, m.to_agent_id, m.sent_at FROM main.messages m, temp.here h
        WHERE m.read_at IS NULL AND m.event_id <= h.event_id
    UNION ALL SELECT m.id, m.event_id, m.to_agent_id, m.sent_at FROM temp.here h
        CROSS JOIN main.changes c CROSS JOIN main.messages m ON m.id = c.key
        WHERE c.is_open AND c.kind = '{READ}' AND c.moment > h.moment AND c.since <= h.event_id"""
"""What is unread today, and what was read later."""

FIND_OPEN = f"""INSERT OR IGNORE INTO temp.open_wakes
    SELECT w.recipient_message_id FROM main.message_delivery_status w, temp.here h
        WHERE w.due_at IS NOT NULL AND w.recipient_message_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.changes c
            WHERE c.kind = '{WAKE}' AND c.key = w.recipient_message_id AND c.moment > h.moment)
    UNION ALL SELECT c.key FROM temp.here h CROSS JOIN main.changes c
        WHERE c.is_open AND c.kind = '{WAKE}' AND c.moment > h.moment AND c.since <= h.moment"""
"""What has been open ever since, and what changed while it was open, at the first change after the moment."""


def copied(logged: LoggedTable) -> tuple[str, ...]:
    """Return the definitions of the temporary table for a table that is copied."""
    columns = ", ".join(logged.columns)
    keys = ", ".join(logged.key)
    index = f"CREATE UNIQUE INDEX temp.idx_past_{logged.table} ON {logged.table} ({keys})"
    return f"CREATE TEMP TABLE {logged.table} ({columns})", index


def copy(logged: LoggedTable) -> tuple[str, str]:
    """Return the statements that fill the temporary table with the rows as they were."""
    columns = ", ".join(logged.stored)
    images = ", ".join(f"c.before ->> {place}" for place in range(len(logged.stored)))
    return (
        f"DELETE FROM temp.{logged.table}",
        f"INSERT INTO temp.{logged.table} ({columns}) "
        f"SELECT {', '.join(f'x.{column}' for column in logged.stored)} FROM main.{logged.table} x, temp.here h "
        f"WHERE NOT EXISTS (SELECT 1 FROM main.changes c WHERE c.kind = '{logged.kind}' "
        f"AND c.key = {logged.key_of('x')} AND c.moment > h.moment) "
        f"UNION ALL SELECT {images} FROM temp.here h CROSS JOIN main.changes c WHERE c.kind = '{logged.kind}' "
        f"AND c.before IS NOT NULL AND c.moment = (SELECT min(d.moment) FROM main.changes d "
        f"WHERE d.kind = '{logged.kind}' AND d.key = c.key AND d.moment > h.moment)",
    )


DEFINITIONS = (
    HERE,
    UNREAD,
    OPEN,
    "CREATE INDEX temp.idx_past_holder ON unread (to_agent_id, event_id)",
    *(statement for logged in TABLES for statement in copied(logged)),
    "CREATE INDEX temp.idx_past_departed ON departed_agents (agent_id)",
    MESSAGES,
    WAKES,
    ATTEMPTS,
    EVENTS,
    ACTIVITY,
    CONTRACTS,
)
