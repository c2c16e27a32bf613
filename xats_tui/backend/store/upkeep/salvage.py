"""Recovery of the readable rows of a damaged database into a new file.

SQLite refuses a damaged page, but the rows on all other pages are good.  So a table is read in ranges of rowids, and a
refused range is halved until only the damaged rows are left out.  The damaged file is kept.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.backend.store.search.indexing import begin as begin_index
from xats_tui.backend.store.sql.migrations import LATEST, prepare
from xats_tui.core.errors import UnusableStore

HEADER_BYTES = 100
"""Size of the header of a database."""

PAGE_BYTES = 4096
"""Page size of every file that this program makes."""

MAX_REFUSALS = 200_000
"""Limit of refused ranges before the rest of a table is given up, after some ten seconds."""

MIN_ROW_BYTES = 32
"""Smallest size of a row, which bounds the number of rows in a file."""

ROWIDS_PER_READ = 64
"""Size of a range that is read at once: about as many rows as a page holds."""

END_PROBES = 256
"""Number of places probed for the end of a table if its last page cannot be read."""

INDEXED = "search_"
"""Beginning of the names of the full-text index: it is made again from what was saved."""

MENDING = (
    # Messages are ordered by their events; a lost event can be rebuilt from its message.
    "INSERT OR IGNORE INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
    "SELECT event_id, from_team, to_team, 'message_sent', from_agent_id, '{}', sent_at FROM messages "
    "WHERE event_id NOT IN (SELECT event_id FROM events)",
    # Nobody should be woken for a lost message.
    "DELETE FROM message_delivery_status WHERE recipient_message_id NOT IN (SELECT id FROM messages)",
    "DELETE FROM wake_attempts WHERE (message_id, agent_id) NOT IN "
    "(SELECT message_id, agent_id FROM message_delivery_status)",
)

NOT_SAVED = frozenset({"changes", "moments"})
"""Tables of the change log: with a gap in it, the log would tell of a past that never was."""


class Salvaged(Struct, frozen=True, kw_only=True):
    """Rows saved of one table."""

    table: str
    saved: int
    """Number of rows in the new file."""
    known: int | None
    """Number of rows there were, if an index could still tell."""


def complaint_of(database: Path) -> str:
    """Return SQLite's complaint about a file that nobody uses; empty if the file is whole."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if said == "ok" else str(said)


def salvage(damaged: Path, new: Path, now: datetime) -> tuple[Salvaged, ...]:
    """Fill the new file `new` from a copy of the damaged one; the copy may be changed.

    Raises:
        UnusableStore: nothing can be read, or a newer program wrote the file.
    """
    fresh = damaged.with_name("fresh.db")
    prepare(fresh, now)
    with closing(_opened(damaged, fresh)) as source, closing(sqlite3.connect(new, isolation_level=None)) as target:
        triggers = _define(source, target, fresh)
        target.execute("BEGIN")
        saved = tuple(_save(source, target, table) for table in _tables(target) if table not in NOT_SAVED)
        _mend(source, target)
        for trigger in triggers:  # only now: what is copied is no change
            target.execute(trigger)
        if "search_progress" in [name for (name,) in target.execute("SELECT name FROM sqlite_master")]:
            begin_index(target)
        target.execute("COMMIT")
    if not sum(one.saved for one in saved):
        raise UnusableStore("nothing of it can be read")
    return saved


def _opened(damaged: Path, fresh: Path) -> sqlite3.Connection:
    """Open the damaged file, with the header of a fresh one if its own is unreadable."""
    for length in (0, HEADER_BYTES, PAGE_BYTES):
        if length:
            _graft(damaged, fresh, length)
        connection = sqlite3.connect(damaged, isolation_level=None)
        connection.text_factory = lambda text: text.decode(errors="replace")
        try:
            connection.execute("PRAGMA writable_schema=ON")  # one broken definition must not hide the other tables
            if "messages" in _tables(connection):
                return connection
        except sqlite3.DatabaseError:
            pass
        connection.close()
    raise UnusableStore("nothing of it can be read")


