"""What a host may say that is no call: the bridge answers each by the protocol and stays."""

import json
from pathlib import Path
from typing import Any

from tests.mcp_bridge.host import bridge

INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32600, -32601, -32602


WRONG: tuple[tuple[dict[str, Any], int], ...] = (
    ({}, INVALID_REQUEST),
    ({"method": "no/such/method"}, METHOD_NOT_FOUND),
    ({"method": "ping", "params": []}, INVALID_PARAMS),
    ({"method": "tools/call", "params": {"name": 3}}, INVALID_PARAMS),
    ({"method": "tools/call", "params": {"name": "echo", "arguments": []}}, INVALID_PARAMS),
)


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
