"""Database schema as numbered steps from any older file to the newest.

A file's `PRAGMA user_version` is the number of its last step.  Files of cross-agent-teams-mcp have none (0): the first
step brings all of their variants to that program's newest schema, and the later steps add ours.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from xats_tui.backend.store.sql import change_log, search_schema
from xats_tui.backend.store.sql.faults import start_sentence
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.errors import UnusableStore
from xats_tui.runtime import private_files

WAKE_LIFETIME = timedelta(hours=24)
"""Time for which a pending retry from a reference file is still worth trying."""

TIMEOUT_MS = 5_000
"""Time to wait for another process's lock."""

ALWAYS_CHECKED_BYTES = 32_000_000
"""Size up to which a database is checked at every start, which takes at most 0.15 s."""

BESIDE = ("-wal", "-shm")
"""Endings of the files that SQLite keeps beside the database, with the database's own mode."""

REFERENCE_TABLES = (
    """CREATE TABLE IF NOT EXISTS events (
        event_id INTEGER PRIMARY KEY AUTOINCREMENT, from_team TEXT NOT NULL, to_team TEXT NOT NULL,
        event_type TEXT NOT NULL, actor_agent_id TEXT, payload TEXT NOT NULL, created_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS agents (
        agent_id TEXT PRIMARY KEY, client TEXT, client_name TEXT, team TEXT NOT NULL, role TEXT NOT NULL,
        name TEXT NOT NULL, model TEXT, registered_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
        last_processed_event_id INTEGER NOT NULL DEFAULT 0, tmux_pane_id TEXT, claude_ui_pid INTEGER,
        runtime_ui_pid INTEGER, runtime_tty TEXT, runtime_verification_mode TEXT, runtime_bound_at TEXT,
        channel_session_id TEXT, delivery_kind TEXT NOT NULL DEFAULT 'none', delivery_payload TEXT)""",
    """CREATE TABLE IF NOT EXISTS messages (
        id TEXT PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES events(event_id), from_team TEXT NOT NULL,
        to_team TEXT NOT NULL, from_agent_id TEXT NOT NULL, to_agent_id TEXT, to_role TEXT, subject TEXT,
        body TEXT NOT NULL, need_reply INTEGER NOT NULL DEFAULT 1, sent_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS message_delivery_status (
        message_id TEXT NOT NULL, agent_id TEXT NOT NULL,
        wake_status TEXT NOT NULL CHECK (wake_status IN ('delivered', 'retrying', 'skipped', 'failed')),
        skip_reason TEXT, retry_attempts INTEGER NOT NULL DEFAULT 0, updated_at TEXT NOT NULL, delivered_at TEXT,
        PRIMARY KEY (message_id, agent_id))""",
    """CREATE TABLE IF NOT EXISTS tasks (
        id TEXT PRIMARY KEY, team TEXT NOT NULL, title TEXT NOT NULL, description TEXT,
        status TEXT NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed')), depends_on TEXT NOT NULL,
        claimed_by TEXT, claimed_at TEXT, completed_at TEXT, result TEXT, created_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS contracts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
        format TEXT NOT NULL CHECK (format = 'jsonschema'), schema TEXT NOT NULL, note TEXT,
        registered_by TEXT NOT NULL, registered_at TEXT NOT NULL, UNIQUE (team, name, version))""",
    """CREATE TABLE IF NOT EXISTS contract_subscriptions (
        agent_id TEXT NOT NULL, team TEXT NOT NULL, contract_name TEXT NOT NULL, subscribed_at TEXT NOT NULL,
        PRIMARY KEY (agent_id, team, contract_name))""",
    """CREATE TABLE IF NOT EXISTS codex_pane_pre_registrations (
        pane_id TEXT PRIMARY KEY, xats_agent_id TEXT NOT NULL, expires_at TEXT NOT NULL)""",
)