def _graft(damaged: Path, fresh: Path, length: int) -> None:
    """Replace the first bytes of the damaged file by those of a fresh one, with its own length in pages."""
    beginning = bytearray(fresh.read_bytes()[:length])
    beginning[28:32] = (damaged.stat().st_size // PAGE_BYTES).to_bytes(4, "big")
    beginning[32:40] = bytes(8)  # no known free pages
    with damaged.open("r+b") as file:
        file.write(beginning)


def _define(source: sqlite3.Connection, target: sqlite3.Connection, fresh: Path) -> Sequence[str]:
    """Create the tables and indexes as they were, or as every file of this version has them; return the triggers."""
    version = _number(source, "PRAGMA user_version") or 0
    if version > LATEST:
        raise UnusableStore(f"a newer xats-tui has written it (schema {version}, this one knows {LATEST})")
    with closing(sqlite3.connect(fresh)) as newest:
        known = source if version < LATEST else newest
        definitions = known.execute(
            "SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            # The tables behind a virtual table come with it.
            "AND NOT EXISTS (SELECT 1 FROM sqlite_master v WHERE v.sql LIKE 'CREATE VIRTUAL%' "
            "AND sqlite_master.name LIKE v.name || '\\_%' ESCAPE '\\') ORDER BY type != 'table'"
        ).fetchall()
    target.execute("PRAGMA journal_mode=WAL")
    for kind, definition in definitions:
        if kind != "trigger":
            target.execute(definition)
    target.execute(f"PRAGMA user_version={version}")
    return [definition for kind, definition in definitions if kind == "trigger"]


def _save(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Salvaged:
    """Copy the readable rows of a table that satisfy its constraints."""
    columns = [name for name in _columns(target, table) if name in _columns(source, table)]
    if not columns:
        return Salvaged(table=table, saved=0, known=None)
    if _has_rowids(target, table):
        columns = ["rowid", *columns]
        rows = _by_rowid(source, table, columns)
    else:
        rows = _from_both_ends(source, table, columns)
    places = ", ".join("?" * len(columns))
    target.executemany(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
    saved = _number(target, f"SELECT count(*) FROM {table}") or 0
    return Salvaged(table=table, saved=saved, known=_number(source, f"SELECT count(*) FROM {table}"))


def _by_rowid(source: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Yield the rows of a table outside the refused ranges of rowids; some rows come twice.

    Ranges are read from both ends, because a damaged rowid ends a range too early only for the rows behind it.
    """
    query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
    ranges, refused = [_span(source, table)], 0
    while ranges and refused < MAX_REFUSALS:
        low, high = ranges.pop()
        try:
            if high - low < ROWIDS_PER_READ:
                yield from source.execute(query, (low, high))
                yield from source.execute(f"{query} DESC", (low, high))
                continue
            is_empty = not any(
                source.execute(f"{query}{order} LIMIT 1", (low, high)).fetchall() for order in ("", " DESC")
            )
        except sqlite3.DatabaseError:
            refused += 1
            is_empty = low >= high
        if not is_empty:
            middle = (low + high) // 2
            ranges += [(middle + 1, high), (low, middle)]


def _span(source: sqlite3.Connection, table: str) -> tuple[int, int]:
    """Return the lowest and highest rowid."""
    lowest = _number(source, f"SELECT min(rowid) FROM {table} NOT INDEXED")
    highest = _number(source, f"SELECT max(rowid) FROM {table} NOT INDEXED")
    low = min(lowest, 1) if lowest is not None else 1
    return low, _last_reachable(source, table) if highest is None else highest


def _last_reachable(source: sqlite3.Connection, table: str) -> int:
    """Return the highest rowid that a search reaches if the last page is refused; 0 if none."""

    def is_reached(rowid: int) -> bool:
        return _number(source, f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE rowid >= {rowid} LIMIT 1)") == 1

    most = (_number(source, "PRAGMA page_count") or 0) * PAGE_BYTES // MIN_ROW_BYTES
    step = max(1, most // END_PROBES)
    low = max((rowid for rowid in range(0, most, step) if is_reached(rowid)), default=0)
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_reached(middle) else (low, middle)
    return low


def _from_both_ends(source: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Yield the rows before the first refused place and after the last one."""
    keys = [row[1] for row in source.execute(f"PRAGMA table_info({table})") if row[5]]
    for direction in ("", " DESC"):
        order = ", ".join(f"{key}{direction}" for key in keys)
        with suppress(sqlite3.DatabaseError):
            yield from source.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")


def _mend(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Repair references to lost rows, and never reuse a number."""
    for statement in MENDING:
        with suppress(sqlite3.OperationalError):  # older files have other columns
            target.execute(statement)
    for table, number in _numbers_given(source):
        target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table))
        target.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? WHERE ? NOT IN (SELECT name FROM sqlite_sequence)",
            (table, number, table),
        )


def _numbers_given(source: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return the last rowid that each table has given out."""
    with suppress(sqlite3.DatabaseError):
        rows = source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
        return [(name, seq) for name, seq in rows if isinstance(name, str) and isinstance(seq, int)]
    return []


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows if name.isidentifier() and not name.startswith(("sqlite_", INDEXED))]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _has_rowids(connection: sqlite3.Connection, table: str) -> bool:
    try:
        connection.execute(f"SELECT rowid FROM {table} LIMIT 0")
    except sqlite3.OperationalError:
        return False
    return True


def _number(connection: sqlite3.Connection, query: str) -> int | None:
    """Return the single number that a query gives, or None if it is refused or has none."""
    try:
        (number,) = connection.execute(query).fetchone()
    except sqlite3.DatabaseError:
        return None
    return number if isinstance(number, int) else None
