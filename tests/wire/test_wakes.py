"""Transport of a wake, depending on the recipient's possibilities."""

import asyncio
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.wire.codex_server import THREAD, CodexServer, codex_server
from tests.wire.coordinator import TOKEN_NAME
from tests.wire.scenarios.channels import channel, next_wake
from tests.wire.scenarios.messages import bound
from tests.wire.scenarios.registration import CODEX
from tests.wire.shapes import SENT, exactly
from tests.wire.world import Speaker, World

pytestmark = [pytest.mark.tmux, pytest.mark.asyncio(loop_scope="module")]

REFUSED = {"code": -32601, "message": "unknown method"}

UNTIL_IT_RESTS = 0.5
"""Seconds after which a pane counts as quiet."""


async def codex_agent(world: World, name: str, url: str, **fields: Any) -> Speaker:
    """An agent whose Codex is at this URL."""
    return await world.agent(name, client="codex", delivery={**CODEX, "ws_url": url}, **fields)


async def send(sender: Speaker, name: str = "bob") -> dict[str, Any]:
    """The answer to a message that wakes."""
    return await sender.call("send_message", to_agent_name=name, body="SECRET")


async def reasons(sender: Speaker, message_id: str) -> tuple[str, str | None]:
    """Return the status and reason in get_delivery_status for the only recipient."""
    (status,) = (await sender.call("get_delivery_status", message_id=message_id))["statuses"]
    return status["wake_status"], status["skip_reason"]


def of_today(server: CodexServer) -> None:
    """It answers everything."""


def without_read(server: CodexServer) -> None:
    """It does not know `thread/read` and says so."""
    server.refused["thread/read"] = REFUSED


def with_an_empty_read(server: CodexServer) -> None:
    """It answers every request with an empty result."""
    server.knows_threads = False


def without_an_answer_to_read(server: CodexServer) -> None:
    """It leaves unanswered what it does not know."""
    server.unanswered = frozenset({"thread/read"})


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("kind", [of_today, without_read, with_an_empty_read, without_an_answer_to_read])
async def test_a_codex_thread_takes_a_turn(http_world: World, kind: Any) -> None:
    world = http_world
    async with codex_server() as server:
        kind(server)
        alice = await world.agent("alice")
        await codex_agent(world, "bob", server.url)
        sent = await alice.call("send_message", to_agent_name="bob", body="SECRET")
        async with asyncio.timeout(PATIENCE):
            while not server.texts():
                await asyncio.sleep(0.02)
        (text,) = server.texts()
        assert "get_inbox" in text
        assert "SECRET" not in text
        (turn,) = [params for method, params in server.asked if method == "turn/start"]
        assert turn["threadId"] == THREAD
        assert turn["input"][0]["type"] == "text"
        assert [method for method, _ in server.asked][:2] == ["initialize", "initialized"]
        if kind is not without_an_answer_to_read:
            exactly(sent, SENT)
            assert (sent["poked"], sent["poke_skip_reasons"], sent["retry_scheduled"]) == (True, [], False)
        async with asyncio.timeout(PATIENCE):
            while (await reasons(alice, sent["message_id"]))[0] != "delivered":
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("method", ["initialize", "thread/resume", "turn/start"])
async def test_w34_a_codex_that_refuses_is_tried_again(http_world: World, method: str) -> None:
    world = http_world
    async with codex_server() as server:
        server.refused = {method: REFUSED}
        if method == "thread/resume":
            server.refused["thread/read"] = REFUSED
        alice = await world.agent("alice")
        await codex_agent(world, "bob", server.url)
        sent = await send(alice)
        assert (sent["poked"], [one["reason"] for one in sent["poke_skip_reasons"]]) == (False, ["guard_failed"])
        assert sent["retry_scheduled"] is True
        assert await reasons(alice, sent["message_id"]) == ("retrying", "guard_failed")


async def test_w34_a_codex_that_is_not_there_is_tried_again(http_world: World) -> None:
    world = http_world
    alice = await world.agent("alice")
    await codex_agent(world, "bob", "ws://127.0.0.1:1")
    sent = await send(alice)
    assert (sent["poked"], sent["retry_scheduled"]) == (False, True)
    assert await reasons(alice, sent["message_id"]) == ("retrying", "guard_failed")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("method", ["initialize", "turn/start"])
