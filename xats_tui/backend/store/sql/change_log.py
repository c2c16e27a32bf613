"""The change log: what every row was before it changed, so that any earlier moment can be shown.

Triggers write it in the transaction that changes the row, whoever changes it.  An entry holds the row as it was before
the transaction, or NULL if there was none; a row without a later entry is today as it was then.  So the log needs no
copy of the tables to begin with, and its old end can be cut off.  Rows that are never changed are not logged: messages
(but for being read), events, activity, versions of contracts, attempts.
"""

from msgspec import Struct

SEPARATOR = "char(31)"
"""SQL for the character between the columns of a key: the unit separator, which no name contains."""


class LoggedTable(Struct, frozen=True, kw_only=True):
    """A table whose rows are logged whole."""

    kind: str
    """Its name in the log."""
    table: str
    key: tuple[str, ...]
    """Columns that tell its rows apart."""
    columns: tuple[str, ...]
    """Columns of an entry, in order; a later column is added at the end."""
    unwatched: tuple[str, ...] = ()
    """Columns that change with each call, and are no reason for an entry."""
    has_rowid: bool = False
    """True if rows are listed in the order of their making."""
    is_replaced: bool = False
    """True if rows are written with INSERT OR REPLACE, for which SQLite runs no trigger of a deletion."""

    def key_of(self, row: str) -> str:
        """Return SQL for the key of a row, such as `new` or an alias."""
        return f" || {SEPARATOR} || ".join(f"{row}.{column}" for column in self.key)

    @property
    def stored(self) -> tuple[str, ...]:
        """Columns of an entry, with the rowid."""
        return ("rowid", *self.columns) if self.has_rowid else self.columns

    def image_of(self, row: str) -> str:
        """Return SQL for a row as an entry keeps it."""
        return f"json_array({', '.join(f'{row}.{column}' for column in self.stored)})"


AGENT_COLUMNS = (
    "agent_id",
    "client",
    "client_name",
    "team",
    "role",
    "name",
    "model",
    "registered_at",
    "last_seen_at",
    "tmux_pane_id",
    "claude_ui_pid",
    "runtime_ui_pid",
    "runtime_tty",
    "runtime_verification_mode",
    "runtime_bound_at",
    "delivery_kind",
    "delivery_payload",
    "tmux_socket",
    "runtime_ui_started_at",
    "host_session",
    "runtime_proved",
)

TASK_COLUMNS = (
    "id",
    "team",
    "title",
    "description",
    "status",
    "depends_on",
    "claimed_by",
    "claimed_at",
    "completed_at",
    "result",
    "created_at",
)

WAKE_COLUMNS = (
    "wake_status",
    "skip_reason",
    "retry_attempts",
    "updated_at",
    "delivered_at",
    "detail",
    "attempts",
    "failures",
    "transport",
    "due_at",
    "expires_at",
    "attempted_at",
    "typed_at",
    "submitted_at",
    "seen_at",
    "read_at",
    "urgent",
)
"""Columns of a wake that change."""

WAKE_IDENTITY = ("message_id", "agent_id", "recipient_message_id", "queued_at")
"""Columns of a wake that never change."""

STATE = "state"
"""Kind of the states and the presence of agents, which change all the time."""

TABLES = (
    LoggedTable(
        kind="agent",
        table="agents",
        key=("agent_id",),
        columns=AGENT_COLUMNS,
        unwatched=("last_seen_at",),
        has_rowid=True,
    ),
    LoggedTable(
        kind="departed",
        table="departed_agents",
        key=("team", "name"),
        columns=("team", "name", "agent_id", "departed_at"),
        is_replaced=True,
    ),
    LoggedTable(kind="task", table="tasks", key=("id",), columns=TASK_COLUMNS, has_rowid=True),
    LoggedTable(
        kind="do not disturb",
        table="do_not_disturb",
        key=("subject",),
        columns=("subject", "until", "set_at"),
        is_replaced=True,
    ),
    LoggedTable(
        kind="subscription",
        table="contract_subscriptions",
        key=("agent_id", "team", "contract_name"),
        columns=("agent_id", "team", "contract_name", "subscribed_at"),
    ),
    LoggedTable(
        kind="fetch",
        table="contract_fetches",
        key=("agent_id", "team", "contract_name"),
        columns=("agent_id", "team", "contract_name", "version", "fetched_at"),
    ),
    LoggedTable(
        kind=STATE,
        table="agent_states",
        key=("agent_id",),
        columns=("agent_id", "state", "reason", "since", "source", "online"),
    ),
)
"""Tables that are small enough to be read whole as of a moment."""

WAKE, READ = "wake", "read"
"""Kinds of the two that grow with the mail: a wake, and a message that is read."""

DEFINITIONS = (
    """CREATE TABLE moments (
        moment INTEGER PRIMARY KEY, at TEXT NOT NULL, event_id INTEGER NOT NULL, activity_id INTEGER NOT NULL,
        contract_id INTEGER NOT NULL, change_id INTEGER NOT NULL)""",
    """CREATE TABLE changes (
        change_id INTEGER PRIMARY KEY, moment INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
        since INTEGER NOT NULL, is_open INTEGER NOT NULL, before TEXT)""",
    "CREATE UNIQUE INDEX idx_changes_of ON changes (kind, key, moment)",
    # What was open at a moment is found among what was closed later, and began before it.
    "CREATE INDEX idx_changes_open ON changes (kind, moment, since, key) WHERE is_open",
    """CREATE TABLE agent_states (
        agent_id TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL, source TEXT NOT NULL,
        online INTEGER) WITHOUT ROWID""",
)
"""Tables of the log.  A moment is one transaction, with the last row of each table that only grows."""

