"""Retention: rows deleted by age, rows that always stay, and calls that never wait for it."""

import asyncio
from datetime import timedelta

import pytest

from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql, url_of
from tests.fakes import FakeClock
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.upkeep.retention import BATCH_ROWS
from xats_tui.core.clock import to_wire
from xats_tui.runtime.settings import Settings

LONG_AGO = "2020-01-01T00:00:00.000Z"


async def read(reader: Caller) -> list[str]:
    """The bodies of the unread mail, which then counts as read."""
    bodies = await inbox(reader)
    await reader.call("task_list")
    return bodies


def age(sql: Sql) -> None:
    """Make everything that has happened so far happen long ago."""
    sql("UPDATE messages SET sent_at = ?", LONG_AGO)
    sql("UPDATE events SET created_at = ?", LONG_AGO)


async def test_w4_mail_that_was_read_goes_after_the_days_that_it_is_kept_with_its_wakes_and_its_event(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="old"))["message_id"]
    assert sql("SELECT count(*) FROM wake_attempts") == [(1,)]
    assert await read(bob) == ["old"]
    age(sql)
    await send(alice, "bob", "new")
    assert await read(bob) == ["new"]
    await backend.retention.prune()

    assert await inbox(bob, since_event_id=0) == ["new"]
    for table in ("messages", "events", "message_delivery_status"):
        assert sql(f"SELECT count(*) FROM {table}") == [(1,)], table
    assert sql("SELECT count(*) FROM wake_attempts") == [(0,)]
    assert await alice.call("get_delivery_status", message_id=message_id) == {"error": "unknown_message"}


