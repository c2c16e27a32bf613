"""Listing agents, leaving, and checking the connection."""

from typing import Any

from tests.wire.producers import http_only, shows
from tests.wire.shapes import AGENT, exactly, is_time
from tests.wire.world import Speaker, World

WHO = {"registered", "agent_id", "name", "team", "role", "client", "tmux_pane_id", "delivery", "unread", "hint"}

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"


async def listed(agent: Speaker) -> dict[str, dict[str, Any]]:
    """The agents of a team by name."""
    return {one["name"]: one for one in (await agent.call("list_agents"))["agents"]}


@shows("echo", "ok")
async def an_echo(world: World) -> None:
    alice = await world.agent("alice")
    answer = await alice.call("echo", msg="é \u2028 😀")
    exactly(answer, {"msg", "echoed_at"})
    assert answer["msg"] == "é \u2028 😀"
    assert is_time(answer["echoed_at"])


@shows("echo", "ok: without registration")
async def an_echo_for_anybody(world: World) -> None:
    assert (await (await world.nobody()).call("echo", msg=""))["msg"] == ""


@shows("echo", "tool error: no text")
async def an_echo_of_nothing(world: World) -> None:
    nobody = await world.nobody()
    await nobody.tool_error("echo", {}, "msg")
    await nobody.tool_error("echo", None, "msg")
    await nobody.tool_error("echo", {"msg": 1}, "msg")


@shows("echo", "tool error: null")
async def an_echo_of_null(world: World) -> None:
    await (await world.nobody()).tool_error("echo", {"msg": None}, "msg")


@shows("whoami", "ok")
async def an_agent_that_asks_who_it_is(world: World) -> None:
    alice, bob = await world.agent("alice", role="lead"), await world.agent("bob")
    await bob.call("send_message", to_agent_name="alice", body="x")
    answer = await alice.call("whoami")
    exactly(answer, WHO)
    assert (answer["registered"], answer["agent_id"], answer["unread"]) == (True, alice.agent_id, 1)
    assert (answer["name"], answer["team"], answer["role"]) == ("alice", world.team, "lead")


@shows("whoami", "ok: nobody yet")
async def nobody_who_asks_who_it_is(world: World) -> None:
    answer = await (await world.nobody()).call("whoami")
    exactly(answer, {"registered", "you_were", "hint"})
    assert answer["registered"] is False


@shows("whoami", "ok: superseded")
@http_only
async def one_that_asks_who_it_was(world: World) -> None:
    alice = await world.agent("alice")
    await world.agent("alice")
    answer = await alice.call("whoami")
    exactly(answer, {"registered", "you_were", "superseded"})
    assert "alice" in answer["superseded"]


@shows("list_agents", "ok")
async def a_team(world: World) -> None:
    alice = await world.agent("zoe", role="lead", client_name="shell")
    await world.agent("bob", client="opencode", model="x")
    await world.agent("stranger", team=world.team + "-b")
    agents = (await alice.call("list_agents"))["agents"]

    assert [agent["name"] for agent in agents] == ["zoe", "bob"]
    for agent in agents:
        exactly(agent, AGENT)
        assert is_time(agent["last_seen_at"])
    assert agents[0] == agents[0] | {
        "agent_id": alice.agent_id,
        "client": "custom",
        "client_name": "shell",
        "team": world.team,
        "role": "lead",
        "model": "m",
        "tmux_pane_id": None,
        "delivery": {"kind": "none"},
        "channel_session_id": None,
        "online": True,
    }
    assert (agents[1]["client"], agents[1]["client_name"], agents[1]["role"]) == ("opencode", None, "default")


@shows("list_agents", "unknown_cursor")
async def a_team_from_nobody_on(world: World) -> None:
    answer = await (await world.agent("alice")).call("list_agents", cursor="nobody")
    assert answer["error"] == "unknown_cursor"


@shows("list_agents", "ok: a damaged row harms nobody else")
async def a_team_with_a_damaged_row(world: World) -> None:
    alice, bob, carol = [await world.agent(name) for name in ("alice", "bob", "carol")]
    for agent, kind, payload in ((bob, "pigeon", None), (carol, "claude-channel", "{")):
        world.sql(
            "UPDATE agents SET delivery_kind = ?, delivery_payload = ? WHERE agent_id = ?",
            kind,
            payload,
            agent.agent_id,
        )
    agents = await listed(alice)
    assert agents["bob"]["delivery"] == agents["carol"]["delivery"] == {"kind": "none"}
    assert (await alice.call("send_message", to_agent_name="bob", body="x"))["recipients"] == [bob.agent_id]
    assert len((await alice.call("broadcast", body="x"))["recipients"]) == 2
    assert len((await bob.call("get_inbox"))["messages"]) == 2


@shows("list_agents", "ok: what a delivery hides")
async def a_team_with_deliveries(world: World) -> None:
    codex = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1", "auth_token_ref": "CODEX_X"}
    channel = {"kind": "claude-channel", "channel_session_id": f" c-{world.team} "}
    alice = await world.agent("alice", client="codex", delivery=codex)
    await world.agent("bob", client="claude-code", delivery=channel)
    agents = await listed(alice)
    assert (agents["alice"]["delivery"], agents["alice"]["channel_session_id"]) == ({"kind": "codex-appserver"}, None)
    csid = f"c-{world.team}"
    assert agents["bob"]["delivery"] == {"kind": "claude-channel", "channel_session_id": csid}
    assert agents["bob"]["channel_session_id"] == csid


@shows("unregister_self", "ok")
async def a_departure(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    await bob.call("subscribe_contract", name="api")
    answer = await bob.call("unregister_self")
    assert answer == {"ok": True, "team": world.team, "name": "bob", "agent_id": bob.agent_id}
    assert await bob.call("list_agents") == {"error": "unknown_agent"}
    assert list(await listed(alice)) == ["alice"]
    assert await alice.call("send_message", to_agent_name="bob", body="x") == {"error": "unknown_recipient"}


@shows("unregister_self", "ok: the same id and mail after a return")
async def a_departure_and_a_return(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", role="worker")
    await alice.call("send_message", to_agent_name="bob", body="unread")
    await bob.call("send_message", to_agent_name="alice", body="sent")
    await bob.call("unregister_self")
    (message,) = (await alice.call("get_inbox"))["messages"]
    assert message["from_agent_id"] == bob.agent_id
    again = await world.agent("bob")
    assert again.agent_id == bob.agent_id
    assert [message["body"] for message in (await again.call("get_inbox"))["messages"]] == ["unread"]


@shows("unregister_self", "tasks_in_progress")
async def a_departure_with_tasks(world: World) -> None:
    alice = await world.agent("alice")
    ids = sorted([(await alice.call("task_add", title="t"))["task_id"] for _ in range(3)])
    for task_id in ids[:2]:
        await alice.call("task_claim", task_id=task_id)
    assert await alice.call("unregister_self") == {"error": "tasks_in_progress", "task_ids": ids[:2]}
    for task_id in ids[:2]:
        await alice.call("task_complete", task_id=task_id)
    assert (await alice.call("unregister_self"))["ok"] is True
