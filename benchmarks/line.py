"""A very cheap agent: one MCP session over one persistent connection, with hand-written HTTP.

With only two cores, a costly client would be measured together with the server.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.backend.api.plain_http import INITIALIZE

PATIENCE = 30.0
"""Seconds to wait for any answer."""

END = b"\r\n\r\n"


class CallFailed(Exception):
    """The call failed with an HTTP status, a JSON-RPC error or a tool error; the text says which."""


class Line:
    """The connection of one session."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._port = port
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._session = ""

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int, *, standing: bool = False) -> "AsyncIterator[Line]":
        """Open an initialised connection to a local server; with `standing`, also read its stream of notifications."""
        async with AsyncExitStack() as stack:
            line = await stack.enter_async_context(cls._connected(port))
            await line._post(INITIALIZE)
            await line._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
            if standing:
                beside = await stack.enter_async_context(cls._connected(port))
                beside._session = line._session
                await beside._listen()
                draining = asyncio.create_task(beside._drain())
                stack.callback(draining.cancel)
            yield line

    @classmethod
    @asynccontextmanager
    async def _connected(cls, port: int) -> "AsyncIterator[Line]":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(port, reader, writer)
        finally:
            writer.close()

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its answer.

        Raises:
            CallFailed: the answer is an error of any kind.
        """
        params = {"name": tool, "arguments": arguments}
        result = await self.ask("tools/call", params)
        answer: dict[str, Any] = json.loads(result["content"][0]["text"]) if not result.get("isError") else {}
        if not answer or "error" in answer:
            raise CallFailed(f"{tool}: {result}"[:500])
        return answer

    async def register(self, name: str, team: str = "default") -> None:
        """Register as an agent."""
        await self.call("register_agent", name=name, team=team, client="custom", model="m")

    async def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return its result.

        Raises:
            CallFailed: the request has no result.
        """
        self._number += 1
        body = await self._post({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        _, _, event = body.partition(b"data: ")
        answer = json.loads(event)
        if answer["id"] != self._number or "result" not in answer:
            raise CallFailed(f"{method}: {answer}"[:500])
        result: dict[str, Any] = answer["result"]
        return result

    async def _post(self, message: Mapping[str, Any]) -> bytes:
        body = json.dumps(message).encode()
        self._writer.write(self._head("POST", len(body)) + body)
        async with asyncio.timeout(PATIENCE):
            headers = await self._headers()
            self._session = headers.get("mcp-session-id", self._session)
            if "content-length" in headers:
                return await self._reader.readexactly(int(headers["content-length"]))
            return b"".join([chunk async for chunk in self._chunks()])

    async def _listen(self) -> None:
        """Open the standing stream."""
        self._writer.write(self._head("GET", 0))
        async with asyncio.timeout(PATIENCE):
            await self._headers()

    async def _drain(self) -> None:
        async for _ in self._chunks():
            pass

    def _head(self, method: str, length: int) -> bytes:
        lines = [
            f"{method} /mcp HTTP/1.1",
            f"host: 127.0.0.1:{self._port}",
            "accept: application/json, text/event-stream",
            "content-type: application/json",
            f"content-length: {length}",
        ]
        if self._session:
            lines += [f"mcp-session-id: {self._session}", "mcp-protocol-version: 2025-11-25"]
        return "\r\n".join(lines).encode() + END

    async def _headers(self) -> dict[str, str]:
        status, *lines = (await self._reader.readuntil(END)).decode("latin-1").strip().split("\r\n")
        if status.split(" ")[1] not in ("200", "202"):
            raise CallFailed(status)
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks of a body up to the empty last one."""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
