"""A client that knows HTTP and nothing of MCP, for what the SDK's own client never sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.patience import PATIENCE
from xats_tui.backend.coordinator import Coordinator

JSON_OR_STREAM = {"accept": "application/json, text/event-stream", "content-type": "application/json"}

INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A JSON-RPC request that calls a tool."""
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@asynccontextmanager
async def browsing(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of a coordinator."""
    base = f"http://127.0.0.1:{backend.port}"
    async with httpx2.AsyncClient(base_url=base, headers=JSON_OR_STREAM, verify=False, timeout=PATIENCE) as client:
        yield client


async def open_session(http: httpx2.AsyncClient, client: str = "raw") -> dict[str, str]:
    """A session of a client as the header that names it."""
    params = INITIALIZE["params"] | {"clientInfo": {"name": client, "version": "1"}}
    answer = await http.post("/mcp", json=INITIALIZE | {"params": params})
    assert answer.status_code == 200
    session = {"mcp-session-id": answer.headers["mcp-session-id"]}
    await http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=session)
    return session
