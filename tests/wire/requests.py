"""JSON-RPC requests and answers as they stand in HTTP, and the client that sends them."""

import json
from typing import Any

import httpx2

from tests.backend.api.plain_http import JSON_OR_STREAM, call
from tests.patience import PATIENCE
from tests.wire.coordinator import Coordinator
from tests.wire.doors import event_of

UNKNOWN = {"mcp-session-id": "11111111-1111-4111-8111-111111111111"}
"""The header of a session that nobody opened."""


def browsing(coordinator: Coordinator) -> httpx2.AsyncClient:
    """Another one."""
    return httpx2.AsyncClient(base_url=coordinator.base, headers=JSON_OR_STREAM, verify=False, timeout=PATIENCE)


def registration(name: str = "alice", **fields: Any) -> dict[str, Any]:
    """A request that registers."""
    return call("register_agent", **{"client": "custom", "model": "m", "name": name} | fields)


def rpc_error(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON-RPC error in a body that is no stream."""
    body = answer.json()
    assert body["jsonrpc"] == "2.0"
    error: dict[str, Any] = body["error"]
    return error


def payload_of(answer: httpx2.Response) -> Any:
    """Return the answer of a tool."""
    assert answer.status_code == 200, answer.text
    result = event_of(answer.text)["result"]
    assert not result.get("isError"), result
    return json.loads(result["content"][0]["text"])
