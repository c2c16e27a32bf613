"""Receipts: mail is read once its model has it, by whatever shows that, and nobody is told twice of what it holds."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx2
import mcp_types as types
import pytest

from tests.backend.api.plain_http import JSON_OR_STREAM, call, open_session
from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.patience import PATIENCE, eventually
from tests.stand_ins.app_server import OTHER_THREAD, THREAD, AppServer, app_server_on_tcp
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.receipts import AnswerNumbers, _unsent
from xats_tui.runtime.settings import Settings

UNREAD = "SELECT body FROM messages WHERE read_at IS NULL ORDER BY event_id"

WAKE = "SELECT wake_status, skip_reason, due_at IS NOT NULL FROM message_delivery_status"


@pytest.fixture
async def codex() -> AsyncIterator[AppServer]:
    async with app_server_on_tcp() as server:
        yield server


async def with_meta(caller: Caller, tool: str, meta: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Call a tool with this `_meta` and return its answer."""
    result = await caller.client.call_tool(tool, arguments, meta=cast(types.RequestParamsMeta, meta))
    answer: dict[str, Any] = json.loads(result.content[0].text)  # type: ignore[union-attr]
    return answer


async def on_a_thread(connect: Connect, codex: AppServer, thread_id: str = THREAD) -> Caller:
    """An agent on a Codex thread."""
    bob: Caller = await connect()
    codex.threads = [THREAD, OTHER_THREAD]
    delivery = {"kind": "codex-appserver", "thread_id": thread_id, "ws_url": codex.url}
    await bob.call("register_agent", name="bob", client="codex", model="m", delivery=delivery)
    return bob


async def looked_at(codex: AppServer) -> None:
    """The thread was asked twice more what it does."""
    asked = codex.asked.count("initialize")
    await eventually(lambda: codex.asked.count("initialize") > asked + 1)


async def test_a_thread_that_is_idle_after_the_answer_has_read_it(
    connect: Connect, register: Connect, codex: AppServer, sql: Sql
) -> None:
    codex.status = {"type": "active", "activeFlags": []}
    bob, alice = await on_a_thread(connect, codex), await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    await with_meta(bob, "get_inbox", {"threadId": THREAD})
    await looked_at(codex)
    assert sql(UNREAD) == [("hello",)], "its turn goes on"

    codex.status = {"type": "idle"}

    await eventually(lambda: sql(UNREAD) == [])
    assert codex.turns == []


async def test_an_idle_thread_says_nothing_of_what_somebody_else_has_fetched(
    connect: Connect, register: Connect, codex: AppServer, sql: Sql
) -> None:
    bob, alice = await on_a_thread(connect, codex), await register("alice")
    await send(alice, "bob")
    await with_meta(bob, "get_inbox", {"threadId": OTHER_THREAD})
    await looked_at(codex)

    assert sql(UNREAD) == [("hello",)]


async def test_mail_that_was_fetched_wakes_nobody(
    connect: Connect, register: Connect, codex: AppServer, sql: Sql
) -> None:
    codex.status = {"type": "active", "activeFlags": []}
    bob, alice = await on_a_thread(connect, codex), await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")

    await bob.call("get_inbox")

    assert sql(WAKE) == [("skipped", "recipient_active", 0)]


async def test_mail_that_is_left_behind_a_page_is_announced_again_when_the_turn_is_over(
    connect: Connect, register: Connect, codex: AppServer
) -> None:
    bob, alice = await on_a_thread(connect, codex), await register("alice")
    for number in range(3):
        await alice.call("send_message", to_agent_name="bob", body=str(number))
    assert codex.turns == ["[xats] 1 new message from alice: call get_inbox"]
    codex.status = {"type": "active", "activeFlags": []}
    await with_meta(bob, "get_inbox", {"threadId": THREAD}, limit=2)

    codex.status = {"type": "idle"}

    await eventually(lambda: len(codex.turns) == 2)
    assert codex.turns[1] == "[xats] 1 new message from alice: call get_inbox"


