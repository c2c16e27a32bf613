"""Claude Code channels: a proxy that carries one, agents that are woken through it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.patience import PATIENCE
from tests.wire.producers import http_only, shows
from tests.wire.scenarios.agents import listed
from tests.wire.scenarios.registration import AS_CLAUDE, BOUND, rows
from tests.wire.shapes import REGISTERED, SENT, exactly
from tests.wire.world import Speaker, World

PROXY_ROLE = "__channel_proxy__"


def proxy_registration(csid: str, ui_pid: int) -> dict[str, Any]:
    """Return a channel proxy's registration arguments."""
    return {
        "client": "custom",
        "client_name": "cross-agent-teams-channel",
        "model": "proxy",
        "role": PROXY_ROLE,
        "name": f"channel-proxy-{csid}",
        "team": "default",
        "claude_ui_pid": ui_pid,
        "delivery": {"kind": "claude-channel", "channel_session_id": csid},
    }


@asynccontextmanager
async def channel(world: World, csid: str, ui_pid: int) -> AsyncIterator[tuple[Speaker, asyncio.Queue[dict[str, Any]]]]:
    """A proxy that carries a channel for the life of the block, and what it hears."""
    proxy = await world.nobody()
    async with proxy.http.stream() as heard:
        answer = await proxy.call("register_agent", **proxy_registration(csid, ui_pid))
        assert "agent_id" in answer, answer
        assert await proxy.call("subscribe_channel_wake", channel_session_id=csid) == {"ok": True}
        yield proxy, heard


async def next_wake(heard: asyncio.Queue[dict[str, Any]]) -> Mapping[str, Any]:
    """The parameters of the next wake on a channel."""
    async with asyncio.timeout(PATIENCE):
        while True:
            notification = await heard.get()
            if notification["method"] == "notifications/channel_wake":
                params: Mapping[str, Any] = notification["params"]
                return params


