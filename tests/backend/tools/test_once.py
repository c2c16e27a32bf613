"""Calls that change something and are made again under the same id, as a bridge does whose connection broke."""

import asyncio
import json
from typing import Any

import mcp_types as types
import pytest

from tests.backend.plain_http import INITIALIZE, browsing
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from xats_tui.backend.daemon import Backend

CALLS: dict[str, dict[str, Any]] = {
    "send_message": {"to_agent_name": "bob", "body": "x"},
    "broadcast": {"body": "x"},
    "broadcast_to_role": {"to_role": "default", "body": "x"},
    "task_add": {"title": "x"},
    "register_contract": {"name": "c", "schema": {"type": "object"}},
}


async def named_call(caller: Caller, call_id: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer to a call that the caller names."""
    meta: Any = {"xats/call_id": call_id}
    result = await caller.client.call_tool(tool, arguments, meta=meta)
    assert isinstance(result.content[0], types.TextContent)
    answer: dict[str, Any] = json.loads(result.content[0].text)
    return answer


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


async def test_the_caller_may_ask_from_another_session_even_before_it_has_registered_there(
    register: Connect, connect: Connect, sql: Sql
) -> None:
    alice, new_session = await register("alice"), await connect()
    first = await named_call(alice, "c-1", "task_add", {"title": "x"})
    assert await named_call(new_session, "c-1", "task_add", {"title": "x"}) == first
    assert sql("SELECT count(*) FROM tasks") == [(1,)]


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


async def test_only_a_client_that_asks_for_it_is_told_that_calls_are_kept(backend: Backend) -> None:
    kept: dict[str, Any] = {"experimental": {"xats/calls_once": {}}}
    async with browsing(backend) as http:
        for asked, told in (({}, None), (kept, kept["experimental"]), ({"experimental": {"other": {}}}, None)):
            hello = {**INITIALIZE, "params": {**INITIALIZE["params"], "capabilities": asked}}
            answer = await http.post("/mcp", json=hello)
            (event,) = (line for line in answer.text.splitlines() if line.startswith(("data:", "{")))
            capabilities = json.loads(event.removeprefix("data:"))["result"]["capabilities"]
            assert capabilities.get("experimental") == told
