"""The two ways into a coordinator: MCP over HTTP with sessions by hand, and the stdio bridge.

They know requests and results, nothing of tools.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import httpx2

from tests.backend.api.plain_http import JSON_OR_STREAM, open_session
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.patience import PATIENCE
from tests.wire.coordinator import Coordinator


class Line(Protocol):
    """One client's connection."""

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON-RPC answer."""
        ...


class Door(Protocol):
    """Source of connections."""

    def __init__(self, coordinator: Coordinator) -> None: ...

    async def fresh(self) -> Line:
        """A connection that never registered anybody."""
        ...

    async def any(self) -> Line:
        """A connection that may have spoken for somebody in another team."""
        ...

    async def give_back(self, line: Line, *, fresh: bool, seated: bool) -> None:
        """The scenario is over; whether the line never registered anybody, and whether it was said where it runs."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


class HttpLine:
    """A session, its header kept by hand."""

    def __init__(self, http: httpx2.AsyncClient, session: dict[str, str]) -> None:
        self.http = http
        self.session = session
        self._id = 10

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON-RPC answer, which is the one event of a stream."""
        self._id += 1
        body = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        answer = await self.http.post("/mcp", json=body, headers=self.session)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return event_of(answer.text)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """The notifications of the session's standing stream, open for the life of the block."""
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        async with self.http.stream("GET", "/mcp", headers=self.session, timeout=None) as stream:
            assert stream.status_code == 200
            listening = asyncio.create_task(_listen(stream, heard))
            try:
                yield heard
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


async def _listen(stream: httpx2.Response, heard: asyncio.Queue[dict[str, Any]]) -> None:
    async for line in stream.aiter_lines():
        if line.startswith("data: {"):
            heard.put_nowait(json.loads(line.removeprefix("data: ")))


def event_of(text: str) -> dict[str, Any]:
    """The message in an answer of one event."""
    (data,) = (line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: {"))
    message: dict[str, Any] = json.loads(data)
    return message


class HttpDoor:
    """Sessions of one HTTP client."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._http = httpx2.AsyncClient(
            base_url=coordinator.base, headers=JSON_OR_STREAM, verify=False, timeout=PATIENCE
        )

    async def fresh(self) -> HttpLine:
        """A new session."""
        return HttpLine(self._http, await open_session(self._http))

    any = fresh

    async def give_back(self, line: Line, *, fresh: bool, seated: bool) -> None:
        """End the session."""
        assert isinstance(line, HttpLine)
        await self._http.delete("/mcp", headers=line.session)

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()


class BridgeLine:
    """A host with its bridge."""

    def __init__(self, host: ScriptedHost) -> None:
        self._host = host

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON-RPC answer."""
        async with asyncio.timeout(PATIENCE):
            return await self._host.request(method, **params)

    async def end(self) -> None:
        """Let the bridge end, as its host does."""
        await self._host.leave()


class BridgeDoor:
    """Bridge processes, used again as far as what they have registered does not matter."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._fresh: list[BridgeLine] = []
        self._used: list[BridgeLine] = []
        self._stack = AsyncExitStack()

    async def fresh(self) -> BridgeLine:
        """A bridge that never registered anybody."""
        return self._fresh.pop() if self._fresh else await self._start()

    async def any(self) -> BridgeLine:
        """A bridge that speaks for somebody of another scenario, or for nobody."""
        return self._used.pop() if self._used else await self.fresh()

    async def give_back(self, line: Line, *, fresh: bool, seated: bool) -> None:
        """Keep the bridge for the next scenario, unless it knows a pane for its host."""
        assert isinstance(line, BridgeLine)
        if seated:
            await line.end()
            return
        (self._fresh if fresh else self._used).append(line)

    async def close(self) -> None:
        """End all of them."""
        await self._stack.aclose()

    async def _start(self) -> BridgeLine:
        host = await self._stack.enter_async_context(bridge(self._coordinator.home))
        await host.shake_hands()
        return BridgeLine(host)
