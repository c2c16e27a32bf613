"""Longer stories: the worked examples of the reference, and what a team lives through in a day."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.wire import reference_file
from tests.wire.coordinator import Coordinator, running
from tests.wire.doors import HttpDoor
from tests.wire.scenarios.agents import listed
from tests.wire.scenarios.channels import channel, next_wake
from tests.wire.scenarios.messages import bound
from tests.wire.shapes import (
    CONTRACT,
    DELIVERY,
    INBOX,
    INBOX_WITH_MORE,
    MESSAGE,
    SENT,
    SENT_AND_RETRYING,
    STATUS,
    TASK,
    exactly,
)
from tests.wire.world import Speaker, World

pytestmark = [pytest.mark.tmux, pytest.mark.asyncio(loop_scope="module")]

BRACKETED_HINT = "[xats] 1 new message from alice: call get_inbox"


async def status_of(sender: Speaker, message_id: str) -> dict[str, Any]:
    """Return the delivery status of a message with one wake."""
    answer = await sender.call("get_delivery_status", message_id=message_id)
    exactly(answer, DELIVERY)
    (status,) = answer["statuses"]
    exactly(status, STATUS)
    return dict(status)


async def until(sender: Speaker, message_id: str, wake_status: str) -> dict[str, Any]:
    """The same, as soon as it is as expected."""
    status: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE):
        while (status := await status_of(sender, message_id))["wake_status"] != wake_status:
            await asyncio.sleep(0.05)
    return status


async def bodies(reader: Speaker, **how: Any) -> list[str]:
    """Return the bodies in an inbox."""
    inbox = await reader.call("get_inbox", **how)
    exactly(inbox, INBOX_WITH_MORE if inbox["has_more"] and "since_event_id" not in how else INBOX)
    for message in inbox["messages"]:
        exactly(message, MESSAGE)
    return [message["body"] for message in inbox["messages"]]


async def test_9_1_a_message_is_delivered_to_a_pane(http_world: World) -> None:
    world = http_world
    alice, (bob, pane) = await world.agent("alice"), await bound(world, "bob")
    await asyncio.sleep(0.5)  # the pane has been quiet for longer than it must be
    sent = await alice.call("send_message", to_agent_name="bob", subject="Review", body="PR 12. SECRET-BODY")

    exactly(sent, SENT)
    assert (sent["recipients"], sent["poked"], sent["retry_scheduled"]) == ([bob.agent_id], True, False)
    screen = await world.tmux.wait_for(pane.pane_id, "took 1")
    assert f"took 1: {BRACKETED_HINT}" in screen
    assert "SECRET-BODY" not in screen
    assert "Review" not in screen
    status = await status_of(alice, sent["message_id"])
    assert (status["wake_status"], status["retry_attempts"]) == ("delivered", 0)
    (payload,) = world.sql("SELECT payload FROM events WHERE event_id = ?", sent["event_id"])[0]
    assert json.loads(payload) == {"recipients": [bob.agent_id], "subject": "Review", "need_reply": True}
    assert await bodies(bob) == ["PR 12. SECRET-BODY"]


@pytest.mark.slow
async def test_9_2_a_busy_pane_is_tried_again(http_world: World) -> None:
    world = http_world
    alice, (carol, pane) = await world.agent("alice"), await bound(world, "carol")
    world.tmux.send(pane.pane_id, "/busy 1.5", "Enter")
    await world.tmux.wait_for(pane.pane_id, "working")
    sent = await alice.call("send_message", to_agent_name="carol", body="busy?")

    exactly(sent, SENT_AND_RETRYING)
    assert (sent["poked"], sent["retry_scheduled"], sent["retry_delays_s"]) == (False, True, [30, 180, 600])
    assert [reason["reason"] for reason in sent["poke_skip_reasons"]] == ["guard_failed"]
    first = await status_of(alice, sent["message_id"])
    assert (first["wake_status"], first["skip_reason"], first["retry_attempts"]) == ("retrying", "guard_failed", 0)
    assert first["delivered_at"] is None
    done = await until(alice, sent["message_id"], "delivered")
    assert (done["skip_reason"], done["retry_attempts"] >= 1) == (None, True)
    assert done["delivered_at"] is not None
    assert await bodies(carol) == ["busy?"]


async def test_mail_that_was_read_before_the_retry_wakes_nobody(http_world: World) -> None:
    world = http_world
    alice, (bob, pane) = await world.agent("alice"), await bound(world, "bob")
    world.tmux.send(pane.pane_id, "/busy 3", "Enter")
    await world.tmux.wait_for(pane.pane_id, "working")
    sent = await alice.call("send_message", to_agent_name="bob", body="x")
    assert await bodies(bob) == ["x"]
    await bob.call("list_agents")
    status = await until(alice, sent["message_id"], "skipped")
    assert (status["skip_reason"], status["retry_attempts"], status["delivered_at"]) == ("recipient_active", 0, None)
    assert "[xats]" not in world.tmux.capture(pane.pane_id)


@pytest.mark.slow
async def test_a_broadcast_wakes_those_who_can_be_woken(http_world: World) -> None:
    world = http_world
    alice, (bob, pane), carol = await world.agent("alice"), await bound(world, "bob"), await world.agent("carol")
    await asyncio.sleep(0.5)
    sent = await alice.call("broadcast", body="x")
    exactly(sent, SENT)
    assert sent["recipients"] == [bob.agent_id, carol.agent_id]
    assert sent["poked"] is True
    assert [(one["agent_id"], one["reason"]) for one in sent["poke_skip_reasons"]] == [(carol.agent_id, "no_pane")]
    await world.tmux.wait_for(pane.pane_id, "took 1")


async def test_a_channel_wakes_a_claude_code_and_nothing_is_typed(http_world: World) -> None:
    world = http_world
    alice, nobody, pane = await world.agent("alice"), await world.nobody(), await world.stand_in("ui", "claude")
    async with channel(world, world.team, pane.pid) as (proxy, heard):
        answer = await nobody.call("register_claude_self", name="bob", team=world.team, ui_pid=pane.pid)
        assert answer["channel_session_id"] == world.team
        assert (await listed(nobody))["bob"]["tmux_pane_id"] == pane.pane_id
        sent = await alice.call("send_message", to_agent_name="bob", body="x")
        assert sent["poked"] is True
        assert "alice" in (await next_wake(heard))["content"]
        assert "[xats]" not in world.tmux.capture(pane.pane_id)
        await proxy.http.http.delete("/mcp", headers=proxy.http.session)
        left = await alice.call("send_message", to_agent_name="bob", body="y")
        assert left["poked"] is False
    assert await bodies(nobody) == ["x", "y"]


async def test_an_agent_leaves_and_comes_back_to_its_mail(http_world: World) -> None:
    world = http_world
    alice, bob = await world.agent("alice"), await world.agent("bob", role="worker")
    await alice.call("send_message", to_agent_name="bob", body="read")
    assert await bodies(bob) == ["read"]
    await alice.call("send_message", to_agent_name="bob", body="unread")
    await bob.call("subscribe_contract", name="api")
    assert (await bob.call("unregister_self"))["ok"] is True
    assert await bob.call("get_inbox") == {"error": "unknown_agent"}
    assert await alice.call("broadcast", body="x") == {"error": "unknown_recipient"}
    again = await world.agent("bob")
    assert again.agent_id == bob.agent_id
    assert await bodies(again) == ["unread"]
    assert await bodies(again, since_event_id=0) == ["read", "unread"]
    await alice.call("register_contract", name="api", schema={"type": "object"})
    assert (await again.call("pending_contract_events"))["events"] == []


async def test_w13_a_name_that_is_taken_over_is_told_to_its_former_owner(http_world: World) -> None:
    world = http_world
    alice, first = await world.agent("alice"), await world.agent("bob")
    await alice.call("send_message", to_agent_name="bob", body="secret")
    second = await world.agent("bob")
    for tool, arguments in (
        ("get_inbox", {}),
        ("list_agents", {}),
        ("send_message", {"to_agent_name": "x", "body": "x"}),
    ):
        refused = await first.call(tool, **arguments)
        exactly(refused, {"error", "detail"})
        assert refused["error"] == "superseded"
        assert f"bob@{world.team}" in refused["detail"]
    assert await bodies(second) == ["secret"]
    back = await first.call("register_agent", **world.registration("bob"))
    assert back["agent_id"] == second.agent_id
    assert (await second.call("get_inbox"))["error"] == "superseded"
    assert "error" not in await first.call("get_inbox")


async def test_a_session_that_registers_again_supersedes_nobody(http_world: World) -> None:
    world = http_world
    bob = await world.agent("bob")
    for _ in range(3):
        await bob.call("register_agent", **world.registration("bob"))
        assert "error" not in await bob.call("list_agents")


async def test_two_teams_answer_each_other(http_world: World) -> None:
    world, foreign = http_world, http_world.team + "-b"
    alice, bob = await world.agent("alice"), await world.agent("alice", team=foreign)
    await alice.call("send_message", to_agent_name="alice", to_team=foreign, body="ping")
    (message,) = (await bob.call("get_inbox"))["messages"]
    assert (message["from_name"], message["from_team"], message["from_role"]) == ("alice", world.team, "default")
    answer = await bob.call("send_message_by_id", to_agent_id=message["from_agent_id"], body="pong")
    assert answer == {"error": "unknown_recipient"}
    await bob.call("send_message", to_agent_name=message["from_name"], to_team=message["from_team"], body="pong")
    assert await bodies(alice) == ["pong"]
    assert await bodies(alice, since_event_id=0) == ["pong"]


async def test_mail_is_read_once_and_only_when_its_reader_comes_again(http_world: World) -> None:
    world = http_world
    alice, bob = await world.agent("alice"), await world.agent("bob")
    for number in range(3):
        await alice.call("send_message", to_agent_name="bob", body=str(number), auto_poke=False)
    assert await bodies(bob, limit=2) == ["0", "1"]
    other_session = await world.agent("bob")
    assert await bodies(other_session) == ["0", "1", "2"]
    await other_session.call("echo", msg="x")
    assert await bodies(other_session) == []


async def test_a_day_of_a_task_board(http_world: World) -> None:
    world = http_world
    alice, bob = await world.agent("alice"), await world.agent("bob")
    ids: list[str] = []
    for title in ("design", "build", "ship"):
        answer = await alice.call("task_add", title=title, depends_on=ids[-1:])
        ids.append(answer["task_id"])
    for position, task_id in enumerate(ids):
        for later in ids[position + 1 :]:
            assert await bob.call("task_claim", task_id=later) == {"error": "dependencies_pending"}
        assert await bob.call("task_claim", task_id=task_id) == {"ok": True}
        assert await alice.call("task_complete", task_id=task_id) == {"error": "not_owner"}
        assert await bob.call("unregister_self") == {"error": "tasks_in_progress", "task_ids": [task_id]}
        assert await bob.call("task_complete", task_id=task_id, result=f"r{position}") == {"ok": True}
    tasks = (await alice.call("task_list", status="completed"))["tasks"]
    for task in tasks:
        exactly(task, TASK)
    assert [(task["title"], task["result"], task["claimed_by"]) for task in tasks] == [
        ("design", "r0", bob.agent_id),
        ("build", "r1", bob.agent_id),
        ("ship", "r2", bob.agent_id),
    ]


async def test_an_identical_name_differs_by_case(http_world: World) -> None:
    world = http_world
    lower, upper = await world.agent("bob"), await world.agent("Bob")
    assert lower.agent_id != upper.agent_id
    await lower.call("send_message", to_agent_name="Bob", body="x")
    assert await bodies(upper) == ["x"]


@asynccontextmanager
async def door_of(coordinator: Coordinator) -> AsyncIterator[HttpDoor]:
    """MCP over HTTP to a coordinator of one's own."""
    door = HttpDoor(coordinator)
    try:
        yield door
    finally:
        await door.close()


