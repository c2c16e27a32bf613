"""Messages to many."""

from typing import Any

from tests.wire.producers import http_only, shows
from tests.wire.scenarios.messages import BODY_LIMIT, event_of, rows_of
from tests.wire.shapes import MESSAGE, SENT, SENT_SILENTLY, STATUS, exactly
from tests.wire.world import Speaker, World

LONG_AGO = "2020-01-01T00:00:00.000Z"

PROXY = {"role": "__channel_proxy__", "client": "custom", "client_name": "cross-agent-teams-channel", "model": "proxy"}


async def three(world: World, **fields: Any) -> tuple[Speaker, Speaker, Speaker]:
    """Registered in an order that is not that of their names."""
    carol, alice, bob = [await world.agent(name, **fields) for name in ("carol", "alice", "bob")]
    return alice, bob, carol


@shows("broadcast", "ok")
async def a_broadcast(world: World) -> None:
    alice, bob, carol = await three(world)
    stranger = await world.agent("dave", team=world.team + "-b")
    sent = await alice.call("broadcast", body="all", subject="s")

    exactly(sent, SENT)
    assert sent["recipients"] == [bob.agent_id, carol.agent_id]
    assert [reason["agent_id"] for reason in sent["poke_skip_reasons"]] == sent["recipients"]
    assert (sent["poked"], sent["retry_scheduled"]) == (False, False)
    assert event_of(world, sent["event_id"]) == ("message_sent", world.team, world.team, alice.agent_id)
    ids = []
    for agent in (bob, carol):
        (message,) = (await agent.call("get_inbox"))["messages"]
        exactly(message, MESSAGE)
        assert (message["to_role"], message["need_reply"], message["to_agent_id"]) == (
            "*broadcast*",
            False,
            agent.agent_id,
        )
        assert (message["event_id"], message["sent_at"]) == (sent["event_id"], sent["sent_at"])
        ids.append(message["id"])
    assert ids == [sent["message_id"], f"{sent['message_id']}-1"]
    assert (await stranger.call("get_inbox"))["messages"] == []
    assert (await alice.call("get_inbox"))["messages"] == []


@shows("broadcast", "ok: not to be woken")
async def a_broadcast_that_wakes_nobody(world: World) -> None:
    alice, _, _ = await three(world)
    exactly(await alice.call("broadcast", body="all", auto_poke=False), SENT_SILENTLY)


@shows("broadcast", "ok: the idle are left out")
@http_only
async def a_broadcast_with_an_idle_agent(world: World) -> None:
    alice, bob, carol = await three(world)
    world.sql("UPDATE agents SET last_seen_at = ? WHERE agent_id = ?", LONG_AGO, bob.agent_id)
    sent = await alice.call("broadcast", body="all")
    assert sent["recipients"] == [carol.agent_id]


@shows("broadcast", "ok: channel proxies are left out")
@http_only
async def a_broadcast_with_a_proxy(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    delivery = {"kind": "claude-channel", "channel_session_id": f"c-{world.team}"}
    await world.agent("channel-proxy-1", delivery=delivery, claude_ui_pid=1, **PROXY)
    sent = await alice.call("broadcast", body="all")
    assert sent["recipients"] == [bob.agent_id]


@shows("broadcast", "unknown_recipient")
async def a_broadcast_to_nobody(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("broadcast", body="all") == {"error": "unknown_recipient"}
    assert rows_of(world) == 0


@shows("broadcast", "body_too_large")
async def a_broadcast_that_is_too_large(world: World) -> None:
    alice, _, _ = await three(world)
    answer = await alice.call("broadcast", body="x" * (BODY_LIMIT + 1))
    assert answer == {"error": "body_too_large", "detail": {"max": BODY_LIMIT, "got": BODY_LIMIT + 1}}


@shows("broadcast", "tool error: an empty body")
async def a_broadcast_of_nothing(world: World) -> None:
    await (await world.agent("alice")).tool_error("broadcast", {"body": ""}, "body")


@shows("broadcast_to_role", "ok")
async def a_broadcast_to_a_role(world: World) -> None:
    alice, bob, _ = [
        await world.agent(name, role=role) for name, role in (("alice", "lead"), ("bob", "worker"), ("carol", "lead"))
    ]
    sent = await alice.call("broadcast_to_role", to_role="worker", body="x")

    exactly(sent, SENT)
    assert sent["recipients"] == [bob.agent_id]
    (message,) = (await bob.call("get_inbox"))["messages"]
    exactly(message, MESSAGE)
    assert (message["to_role"], message["need_reply"]) == ("worker", False)


@shows("broadcast_to_role", "ok: not to be woken")
async def a_broadcast_to_a_role_that_wakes_nobody(world: World) -> None:
    alice, _, _ = await three(world, role="worker")
    exactly(await alice.call("broadcast_to_role", to_role="worker", body="x", auto_poke=False), SENT_SILENTLY)


@shows("broadcast_to_role", "ok: one copy for each")
async def a_broadcast_to_the_senders_role(world: World) -> None:
    alice, bob, carol = await three(world, role="worker")
    await alice.call("broadcast_to_role", to_role="worker", body="x")
    late = await world.agent("dave", role="worker")
    everyone = await world.agent("eve", role="*broadcast*")

    copies = [len((await agent.call("get_inbox"))["messages"]) for agent in (alice, bob, carol, late, everyone)]
    assert copies == [0, 1, 1, 0, 0]


@shows("broadcast_to_role", "unknown_recipient")
async def a_broadcast_to_a_role_of_nobody(world: World) -> None:
    alice, _, _ = await three(world, role="worker")
    assert await alice.call("broadcast_to_role", to_role="lead", body="x") == {"error": "unknown_recipient"}


@shows("broadcast_to_role", "body_too_large")
async def a_broadcast_to_a_role_that_is_too_large(world: World) -> None:
    alice, _, _ = await three(world, role="worker")
    answer = await alice.call("broadcast_to_role", to_role="worker", body="x" * (BODY_LIMIT + 1))
    assert answer["error"] == "body_too_large"


@shows("broadcast_to_role", "tool error: an empty role")
async def a_broadcast_to_an_empty_role(world: World) -> None:
    await (await world.agent("alice")).tool_error("broadcast_to_role", {"to_role": "", "body": "x"}, "to_role")


@shows("broadcast_to_role", "tool error: an empty body")
async def an_empty_broadcast_to_a_role(world: World) -> None:
    await (await world.agent("alice")).tool_error("broadcast_to_role", {"to_role": "x", "body": ""}, "body")


@shows("get_delivery_status", "ok: of a broadcast")
async def the_status_of_a_broadcast(world: World) -> None:
    alice, bob, carol = await three(world)
    sent = await alice.call("broadcast", body="all")
    answer = await alice.call("get_delivery_status", message_id=sent["message_id"])

    for status in answer["statuses"]:
        exactly(status, STATUS)
    assert [status["agent_id"] for status in answer["statuses"]] == sorted([bob.agent_id, carol.agent_id])


@shows("get_delivery_status", "ok: one recipient of a broadcast")
async def the_status_of_one_copy(world: World) -> None:
    alice, _, carol = await three(world)
    message_id = (await alice.call("broadcast", body="all"))["message_id"] + "-1"
    answer = await alice.call("get_delivery_status", message_id=message_id)

    assert answer["message_id"] == message_id
    assert [status["agent_id"] for status in answer["statuses"]] == [carol.agent_id]