REFERENCE_INDEXES = (
    "CREATE INDEX IF NOT EXISTS idx_events_from_team ON events (from_team, event_id)",
    "CREATE INDEX IF NOT EXISTS idx_events_to_team ON events (to_team, event_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS idx_agents_team_name ON agents (team, name)",
)

AGENT_COLUMNS_ADDED_OVER_TIME = {
    "client": "TEXT",
    "client_name": "TEXT",
    "channel_session_id": "TEXT",
    "delivery_kind": "TEXT NOT NULL DEFAULT 'none'",
    "delivery_payload": "TEXT",
    "runtime_ui_pid": "INTEGER",
    "runtime_tty": "TEXT",
    "runtime_verification_mode": "TEXT",
    "runtime_bound_at": "TEXT",
    "claude_ui_pid": "INTEGER",
}

OUR_ADDITIONS = (
    # Panes: tmux servers reuse pane ids, and systems reuse pids.
    "ALTER TABLE agents ADD COLUMN tmux_socket TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE agents ADD COLUMN runtime_ui_started_at REAL",
    "ALTER TABLE agents ADD COLUMN host_session TEXT",
    # Reading: each message row has exactly one recipient, so its read mark is a column.
    "ALTER TABLE messages ADD COLUMN read_at TEXT",
    # Wakes: extend the reference's status row so that a wake survives a restart.
    "ALTER TABLE message_delivery_status ADD COLUMN recipient_message_id TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN detail TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE message_delivery_status ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE message_delivery_status ADD COLUMN transport TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN due_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN expires_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN queued_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN attempted_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN typed_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN submitted_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN seen_at TEXT",
    "ALTER TABLE message_delivery_status ADD COLUMN read_at TEXT",
    """CREATE TABLE wake_attempts (
        message_id TEXT NOT NULL, agent_id TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL,
        transport TEXT NOT NULL, outcome TEXT NOT NULL, seen_before TEXT NOT NULL, seen_after TEXT NOT NULL,
        PRIMARY KEY (message_id, agent_id, number)) WITHOUT ROWID""",
    # The operator: do not disturb, and the activity log.
    """CREATE TABLE do_not_disturb (
        subject TEXT PRIMARY KEY, until TEXT, set_at TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE activity (
        activity_id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL,
        agent_id TEXT, message_id TEXT, detail TEXT NOT NULL)""",
    # Identities: an agent that unregisters and returns gets its id and messages back.
    """CREATE TABLE departed_agents (
        team TEXT NOT NULL, name TEXT NOT NULL, agent_id TEXT NOT NULL, departed_at TEXT NOT NULL,
        PRIMARY KEY (team, name)) WITHOUT ROWID""",
    # Contracts: fetched versions, and whether a version breaks its predecessor.
    "ALTER TABLE contracts ADD COLUMN breaking INTEGER",
    """CREATE TABLE contract_fetches (
        agent_id TEXT NOT NULL, team TEXT NOT NULL, contract_name TEXT NOT NULL, version INTEGER NOT NULL,
        fetched_at TEXT NOT NULL, PRIMARY KEY (agent_id, team, contract_name)) WITHOUT ROWID""",
    "CREATE INDEX idx_events_type ON events (event_type, to_team, event_id)",
    "CREATE INDEX idx_agents_ui_pid ON agents (claude_ui_pid) WHERE claude_ui_pid IS NOT NULL",
    "CREATE INDEX idx_agents_host ON agents (host_session) WHERE host_session IS NOT NULL",
    "CREATE INDEX idx_agents_pane ON agents (tmux_pane_id, tmux_socket) WHERE tmux_pane_id IS NOT NULL",
    "CREATE INDEX idx_messages_recipient ON messages (to_agent_id, event_id)",
    "CREATE INDEX idx_messages_unread ON messages (to_agent_id, event_id) WHERE read_at IS NULL",
    "CREATE INDEX idx_messages_sender ON messages (from_agent_id, event_id)",
    "CREATE INDEX idx_messages_event ON messages (event_id)",
    "CREATE INDEX idx_wakes_due ON message_delivery_status (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX idx_wakes_agent ON message_delivery_status (agent_id, due_at)",
    "CREATE INDEX idx_wakes_queued ON message_delivery_status (queued_at)",
    "CREATE INDEX idx_wakes_row ON message_delivery_status (recipient_message_id)",
    "CREATE INDEX idx_wakes_failed ON message_delivery_status (agent_id) WHERE wake_status = 'failed'",
    "CREATE INDEX idx_attempts_agent ON wake_attempts (agent_id, at)",
    "CREATE INDEX idx_activity_agent ON activity (agent_id, activity_id)",
    "CREATE INDEX idx_tasks_team ON tasks (team, created_at)",
    "CREATE INDEX idx_tasks_owner ON tasks (claimed_by) WHERE status = 'in_progress'",
    "CREATE INDEX idx_subscriptions_name ON contract_subscriptions (team, contract_name)",
    "CREATE INDEX idx_departed_id ON departed_agents (agent_id)",
)

