"""Registering, leaving, who is there: what the tools answer and what is kept."""

import asyncio
import re

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from xats_tui.backend.daemon import Backend

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
THREAD = "01234567-89ab-4cde-8f01-23456789abcd"
CODEX = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}


async def refused(caller: Caller, **fields: object) -> str:
    """The code with which a registration is refused."""
    return str((await caller.register(str(fields.pop("name", "x")), **fields)).get("error"))


async def test_a_registration_answers_id_and_team_and_how_to_become_reachable(connect: Connect) -> None:
    answer = await (await connect()).register("alice")

    assert UUID.fullmatch(answer["agent_id"])
    assert answer["team"] == "default"
    assert "bind_runtime_identity" in answer["hint"]
    assert answer.keys() == {"agent_id", "team", "hint"}


async def test_an_identity_keeps_its_id_whoever_registers_it_again(register: Connect, sql: Sql) -> None:
    first = await register("alice", client="codex", role="lead", model="one")
    ((registered_at,),) = sql("SELECT registered_at FROM agents")
    second = await register("alice", client="custom", client_name="vim", model="two")

    assert second.agent_id == first.agent_id
    assert sql("SELECT client, client_name, role, model, registered_at FROM agents") == [
        ("custom", "vim", "default", "two", registered_at)
    ]


async def test_eight_concurrent_registrations_of_a_name_are_one_agent(connect: Connect) -> None:
    callers = [await connect() for _ in range(8)]
    answers = await asyncio.gather(*(caller.register("alice") for caller in callers))

    assert len({answer["agent_id"] for answer in answers}) == 1


async def test_a_name_is_another_agent_in_another_team(register: Connect) -> None:
    assert (await register("alice")).agent_id != (await register("alice", team="blue")).agent_id


async def test_a_session_speaks_as_the_agent_that_it_registered_last(register: Connect) -> None:
    caller = await register("alice")
    await caller.register("bob")
    await caller.call("send_message", to_agent_name="alice", body="from bob", auto_poke=False)
    alice = await register("alice")

    assert (await alice.call("get_inbox"))["messages"][0]["from_name"] == "bob"


@pytest.mark.parametrize(
    ("fields", "team"),
    [
        ({}, "default"),
        ({"team": " Blue "}, "Blue"),
        ({"team": " ", "project_dir": "/work/Shop/"}, "shop"),
        ({"project_dir": "/work/My App"}, "my app"),
        ({"project_dir": "/"}, "default"),
        ({"team": "blue", "project_dir": "/work/shop"}, "blue"),
    ],
)
async def test_the_team_is_the_one_named_else_the_project_folder_else_default(
    connect: Connect, fields: dict[str, str], team: str
) -> None:
    assert (await (await connect()).register("alice", **fields))["team"] == team


async def test_w20_names_roles_and_teams_are_trimmed_printable_and_short(connect: Connect, sql: Sql) -> None:
    caller = await connect()

    for bad in ("", "   ", "a\nb", "a\x1b[201~", "a\x00", "\N{RIGHT-TO-LEFT OVERRIDE}x", "x" * 65):
        assert await refused(caller, name=bad) == "invalid_name", repr(bad)
        assert await refused(caller, role=bad) == "invalid_role", repr(bad)
        if bad.strip():
            assert await refused(caller, team=bad) == "invalid_team", repr(bad)
    assert sql("SELECT count(*) FROM agents") == [(0,)]
    await caller.register("  Zoë; rm -rf $(HOME)  ", role=" 🧪 ")
    assert sql("SELECT name, role FROM agents") == [("Zoë; rm -rf $(HOME)", "🧪")]


async def test_two_spellings_of_one_accent_are_one_name(register: Connect) -> None:
    composed, combined = await register("Zo\u00eb"), await register("Zoe\u0308")

    assert composed.agent_id == combined.agent_id


async def test_the_operators_name_is_taken(connect: Connect) -> None:
    caller = await connect()

    assert await refused(caller, name="operator") == "invalid_name"
    assert await refused(caller, name="Operator", team="blue") == "invalid_name"


@pytest.mark.parametrize(
    ("delivery", "reason"),
    [
        ({"kind": "pigeon"}, "unknown_kind"),
        ({}, "unknown_kind"),
        ({"kind": 7}, "unknown_kind"),
        ({"kind": "claude-channel"}, "missing_channel_session_id"),
        ({"kind": "claude-channel", "channel_session_id": " "}, "missing_channel_session_id"),
        (CODEX | {"thread_id": "thread"}, "invalid_thread_id"),
        (CODEX | {"ws_url": "http://127.0.0.1"}, "invalid_ws_url"),
        (CODEX | {"ws_url": ""}, "invalid_ws_url"),
        pytest.param(CODEX | {"ws_url": "ws://example.com:80"}, "invalid_ws_url", id="w18-another-machine"),
        (CODEX | {"auth_token_ref": " "}, "invalid_auth_token_ref"),
    ],
)
async def test_a_delivery_that_cannot_work_is_refused_with_the_reason_and_nothing_is_written(
    connect: Connect, sql: Sql, delivery: dict[str, object], reason: str
) -> None:
    answer = await (await connect()).register("alice", delivery=delivery)

    assert answer == {"error": "invalid_delivery", "reason": reason}
    assert sql("SELECT count(*) FROM agents") == [(0,)]


async def test_a_delivery_is_kept_until_another_one_is_given(register: Connect, sql: Sql) -> None:
    async def stored(**fields: object) -> tuple[str, str | None]:
        await register("alice", **fields)
        ((kind, payload),) = sql("SELECT delivery_kind, delivery_payload FROM agents")
        return kind, payload

    channel = ("claude-channel", '{"channel_session_id":"csid"}')
    given = {"kind": "claude-channel", "channel_session_id": " csid ", "extra": 1}
    assert await stored(delivery=given) == channel
    assert await stored() == channel
    assert await stored(delivery={"kind": "none"}) == ("none", None)


async def test_who_has_a_delivery_is_reachable_and_gets_no_hint(connect: Connect) -> None:
    assert "hint" not in await (await connect()).register("alice", delivery=CODEX)


async def test_the_list_of_agents_has_the_team_in_order_of_registration(register: Connect, sql: Sql) -> None:
    zoe = await register("zoe", client_name="vim", role="dev")
    await register("adam", client="codex", delivery=CODEX)
    await register("stranger", team="blue")
    sql("UPDATE agents SET last_seen_at = '2020-01-01T00:00:00.000Z' WHERE name = 'adam'")
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
    assert (second["name"], second["online"]) == ("adam", False)
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
    await one.call("unregister_self")

    assert await other.call("list_agents") == {"error": "unknown_agent"}


async def test_the_roster_of_the_screen_counts_mail_wakes_and_connections(register: Connect, backend: Backend) -> None:
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