async def test_unread_mail_is_never_deleted_however_old(register: Connect, backend: Coordinator, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", "old")
    age(sql)
    await backend.retention.prune()

    assert await inbox(bob) == ["old"]


async def test_mail_that_is_old_but_not_older_than_it_is_kept_stays(
    register: Connect, backend: Coordinator, sql: Sql, settings: Settings
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", "younger")
    await send(alice, "bob", "older")
    await read(bob)
    edge = backend.clock.now() - timedelta(days=settings.retention_days)
    sql("UPDATE messages SET sent_at = ? WHERE body = 'younger'", to_wire(edge + timedelta(minutes=1)))
    sql("UPDATE messages SET sent_at = ? WHERE body = 'older'", to_wire(edge - timedelta(minutes=1)))
    await backend.retention.prune()

    assert await inbox(bob, since_event_id=0) == ["younger"]


async def test_w5_the_event_of_a_broadcast_stays_while_somebody_has_not_read_it(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    await alice.call("broadcast", body="all", auto_poke=False)
    await read(bob)
    age(sql)
    await backend.retention.prune()

    assert await inbox(bob, since_event_id=0) == []
    assert sql("SELECT count(*) FROM events") == [(1,)]
    assert await read(carol) == ["all"]
    await backend.retention.prune()
    assert sql("SELECT count(*) FROM events") == [(0,)]
    assert sql("PRAGMA foreign_key_check") == []


async def test_task_events_go_and_tasks_stay(register: Connect, backend: Coordinator, sql: Sql) -> None:
    alice = await register("alice")
    task_id = (await alice.call("task_add", title="old"))["task_id"]
    await alice.call("task_claim", task_id=task_id)
    age(sql)
    await alice.call("task_complete", task_id=task_id)
    await backend.retention.prune()

    assert sql("SELECT event_type FROM events") == [("task_completed",)]
    assert [task["id"] for task in (await alice.call("task_list"))["tasks"]] == [task_id]


async def test_contract_events_stay_for_those_who_poll(register: Connect, backend: Coordinator, sql: Sql) -> None:
    alice = await register("alice")
    await alice.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema={})
    await alice.call("register_contract", name="api", schema={"type": "object"})
    age(sql)
    await backend.retention.prune()

    events = (await alice.call("pending_contract_events"))["events"]
    assert [event["version"] for event in events] == [1, 2]
    assert (await alice.call("get_contract", name="api", version=1))["schema"] == {}


async def test_numbers_of_deleted_events_are_not_given_again_and_cursors_stay_right(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    for number in range(3):
        await send(alice, "bob", str(number))
    cursor = (await bob.call("get_inbox"))["last_event_id"]
    await bob.call("task_list")
    age(sql)
    await backend.retention.prune()
    assert sql("SELECT count(*) FROM events") == [(0,)]

    await send(alice, "bob", "next")
    answer = await bob.call("get_inbox", since_event_id=cursor)
    assert [message["body"] for message in answer["messages"]] == ["next"]
    assert answer["last_event_id"] == cursor + 1


async def test_what_only_served_its_time_goes(register: Connect, backend: Coordinator, sql: Sql) -> None:
    await register("alice")
    now = backend.clock.now()
    yesterday, soon = to_wire(now - timedelta(hours=25)), to_wire(now + timedelta(minutes=1))
    for moment in (LONG_AGO, yesterday, to_wire(now)):
        sql("INSERT INTO activity (at, actor, verb, detail) VALUES (?, 'operator', 'poke', '')", moment)
        sql("INSERT INTO calls (caller, call_id, at, answer) VALUES ('alice', ?, ?, '')", f"call-{moment}", moment)
        sql(
            "INSERT INTO sessions (session_id, opening, opened_at, last_call_at) VALUES (?, '{}', ?, ?)",
            f"session-{moment}",
            moment,
            moment,
        )
    for pane_id, expires_at in (("%1", yesterday), ("%2", soon)):
        sql(
            "INSERT INTO codex_pane_pre_registrations (pane_id, xats_agent_id, expires_at) VALUES (?, 'X', ?)",
            pane_id,
            expires_at,
        )
    sql("DELETE FROM sessions WHERE session_id NOT LIKE 'session-%'")
    sql("INSERT INTO departed_agents VALUES ('default', 'bob', 'B', ?)", LONG_AGO)
    await backend.retention.prune()

    assert sql("SELECT at FROM activity ORDER BY at") == [(yesterday,), (to_wire(now),)]
    assert sql("SELECT at FROM calls") == [(to_wire(now),)]
    assert sql("SELECT last_call_at FROM sessions ORDER BY last_call_at") == [(yesterday,), (to_wire(now),)]
    assert sql("SELECT pane_id FROM codex_pane_pre_registrations") == [("%2",)]
    assert sql("SELECT count(*) FROM departed_agents") == [(1,)]


async def test_who_left_long_ago_still_finds_its_id_and_its_mail(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", "waiting")
    await bob.call("unregister_self")
    age(sql)
    sql("UPDATE departed_agents SET departed_at = ?", LONG_AGO)
    await backend.retention.prune()
    back = await register("bob")

    assert back.agent_id == bob.agent_id
    assert await inbox(back) == ["waiting"]


def stuff(sql: Sql, count: int) -> None:
    """Copy the only message so often, each copy with an event and a wake, read long ago."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
    columns = "from_team, to_team, event_type, actor_agent_id, payload, created_at"
    sql(f"{numbers} INSERT INTO events (event_id, {columns}) SELECT i, {columns} FROM events, n")
    columns = "from_team, to_team, from_agent_id, to_agent_id, body, need_reply, sent_at, read_at"
    sql(f"{numbers} INSERT INTO messages (id, event_id, {columns}) SELECT 'copy-' || i, i, {columns} FROM messages, n")
    sql(
        f"{numbers} INSERT INTO message_delivery_status (message_id, agent_id, wake_status, updated_at, "
        "recipient_message_id) SELECT 'copy-' || i, agent_id, wake_status, updated_at, 'copy-' || i "
        "FROM message_delivery_status, n"
    )


@pytest.mark.slow
async def test_a_large_round_lets_calls_through_between_its_transactions(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    await read(bob)
    age(sql)
    stuff(sql, 40 * BATCH_ROWS)
    round_of_retention = asyncio.create_task(backend.retention.prune())
    left = []
    async with asyncio.timeout(PATIENCE):
        while not round_of_retention.done():
            await alice.call("task_add", title="meanwhile")
            left += [count for (count,) in sql("SELECT count(*) FROM messages")]
        await round_of_retention

    assert [count for count in left if 0 < count < 40 * BATCH_ROWS], "no call was answered while it went on"
    assert sql("SELECT count(*) FROM messages") == [(0,)]
    assert sql("SELECT count(*) FROM message_delivery_status") == [(0,)]


async def test_w5_a_round_that_cannot_delete_one_thing_deletes_the_others_and_says_so(
    register: Connect, backend: Coordinator, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    await read(bob)
    await alice.call("task_add", title="old")
    age(sql)
    sql("CREATE TRIGGER keep BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'not this one'); END")
    await backend.retention.prune()

    assert "old messages cannot be deleted: not this one" in caplog.text
    assert sql("SELECT event_type FROM events") == [("message_sent",)]
    assert sql("SELECT count(*) FROM message_delivery_status") == [(1,)]


async def test_a_round_comes_after_each_pause_on_the_coordinators_clock(settings: Settings, sql: Sql) -> None:
    clock = FakeClock()
    async with Coordinator.running(settings, clock) as backend, callers() as connect:
        alice: Caller = await connect(url_of(backend))
        await alice.register("alice")
        await send(alice, "alice", "note")
        await read(alice)

        async def events_left_after(seconds: float) -> int:
            clock.advance(seconds)
            await asyncio.sleep(0.1)
            return len(sql("SELECT event_id FROM events"))

        assert await events_left_after(settings.cleanup_ms / 1000) == 1
        clock.advance(settings.retention_days * 86_400)
        async with asyncio.timeout(PATIENCE):
            while await events_left_after(settings.cleanup_ms / 1000):
                pass
