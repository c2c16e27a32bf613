"""Sending to one."""

import asyncio
from typing import Any

from tests.wire.producers import http_only, shows
from tests.wire.shapes import SENT, SENT_AND_RETRYING, SENT_SILENTLY, SKIP_REASON, STATUS, exactly, is_time, is_uuid
from tests.wire.world import Speaker, World

BODY_LIMIT = 256 * 1024

LADDER = [30, 180, 600]


async def bound(world: World, name: str) -> tuple[Speaker, Any]:
    """An agent that is bound to the pane of a stand-in."""
    pane, agent = await world.stand_in(name), await world.agent(name)
    answer = await agent.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    assert answer["ok"] is True
    return agent, pane


def rows_of(world: World) -> int:
    """Count the messages to this team."""
    return int(world.sql("SELECT count(*) FROM messages WHERE to_team = ?", world.team)[0][0])


def event_of(world: World, event_id: int) -> tuple[Any, ...]:
    """An event as it is stored."""
    (row,) = world.sql("SELECT event_type, from_team, to_team, actor_agent_id FROM events WHERE event_id = ?", event_id)
    return row


# send_message


@shows("send_message", "ok: nowhere to wake")
async def a_message_to_an_agent_without_a_pane(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    sent = await alice.call("send_message", to_agent_name="bob", subject="Review", body="please")

    exactly(sent, SENT)
    assert is_uuid(sent["message_id"])
    assert isinstance(sent["event_id"], int)
    assert sent["recipients"] == [bob.agent_id]
    assert (sent["poked"], sent["retry_scheduled"]) == (False, False)
    (reason,) = sent["poke_skip_reasons"]
    exactly(reason, SKIP_REASON)
    assert (reason["agent_id"], reason["reason"]) == (bob.agent_id, "no_pane")
    assert event_of(world, sent["event_id"]) == ("message_sent", world.team, world.team, alice.agent_id)


@shows("send_message", "ok: not to be woken")
async def a_message_that_wakes_nobody(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="x", auto_poke=False, need_reply=False)

    exactly(sent, SENT_SILENTLY)
    assert is_time(sent["sent_at"])
    assert (sent["poked"], sent["retry_scheduled"], sent["recipients"]) == (False, False, [bob.agent_id])
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert (status["wake_status"], status["skip_reason"]) == ("skipped", "auto_poke_disabled")
    (message,) = (await bob.call("get_inbox"))["messages"]
    assert message["need_reply"] is False


@shows("send_message", "ok: delivered to a pane")
async def a_message_that_wakes_its_recipient(world: World) -> None:
    alice, (bob, pane) = await world.agent("alice"), await bound(world, "bob")
    await asyncio.sleep(0.5)  # the pane has been quiet for longer than it must be
    sent = await alice.call("send_message", to_agent_name="bob", body="SECRET")

    exactly(sent, SENT)
    assert (sent["poked"], sent["poke_skip_reasons"], sent["retry_scheduled"]) == (True, [], False)
    screen = await world.tmux.wait_for(pane.pane_id, "took 1")
    assert "get_inbox" in screen
    assert "SECRET" not in screen
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    exactly(status, STATUS)
    assert (status["agent_id"], status["wake_status"], status["skip_reason"], status["retry_attempts"]) == (
        bob.agent_id,
        "delivered",
        None,
        0,
    )
    assert is_time(status["delivered_at"])


@shows("send_message", "ok: a busy pane")
async def a_message_to_a_busy_pane(world: World) -> None:
    alice, (bob, pane) = await world.agent("alice"), await bound(world, "bob")
    world.tmux.send(pane.pane_id, "/busy 2", "Enter")
    await world.tmux.wait_for(pane.pane_id, "working")
    sent = await alice.call("send_message", to_agent_name="bob", body="x")

    exactly(sent, SENT_AND_RETRYING)
    assert (sent["poked"], sent["retry_scheduled"], sent["retry_delays_s"]) == (False, True, LADDER)
    assert [(reason["agent_id"], reason["reason"]) for reason in sent["poke_skip_reasons"]] == [
        (bob.agent_id, "guard_failed")
    ]
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert (status["wake_status"], status["skip_reason"], status["delivered_at"]) == ("retrying", "guard_failed", None)


@shows("send_message", "ok: no tmux")
@http_only
async def a_message_where_there_is_no_tmux(world: World) -> None:
    async with world.elsewhere() as other:
        alice, bob = await other.agent("alice"), await other.agent("bob")
        other.sql("UPDATE agents SET tmux_pane_id = '%99' WHERE agent_id = ?", bob.agent_id)
        sent = await alice.call("send_message", to_agent_name="bob", body="x")

        assert sent["poked"] is False
        assert [reason["reason"] for reason in sent["poke_skip_reasons"]] == ["tmux_unavailable"]
        assert (sent["retry_scheduled"], sent["retry_delays_s"]) == (True, LADDER)
        (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
        assert (status["wake_status"], status["skip_reason"]) == ("retrying", "tmux_unavailable")


@shows("send_message", "ok: to another team")
async def a_message_to_another_team(world: World) -> None:
    foreign = world.team + "-b"
    alice, bob = await world.agent("alice"), await world.agent("bob", team=foreign)
    assert await alice.call("send_message", to_agent_name="bob", body="x") == {"error": "unknown_recipient"}
    sent = await alice.call("send_message", to_agent_name="bob", to_team=foreign, body="x")

    exactly(sent, SENT)
    assert event_of(world, sent["event_id"]) == ("message_sent", world.team, foreign, alice.agent_id)
    (message,) = (await bob.call("get_inbox"))["messages"]
    assert (message["from_team"], message["to_team"], message["from_name"]) == (world.team, foreign, "alice")


@shows("send_message", "ok: to oneself")
async def a_message_to_oneself(world: World) -> None:
    alice = await world.agent("alice")
    sent = await alice.call("send_message", to_agent_name="alice", body="x")

    assert [reason["reason"] for reason in sent["poke_skip_reasons"]] == ["self"]
    assert (sent["poked"], sent["retry_scheduled"], sent["recipients"]) == (False, False, [alice.agent_id])
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert (status["wake_status"], status["skip_reason"]) == ("skipped", "self")
    assert len((await alice.call("get_inbox"))["messages"]) == 1


@shows("send_message", "unknown_recipient")
async def a_message_to_nobody(world: World) -> None:
    alice, _ = await world.agent("alice"), await world.agent("bob")
    for nobody in ({"to_agent_name": "Bob"}, {"to_agent_name": "b ob"}, {"to_agent_name": "bob", "to_team": "other"}):
        assert await alice.call("send_message", body="x", **nobody) == {"error": "unknown_recipient"}
    assert rows_of(world) == 0


@shows("send_message", "body_too_large")
async def a_message_that_is_too_large(world: World) -> None:
    alice, _ = await world.agent("alice"), await world.agent("bob")
    largest = "é" * (BODY_LIMIT // 2)
    assert "message_id" in await alice.call("send_message", to_agent_name="bob", body=largest, auto_poke=False)
    answer = await alice.call("send_message", to_agent_name="bob", body=largest + "x", auto_poke=False)

    assert answer == {"error": "body_too_large", "detail": {"max": BODY_LIMIT, "got": BODY_LIMIT + 1}}
    assert rows_of(world) == 1


@shows("send_message", "storage_unavailable")
async def a_message_that_cannot_be_stored(world: World) -> None:
    alice, _ = await world.agent("alice"), await world.agent("bob")
    world.sql(
        "CREATE TRIGGER IF NOT EXISTS no_message BEFORE INSERT ON messages WHEN NEW.subject = 'unstorable' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    answer = await alice.call("send_message", to_agent_name="bob", body="x", subject="unstorable")

    assert answer == {"error": "storage_unavailable"}
    assert rows_of(world) == 0


@shows("send_message", "tool error: no body")
async def a_message_without_a_body(world: World) -> None:
    await (await world.agent("alice")).tool_error("send_message", {"to_agent_name": "bob"}, "body")


@shows("send_message", "tool error: an empty body")
async def a_message_with_an_empty_body(world: World) -> None:
    await (await world.agent("alice")).tool_error("send_message", {"to_agent_name": "bob", "body": ""}, "body")


@shows("send_message", "tool error: an empty name")
async def a_message_to_an_empty_name(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("send_message", {"to_agent_name": "", "body": "x"}, "to_agent_name")


@shows("send_message", "ok: null and empty text for what may be left out")
async def a_message_that_leaves_out_in_other_words(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    for nothing in (None, ""):
        left_out = dict.fromkeys(("subject", "to_team", "auto_poke", "need_reply"), nothing)
        exactly(await alice.call("send_message", to_agent_name="bob", body="x", **left_out), SENT)
    first, second = (await bob.call("get_inbox"))["messages"]
    assert [(m["subject"], m["need_reply"]) for m in (first, second)] == [(None, True), (None, True)]


@shows("send_message", "tool error: an answer wanted or not")
async def a_message_that_does_not_say_whether_it_wants_an_answer(world: World) -> None:
    alice = await world.agent("alice")
    for field in ("auto_poke", "need_reply"):
        for unclear in ("yes", 1, 0, "1", [True]):
            await alice.tool_error("send_message", {"to_agent_name": "bob", "body": "x", field: unclear}, field)


# send_message_by_id


@shows("send_message_by_id", "ok: nowhere to wake")
async def a_message_by_id(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    sent = await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="x")

    exactly(sent, SENT)
    assert [reason["reason"] for reason in sent["poke_skip_reasons"]] == ["no_pane"]
    (message,) = (await bob.call("get_inbox"))["messages"]
    assert (message["id"], message["to_role"], message["need_reply"]) == (sent["message_id"], None, True)


@shows("send_message_by_id", "ok: not to be woken")
async def a_message_by_id_that_wakes_nobody(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    exactly(await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="x", auto_poke=False), SENT_SILENTLY)


@shows("send_message_by_id", "unknown_recipient")
async def a_message_to_an_unknown_id(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("send_message_by_id", to_agent_id="nobody", body="x") == {"error": "unknown_recipient"}


@shows("send_message_by_id", "unknown_recipient: an agent of another team")
async def a_message_to_an_id_of_another_team(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    answer = await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="x")
    assert answer == {"error": "unknown_recipient"}


@shows("send_message_by_id", "body_too_large")
async def a_message_by_id_that_is_too_large(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    answer = await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="x" * BODY_LIMIT, subject="y")
    assert answer == {"error": "body_too_large", "detail": {"max": BODY_LIMIT, "got": BODY_LIMIT + 1}}


@shows("send_message_by_id", "tool error: no body")
async def a_message_by_id_without_a_body(world: World) -> None:
    await (await world.agent("alice")).tool_error("send_message_by_id", {"to_agent_id": "x"}, "body")


@shows("send_message_by_id", "tool error: an empty id")
async def a_message_to_an_empty_id(world: World) -> None:
    alice = await world.agent("alice")
    await alice.tool_error("send_message_by_id", {"to_agent_id": "", "body": "x"}, "to_agent_id")
