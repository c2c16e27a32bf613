"""Requests to a coordinator that goes away, comes back and misbehaves."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_bridge.scripted import Exchange, ScriptedCoordinator, answer_text, listening, read_request, reply
from tests.patience import PATIENCE, eventually
from xats_tui import __version__
from xats_tui.core.call_meta import BRIDGE, CALL_ID, INSTANCE
from xats_tui.mcp_bridge import upstream as upstream_module
from xats_tui.mcp_bridge.coordinator_locator import CoordinatorLocator
from xats_tui.mcp_bridge.session import RpcError
from xats_tui.mcp_bridge.upstream import TIMEOUT_S, Unavailable, Upstream
from xats_tui.runtime import pid_file
from xats_tui.runtime.coordinator_proof import keys
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import load


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    async with listening(ScriptedCoordinator()) as scripted:
        yield scripted


@asynccontextmanager
async def connected_to(
    coordinator: ScriptedCoordinator,
    home: Path,
    token: str | None = None,
    *,
    timeout_s: float = TIMEOUT_S,
    has_shown_tools: bool = False,
) -> AsyncIterator[tuple[Upstream, list[dict[str, Any]]]]:
    """An upstream that finds this coordinator, and what its host would hear."""
    heard: list[dict[str, Any]] = []
    loaded = load({"home": home, "port": coordinator.port}, {})
    upstream = Upstream(
        CoordinatorLocator(loaded),
        token,
        lambda message: heard.append(dict(message)),
        timeout_s=timeout_s,
        has_shown_tools=lambda: has_shown_tools,
    )
    # Held, so that the upstream never starts a coordinator of its own.
    with pid_file.held(loaded.settings.pid_path):
        running = asyncio.create_task(upstream.run())
        try:
            yield upstream, heard
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


KEEPS_CALLS: dict[str, Any] = {"experimental": {"xats/calls_once": {}}}


def call(tool: str, **fields: Any) -> dict[str, Any]:
    return {"name": tool, "arguments": {"n": 1}, **fields}


async def test_a_result_and_the_meta_of_a_call_pass_unchanged(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    odd = {
        "content": [{"type": "new", "x": 1.5e300}, {"type": "text", "text": "é\ud800\u2028"}],
        "structuredContent": {"n": 2**70},
        "_meta": {"a/b": [None]},
        "isError": True,
        "resultType": "complete",
    }

    async def script(exchange: Exchange) -> None:
        await exchange.result(odd)

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        assert await upstream.request("tools/call", call("echo", _meta={"threadId": "th", "progressToken": 3})) == odd
    (sent,) = coordinator.calls("echo")
    assert sent["_meta"].pop(CALL_ID)
    assert sent["_meta"].pop(INSTANCE)
    assert sent["_meta"].pop(BRIDGE) == os.getpid()
    assert sent == call("echo", _meta={"threadId": "th", "progressToken": 3})


async def test_an_error_passes_unchanged(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.error({"code": -32602, "message": "no", "data": {"field": "x"}})

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        with pytest.raises(RpcError) as refusal:
            await upstream.request("tools/call", call("echo"))
    assert refusal.value.error == {"code": -32602, "message": "no", "data": {"field": "x"}}


async def test_a_refusal_by_http_status_becomes_an_error_with_its_code(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.status(403, {"error": "identity_mismatch"})

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        with pytest.raises(RpcError, match="identity_mismatch"):
            await upstream.request("tools/call", call("echo"))


async def test_notifications_reach_the_host_from_both_streams(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    event = {"jsonrpc": "2.0", "method": "notifications/contract_event", "params": {"name": "api"}}
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 3, "progress": 1}}

    async def script(exchange: Exchange) -> None:
        await exchange.result({}, progress)

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, heard):
        await upstream.request("tools/call", call("echo"))
        await eventually(lambda: coordinator.standing)
        await coordinator.announce(event)
        await eventually(lambda: len(heard) == 2)
    assert heard == [progress, event]


async def test_a_ping_of_the_coordinator_is_answered(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    async with connected_to(coordinator, tmp_path):
        await eventually(lambda: coordinator.standing)
        await coordinator.announce({"jsonrpc": "2.0", "method": "ping", "id": "p"})
        await eventually(lambda: {"jsonrpc": "2.0", "id": "p", "result": {}} in coordinator.received)


async def test_a_restarted_coordinator_is_told_who_the_agent_is_before_anything_else(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("register_agent"))
        await upstream.request("tools/call", call("bind_runtime_identity"))
        await coordinator.die()
        coordinator.received.clear()
        asking = asyncio.create_task(upstream.request("tools/call", call("list_agents")))
        await coordinator.start()
        async with asyncio.timeout(PATIENCE):
            await asking
    tools = [message["params"]["name"] for message in coordinator.received if message["method"] == "tools/call"]
    assert tools == ["register_agent", "bind_runtime_identity", "list_agents"]


async def test_an_idle_agent_is_registered_again_when_the_port_is_back(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("register_agent"))
        await coordinator.die()
        await coordinator.start()
        await eventually(lambda: len(coordinator.calls("register_agent")) == 2)


def test_the_port_is_looked_for_less_often_each_time_and_once_a_second_at_last() -> None:
    assert list(islice(upstream_module.delays(), 6)) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_a_session_that_the_coordinator_does_not_know_is_opened_anew(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("register_agent"))
        coordinator.sessions.clear()
        await upstream.request("tools/call", call("send_message"))
    assert len(coordinator.calls("register_agent")) == 2
    assert len(coordinator.calls("send_message")) == 1


def repeated(call: dict[str, Any]) -> dict[str, Any]:
    """The same call, as a bridge makes it again: what it says of the model counts the first time only."""
    return {**call, "_meta": {**call["_meta"], "xats/repeated": True}}


async def test_a_call_that_changes_nothing_is_repeated_as_the_same_call_when_the_connection_broke(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        await (answer_text(exchange) if len(coordinator.calls("task_list")) > 1 else exchange.break_off())

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("task_list"))
    first, second = coordinator.calls("task_list")
    assert second == repeated(first)


@pytest.mark.parametrize(
    ("tool", "advice"),
    [("send_message", "get_delivery_status"), ("task_claim", "task_list"), ("a_newer_tool", "check before")],
)
async def test_a_call_whose_outcome_nobody_knows_is_not_repeated_but_told(
    coordinator: ScriptedCoordinator, tmp_path: Path, tool: str, advice: str
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.break_off()

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        with pytest.raises(Unavailable, match=advice):
            await upstream.request("tools/call", call(tool))
    assert len(coordinator.calls(tool)) == 1


async def test_a_coordinator_that_keeps_calls_is_asked_again_for_the_same_call(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        await (answer_text(exchange) if len(coordinator.calls("send_message")) > 1 else exchange.break_off())

    coordinator.script, coordinator.capabilities = script, KEEPS_CALLS
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("send_message"))
    first, second = coordinator.calls("send_message")
    assert second == repeated(first)


async def test_a_coordinator_that_came_back_without_keeping_calls_is_not_asked_again(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        coordinator.capabilities = {}
        coordinator.sessions.clear()
        await exchange.break_off()

    coordinator.script, coordinator.capabilities = script, KEEPS_CALLS
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        with pytest.raises(Unavailable, match="may or may not have been carried out; call get_delivery_status"):
            await upstream.request("tools/call", call("send_message"))
    assert len(coordinator.calls("send_message")) == 1


async def test_a_call_is_not_said_to_be_unsent_that_was_sent_before_the_coordinator_went_for_good(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    gone: list[asyncio.Task[None]] = []

    async def script(exchange: Exchange) -> None:
        gone.append(asyncio.create_task(coordinator.die()))
        await asyncio.Event().wait()

    coordinator.script, coordinator.capabilities = script, KEEPS_CALLS
    async with connected_to(coordinator, tmp_path, timeout_s=0.3) as (upstream, _):
        assert await upstream.connected(PATIENCE)
        with pytest.raises(Unavailable, match="may or may not have been carried out"):
            await upstream.request("tools/call", call("send_message"))
        await asyncio.gather(*gone)


async def test_every_session_of_a_bridge_says_that_it_is_the_same_bridge_and_every_call_that_it_is_another(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("register_agent"))
        coordinator.sessions.clear()
        await upstream.request("tools/call", call("echo"))
    first, again = (sent["_meta"] for sent in coordinator.calls("register_agent"))
    (other,) = (sent["_meta"] for sent in coordinator.calls("echo"))
    assert first[INSTANCE] == again[INSTANCE] == other[INSTANCE]
    assert len({first[CALL_ID], again.get(CALL_ID), other[CALL_ID]}) == 3


async def test_a_name_that_another_runtime_has_taken_is_not_taken_back_after_a_restart(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        taken = exchange.message["params"]["name"] == "task_list"
        text = '{"error": "superseded"}' if taken else '{"agent_id": "a-1"}'
        await exchange.result({"content": [{"type": "text", "text": text}]})

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("register_agent"))
        await upstream.request("tools/call", call("task_list"))
        coordinator.sessions.clear()
        await upstream.request("tools/call", call("echo"))
    assert len(coordinator.calls("register_agent")) == 1


async def test_an_introduction_comes_before_anything_else_on_a_session_that_was_there(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await eventually(lambda: coordinator.standing)
        upstream.introduce({"name": "register_agent", "arguments": {"name": "ann"}})
        await upstream.request("tools/call", call("echo"))
        assert upstream.told is not None
    tools = [message["params"]["name"] for message in coordinator.received if message["method"] == "tools/call"]
    assert tools == ["register_agent", "echo"]


@pytest.mark.parametrize("status", [200, 404, 405])
async def test_a_port_that_is_held_by_something_else_is_told(tmp_path: Path, status: int) -> None:
    async def web_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reply(writer, status, "<h1>hello</h1>", "text/html")
        writer.close()

    server = await asyncio.start_server(web_server, "127.0.0.1", 0)
    async with server:
        elsewhere = ScriptedCoordinator(port=server.sockets[0].getsockname()[1])
        async with connected_to(elsewhere, tmp_path) as (upstream, _):
            with pytest.raises(Unavailable, match="is no xats coordinator: name another port"):
                await upstream.request("tools/call", call("echo"))


async def test_a_call_fails_when_the_coordinator_does_not_come_back(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("echo"))
        await coordinator.die()
        upstream.timeout_s = 0.3
        with pytest.raises(Unavailable, match=r"cannot be reached: it does not answer\.  Nothing was sent"):
            await upstream.request("tools/call", call("send_message"))


async def test_a_call_waits_for_a_coordinator_that_has_come_and_is_slow_to_answer(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    coordinator.greets_after_s = 0.5
    async with connected_to(coordinator, tmp_path, timeout_s=0.2) as (upstream, _):
        own = PidRecord(pid=os.getpid(), port=coordinator.port, version=__version__)
        pid_file.write(tmp_path / "daemon.pid", own)
        await upstream.request("tools/call", call("send_message"))


async def test_a_wrong_token_is_told_at_once_with_what_to_do(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    coordinator.token = "right"
    coordinator.known = keys(None, "wrong") + keys(None, "right")
    async with connected_to(coordinator, tmp_path, token="wrong", timeout_s=10 * PATIENCE) as (upstream, _):
        with pytest.raises(Unavailable, match=r"refuses the token: .*XATS_TOKEN"):
            async with asyncio.timeout(PATIENCE):
                await upstream.request("tools/call", call("echo"))
    async with connected_to(coordinator, tmp_path, token="right", timeout_s=10 * PATIENCE) as (upstream, _):
        await upstream.request("tools/call", call("echo"))


async def test_a_call_that_the_host_gives_up_is_given_up_at_the_coordinator(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async def script(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    coordinator.script = script
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        asking = asyncio.create_task(upstream.request("tools/call", call("send_message")))
        await eventually(lambda: coordinator.calls("send_message"))
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        (sent,) = (message for message in coordinator.received if message["method"] == "tools/call")
        (given_up,) = (message for message in coordinator.received if message["method"] == "notifications/cancelled")
    assert given_up["params"] == {"requestId": sent["id"]}


async def test_the_session_is_ended_at_the_coordinator(coordinator: ScriptedCoordinator, tmp_path: Path) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        await upstream.request("tools/call", call("echo"))
        assert coordinator.sessions
    assert not coordinator.sessions


async def test_the_host_hears_that_the_tools_may_have_changed_only_when_another_version_came_back(
    coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    async with connected_to(coordinator, tmp_path) as (upstream, heard):
        for version in ("1", "2"):
            coordinator.server = {"name": "scripted", "version": version}
            await upstream.request("tools/call", call("echo"))
            await coordinator.die()
            await coordinator.start()
            await eventually(lambda: coordinator.standing)
    assert [message["method"] for message in heard] == ["notifications/tools/list_changed"]


@pytest.mark.parametrize(("version", "said"), [(__version__, []), ("other", ["notifications/tools/list_changed"])])
async def test_a_host_that_was_shown_the_tools_of_our_version_hears_that_the_coordinator_has_another(
    coordinator: ScriptedCoordinator, tmp_path: Path, version: str, said: list[str]
) -> None:
    coordinator.server = {"name": "xats-tui", "version": version}
    async with connected_to(coordinator, tmp_path, has_shown_tools=True) as (upstream, heard):
        await upstream.request("tools/call", call("echo"))
    assert [message["method"] for message in heard] == said


async def test_a_proxy_of_the_environment_does_not_come_between(
    coordinator: ScriptedCoordinator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with connected_to(coordinator, tmp_path) as (upstream, _):
        result = await upstream.request("tools/call", call("echo"))
    assert json.loads(result["content"][0]["text"]) == {"agent_id": "a-1"}


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
async def test_events_are_read_in_whatever_pieces_they_come(
    coordinator: ScriptedCoordinator, tmp_path: Path, line_end: bytes
) -> None:
    async def drip(exchange: Exchange) -> None:
        note = {"jsonrpc": "2.0", "method": "notifications/note"}
        answer = {"jsonrpc": "2.0", "id": exchange.message["id"], "result": {"said": "ü" * 3}}
        lines = [
            ": still here",
            "",
            "event: message",
            f"data:{json.dumps(note)}",
            "",
            "data",
            "data:",
            "",
            *(f"data: {line}" for line in json.dumps(answer, indent=1, ensure_ascii=False).splitlines()),
            "",
            "",
        ]
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for byte in line_end.join(line.encode() for line in lines):
            exchange.writer.write(bytes([byte]))
            await exchange.writer.drain()
            await asyncio.sleep(0)

    coordinator.script = drip
    async with connected_to(coordinator, tmp_path) as (upstream, heard):
        assert await upstream.request("tools/call", call("whoami")) == {"said": "üüü"}
        assert [message["method"] for message in heard] == ["notifications/note"]
