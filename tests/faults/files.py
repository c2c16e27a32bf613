"""Databases that are whole, and ways to damage them."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from xats_tui.backend.store.sql.migrations import prepare

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT = "2026-01-01T12:00:00.000Z"

PAGE = 4096
"""Bytes."""

Damage = Callable[[bytes], bytes]


def filled(path: Path, messages: int) -> None:
    """A database with one agent, and so many messages to it that wait to be announced."""
    prepare(path, NOW)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO agents (agent_id, team, role, name, registered_at, last_seen_at) "
            "VALUES ('A', 'red', 'default', 'ann', ?, ?)",
            (AT, AT),
        )
        for number in range(1, messages + 1):
            add_message(database, number)


def add_message(database: sqlite3.Connection, number: int) -> None:
    """One message with its event and its wake."""
    name = f"m{number:06}"
    database.execute(
        "INSERT INTO events (event_id, from_team, to_team, event_type, payload, created_at) "
        "VALUES (?, 'red', 'red', 'message_sent', '{}', ?)",
        (number, AT),
    )
    database.execute(
        "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, sent_at) "
        "VALUES (?, ?, 'red', 'red', 'B', 'A', ?, ?)",
        (name, number, f"body of {name}", AT),
    )
    database.execute(
        "INSERT INTO message_delivery_status (message_id, agent_id, wake_status, updated_at, recipient_message_id) "
        "VALUES (?, 'A', 'retrying', ?, ?)",
        (name, AT, name),
    )


def overwritten(first: float, length: int) -> Damage:
    """Bytes in the middle are something else, from such a part of the file on."""

    def damage(whole: bytes) -> bytes:
        begin = int(len(whole) * first) // PAGE * PAGE
        garbage = random.Random(0).randbytes(length)
        return whole[:begin] + garbage + whole[begin + length :]

    return damage


def cut_off(part: float) -> Damage:
    """Only such a part of the file is left, and half a page."""
    return lambda whole: whole[: int(len(whole) * part) // PAGE * PAGE + PAGE // 2]


def peppered(hits: int) -> Damage:
    """A few bytes are wrong in many places, none of them on the first page."""

    def damage(whole: bytes) -> bytes:
        chance, changed = random.Random(0), bytearray(whole)
        for _ in range(hits):
            place = chance.randrange(PAGE, len(whole) - 64)
            changed[place : place + 64] = chance.randbytes(64)
        return bytes(changed)

    return damage


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()