def on_the_channel_of_its_pid(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, pane, csid = await world.nobody(), await world.stand_in("ui", "claude"), world.team
        async with channel(world, csid, pane.pid):
            answer = await nobody.call(tool, **AS_CLAUDE[tool], name="bob", team=world.team, ui_pid=pane.pid)
            exactly(answer, REGISTERED | {"channel_session_id"}, maybe=BOUND)
            assert answer["channel_session_id"] == csid
            assert (await listed(nobody))["bob"]["channel_session_id"] == csid

    return scenario


def on_the_channel_that_it_names(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, csid = await world.nobody(), world.team
        async with channel(world, csid, 1):
            answer = await nobody.call(
                tool, **AS_CLAUDE[tool], name="bob", team=world.team, channel_session_id=f" {csid} "
            )
            exactly(answer, REGISTERED, maybe={"channel_session_id"})
            assert (await listed(nobody))["bob"]["delivery"] == {"kind": "claude-channel", "channel_session_id": csid}

    return scenario


def on_another_channel_than_its_pids(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody, pane, csid = await world.nobody(), await world.stand_in("ui", "claude"), world.team
        async with channel(world, csid, pane.pid):
            answer = await nobody.call(
                tool,
                **AS_CLAUDE[tool],
                name="bob",
                team=world.team,
                ui_pid=pane.pid,
                channel_session_id="another",
            )
        detail = {"ui_pid_matched_csid": csid, "supplied_csid": "another"}
        assert answer == {"error": "channel_session_id_ui_pid_mismatch", "detail": detail}
        assert rows(world) == 0

    return scenario


for _tool in AS_CLAUDE:
    shows(_tool, "ok: bound to the channel of its pid")(http_only(on_the_channel_of_its_pid(_tool)))
    shows(_tool, "ok: bound to the channel that it names")(http_only(on_the_channel_that_it_names(_tool)))
    shows(_tool, "channel_session_id_ui_pid_mismatch")(http_only(on_another_channel_than_its_pids(_tool)))


@shows("register_agent", "ok: a channel proxy")
@http_only
async def a_proxy(world: World) -> None:
    async with channel(world, world.team, 1) as (proxy, _):
        again = await proxy.call("register_agent", **proxy_registration(world.team, 1))
        exactly(again, REGISTERED)
        assert (again["agent_id"], again["team"]) == (proxy.agent_id, "default")
        neighbour = await world.agent(world.team, team="default")
        assert world.team in await listed(neighbour)
        assert f"channel-proxy-{world.team}" not in await listed(neighbour)


@shows("register_agent", "ok: hosts are re-pointed to the new channel of their pid")
@http_only
async def a_proxy_that_comes_back(world: World) -> None:
    nobody, pane = await world.nobody(), await world.stand_in("ui", "claude")
    before, after = world.team, f"{world.team}-2"
    async with channel(world, before, pane.pid) as (first, _):
        await nobody.call("register_claude_self", name="bob", team=world.team, ui_pid=pane.pid)
    await first.http.http.delete("/mcp", headers=first.http.session)
    async with channel(world, after, pane.pid):
        assert (await listed(nobody))["bob"]["channel_session_id"] == after


@shows("subscribe_channel_wake", "ok")
@http_only
async def a_channel_that_wakes(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", client="claude-code")
    async with channel(world, world.team, 1) as (_, heard):
        assert await bob.call("bind_channel", channel_session_id=world.team) == {"ok": True}
        sent = await alice.call("send_message", to_agent_name="bob", body="SECRET")
        wake = await next_wake(heard)
        exactly(sent, SENT)
        assert (sent["poked"], sent["poke_skip_reasons"], sent["retry_scheduled"]) == (True, [], False)
        exactly(wake, {"content", "meta"})
        assert wake["meta"] == {}
        assert "get_inbox" in wake["content"]
        assert "SECRET" not in wake["content"]


@shows("subscribe_channel_wake", "ok: two channels of one session")
@http_only
async def two_channels(world: World) -> None:
    alice, agents = await world.agent("alice"), [await world.agent(name) for name in ("bob", "carol")]
    csids = [f"{world.team}-a", f"{world.team}-b"]
    async with channel(world, csids[0], 1) as (proxy, heard):
        assert await proxy.call("subscribe_channel_wake", channel_session_id=f" {csids[1]} ") == {"ok": True}
        for agent, csid in zip(agents, csids, strict=True):
            assert await agent.call("bind_channel", channel_session_id=csid) == {"ok": True}
        sent = await alice.call("broadcast", body="x")
        assert sent["poked"] is True
        for _ in agents:
            await next_wake(heard)


@shows("subscribe_channel_wake", "channel_in_use")
@http_only
async def a_channel_that_somebody_carries(world: World) -> None:
    async with channel(world, world.team, 1):
        thief = await world.nobody()
        async with thief.http.stream():
            await thief.call("register_agent", **proxy_registration(f"{world.team}-x", 1))
            answer = await thief.call("subscribe_channel_wake", channel_session_id=world.team)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "channel_in_use"


@shows("subscribe_channel_wake", "invalid_channel_session_id")
async def a_blank_channel(world: World) -> None:
    nobody = await world.nobody()
    answer = await nobody.call("subscribe_channel_wake", channel_session_id="  ")
    assert answer == {"error": "invalid_channel_session_id"}


@shows("subscribe_channel_wake", "forbidden_role")
async def a_channel_of_an_agent(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("subscribe_channel_wake", channel_session_id="x") == {"error": "forbidden_role"}


@shows("subscribe_channel_wake", "tool error: an empty id")
async def a_channel_of_no_id(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("subscribe_channel_wake", {"channel_session_id": ""}, "channel_session_id")


@shows("bind_channel", "ok")
@http_only
async def a_rebinding(world: World) -> None:
    bob = await world.agent("bob", client_name="shell")
    async with channel(world, world.team, 1):
        assert await bob.call("bind_channel", channel_session_id=f" {world.team} ") == {"ok": True}
        agent = (await listed(bob))["bob"]
        assert (agent["client"], agent["client_name"]) == ("claude-code", None)
        assert agent["delivery"] == {"kind": "claude-channel", "channel_session_id": world.team}


@shows("bind_channel", "invalid_channel_session_id")
async def a_rebinding_to_a_blank(world: World) -> None:
    nobody = await world.nobody()
    assert await nobody.call("bind_channel", channel_session_id=" \t") == {"error": "invalid_channel_session_id"}


@shows("bind_channel", "unknown_channel_session")
async def a_rebinding_to_nobody(world: World) -> None:
    bob = await world.agent("bob")
    assert await bob.call("bind_channel", channel_session_id="nobody") == {"error": "unknown_channel_session"}
    agent = (await listed(bob))["bob"]
    assert (agent["client"], agent["delivery"]) == ("custom", {"kind": "none"})


@shows("bind_channel", "forbidden_role")
@http_only
async def a_rebinding_of_a_proxy(world: World) -> None:
    async with channel(world, world.team, 1) as (proxy, _):
        assert await proxy.call("bind_channel", channel_session_id=world.team) == {"error": "forbidden_role"}


@shows("bind_channel", "tool error: an empty id")
async def a_rebinding_to_no_id(world: World) -> None:
    await (await world.agent("bob")).tool_error("bind_channel", {"channel_session_id": ""}, "channel_session_id")


def a_proxy_that_is_no_agent(tool: str, arguments: dict[str, Any]) -> Any:
    async def scenario(world: World) -> None:
        async with channel(world, world.team, 1) as (proxy, _):
            assert (await proxy.call(tool, **arguments))["error"] == "forbidden_role"

    return scenario


NOT_FOR_PROXIES: dict[str, dict[str, Any]] = {
    "send_message": {"to_agent_name": "bob", "body": "x"},
    "broadcast": {"body": "x"},
    "get_inbox": {},
    "task_add": {"title": "x"},
    "register_contract": {"name": "x", "schema": {}},
    "search_messages": {"query": "x"},
}
for _tool, _arguments in NOT_FOR_PROXIES.items():
    shows(_tool, "forbidden_role: a channel proxy")(http_only(a_proxy_that_is_no_agent(_tool, _arguments)))
