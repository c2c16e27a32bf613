"""Listing agents and leaving: answers of the tools, and stored rows."""

import re

from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
THREAD = "01234567-89ab-4cde-8f01-23456789abcd"
CODEX = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}


async def test_the_list_of_agents_has_the_team_in_order_of_registration(register: Connect) -> None:
    zoe = await register("zoe", client_name="vim", role="dev")
    await register("adam", client="codex", delivery=CODEX)
    await register("stranger", team="blue")
    first, second = (await zoe.call("list_agents"))["agents"]

    assert first | {"last_seen_at": "", "agent_id": ""} == {
        "agent_id": "",
        "client": "custom",
        "client_name": "vim",
        "team": "default",
        "role": "dev",
        "name": "zoe",
        "model": "m",
        "tmux_pane_id": None,
        "delivery": {"kind": "none"},
        "channel_session_id": None,
        "last_seen_at": "",
        "online": True,
    }
    assert second["name"] == "adam"
    assert second["delivery"] == {"kind": "codex-appserver"}, "where a thread is reached is nobody's business"


async def test_a_channel_is_shown_to_the_team(register: Connect) -> None:
    alice = await register("alice", delivery={"kind": "claude-channel", "channel_session_id": "csid"})
    (row,) = (await alice.call("list_agents"))["agents"]

    assert row["delivery"] == {"kind": "claude-channel", "channel_session_id": "csid"}
    assert row["channel_session_id"] == "csid"


async def test_leaving_removes_the_agent_with_its_subscriptions_and_nothing_else(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await register("bob")
    await alice.call("subscribe_contract", name="api")
    await alice.call("send_message", to_agent_name="bob", body="bye", auto_poke=False)
    answer = await alice.call("unregister_self")

    assert answer == {"ok": True, "team": "default", "name": "alice", "agent_id": alice.agent_id}
    assert await alice.call("list_agents") == {"error": "unknown_agent"}
    assert sql("SELECT name FROM agents") == [("bob",)]
    assert sql("SELECT count(*) FROM contract_subscriptions") == [(0,)]
    assert sql("SELECT count(*) FROM messages") == [(1,)]


async def test_who_works_on_tasks_cannot_leave(register: Connect) -> None:
    alice = await register("alice")
    mine = [(await alice.call("task_add", title="x"))["task_id"] for _ in range(2)]
    for task_id in mine:
        await alice.call("task_claim", task_id=task_id)

    assert await alice.call("unregister_self") == {"error": "tasks_in_progress", "task_ids": sorted(mine)}
    for task_id in mine:
        await alice.call("task_complete", task_id=task_id)
    assert (await alice.call("unregister_self"))["ok"] is True


async def test_the_other_session_of_an_agent_that_left_is_unknown(register: Connect) -> None:
    one, other = await register("alice"), await register("alice")
    await other.call("unregister_self")

    assert await one.call("list_agents") == {"error": "unknown_agent"}


async def test_the_roster_of_the_screen_counts_mail_wakes_and_connections(
    register: Connect, backend: Coordinator
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await alice.call("send_message", to_agent_name="bob", body="x")
    await alice.call("send_message", to_agent_name="bob", body="y")
    by_name = {entry.agent.name: entry for entry in await backend.registry.roster()}

    assert (by_name["bob"].unread, by_name["alice"].unread) == (2, 0)
    assert by_name["bob"].oldest_unread_at is not None
    assert by_name["bob"].connected
    await bob.call("get_inbox")
    await bob.call("list_agents")
    assert {entry.unread for entry in await backend.registry.roster()} == {0}
