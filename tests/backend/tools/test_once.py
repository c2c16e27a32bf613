"""Calls that change something and are made again under the same id, as a bridge does whose connection broke."""

import asyncio
import json
from typing import Any

import mcp_types as types
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql.transactions import Transaction

CALLS: dict[str, dict[str, Any]] = {
    "send_message": {"to_agent_name": "bob", "body": "x"},
    "broadcast": {"body": "x"},
    "broadcast_to_role": {"to_role": "default", "body": "x"},
    "task_add": {"title": "x"},
    "register_contract": {"name": "c", "schema": {"type": "object"}},
}


ALICE = {"name": "alice", "client": "custom", "model": "m"}


async def named_call(
    caller: Caller, call_id: str, tool: str, arguments: dict[str, Any], more: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer to a call that the caller names, with `more` in its `_meta`."""
    meta: Any = {"xats/call_id": call_id} | (more or {})
    result = await caller.client.call_tool(tool, arguments, meta=meta)
    assert isinstance(result.content[0], types.TextContent)
    answer: dict[str, Any] = json.loads(result.content[0].text)
    return answer


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("tool", CALLS)
async def test_a_call_that_is_made_again_is_answered_and_not_carried_out_again(
    register: Connect, sql: Sql, tool: str
) -> None:
    alice, _ = await register("alice"), await register("bob")
    first = await named_call(alice, "c-1", tool, CALLS[tool])
    events = sql("SELECT count(*) FROM events")
    again = await named_call(alice, "c-1", tool, CALLS[tool])
    same = {"message_id", "event_id", "recipients", "role", "task_id", "name", "version"} & first.keys()
    assert same
    assert {key: again[key] for key in same} == {key: first[key] for key in same}
    assert sql("SELECT count(*) FROM events") == events
    await named_call(alice, "c-2", tool, CALLS[tool])
    assert sql("SELECT count(*) FROM calls") == [(2,)]


async def test_a_bridge_may_ask_again_from_another_session_of_its(
    register: Connect, connect: Connect, sql: Sql
) -> None:
    bridge = {"xats/instance": "i-1"}
    first_session, second_session = await connect(), await connect()
    await named_call(first_session, "r-1", "register_agent", ALICE, bridge)
    first = await named_call(first_session, "c-1", "task_add", {"title": "x"}, bridge)
    await named_call(second_session, "r-2", "register_agent", ALICE, bridge)

    assert await named_call(second_session, "c-1", "task_add", {"title": "x"}, bridge) == first
    assert sql("SELECT count(*) FROM tasks") == [(1,)]


async def test_an_id_of_one_caller_is_nothing_to_another(register: Connect, connect: Connect, sql: Sql) -> None:
    alice, bob, stranger = await register("alice"), await register("bob"), await connect()
    first = await named_call(alice, "1", "send_message", {"to_agent_name": "bob", "body": "from alice"})
    second = await named_call(bob, "1", "send_message", {"to_agent_name": "alice", "body": "from bob"})

    assert second["message_id"] != first["message_id"]
    assert sql("SELECT body FROM messages ORDER BY event_id") == [("from alice",), ("from bob",)]
    for tool, arguments in CALLS.items():
        assert await named_call(stranger, "1", tool, arguments) == {"error": "unknown_agent"}


async def test_whoever_takes_a_name_over_does_not_get_the_answers_of_before(register: Connect) -> None:
    letter = {"to_agent_name": "bob", "body": "x"}
    await register("bob")
    before = await named_call(await register("alice"), "1", "send_message", letter)
    after = await named_call(await register("alice"), "1", "send_message", letter)

    assert after["message_id"] != before["message_id"]


async def test_one_that_was_taken_over_still_learns_what_became_of_its_call(register: Connect) -> None:
    alice, letter = await register("alice"), {"to_agent_name": "alice", "body": "x"}
    first = await named_call(alice, "1", "send_message", letter)
    await register("alice")

    assert (await named_call(alice, "1", "send_message", letter))["message_id"] == first["message_id"]
    assert (await named_call(alice, "2", "send_message", letter))["error"] == "superseded"


async def test_a_claim_that_is_made_again_was_not_somebody_elses(register: Connect) -> None:
    alice = await register("alice")
    task_id = (await alice.call("task_add", title="x"))["task_id"]
    for _ in range(2):
        assert await named_call(alice, "c-1", "task_claim", {"task_id": task_id}) == {"ok": True}
        assert await named_call(alice, "c-2", "task_complete", {"task_id": task_id}) == {"ok": True}


async def test_a_call_that_is_made_again_while_it_is_under_way_waits_for_its_answer(
    register: Connect, sql: Sql
) -> None:
    alice, _ = await register("alice"), await register("bob")
    letter = {"to_agent_name": "bob", "body": "x"}
    answers = await asyncio.gather(*(named_call(alice, "c-1", "send_message", letter) for _ in range(5)))
    assert sql("SELECT id FROM messages") == [(answers[0]["message_id"],)]
    assert len({answer["message_id"] for answer in answers}) == 1


async def test_a_call_that_was_refused_is_judged_anew(register: Connect) -> None:
    alice = await register("alice")
    letter = {"to_agent_name": "bob", "body": "x"}
    assert (await named_call(alice, "c-1", "send_message", letter))["error"] == "unknown_recipient"
    await register("bob")
    assert "message_id" in await named_call(alice, "c-1", "send_message", letter)


async def test_calls_without_a_name_are_not_kept(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await alice.call("task_add", title="x")
    for call_id in ("", "x" * 101):
        await named_call(alice, call_id, "task_add", {"title": "x"})
    assert sql("SELECT count(*) FROM calls") == [(0,)]


async def test_only_a_client_that_asks_for_it_is_told_that_calls_are_kept(backend: Coordinator) -> None:
    kept: dict[str, Any] = {"experimental": {"xats/calls_once": {}}}
    async with browsing(backend) as http:
        for asked, told in (({}, None), (kept, kept["experimental"]), ({"experimental": {"other": {}}}, None)):
            hello = {**INITIALIZE, "params": {**INITIALIZE["params"], "capabilities": asked}}
            answer = await http.post("/mcp", json=hello)
            (event,) = (line for line in answer.text.splitlines() if line.startswith(("data:", "{")))
            capabilities = json.loads(event.removeprefix("data:"))["result"]["capabilities"]
            assert capabilities.get("experimental") == told


async def test_what_is_carried_out_again_and_then_refused_is_kept_as_neither(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    alice, database = await register("alice"), backend._database
    task = (await alice.call("task_add", title="x"))["task_id"]

    async def breaks(tx: Transaction) -> None:
        await tx.execute("INSERT INTO tasks (id) VALUES (NULL)")

    async def cancels() -> None:
        async with database.write() as tx:
            await tx.execute("UPDATE tasks SET status = 'completed'")

    async with (
        database.write()
    ):  # alice's claim, what breaks its group, and a change before it goes alone wait for this
        claiming = asyncio.create_task(named_call(alice, "c-1", "task_claim", {"task_id": task}))
        await eventually(lambda: len(database._group._waiting) == 1)
        others = [asyncio.create_task(database.transact(breaks)), asyncio.create_task(cancels())]
        await asyncio.sleep(0)
    await asyncio.gather(*others, return_exceptions=True)

    assert (await claiming)["error"] == "already_claimed"
    assert sql("SELECT * FROM calls WHERE call_id = 'c-1'") == []