async def test_a_call_that_a_bridge_repeats_by_itself_confirms_nothing(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    await inbox(bob)

    again = await with_meta(bob, "get_inbox", {"xats/repeated": True})

    assert [message["body"] for message in again["messages"]] == ["hello"]
    assert sql(UNREAD) == [("hello",)]
    assert await inbox(bob) == []


async def test_a_bridge_confirms_in_its_next_session_what_it_got_in_the_one_before(
    connect: Connect, register: Connect, sql: Sql
) -> None:
    same = {"xats/instance": "b1"}
    alice = await register("alice")
    before, after = await connect(), await connect()
    register_as_bob = {"name": "bob", "client": "custom", "model": "m"}
    await with_meta(before, "register_agent", same, **register_as_bob)
    await send(alice, "bob")
    await with_meta(before, "get_inbox", same)
    await with_meta(after, "register_agent", same, **register_as_bob)
    assert sql(UNREAD) == [("hello",)], "that it registers again shows nothing"

    await with_meta(after, "whoami", same)

    assert sql(UNREAD) == []


async def test_the_call_of_another_session_of_the_agent_confirms_nothing(
    connect: Connect, register: Connect, sql: Sql
) -> None:
    alice, first, second = await register("alice"), await connect(), await connect()
    of_first, of_second = {"xats/instance": "b1", "xats/host_session": "one"}, {"xats/instance": "b1"}
    for caller, meta in ((first, of_first), (second, of_second)):
        await with_meta(caller, "register_agent", meta, name="bob", client="custom", model="m")
    await send(alice, "bob")
    await with_meta(second, "get_inbox", of_second)

    answer = await with_meta(first, "get_inbox", of_first)

    assert [message["body"] for message in answer["messages"]] == ["hello"]
    assert sql(UNREAD) == [("hello",)]


async def test_what_the_former_holder_of_a_name_had_in_hand_is_announced_to_the_new_one_as_not_new(
    connect: Connect, register: Connect, codex: AppServer, sql: Sql
) -> None:
    codex.status = {"type": "active", "activeFlags": []}
    bob, alice = await on_a_thread(connect, codex), await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    await bob.call("get_inbox")
    codex.status = {"type": "idle"}

    again = await on_a_thread(connect, codex, OTHER_THREAD)

    await eventually(lambda: codex.turns)
    assert codex.turns == ["[xats] 1 message from alice: call get_inbox"]
    assert await inbox(again) == ["hello"]


async def plain(http: httpx2.AsyncClient, session: dict[str, str], tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await http.post("/mcp", json=call(tool, **arguments), headers=session)
    text = json.loads(answer.text.split("data: ", 1)[1])["result"]["content"][0]["text"]
    payload: dict[str, Any] = json.loads(text)
    return payload


def client_of(backend: Coordinator) -> httpx2.AsyncClient:
    base = f"http://127.0.0.1:{backend.port}"
    return httpx2.AsyncClient(base_url=base, headers=JSON_OR_STREAM, verify=False, timeout=PATIENCE)


@pytest.mark.parametrize("has_left", [True, False])
async def test_a_restart_takes_nothing_out_of_hands_that_it_has_reached(
    settings: Settings, has_left: bool, sql: Sql
) -> None:
    async with Coordinator.running(settings) as backend, client_of(backend) as http:
        alice, bob = await open_session(http), await open_session(http)
        for name, session in (("alice", alice), ("bob", bob)):
            await plain(http, session, "register_agent", name=name, client="custom", model="m")
        await plain(http, alice, "send_message", to_agent_name="bob", body="hello")
        await plain(http, bob, "get_inbox")
        if has_left:
            await eventually(lambda: sql("SELECT has_left FROM handed_out") == [(1,)])

    async with Coordinator.running(settings) as backend, client_of(backend) as http:
        mail = (await plain(http, bob, "get_inbox"))["messages"]

    # An answer that a coordinator wrote just before its end may never have arrived.
    assert [message["body"] for message in mail] == ([] if has_left else ["hello"])


def test_a_call_counts_only_answers_to_its_own_reader_as_not_yet_there() -> None:
    numbers = AnswerNumbers()
    earlier = numbers.of_answer()
    release = numbers.hold("alice", "ALICE", _unsent, numbers.of_answer())
    under_way = numbers.of_answer()
    assert earlier < numbers.of_call("alice") < under_way < numbers.of_call("bob")
    assert earlier < numbers.of_turn_end("ALICE") < under_way < numbers.of_turn_end("BOB")
    release()
    assert under_way < numbers.of_call("alice")
    assert under_way < numbers.of_turn_end("ALICE")


def test_the_end_of_a_turn_shows_that_what_is_on_its_way_has_arrived() -> None:
    numbers = AnswerNumbers()
    answer = numbers.of_answer()
    numbers.hold("alice", "ALICE", lambda: True, answer)
    assert numbers.of_call("alice") == answer < numbers.of_turn_end("ALICE")