MARK = """INSERT INTO moments (at, event_id, activity_id, contract_id, change_id)
    SELECT max(?, ifnull(l.at, '')), n.event_id, n.activity_id, n.contract_id, n.change_id FROM (SELECT
        ifnull((SELECT max(event_id) FROM events), 0) AS event_id,
        ifnull((SELECT max(activity_id) FROM activity), 0) AS activity_id,
        ifnull((SELECT max(id) FROM contracts), 0) AS contract_id,
        ifnull((SELECT max(change_id) FROM changes), 0) AS change_id) n
    LEFT JOIN moments l ON l.moment = (SELECT max(moment) FROM moments)
    WHERE l.moment IS NULL OR l.change_id <> n.change_id OR l.event_id <> n.event_id
        OR l.activity_id <> n.activity_id OR l.contract_id <> n.contract_id"""
"""Ends a transaction: the next entries belong to another moment.  What changed nothing makes no moment.

No moment has an earlier time than the one before, though the clock may be set back: moments are searched by time.
"""

AT = """WITH RECURSIVE search (low, high) AS (
    SELECT (SELECT min(moment) FROM moments), (SELECT max(moment) + 1 FROM moments)
    UNION ALL SELECT iif(m.at <= ?1, m.moment, low), iif(m.at <= ?1, high, m.moment)
    FROM search JOIN moments m ON m.moment = (low + high) / 2 WHERE high - low > 1)
    SELECT m.* FROM (SELECT low FROM search ORDER BY high - low LIMIT 1) found
    JOIN moments m ON m.moment = found.low WHERE m.at <= ?1"""
"""Query for the last moment at or before a time; the moments that are kept have no gap."""

NEXT = "ifnull((SELECT max(moment) FROM moments), 0) + 1"
"""SQL for the moment that the open transaction makes."""


def triggers() -> tuple[str, ...]:
    """Return the definitions of all triggers that write the log."""
    return (*(trigger for table in TABLES for trigger in _of_table(table)), *_of_wakes(), _of_reading())


def _entry(kind: str, key: str, image: str, *, since: str = "0", is_open: str = "0") -> str:
    """Return the statement of a trigger; the first entry of a row in a transaction is the one that counts."""
    # No INSERT OR IGNORE: the conflict clause of the statement that runs the trigger would take its place.
    return (
        f"INSERT INTO changes (moment, kind, key, since, is_open, before) "
        f"SELECT {NEXT}, '{kind}', {key}, {since}, {is_open}, {image} "
        f"WHERE NOT EXISTS (SELECT 1 FROM changes WHERE kind = '{kind}' AND key = {key} AND moment = {NEXT})"
    )


def _of_table(logged: LoggedTable) -> tuple[str, ...]:
    name, table, kind = f"log_{logged.table}", logged.table, logged.kind
    watched = [column for column in logged.columns if column not in logged.unwatched]
    differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in watched)
    gone = _entry(kind, logged.key_of("old"), logged.image_of("old"))
    if logged.is_replaced:
        same = " AND ".join(f"o.{column} = new.{column}" for column in logged.key)
        standing = f"(SELECT {logged.image_of('o')} FROM {table} o WHERE {same})"
        made = f"BEFORE INSERT ON {table} BEGIN {_entry(kind, logged.key_of('new'), standing)}"
    else:
        made = f"AFTER INSERT ON {table} BEGIN {_entry(kind, logged.key_of('new'), 'NULL')}"
    return (
        f"CREATE TRIGGER {name}_made {made}; END",
        f"CREATE TRIGGER {name}_changed AFTER UPDATE OF {', '.join(watched)} ON {table} WHEN {differs} "
        f"BEGIN {gone}; END",
        f"CREATE TRIGGER {name}_deleted AFTER DELETE ON {table} BEGIN {gone}; END",
    )


def _of_wakes() -> tuple[str, ...]:
    """Return the triggers for wakes; wakes of an old file without a message are not logged, and none is deleted."""
    last = f"(SELECT max(moment) FROM changes WHERE kind = '{WAKE}' AND key = old.recipient_message_id)"
    image = f"json_array({', '.join(f'old.{column}' for column in WAKE_COLUMNS)})"
    changed = _entry(
        WAKE, "old.recipient_message_id", image, since=f"ifnull({last}, 0)", is_open="old.due_at IS NOT NULL"
    )
    return (
        "CREATE TRIGGER log_wake_made AFTER INSERT ON message_delivery_status "
        f"WHEN new.recipient_message_id IS NOT NULL BEGIN {_entry(WAKE, 'new.recipient_message_id', 'NULL')}; END",
        "CREATE TRIGGER log_wake_changed AFTER UPDATE ON message_delivery_status "
        f"WHEN old.recipient_message_id IS NOT NULL BEGIN {changed}; END",
    )


def _of_reading() -> str:
    entry = _entry(READ, "old.id", "''", since="old.event_id", is_open="1")
    return (
        "CREATE TRIGGER log_message_read AFTER UPDATE OF read_at ON messages "
        f"WHEN old.read_at IS NULL AND new.read_at IS NOT NULL BEGIN {entry}; END"
    )
