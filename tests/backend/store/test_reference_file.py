"""A file of cross-agent-teams-mcp that was in use, opened by a coordinator: everything in it is there over HTTP."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.backend.store.test_migrations import AGENTS_BEFORE_DELIVERY
from tests.backend.tools.letters import inbox
from tests.conftest import Connect, Sql
from xats_tui.backend.store.sql.migrations import LATEST, REFERENCE_INDEXES, REFERENCE_TABLES
from xats_tui.runtime.settings import Settings

THEN = "2026-11-20T10:00:00.000Z"
ALICE, BOB, PROXY = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
BASE = "a0000000-0000-4000-8000-000000000000"

ROWS = f"""
INSERT INTO agents (agent_id, team, role, name, model, registered_at, last_seen_at) VALUES
    ('{ALICE}', 'shop', 'lead', 'alice', 'm', '{THEN}', '{THEN}'),
    ('{BOB}', 'shop', 'qa', 'bob', 'm', '{THEN}', '{THEN}'),
    ('{PROXY}', 'default', '__channel_proxy__', 'channel-proxy-77', 'm', '{THEN}', '{THEN}');
INSERT INTO events VALUES
    (1, 'shop', 'shop', 'message_sent', '{ALICE}', '{{}}', '{THEN}'),
    (2, 'shop', 'shop', 'message_sent', '{ALICE}', '{{}}', '{THEN}'),
    (3, 'shop', 'shop', 'task_added', '{ALICE}', '{{}}', '{THEN}'),
    (9, 'shop', 'shop', 'contract_registered', '{ALICE}', '{{"name":"api","version":1,"diff":null}}', '{THEN}');
INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, to_role, subject, body, sent_at)
VALUES
    ('m-1', 1, 'shop', 'shop', '{ALICE}', '{BOB}', NULL, 'Hi', 'direct', '{THEN}'),
    ('{BASE}', 2, 'shop', 'shop', '{ALICE}', '{BOB}', 'qa', NULL, 'to the role', '{THEN}'),
    ('{BASE}-1', 2, 'shop', 'shop', '{ALICE}', '{PROXY}', 'qa', NULL, 'to the role', '{THEN}');
INSERT INTO message_delivery_status VALUES
    ('m-1', '{BOB}', 'retrying', 'guard_failed', 1, '{THEN}', NULL),
    ('{BASE}', '{BOB}', 'delivered', NULL, 0, '{THEN}', '{THEN}');
INSERT INTO tasks (id, team, title, status, depends_on, claimed_by, claimed_at, created_at) VALUES
    ('t-1', 'shop', 'build', 'in_progress', '[]', '{BOB}', '{THEN}', '{THEN}'),
    ('t-2', 'shop', 'ship', 'pending', '["t-1", "gone"]', NULL, NULL, '2026-11-20T10:00:01.000Z');
INSERT INTO contracts (team, name, version, format, schema, note, registered_by, registered_at) VALUES
    ('shop', 'api', 1, 'jsonschema', '{{"type": 42}}', 'draft', '{ALICE}', '{THEN}');
INSERT INTO contract_subscriptions VALUES ('{BOB}', 'shop', 'api', '{THEN}');
INSERT INTO codex_pane_pre_registrations VALUES ('%7', 'X', '2036-01-01T00:00:00.000Z');
"""

NEWEST = (*REFERENCE_TABLES, *REFERENCE_INDEXES)
BEFORE_DELIVERIES = (AGENTS_BEFORE_DELIVERY, *NEWEST)
BEFORE_CHANNELS = (AGENTS_BEFORE_DELIVERY.replace(", channel_session_id TEXT", ""), *NEWEST)


@pytest.fixture(
    params=[
        pytest.param(NEWEST, id="newest"),
        pytest.param(BEFORE_DELIVERIES, id="before-delivery-columns"),
        pytest.param(BEFORE_CHANNELS, id="before-channels"),
    ]
)
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a home in which the file lies already."""
    home = tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(home / "data.db")) as connection:
        connection.executescript(";".join((*request.param, ROWS)))
    return Settings(home=home, port=0)


async def test_its_agents_find_their_ids_and_all_their_mail(register: Connect) -> None:
    bob = await register("bob", team="shop", role="qa")
    assert bob.agent_id == BOB
    received = (await bob.call("get_inbox"))["messages"]

    assert [(one["id"], one["event_id"], one["subject"], one["body"]) for one in received] == [
        ("m-1", 1, "Hi", "direct"),
        (BASE, 2, None, "to the role"),
    ]
    assert [(one["from_name"], one["need_reply"], one["sent_at"]) for one in received] == [("alice", True, THEN)] * 2
    assert await inbox(bob, since_event_id=1) == ["to the role"]
    assert await inbox(bob) == []


async def test_its_senders_learn_what_became_of_their_wakes(register: Connect) -> None:
    alice = await register("alice", team="shop")
    (waiting,) = (await alice.call("get_delivery_status", message_id="m-1"))["statuses"]
    (delivered,) = (await alice.call("get_delivery_status", message_id=BASE))["statuses"]

    assert waiting["agent_id"] == BOB
    assert (delivered["wake_status"], delivered["delivered_at"]) == ("delivered", THEN)


async def test_its_tasks_go_on(register: Connect) -> None:
    bob = await register("bob", team="shop")

    assert [task["depends_on"] for task in (await bob.call("task_list"))["tasks"]] == [[], ["t-1", "gone"]]
    assert await bob.call("task_claim", task_id="t-2") == {"error": "dependencies_pending"}
    assert await bob.call("task_complete", task_id="t-1") == {"ok": True}
    assert await bob.call("task_claim", task_id="t-2") == {"ok": True}


async def test_its_contracts_go_on_even_from_what_is_no_schema(register: Connect) -> None:
    bob = await register("bob", team="shop")
    first = await bob.call("get_contract", name="api")
    answer = await bob.call("register_contract", name="api", schema={"type": "object"})
    events = (await bob.call("pending_contract_events"))["events"]

    assert (first["schema"], first["note"], first["registered_at"]) == ({"type": 42}, "draft", THEN)
    assert (answer["version"], answer["diff"]["breaking"]) == (2, False)
    assert [(event["event_id"], event["version"]) for event in events] == [(9, 1), (10, 2)]


async def test_new_events_are_numbered_after_its_newest(register: Connect) -> None:
    alice = await register("alice", team="shop")

    assert (await alice.call("send_message", to_agent_name="bob", body="x", auto_poke=False))["event_id"] == 10


async def test_nothing_of_it_is_lost(register: Connect, sql: Sql) -> None:
    await register("somebody", team="elsewhere")
    tables = ("messages", "message_delivery_status", "tasks", "contracts", "contract_subscriptions", "events")

    assert [sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables] == [3, 2, 2, 1, 1, 4]
    assert sql("SELECT pane_id, xats_agent_id, tmux_socket FROM codex_pane_pre_registrations") == [("%7", "X", "")]
    assert sql("SELECT name FROM agents WHERE team <> 'elsewhere' ORDER BY name") == [("alice",), ("bob",)]
    assert sql("PRAGMA user_version") == [(LATEST,)]
    assert sql("PRAGMA foreign_key_check") == []
