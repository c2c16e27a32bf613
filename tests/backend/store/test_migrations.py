"""Any file that users may bring: fresh, of every shape of the reference, newer, damaged, ours."""

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from xats_tui.backend.store.sql import migrations
from xats_tui.backend.store.sql.migrations import LATEST, REFERENCE_INDEXES, REFERENCE_TABLES, prepare
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import UnusableStore

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
BEFORE = "2026-11-22T13:00:00.000Z"

AGENTS_BEFORE_DELIVERY = """CREATE TABLE agents (
    agent_id TEXT PRIMARY KEY, team TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL, model TEXT,
    registered_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
    last_processed_event_id INTEGER NOT NULL DEFAULT 0, tmux_pane_id TEXT, channel_session_id TEXT)"""

EVENTS_OF_ONE_TEAM = """CREATE TABLE events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, event_type TEXT NOT NULL, actor_agent_id TEXT,
    payload TEXT NOT NULL, created_at TEXT NOT NULL)"""

MESSAGES_BEFORE_NEED_REPLY = REFERENCE_TABLES[2].replace("need_reply INTEGER NOT NULL DEFAULT 1,", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data.db"


def build(path: Path, *statements: str) -> None:
    """A file made by these statements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def a_reference_agent(agent_id: str, name: str, last_seen_at: str = BEFORE) -> str:
    return (
        "INSERT INTO agents (agent_id, team, role, name, registered_at, last_seen_at) "
        f"VALUES ('{agent_id}', 'red', 'default', '{name}', '{BEFORE}', '{last_seen_at}')"
    )


def a_message(message_id: str, event_id: int, recipient: str) -> str:
    return (
        "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, sent_at) "
        f"VALUES ('{message_id}', {event_id}, 'red', 'red', 'A', '{recipient}', 'hello', '{BEFORE}')"
    )


def an_event(event_id: int) -> str:
    return (
        "INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
        f"VALUES ({event_id}, 'red', 'red', 'message_sent', 'A', '{{}}', '{BEFORE}')"
    )


def a_status(message_id: str, agent_id: str, status: str, reason: str | None, attempts: int) -> str:
    delivered_at = f"'{BEFORE}'" if status == "delivered" else "NULL"
    return (
        f"INSERT INTO message_delivery_status VALUES ('{message_id}', '{agent_id}', '{status}', "
        f"{repr(reason) if reason else 'NULL'}, {attempts}, '{BEFORE}', {delivered_at})"
    )


REFERENCE = (*REFERENCE_TABLES, *REFERENCE_INDEXES)


def test_a_fresh_file_gets_the_newest_schema(path: Path) -> None:
    prepare(path, NOW)

    assert rows(path, "PRAGMA user_version") == [(LATEST,)]
    assert list(path.parent.iterdir()) == [path]


def test_a_second_start_changes_nothing(path: Path) -> None:
    build(path, *REFERENCE, a_reference_agent("A", "alice"))
    prepare(path, NOW)
    first = dump(path)
    files = sorted(path.parent.iterdir())

    prepare(path, NOW + timedelta(hours=1))

    assert dump(path) == first
    assert sorted(path.parent.iterdir()) == files


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(REFERENCE, id="newest"),
        pytest.param(
            tuple(one.replace("channel_session_id TEXT, delivery_kind", "delivery_kind") for one in REFERENCE),
            id="agents-without-the-legacy-column",
        ),
        pytest.param((AGENTS_BEFORE_DELIVERY,), id="agents-before-delivery-columns"),
        pytest.param(
            (EVENTS_OF_ONE_TEAM, "CREATE INDEX idx_events_team ON events (team, event_id)"), id="events-of-one-team"
        ),
        pytest.param((REFERENCE_TABLES[0], MESSAGES_BEFORE_NEED_REPLY), id="messages-before-need-reply"),
        pytest.param((), id="no-tables"),
    ],
)
def test_w29_every_shape_of_the_reference_gets_the_schema_of_a_fresh_file(
    tmp_path: Path, path: Path, statements: tuple[str, ...]
) -> None:
    build(path, *statements)
    prepare(path, NOW)
    fresh = tmp_path / "fresh.db"
    prepare(fresh, NOW)

    assert columns_by_table(path) == columns_by_table(fresh)
    assert {row[0] for row in rows(path, "SELECT name FROM sqlite_master WHERE type = 'index'")} == {
        row[0] for row in rows(fresh, "SELECT name FROM sqlite_master WHERE type = 'index'")
    }
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def columns_by_table(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Name and type of the columns of every table: those added over time stand in another order."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for table, *column in rows(
        path, "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    ):
        found.setdefault(table, set()).add(tuple(column))
    return found


def test_w29_events_of_one_team_keep_their_numbers_and_their_messages(path: Path) -> None:
    build(
        path,
        EVENTS_OF_ONE_TEAM,
        *REFERENCE_TABLES[1:],
        f"INSERT INTO events VALUES (7, 'red', 'message_sent', 'A', '{{}}', '{BEFORE}')",
        a_message("M", 7, "B"),
    )
    prepare(path, NOW)

    assert rows(path, "SELECT event_id, from_team, to_team, created_at FROM events") == [(7, "red", "red", BEFORE)]
    assert rows(path, "SELECT id, event_id FROM messages") == [("M", 7)]
    assert rows(path, "PRAGMA foreign_key_check") == []


def test_w29_of_two_agents_of_one_name_the_one_seen_last_keeps_it_and_both_keep_their_mail(path: Path) -> None:
    build(
        path,
        *REFERENCE_TABLES,
        a_reference_agent("old", "bob", "2026-11-20T00:00:00.000Z"),
        a_reference_agent("taken", "bob-2"),
        a_reference_agent("new", "bob", "2026-11-21T00:00:00.000Z"),
        an_event(1),
        a_message("M", 1, "old"),
    )
    prepare(path, NOW)

    assert dict(rows(path, "SELECT agent_id, name FROM agents")) == {"new": "bob", "taken": "bob-2", "old": "bob-3"}
    assert rows(path, "SELECT to_agent_id FROM messages") == [("old",)]


def test_a_legacy_channel_becomes_a_delivery(path: Path) -> None:
    build(
        path,
        AGENTS_BEFORE_DELIVERY,
        a_reference_agent("A", "alice"),
        a_reference_agent("B", "bob"),
        "UPDATE agents SET channel_session_id = 'csid' WHERE agent_id = 'A'",
    )
    prepare(path, NOW)

    (alice,) = rows(path, "SELECT delivery_kind, delivery_payload, channel_session_id FROM agents WHERE agent_id = 'A'")
    assert (alice[0], json.loads(str(alice[1])), alice[2]) == ("claude-channel", {"channel_session_id": "csid"}, "csid")
    assert rows(path, "SELECT delivery_kind, delivery_payload FROM agents WHERE agent_id = 'B'") == [("none", None)]


def test_a_delivery_of_the_newest_reference_is_left_as_it_is(path: Path) -> None:
    build(
        path,
        *REFERENCE,
        a_reference_agent("A", "alice"),
        "UPDATE agents SET channel_session_id = 'old', delivery_kind = 'none'",
    )
    prepare(path, NOW)

    assert rows(path, "SELECT delivery_kind FROM agents") == [("none",)]


def test_nothing_of_a_reference_file_is_lost(path: Path) -> None:
    build(
        path,
        *REFERENCE,
        a_reference_agent("A", "alice"),
        an_event(1),
        a_message("M", 1, "A"),
        a_status("M", "A", "delivered", None, 0),
        "INSERT INTO tasks (id, team, title, status, depends_on, created_at) "
        f"VALUES ('T', 'red', 'build', 'pending', '[]', '{BEFORE}')",
        "INSERT INTO contracts (team, name, version, format, schema, registered_by, registered_at) "
        f"VALUES ('red', 'api', 1, 'jsonschema', '{{}}', 'A', '{BEFORE}')",
        f"INSERT INTO contract_subscriptions VALUES ('A', 'red', 'api', '{BEFORE}')",
        f"INSERT INTO codex_pane_pre_registrations VALUES ('%1', 'X', '{BEFORE}')",
    )
    tables = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {table: ", ".join(row[1] for row in rows(path, f"PRAGMA table_info({table})")) for table in tables}
    before = {table: rows(path, f"SELECT {columns[table]} FROM {table}") for table in tables}

    prepare(path, NOW)

    for table, old in before.items():
        assert rows(path, f"SELECT {columns[table]} FROM {table}") == old, table


def test_w23_a_proxy_of_the_reference_is_no_agent_any_more_and_keeps_its_id_its_channel_and_its_pid(
    path: Path,
) -> None:
    build(
        path,
        *REFERENCE,
        a_reference_agent("P", "proxy-7"),
        a_reference_agent("Q", "proxy-8"),
        a_reference_agent("A", "alice"),
        "UPDATE agents SET role = '__channel_proxy__', claude_ui_pid = 7 WHERE agent_id IN ('P', 'Q')",
        "UPDATE agents SET delivery_payload = '{\"channel_session_id\":\"C\"}', delivery_kind = 'claude-channel' "
        "WHERE agent_id = 'P'",
        "UPDATE agents SET delivery_payload = '{', delivery_kind = 'claude-channel' WHERE agent_id = 'Q'",
    )
    prepare(path, NOW)

    assert rows(path, "SELECT agent_id FROM agents") == [("A",)]
    assert rows(path, "SELECT agent_id, team, name, channel_session_id, ui_pid FROM channel_proxies") == [
        ("P", "red", "proxy-7", "C", 7),
        ("Q", "red", "proxy-8", None, 7),
    ]


def test_a_retry_that_the_reference_had_forgotten_is_taken_up_again(path: Path) -> None:
    build(
        path,
        *REFERENCE,
        an_event(1),
        a_message("M", 1, "A"),
        a_message("M-1", 1, "B"),
        a_status("M", "B", "retrying", "guard_failed", 2),
        a_status("M", "A", "delivered", None, 1),
    )
    prepare(path, NOW)

    wake = "SELECT recipient_message_id, due_at, expires_at, attempts FROM message_delivery_status WHERE agent_id = "
    assert rows(path, wake + "'B'") == [("M-1", to_wire(NOW), "2026-11-23T13:00:00.000Z", 3)]
    assert rows(path, wake + "'A'") == [("M", None, None, 2)]


def test_an_older_file_is_backed_up_before_it_is_changed(path: Path) -> None:
    build(path, *REFERENCE, a_reference_agent("A", "alice"))
    before = dump(path)
    prepare(path, NOW)

    (backup,) = path.parent.glob("data.db.backup-*")
    assert backup.name == "data.db.backup-schema0-20261122T140000Z"
    assert dump(backup) == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    build(path, f"PRAGMA user_version={LATEST + 1}", "CREATE TABLE later (x)")
    before = path.read_bytes()

    with pytest.raises(UnusableStore, match=r"newer xats-tui.*--db"):
        prepare(path, NOW)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"once upon a time " * 100)

    with pytest.raises(UnusableStore, match=r"not a database.*--db"):
        prepare(path, NOW)
    assert path.read_bytes() == b"once upon a time " * 100


def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(UnusableStore, match="--db"):
        prepare(path, NOW)


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: sqlite3.Connection, now: datetime) -> None:
        connection.execute("CREATE TABLE half_done (x)")
        connection.execute("INSERT INTO nothing VALUES (1)")

    steps: tuple[Callable[[sqlite3.Connection, datetime], None], ...] = (migrations.MIGRATIONS[0], fail)
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    build(path, *REFERENCE)

    with pytest.raises(UnusableStore):
        prepare(path, NOW)

    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'half_done'") == []


def test_w30_database_and_folder_are_for_their_owner_only(path: Path) -> None:
    prepare(path, NOW)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_with_an_announced_pane_is_whole_before_and_after_its_keys_come_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = migrations.MIGRATIONS.index(migrations._put_keys_first)
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:step])
        before.setattr(migrations, "LATEST", step)
        prepare(path, NOW)
    announced = ("/tmp/tmux-0/default", "%1", "mark", BEFORE)
    names = "tmux_socket, pane_id, xats_agent_id, expires_at"
    build(path, f"INSERT INTO codex_pane_pre_registrations ({names}) VALUES {announced}")

    prepare(path, NOW)

    assert rows(path, f"SELECT {names} FROM codex_pane_pre_registrations") == [announced]
    assert rows(path, "PRAGMA quick_check") == [("ok",)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
