"""Messages from a host other than calls: the bridge answers by the protocol and keeps running."""

import json
import math
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_bridge.host import ScriptedHost, bridge, proxy

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602

IDS: tuple[Any, ...] = (0, -1, 2**53 + 1, 10**40, 1.5, -0.25, 1e300, "", "a b", "\u00e9\u2028", "x" * 5000)
"""Ids that a host may choose."""

NO_IDS: tuple[Any, ...] = (None, True, {"a": 1}, [1], math.inf, math.nan)
"""Values that no answer can repeat."""


WRONG: tuple[tuple[dict[str, Any], int], ...] = (
    ({}, INVALID_REQUEST),
    ({"method": "no/such/method"}, METHOD_NOT_FOUND),
    ({"method": "ping", "params": []}, INVALID_PARAMS),
    ({"method": "tools/call", "params": {"name": 3}}, INVALID_PARAMS),
    ({"method": "tools/call", "params": {"name": "echo", "arguments": []}}, INVALID_PARAMS),
)


@pytest.mark.slow
async def test_what_is_wrong_with_a_message_is_answered(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        for number, (message, code) in enumerate(WRONG, start=100):
            host.say(json.dumps({"jsonrpc": "2.0", "id": number, **message}).encode())
            answer = await host.hear()

            assert (answer["id"], answer["error"]["code"]) == (number, code)
            assert (await host.request("ping"))["result"] == {}


async def test_a_call_that_the_host_takes_back_is_not_answered(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        call = {"jsonrpc": "2.0", "id": "late", "method": "tools/call", "params": {"name": "echo", "arguments": {}}}
        taken_back = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "late"}}
        host.say(json.dumps(call).encode())
        host.say(json.dumps(taken_back).encode())
        host.say(b'{"jsonrpc":"2.0","id":"next","method":"ping"}')

        assert (await host.hear())["id"] == "next"


def started(server: str, home: Path) -> AbstractAsyncContextManager[ScriptedHost]:
    """One of our two servers for hosts, without a coordinator that it would have to wait for."""
    if server == "channel":
        return proxy(home, "--daemon-url", "http://127.0.0.1:9/mcp")
    return bridge(home, "--port", "0")


async def answers(host: ScriptedHost, message: Any) -> list[dict[str, Any]]:
    """Everything that the bridge says to a line before it answers a ping that follows."""
    host.say(message if isinstance(message, bytes) else json.dumps(message).encode())
    host.say(b'{"jsonrpc":"2.0","id":"after","method":"ping"}')
    said = []
    while (answer := await host.hear()).get("id") != "after":
        said.append(answer)
    return said


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("server", ["mcp", "channel"])
async def test_every_request_is_answered_whatever_its_id_looks_like(home: Path, server: str) -> None:
    async with started(server, home) as host:
        for request_id in IDS:
            for method in ("ping", "no/such/method", "initialize"):
                [answer] = await answers(host, {"jsonrpc": "2.0", "id": request_id, "method": method})
                assert answer["id"] == request_id
                assert type(answer["id"]) is type(request_id)
                assert ("result" in answer) == (method != "no/such/method")


@pytest.mark.slow
@pytest.mark.parametrize("server", ["mcp", "channel"])
async def test_a_request_whose_id_cannot_be_repeated_is_refused_without_one(home: Path, server: str) -> None:
    async with started(server, home) as host:
        for request_id in NO_IDS:
            for method in ("ping", "tools/list", "tools/call"):
                [answer] = await answers(host, {"jsonrpc": "2.0", "id": request_id, "method": method})
                assert (answer["id"], answer["error"]["code"]) == (None, INVALID_REQUEST)


NO_MESSAGES = (
    (b'{"jsonrpc":"2.0","id":1,"method":"ping"', PARSE_ERROR),
    (b"nonsense", PARSE_ERROR),
    (b"\xff\xfe", PARSE_ERROR),
    (b"[" * 200_000, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}', PARSE_ERROR),
    (b"42", INVALID_REQUEST),
    (b'"ping"', INVALID_REQUEST),
    (b"[]", INVALID_REQUEST),
    (b"[1]", INVALID_REQUEST),
    (b"{}", INVALID_REQUEST),
)


async def test_a_line_that_is_no_message_is_refused(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        for line, code in NO_MESSAGES:
            [answer] = await answers(host, line)
            assert (answer["id"], answer["error"]["code"]) == (None, code)


async def test_every_request_of_a_batch_is_answered_and_no_notification(home: Path) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": 2.5, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": None, "method": "notifications/progress"},
        {"jsonrpc": "2.0", "id": "r", "result": {}},
        {"jsonrpc": "2.0", "id": "last", "method": "no/such/method"},
    ]
    async with bridge(home, "--port", "0") as host:
        assert [answer["id"] for answer in await answers(host, batch)] == [2.5, 2.5, "last"]


@pytest.mark.slow
async def test_the_tools_are_listed_also_to_a_host_that_has_not_shaken_hands(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        assert (await host.request("tools/list"))["result"]["tools"]


@pytest.mark.slow
async def test_a_handshake_is_answered_also_where_the_host_takes_it_back(home: Path) -> None:
    async with bridge(home, "--port", "0") as host:
        host.say(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}')
        host.say(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}')

        assert "result" in await host.hear()


@pytest.mark.slow
@pytest.mark.parametrize("taken_back", [True, {}, None, "other"])
async def test_only_the_request_that_is_named_is_taken_back(home: Path, taken_back: Any) -> None:
    async with bridge(home, "--port", "0") as host:
        host.say(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": taken_back}}
        host.say(json.dumps(cancel).encode())

        assert (await host.hear())["id"] == 1
