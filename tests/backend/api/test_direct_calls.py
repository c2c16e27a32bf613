"""Calls that are answered without the SDK: as the SDK would, whatever is sent and whatever happens meanwhile."""

import asyncio
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from tests.backend.api.plain_http import browsing, call, open_session
from tests.patience import PATIENCE, eventually
from tests.screens.looking import slow
from xats_tui.backend.api import app, assemble, mcp_server
from xats_tui.backend.api.direct_calls import DirectCalls
from xats_tui.backend.api.mcp_server import McpServer
from xats_tui.backend.api.sse import OneEvent
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.store import receipts as receipts_store
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.writer import COMMIT, carried_out
from xats_tui.backend.tools import TOOLS, base
from xats_tui.backend.tools.base import Answer, Call
from xats_tui.core.errors import StoreError
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings

NOW = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

ECHO = {"name": "echo", "arguments": {"msg": "hi"}}


def asked(params: Any, **others: Any) -> dict[str, Any]:
    """A `tools/call` with these parameters; an entry that is an ellipsis is left out."""
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params, **others}
    return {name: value for name, value in message.items() if value is not ...}


def echo(text: str) -> dict[str, Any]:
    return {"name": "echo", "arguments": {"msg": text}}


PLAIN = {
    "echo": asked(ECHO),
    "every control character": asked(echo("".join(map(chr, range(32))) + '"\\/\x7f\x80\u2028\u2029')),
    "letters of all widths": asked(echo("é ж 漢 🙂 \ufeff\ufffd")),
    "a text as id": asked(ECHO, id='a "quoted" é\n'),
    "a number as text as id": asked(ECHO, id="7"),
    "an empty id": asked(ECHO, id=""),
    "a negative id": asked(ECHO, id=-(2**63) + 1),
    "no arguments": asked({"name": "list_agents"}),
    "null as arguments": asked({"name": "list_agents", "arguments": None}),
    "a missing argument": asked({"name": "echo"}),
    "an unknown argument": asked({"name": "echo", "arguments": {"msg": "x", "more": 1}}),
    "an argument of another type": asked({"name": "echo", "arguments": {"msg": 1}}),
    "too many arguments": asked({"name": "echo", "arguments": {str(number): 1 for number in range(101)}}),
    "an unknown tool": asked({"name": "nonsense"}),
    "an unregistered caller": asked({"name": "get_inbox", "arguments": {}}),
    "an answer of many kilobytes": asked(echo("x" * 100_000)),
    "a progress token": asked({**ECHO, "_meta": {"progressToken": "t"}}),
    "unknown keys in _meta": asked({**ECHO, "_meta": {"a": {"b": [None]}, "": 1}}),
    "no _meta": asked({**ECHO, "_meta": None}),
}

OTHERWISE = {
    "a fraction as id": asked(ECHO, id=1.5),
    "a truth as id": asked(ECHO, id=True),
    "null as id": asked(ECHO, id=None),
    "a huge id": asked(ECHO, id=2**70),
    "no id": asked(ECHO, id=...),
    "another version of JSON-RPC": asked(ECHO, jsonrpc="1.0"),
    "a further key": asked(ECHO, more=1),
    "no parameters": asked(...),
    "null as parameters": asked(None),
    "a list as parameters": asked([]),
    "no name": asked({}),
    "a number as name": asked({"name": 1}),
    "a list as arguments": asked({"name": "echo", "arguments": []}),
    "a text as arguments": asked({"name": "echo", "arguments": "{}"}),
    "a text as _meta": asked({**ECHO, "_meta": "x"}),
    "a truth as progress token": asked({**ECHO, "_meta": {"progressToken": True}}),
    "a key of the protocol in _meta": asked({**ECHO, "_meta": {"io.modelcontextprotocol/related-task": 1}}),
    "a task": asked({**ECHO, "task": {"ttl": 1}}),
    "a task that is none": asked({**ECHO, "task": 1}),
    "an unknown parameter": asked({**ECHO, "more": 1}),
    "another method": asked(ECHO, method="tools/calls"),
}

Way = Callable[[pytest.MonkeyPatch], None]


def directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer plain calls directly."""


def by_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no call for a plain one."""
    monkeypatch.setattr(app, "plain_call", lambda message: None)


BOTH_WAYS = pytest.mark.parametrize("way", [directly, slow(by_the_sdk, id="by the SDK")])


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