@pytest.mark.slow
async def test_w29_a_file_of_the_reference_before_deliveries_is_adopted(tmp_path: Path) -> None:
    reference_file.build(tmp_path / "data.db")
    with running(tmp_path, tmp_path) as coordinator:
        async with door_of(coordinator) as door:
            alice, bob = Speaker(await door.fresh(), set()), Speaker(await door.fresh(), set())
            for speaker, name, agent_id in ((alice, "alice", reference_file.ALICE), (bob, "bob", reference_file.BOB)):
                answer = await speaker.call("register_agent", client="custom", model="m", name=name, team="shop")
                assert answer["agent_id"] == agent_id
            await check_adopted(alice, bob)


async def check_adopted(alice: Speaker, bob: Speaker) -> None:
    """All that was in the file is there."""
    agents = await listed(alice)
    assert list(agents) == ["alice", "bob", "carol"]
    assert agents["carol"]["delivery"] == {
        "kind": "claude-channel",
        "channel_session_id": reference_file.CHANNEL,
    }
    assert agents["carol"]["client"] is None
    assert agents["carol"]["last_seen_at"] == reference_file.THEN
    assert await bodies(bob) == ["direct", "to the role"]
    assert await bodies(bob, since_event_id=0) == ["direct", "to the role"]
    (copy,) = (await alice.call("get_delivery_status", message_id="m-2-1"))["statuses"]
    assert copy["agent_id"] == reference_file.CLAUDE
    assert (await status_of(alice, "m-1"))["retry_attempts"] >= 0
    tasks = {task["id"]: task for task in (await bob.call("task_list"))["tasks"]}
    assert (tasks["t-1"]["claimed_by"], tasks["t-2"]["depends_on"]) == (reference_file.BOB, ["t-1", "gone"])
    assert await bob.call("task_complete", task_id="t-1") == {"ok": True}
    assert await bob.call("task_claim", task_id="t-2") == {"ok": True}
    contract = await alice.call("get_contract", name="api")
    exactly(contract, CONTRACT)
    assert (contract["version"], contract["note"]) == (1, "draft")
    second = await alice.call("register_contract", name="api", schema={"type": "object", "properties": {"a": {}}})
    assert second["version"] == 2
    events = (await bob.call("pending_contract_events"))["events"]
    assert [(event["event_id"] >= 9, event["version"]) for event in events] == [(True, 1), (True, 2)]
    sent = await alice.call("send_message", to_agent_name="bob", body="new")
    assert sent["event_id"] > 9
