"""Channel proxies for tests: they register, subscribe, and listen or do not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.backend.api.plain_http import call
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator

UI_PID = 4_000_000
"""The pid of a Claude Code that is never there: pids end below it."""

WAKE = "notifications/channel_wake"


def proxy_fields(csid: str, ui_pid: int = UI_PID) -> dict[str, Any]:
    """Return a proxy's registration arguments, without its name."""
    return {
        "client": "custom",
        "client_name": "cross-agent-teams-channel",
        "model": "proxy",
        "role": "__channel_proxy__",
        "team": "default",
        "claude_ui_pid": ui_pid,
        "delivery": {"kind": "claude-channel", "channel_session_id": csid},
    }


async def listening_proxy(connect: Connect, csid: str, *, name: str = "proxy-1", ui_pid: int = UI_PID) -> Caller:
    """A proxy whose channel works."""
    proxy: Caller = await connect()
    registered = await proxy.register(name, **proxy_fields(csid, ui_pid))
    assert "agent_id" in registered, registered
    assert await proxy.call("subscribe_channel_wake", channel_session_id=csid) == {"ok": True}
    return proxy


async def deaf_proxy(http: httpx2.AsyncClient, session: dict[str, str], csid: str, *, name: str = "proxy-1") -> None:
    """A proxy that has registered and subscribed and opens no stream."""
    await answer_of(http, session, "register_agent", name=name, **proxy_fields(csid))
    answer = await answer_of(http, session, "subscribe_channel_wake", channel_session_id=csid)
    assert answer == {"ok": True}


async def answer_of(http: httpx2.AsyncClient, session: dict[str, str], tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool over plain HTTP and return its answer."""
    response = await http.post("/mcp", json=call(tool, **arguments), headers=session)
    (line,) = [line for line in response.text.splitlines() if line.startswith("data: {")]
    answer: dict[str, Any] = json.loads(json.loads(line.removeprefix("data: "))["result"]["content"][0]["text"])
    return answer


@asynccontextmanager
async def stream_of(
    backend: Coordinator, http: httpx2.AsyncClient, session: dict[str, str]
) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """The standing stream of a session, as the notifications that come on it."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen() -> None:
        async with http.stream("GET", "/mcp", headers=session, timeout=httpx2.Timeout(PATIENCE, read=None)) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    heard.put_nowait(json.loads(line.removeprefix("data: ")))

    opened = backend.sessions.get(session["mcp-session-id"])
    assert opened is not None, "the session has not called anything yet"
    listening = asyncio.create_task(listen())
    try:
        await eventually(lambda: backend.sessions.has_stream(opened))
        yield heard
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await eventually(lambda: not backend.sessions.has_stream(opened))