class Waiting:
    """An `echo` that waits until it may answer."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.ended: list[str] = []

    async def run(self, call: Call, arguments: Any) -> Answer:
        """Wait, and answer."""
        self.begun.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.ended.append("interrupted")
            raise
        self.ended.append("answered")
        return {"msg": arguments.msg}


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """The tool `echo` of coordinators that start from now on."""
    waits = Waiting()
    monkeypatch.setattr(assemble, "TOOLS", {**TOOLS, "echo": replace(TOOLS["echo"], run=waits.run)})
    return waits


def seen(answer: httpx2.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body, without what depends on the time."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "date"]
    return answer.status_code, headers, NOW.sub(b"NOW", answer.content)


@pytest.mark.parametrize("protocol", ["2025-11-25", slow("2024-11-05"), slow("2025-03-26"), slow("2024-10-07")])
async def test_every_call_has_the_answer_that_the_sdk_gives(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    direct: list[int | str] = []
    answer = DirectCalls.answer

    async def noted(self: DirectCalls, call: Any, *args: Any) -> None:
        direct.append(call.request_id)
        await answer(self, call, *args)

    monkeypatch.setattr(DirectCalls, "answer", noted)
    session = await open_session(http) | {"mcp-protocol-version": protocol}

    for name, message in (PLAIN | OTHERWISE).items():
        ours = await http.post("/mcp", json=message, headers=session)
        assert (direct == [message.get("id")]) == (name in PLAIN), name
        direct.clear()
        with monkeypatch.context() as patched:
            by_the_sdk(patched)
            theirs = await http.post("/mcp", json=message, headers=session)
        assert not direct
        assert seen(ours) == seen(theirs), name


@BOTH_WAYS
async def test_a_call_that_its_client_gives_up_is_interrupted_and_answered_as_cancelled(
    settings: Settings, waiting: Waiting, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session, other = await open_session(http), await open_session(http)
        calling = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=session))
        await waiting.begun.wait()
        for headers, given_up in ((other, 2), (session, 3), (session, "2"), (session, 2)):
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": given_up}}
            assert (await http.post("/mcp", json=cancel, headers=headers)).status_code == 202
        answer = await calling

        assert waiting.ended == ["interrupted"]
        event = answer.text.removeprefix("event: message\ndata: ")
        assert json.loads(event) == {
            "jsonrpc": "2.0",
            "id": 2,
            "error": {"code": -32800, "message": "Request cancelled"},
        }
        waiting.may_answer.set()
        assert '\\"msg\\":\\"y\\"' in (await http.post("/mcp", json=call("echo", msg="y"), headers=session)).text


@pytest.mark.parametrize(
    ("way", "end"),
    [
        (directly, "deleted"),
        slow(by_the_sdk, "deleted", id="by the SDK"),
        slow(directly, "shut down", id="shut down"),  # the SDK takes so long that the server answers 500
    ],
)
async def test_a_call_whose_session_ends_is_interrupted_and_its_stream_has_no_event(
    settings: Settings, waiting: Waiting, way: Way, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    async with AsyncExitStack() as stack:
        running = AsyncExitStack()
        backend = await running.enter_async_context(Coordinator.running(settings))
        http = await stack.enter_async_context(browsing(backend))
        session = await open_session(http)
        calling = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=session))
        await waiting.begun.wait()
        if end == "deleted":
            assert (await http.delete("/mcp", headers=session)).status_code == 200
            answer = await calling
            await running.aclose()
        else:
            await running.aclose()
            answer = await calling

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert waiting.ended == ["interrupted"]


@BOTH_WAYS
async def test_an_answer_with_half_a_character_is_an_answer(
    settings: Settings, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def undecodable(_: Call, arguments: Any) -> Answer:
        return {"path": os.fsdecode(b"/tmp/\xff")}

    way(monkeypatch)
    monkeypatch.setattr(assemble, "TOOLS", {**TOOLS, "echo": replace(TOOLS["echo"], run=undecodable)})
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        answer = await http.post("/mcp", json=call("echo", msg="x"), headers=await open_session(http))

    assert '"{\\"path\\":\\"/tmp/?\\"' in answer.text


@BOTH_WAYS
async def test_a_session_does_not_end_while_a_call_is_under_way(
    settings: Settings, waiting: Waiting, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    monkeypatch.setattr(mcp_server, "SESSION_IDLE_S", 0.3)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        used = await open_session(http)
        calling = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=used))
        await waiting.begun.wait()
        later = await open_session(http)
        await eventually(lambda: backend.sessions.get(later["mcp-session-id"]) is None)
        waiting.may_answer.set()

        assert '\\"msg\\":\\"x\\"' in (await calling).text
        assert backend.sessions.get(used["mcp-session-id"]) is not None
        await eventually(lambda: backend.sessions.get(used["mcp-session-id"]) is None)


@BOTH_WAYS
async def test_a_call_whose_client_has_gone_is_carried_out(
    settings: Settings, waiting: Waiting, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    async with Coordinator.running(settings) as backend:
        async with browsing(backend) as http:
            session = await open_session(http)
            calling = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=session))
            await waiting.begun.wait()
            calling.cancel()
            await asyncio.wait({calling})
        waiting.may_answer.set()
        await eventually(lambda: waiting.ended == ["answered"])


async def test_two_calls_under_one_id_are_both_answered(settings: Settings, waiting: Waiting) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await open_session(http)
        calls = [asyncio.create_task(http.post("/mcp", json=call("echo", msg=x), headers=session)) for x in "ab"]
        await eventually(lambda: all(one.under_way == 2 for one in backend.sessions.open_ones()))
        waiting.may_answer.set()
        answers = await asyncio.gather(*calls)

    assert [f'\\"msg\\":\\"{x}\\"' in answer.text for x, answer in zip("ab", answers, strict=True)] == [True, True]


def coming_back_slowly(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """Let sessions come back when they may, from now on."""
    waits, give_back = Waiting(), KeptSessions.give_back

    async def slowly(self: KeptSessions, session: Any) -> Any:
        waits.begun.set()
        await waits.may_answer.wait()
        return await give_back(self, session)

    monkeypatch.setattr(KeptSessions, "give_back", slowly)
    return waits


async def test_a_call_in_a_session_that_is_coming_back_waits_until_it_is_who_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await open_session(http)
        await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=session)
    coming_back = coming_back_slowly(monkeypatch)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        calls = [asyncio.create_task(http.post("/mcp", json=call("whoami"), headers=session))]
        await coming_back.begun.wait()
        calls.append(asyncio.create_task(http.post("/mcp", json=call("whoami"), headers=session)))
        await eventually(lambda: any(one.under_way for one in backend.sessions.open_ones()))
        coming_back.may_answer.set()
        answers = await asyncio.gather(*calls)

    assert ["alice" in answer.text for answer in answers] == [True, True]


async def test_mail_that_a_session_asks_for_while_it_is_coming_back_is_confirmed_by_its_next_call(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await with_mail_to_itself(http)
    coming_back = coming_back_slowly(monkeypatch)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        first = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=session))
        await coming_back.begun.wait()
        second = asyncio.create_task(http.post("/mcp", json=call("get_inbox") | {"id": 3}, headers=session))
        await eventually(lambda: any(one.under_way for one in backend.sessions.open_ones()))
        coming_back.may_answer.set()
        await first
        assert "keep me" in (await second).text

        assert '\\"unread\\":0' in (await http.post("/mcp", json=call("whoami") | {"id": 4}, headers=session)).text


REGISTER = call("register_agent", client="custom", model="m", name="alice")


def with_meta(message: dict[str, Any]) -> dict[str, Any]:
    """The same call, as a bridge makes it."""
    return message | {"params": message["params"] | {"_meta": {"xats/instance": "b1"}}}


async def with_mail_to_itself(http: httpx2.AsyncClient) -> dict[str, str]:
    """The session of an agent that has sent a message to itself."""
    session = await open_session(http)
    await http.post("/mcp", json=with_meta(REGISTER), headers=session)
    letter = call("send_message", to_agent_name="alice", body="keep me", auto_poke=False)
    await http.post("/mcp", json=with_meta(letter), headers=session)
    return session


def refusing_at_first(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let the database refuse to take mail back for the first time; the event tells that it has."""
    refused, take_back = asyncio.Event(), receipts_store.take_back

    async def refuse(*args: Any) -> Any:
        if not refused.is_set():
            refused.set()
            raise StoreError("the disk is full")
        return await take_back(*args)

    monkeypatch.setattr(receipts_store, "take_back", refuse)
    return refused