SURFACE_ADDITIONS = (
    # Pane ids repeat across tmux servers.
    "ALTER TABLE codex_pane_pre_registrations RENAME TO pre_registrations_of_one_server",
    """CREATE TABLE codex_pane_pre_registrations (
        pane_id TEXT NOT NULL, xats_agent_id TEXT NOT NULL, expires_at TEXT NOT NULL,
        tmux_socket TEXT NOT NULL DEFAULT '', PRIMARY KEY (tmux_socket, pane_id)) WITHOUT ROWID""",
    "INSERT INTO codex_pane_pre_registrations (pane_id, xats_agent_id, expires_at) "
    "SELECT pane_id, xats_agent_id, expires_at FROM pre_registrations_of_one_server",
    "DROP TABLE pre_registrations_of_one_server",
    # Channel proxies leave the agents table: nobody writes to them, and each process added a row.
    """CREATE TABLE channel_proxies (
        agent_id TEXT PRIMARY KEY, team TEXT NOT NULL, name TEXT NOT NULL, channel_session_id TEXT, ui_pid INTEGER,
        registered_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, UNIQUE (team, name)) WITHOUT ROWID""",
    "CREATE INDEX idx_proxies_ui_pid ON channel_proxies (ui_pid) WHERE ui_pid IS NOT NULL",
    "INSERT INTO channel_proxies SELECT agent_id, team, name, "
    "CASE WHEN json_valid(delivery_payload) THEN json_extract(delivery_payload, '$.channel_session_id') END, "
    "claude_ui_pid, registered_at, last_seen_at FROM agents WHERE role = '__channel_proxy__'",
    "DELETE FROM agents WHERE role = '__channel_proxy__'",
    "CREATE INDEX idx_agents_runtime ON agents (runtime_ui_pid) WHERE runtime_ui_pid IS NOT NULL",
    "CREATE INDEX idx_agents_channel ON agents (json_extract(delivery_payload, '$.channel_session_id')) "
    "WHERE delivery_kind = 'claude-channel' AND json_valid(delivery_payload)",
    # Sessions and calls outlive the process that answered them.
    """CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY, agent_id TEXT, opening TEXT NOT NULL, credential TEXT, opened_at TEXT NOT NULL,
        last_call_at TEXT NOT NULL, evidence TEXT NOT NULL DEFAULT '[]', identified_at TEXT,
        superseded_at TEXT) WITHOUT ROWID""",
    "CREATE INDEX idx_sessions_agent ON sessions (agent_id) WHERE agent_id IS NOT NULL",
    """CREATE TABLE calls (
        call_id TEXT PRIMARY KEY, at TEXT NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX idx_calls_at ON calls (at)",
    # Retention: partial indexes by age over the rows that may be deleted.
    "CREATE INDEX idx_messages_kept ON messages (sent_at) WHERE read_at IS NOT NULL",
    "CREATE INDEX idx_events_kept ON events (created_at) "
    "WHERE event_type NOT IN ('message_sent', 'contract_registered')",
    "CREATE INDEX idx_activity_at ON activity (at)",
)

CALLS_OF_CALLERS = (
    # Call ids are unique per caller only: answers stored without a caller could go to the wrong one.
    "DROP TABLE calls",
    """CREATE TABLE calls (
        caller TEXT NOT NULL, call_id TEXT NOT NULL, at TEXT NOT NULL, answer TEXT NOT NULL,
        PRIMARY KEY (caller, call_id)) WITHOUT ROWID""",
    "CREATE INDEX idx_calls_at ON calls (at)",
)

IDENTITY_ADDITIONS = (
    # Identity: proof of an agent's pane, the process behind a session, the age of a pane's state.
    "ALTER TABLE agents ADD COLUMN runtime_proved INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN peer_pid INTEGER",
    "ALTER TABLE sessions ADD COLUMN peer_started_at REAL",
    """CREATE TABLE pane_states (
        tmux_socket TEXT NOT NULL, pane_id TEXT NOT NULL, occupant TEXT NOT NULL, state TEXT NOT NULL,
        reason TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (tmux_socket, pane_id)) WITHOUT ROWID""",
)


PASTES = (
    # Outstanding pastes: text that may have arrived in a pane is not pasted again after a restart.
    """CREATE TABLE outstanding_pastes (
        socket TEXT NOT NULL, pane_id TEXT NOT NULL, text TEXT NOT NULL, occupant TEXT NOT NULL, line_before TEXT,
        pasted_at TEXT NOT NULL, entered_at TEXT, screen TEXT NOT NULL, drawn INTEGER NOT NULL, gone INTEGER NOT NULL,
        pastes INTEGER NOT NULL, enters INTEGER NOT NULL, PRIMARY KEY (socket, pane_id)) WITHOUT ROWID""",
)

KEYS_FIRST = (
    # SQLite 3.40's check reports a false NULL if key columns stand behind other columns.
    "ALTER TABLE codex_pane_pre_registrations RENAME TO pre_registrations_of_late_keys",
    """CREATE TABLE codex_pane_pre_registrations (
        tmux_socket TEXT NOT NULL DEFAULT '', pane_id TEXT NOT NULL, xats_agent_id TEXT NOT NULL,
        expires_at TEXT NOT NULL, PRIMARY KEY (tmux_socket, pane_id)) WITHOUT ROWID""",
    "INSERT INTO codex_pane_pre_registrations (tmux_socket, pane_id, xats_agent_id, expires_at) "
    "SELECT tmux_socket, pane_id, xats_agent_id, expires_at FROM pre_registrations_of_late_keys",
    "DROP TABLE pre_registrations_of_late_keys",
)

WAYS = (
    "ALTER TABLE message_delivery_status ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE wake_attempts ADD COLUMN ways TEXT NOT NULL DEFAULT '[]'",
)
"""Wakes that may reach a model in the middle of a turn, and the transports that each attempt asked."""

LOOKS = (
    # Screens of panes at rest, compressed by zlib.
    """CREATE TABLE looks (
        look_id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, tmux_socket TEXT NOT NULL, pane_id TEXT NOT NULL,
        at TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL, screen BLOB NOT NULL)""",
    "CREATE INDEX idx_looks_agent ON looks (agent_id)",
)

TASKS_IN_ORDER = ("CREATE INDEX idx_tasks_order ON tasks ((status <> 'completed'), created_at)",)
"""Tasks of all teams, unfinished before completed."""

FALSE_ALARM = "NULL value in codex_pane_pre_registrations."
"""Complaint about a file from before that step, which is in fact whole."""

RECEIPTS = (
    """CREATE TABLE handed_out (
        agent_id TEXT NOT NULL, reader TEXT NOT NULL, message_id TEXT NOT NULL, ui_pid INTEGER,
        parts INTEGER NOT NULL DEFAULT 0, characters INTEGER NOT NULL DEFAULT 0, ends_at INTEGER,
        total INTEGER NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, has_left INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (agent_id, reader, message_id)) WITHOUT ROWID""",
    "CREATE INDEX idx_handed_out_message ON handed_out (message_id)",
    "CREATE INDEX idx_handed_out_now ON handed_out (agent_id, number) WHERE ends_at IS NOT NULL",
)
"""Messages that were handed out but not yet confirmed as seen by the model."""


def prepare(path: Path, now: datetime) -> None:
    """Create or migrate the file, keeping a backup of an older one.

    Raises:
        UnusableStore: the file is newer than this program, is not a database, or cannot be read or written.
    """
    try:
        private_files.make_folder(path.parent)
        path.touch(mode=0o600)
        private_files.check_owner(path)
        for file in (path, *(path.with_name(path.name + ending) for ending in BESIDE)):
            private_files.close(file)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={TIMEOUT_MS}")
            _check(connection, path)
            version = _version(connection)
            if version > LATEST:
                raise UnusableStore(
                    f"the database {path} was written by a newer xats-tui (schema {version}, this one knows {LATEST}): "
                    "install that version, or name another file with --db"
                )
            if version < LATEST and _has_tables(connection):
                _back_up(connection, path, version, now)
            for number, migrate in enumerate(MIGRATIONS[version:], start=version + 1):
                _take_step(connection, number, migrate, now)
    except (sqlite3.DatabaseError, ValueError) as error:
        raise UnusableStore(start_sentence(path, error)) from error
    except OSError as error:
        raise UnusableStore(
            f"the database {path} cannot be opened: {error.strerror}; name another with --db"
        ) from error


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Check a file that is small or was left by a killed coordinator.

    Raises:
        sqlite3.DatabaseError: the file is damaged.
    """
    was_left = path.with_name(path.name + BESIDE[0]).exists()
    if was_left or path.stat().st_size <= ALWAYS_CHECKED_BYTES:
        said = [str(complaint) for (complaint,) in connection.execute("PRAGMA quick_check")]
        if complaints := [one for one in said if one != "ok" and not one.startswith(FALSE_ALARM)]:
            damage = sqlite3.DatabaseError(" ".join(complaints[0].split()))
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage


def _take_step(
    connection: sqlite3.Connection, number: int, migrate: Callable[[sqlite3.Connection, datetime], None], now: datetime
) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA legacy_alter_table=ON")  # renaming a table must not change references to it
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) < number:  # another process may have migrated the file meanwhile
            migrate(connection, now)
            connection.execute(f"PRAGMA user_version={number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk already ends the transaction
            connection.execute("ROLLBACK")
        raise


def _adopt_reference_schema(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    if "team" in _columns(connection, "events"):
        _split_event_team(connection)
    for statement in REFERENCE_TABLES:
        connection.execute(statement)
    present = _columns(connection, "agents")
    for column, kind in AGENT_COLUMNS_ADDED_OVER_TIME.items():
        if column not in present:
            connection.execute(f"ALTER TABLE agents ADD COLUMN {column} {kind}")
    if "delivery_kind" not in present or "delivery_payload" not in present:
        connection.execute(
            "UPDATE agents SET delivery_kind = 'claude-channel', "
            "delivery_payload = json_object('channel_session_id', channel_session_id) "
            "WHERE channel_session_id IS NOT NULL AND delivery_kind = 'none'"
        )
    if "need_reply" not in _columns(connection, "messages"):
        connection.execute("ALTER TABLE messages ADD COLUMN need_reply INTEGER NOT NULL DEFAULT 1")
    _rename_duplicates(connection)
    for statement in REFERENCE_INDEXES:
        connection.execute(statement)


def _add_what_is_ours(connection: sqlite3.Connection, now: datetime) -> None:
    for statement in OUR_ADDITIONS:
        connection.execute(statement)
    connection.execute(
        "UPDATE message_delivery_status SET queued_at = updated_at, submitted_at = delivered_at, "
        "recipient_message_id = (SELECT m.id FROM messages m JOIN messages base ON base.event_id = m.event_id "
        "WHERE base.id = message_delivery_status.message_id AND m.to_agent_id = message_delivery_status.agent_id), "
        "attempts = CASE WHEN wake_status = 'skipped' THEN 0 ELSE retry_attempts + 1 END"
    )
    pending = connection.execute(
        "SELECT message_id, agent_id, updated_at FROM message_delivery_status WHERE wake_status = 'retrying'"
    ).fetchall()
    for message_id, agent_id, updated_at in pending:
        connection.execute(
            "UPDATE message_delivery_status SET due_at = ?, expires_at = ? WHERE message_id = ? AND agent_id = ?",
            (to_wire(now), to_wire(from_wire(updated_at) + WAKE_LIFETIME), message_id, agent_id),
        )


def _widen_the_surface(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in SURFACE_ADDITIONS:
        connection.execute(statement)


def _give_calls_their_callers(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in CALLS_OF_CALLERS:
        connection.execute(statement)


def _keep_pastes(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in PASTES:
        connection.execute(statement)


def _put_keys_first(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in KEYS_FIRST:
        connection.execute(statement)


def _prove_identities(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in IDENTITY_ADDITIONS:
        connection.execute(statement)


def _keep_receipts(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in RECEIPTS:
        connection.execute(statement)


def _keep_ways(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in WAYS:
        connection.execute(statement)


def _order_tasks(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in TASKS_IN_ORDER:
        connection.execute(statement)


def _log_changes(connection: sqlite3.Connection, now: datetime) -> None:
    for statement in (*change_log.DEFINITIONS, *change_log.triggers()):
        connection.execute(statement)
    connection.execute(change_log.MARK, (to_wire(now),))


def _make_searchable(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in (*search_schema.SEARCH, *search_schema.BEGINNING):
        connection.execute(statement)


def _keep_looks(connection: sqlite3.Connection, now: datetime) -> None:
    del now
    for statement in LOOKS:
        connection.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection, datetime], None], ...] = (
    _adopt_reference_schema,
    _add_what_is_ours,
    _widen_the_surface,
    _give_calls_their_callers,
    _keep_pastes,
    _put_keys_first,
    _prove_identities,
    _keep_receipts,
    _keep_ways,
    _order_tasks,
    _log_changes,
    _make_searchable,
    _keep_looks,
)

LATEST = len(MIGRATIONS)
"""Schema number of files that this version writes."""


def _split_event_team(connection: sqlite3.Connection) -> None:
    """Rebuild an `events` table from the time when messages could not leave their team."""
    connection.execute("ALTER TABLE events RENAME TO events_of_one_team")
    connection.execute("DROP INDEX IF EXISTS idx_events_team")
    connection.execute(REFERENCE_TABLES[0])
    connection.execute(
        "INSERT INTO events SELECT event_id, team, team, event_type, actor_agent_id, payload, created_at "
        "FROM events_of_one_team"
    )
    connection.execute("DROP TABLE events_of_one_team")


def _rename_duplicates(connection: sqlite3.Connection) -> None:
    """Add a number to the name of every duplicate (team, name) except the last seen; messages go by id and stay."""
    taken = {tuple(row) for row in connection.execute("SELECT team, name FROM agents")}
    seen: set[tuple[str, str]] = set()
    for agent_id, team, name in connection.execute(
        "SELECT agent_id, team, name FROM agents ORDER BY last_seen_at DESC, rowid DESC"
    ).fetchall():
        if (team, name) not in seen:
            seen.add((team, name))
            continue
        number = 2
        while (team, f"{name}-{number}") in taken:
            number += 1
        taken.add((team, f"{name}-{number}"))
        connection.execute("UPDATE agents SET name = ? WHERE agent_id = ?", (f"{name}-{number}", agent_id))


def _back_up(connection: sqlite3.Connection, path: Path, version: int, now: datetime) -> None:
    target = path.with_name(f"{path.name}.backup-schema{version}-{now:%Y%m%dT%H%M%SZ}")
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1").fetchone() is not None


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