async def test_w8_a_codex_that_never_answers_holds_nobody_up(http_world: World, method: str) -> None:
    world = http_world
    async with codex_server() as server:
        server.unanswered = frozenset({method})
        alice = await world.agent("alice")
        await codex_agent(world, "bob", server.url)
        sent = await send(alice)
        assert sent["poked"] is False
        assert [one["detail"] for one in sent["poke_skip_reasons"]] == ["not tried yet"]
        assert len((await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]) == 1


async def test_w31_a_codex_that_is_gone_is_woken_in_its_pane_which_is_looked_at_first(http_world: World) -> None:
    world = http_world
    alice, (bob, pane) = await world.agent("alice"), await bound(world, "bob")
    await bob.call("register_agent", **world.registration("bob", delivery={**CODEX, "ws_url": "ws://127.0.0.1:1"}))
    world.tmux.send(pane.pane_id, "half a draft")
    await world.tmux.wait_for(pane.pane_id, "half a draft")
    await asyncio.sleep(UNTIL_IT_RESTS)
    sent = await send(alice)
    assert sent["poked"] is False
    assert "[xats]" not in world.tmux.capture(pane.pane_id)
    world.tmux.send(pane.pane_id, "C-u")
    await world.tmux.wait_for(pane.pane_id, "took 1: [xats]")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("client", ["custom", "opencode", "codex"])
async def test_w45_a_channel_wakes_an_agent_of_whatever_client(http_world: World, client: str) -> None:
    world = http_world
    alice = await world.agent("alice")
    async with channel(world, world.team, 1) as (_, heard):
        delivery = {"kind": "claude-channel", "channel_session_id": world.team}
        await world.agent("bob", client=client, delivery=delivery)
        sent = await send(alice)
        assert sent["poked"] is True
        assert "get_inbox" in (await next_wake(heard))["content"]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("end", ["the stream is closed", "the session is deleted", "nobody ever carried it"])
async def test_w9_a_channel_that_nobody_hears_delivers_nothing(http_world: World, end: str) -> None:
    world = http_world
    alice, bob = await world.agent("alice"), await world.agent("bob", client="claude-code")
    csid = world.team
    if end == "nobody ever carried it":
        delivery = {"kind": "claude-channel", "channel_session_id": csid}
        await bob.call("register_agent", **world.registration("bob", client="claude-code", delivery=delivery))
    else:
        async with channel(world, csid, 1) as (proxy, _):
            assert await bob.call("bind_channel", channel_session_id=csid) == {"ok": True}
            if end == "the session is deleted":
                await proxy.http.http.delete("/mcp", headers=proxy.http.session)
    await asyncio.sleep(0.2)  # the coordinator has seen that the stream is gone
    sent = await send(alice)
    assert sent["poked"] is False
    assert len(sent["poke_skip_reasons"]) == 1
    assert (await reasons(alice, sent["message_id"]))[0] != "delivered"
    assert len((await bob.call("get_inbox"))["messages"]) == 1


async def test_a_missing_token_is_no_reason_to_ask_without_one(http_world: World) -> None:
    world = http_world
    async with codex_server() as server:
        alice = await world.agent("alice")
        delivery = {**CODEX, "ws_url": server.url, "auth_token_ref": "CODEX_NOT_SET"}
        await world.agent("bob", client="codex", delivery=delivery)
        sent = await send(alice)
        assert [one["reason"] for one in sent["poke_skip_reasons"]] == ["guard_failed"]
        assert server.authorizations == []


async def test_w18_no_other_variable_of_the_coordinator_leaves_it(http_world: World) -> None:
    world = http_world
    async with codex_server() as server:
        alice = await world.agent("alice")
        delivery = {**CODEX, "ws_url": server.url, "auth_token_ref": "HOME"}
        nobody = await world.nobody()
        await nobody.call("register_agent", **world.registration("bob", client="codex", delivery=delivery))
        await alice.call("send_message", to_agent_name="bob", body="x")
        for name in ("HOME", TOKEN_NAME):  # the one is not listed, the other for another server
            fields = {"thread_id": THREAD, "ws_url": server.url, "auth_token_ref": name}
            answer = await nobody.call("register_codex_self", name="bob", **fields)
            assert "config.toml" in answer["detail"]["reason"]
        assert not any(authorization for authorization in server.authorizations)