async def test_mail_in_an_answer_that_was_given_up_stays_unread(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = asyncio.Event(), threading.Event()
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await with_mail_to_itself(http)
        loop = asyncio.get_running_loop()

        def slowly(*args: Any, **kwargs: Any) -> Any:
            loop.call_soon_threadsafe(begun.set)
            may_go_on.wait(PATIENCE)
            return carried_out(*args, **kwargs)

        with monkeypatch.context() as patched:
            patched.setattr(writer, "carried_out", slowly)
            reading = asyncio.create_task(http.post("/mcp", json=call("get_inbox"), headers=session))
            await begun.wait()
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
            await http.post("/mcp", json=cancel, headers=session)
            may_go_on.set()
            assert "Request cancelled" in (await reading).text

        assert '\\"unread\\":1' in (await http.post("/mcp", json=call("whoami"), headers=session)).text
        assert "keep me" in (await http.post("/mcp", json=call("get_inbox"), headers=session)).text
        assert '\\"unread\\":0' in (await http.post("/mcp", json=call("whoami"), headers=session)).text


@BOTH_WAYS
async def test_mail_in_an_answer_that_was_given_up_stays_unread_if_the_database_refuses_then(
    settings: Settings, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await with_mail_to_itself(http)
        refused = refusing_at_first(monkeypatch)
        await given_up_while_stored(http, session, call("get_inbox"), monkeypatch)
        await refused.wait()

        assert '\\"unread\\":1' in (await http.post("/mcp", json=call("whoami") | {"id": 3}, headers=session)).text
        await eventually(lambda: not backend._receipts._numbers._held)
        again = await http.post("/mcp", json=call("get_inbox") | {"id": 4}, headers=session)
        assert "keep me" in again.text
        assert '\\"unread\\":0' in (await http.post("/mcp", json=call("whoami") | {"id": 5}, headers=session)).text


async def test_mail_in_an_answer_that_the_session_does_not_live_to_send_stays_unread_if_the_database_refuses_then(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_the_sdk(monkeypatch)
    sending, may_go_on = asyncio.Event(), asyncio.Event()
    send = OneEvent.send

    async def slowly(self: OneEvent, message: Any) -> None:
        if b"keep me" in message.get("body", b""):
            sending.set()
            await may_go_on.wait()
        await send(self, message)

    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await with_mail_to_itself(http)
        refused = refusing_at_first(monkeypatch)
        monkeypatch.setattr(OneEvent, "send", slowly)
        reading = asyncio.create_task(http.post("/mcp", json=with_meta(call("get_inbox")), headers=session))
        await sending.wait()
        await http.delete("/mcp", headers=session)
        await refused.wait()
        may_go_on.set()
        await reading

        session = await open_session(http)
        await http.post("/mcp", json=with_meta(REGISTER), headers=session)
        assert '\\"unread\\":1' in (await http.post("/mcp", json=with_meta(call("whoami")), headers=session)).text


async def test_mail_in_an_answer_that_fails_stays_unread(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(answer: Any) -> str:
        if "messages" in answer:
            raise ValueError
        return to_json(answer)

    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await with_mail_to_itself(http)
        with monkeypatch.context() as patched:
            patched.setattr(base, "to_json", fails)
            assert "internal error" in (await http.post("/mcp", json=call("get_inbox"), headers=session)).text

        assert '\\"unread\\":1' in (await http.post("/mcp", json=call("whoami"), headers=session)).text


async def given_up_while_stored(
    http: httpx2.AsyncClient, session: dict[str, str], message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Send a call, and cancel it when its transaction is being committed."""
    storing, may_go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slowly(connection: Any, statements: Any, files: Any) -> Any:
        if COMMIT in statements:
            loop.call_soon_threadsafe(storing.set)
            may_go_on.wait(PATIENCE)
        return carried_out(connection, statements, files)

    with monkeypatch.context() as patched:
        patched.setattr(writer, "carried_out", slowly)
        calling = asyncio.create_task(http.post("/mcp", json=message, headers=session))
        await storing.wait()
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": message["id"]}}
        await http.post("/mcp", json=cancel, headers=session)
        may_go_on.set()
        assert "Request cancelled" in (await calling).text


@BOTH_WAYS
async def test_what_is_given_up_while_it_is_stored_ends_no_more_than_the_call(
    settings: Settings, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await open_session(http)
        register = call("register_agent", client="custom", model="m", name="alice")
        await given_up_while_stored(http, session, register, monkeypatch)
        who = (await http.post("/mcp", json=call("whoami") | {"id": 3}, headers=session)).text
        assert '\\"registered\\":true' in who  # as the next start would have it

        contract = call("register_contract", name="c", schema={"type": "object"}) | {"id": 4}
        await given_up_while_stored(http, session, contract, monkeypatch)
        stored = (await http.post("/mcp", json=call("get_contract", name="c") | {"id": 5}, headers=session)).text
        assert '\\"version\\":1' in stored


async def test_the_late_end_of_a_session_interrupts_no_call_after_its_return(
    settings: Settings, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[tuple[McpServer, McpSession]] = []
    wound_down = McpServer._wound_down

    async def later(self: McpServer, session: McpSession) -> None:
        ends.append((self, session))

    monkeypatch.setattr(McpServer, "_wound_down", later)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as http:
        alice = await open_session(http)
        await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=alice)
        monkeypatch.setattr(mcp_server, "MAX_SESSIONS", 1)
        await open_session(http)  # for which alice's is closed
        calling = asyncio.create_task(http.post("/mcp", json=call("echo", msg="x"), headers=alice))
        await waiting.begun.wait()
        server, former = ends[0]
        assert former.session_id == alice["mcp-session-id"]
        await wound_down(server, former)
        waiting.may_answer.set()

        assert '\\"msg\\":\\"x\\"' in (await calling).text
