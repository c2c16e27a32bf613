"""A coordinator that does on the wire what a test tells it to: answers, keeps silent, breaks off in the middle.

It is a hand-made HTTP server, because no well-behaved one can be told to misbehave.  The real coordinator is met in
`test_bridge.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from xats_tui.runtime.coordinator_proof import proof

Message = dict[str, Any]
Script = Callable[["Exchange"], Awaitable[None]]


@dataclass(slots=True)
class Exchange:
    """One POST: what it said, and the ways to answer it."""

    message: Message
    headers: dict[str, str]
    writer: asyncio.StreamWriter

    async def result(self, result: Message, *before: Message) -> None:
        """Answer with events: those that come before, and the result."""
        answer = {"jsonrpc": "2.0", "id": self.message["id"], "result": result}
        body = "".join(f"event: message\ndata: {json.dumps(message)}\n\n" for message in (*before, answer))
        await reply(self.writer, 200, body, "text/event-stream")

    async def error(self, error: Message) -> None:
        """Answer with a JSON-RPC error."""
        await self.status(200, {"jsonrpc": "2.0", "id": self.message["id"], "error": error})

    async def status(self, status: int, body: Message) -> None:
        """Answer with an HTTP status."""
        await reply(self.writer, status, json.dumps(body), "application/json")

    async def break_off(self) -> None:
        """Answer with nothing, and hang up."""
        self.writer.transport.abort()


async def reply(writer: asyncio.StreamWriter, status: int, body: str, content_type: str, *headers: str) -> None:
    """Write one whole HTTP answer."""
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-type: {content_type}",
        f"content-length: {len(body.encode())}",
        "connection: close",
        *headers,
    ]
    writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
    await writer.drain()


async def answer_text(exchange: Exchange) -> None:
    """The script of a tool that always says the same."""
    await exchange.result({"content": [{"type": "text", "text": '{"agent_id": "a-1"}'}]})


@dataclass(slots=True)
class ScriptedCoordinator:
    """Sessions come and go as in the real one; tool calls are answered by `script`."""

    script: Script = answer_text
    received: list[Message] = field(default_factory=list)
    """Every message that was posted, in order."""
    sessions: set[str] = field(default_factory=set)
    standing: list[asyncio.StreamWriter] = field(default_factory=list)
    """The open streams for notifications."""
    token: str | None = None
    known: Sequence[bytes] = ()
    """The keys by which it proves itself, if it is asked."""
    server: Message = field(default_factory=lambda: {"name": "scripted", "version": "1"})
    capabilities: Message = field(default_factory=dict)
    port: int = 0
    greets_after_s: float = 0.0
    """Seconds until it answers a handshake."""
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _made: int = 0

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def calls(self, tool: str) -> list[Message]:
        """The params of every call of a tool, in order."""
        calls = [message["params"] for message in self.received if message.get("method") == "tools/call"]
        return [params for params in calls if params["name"] == tool]

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Hang up on everybody, know nobody any more, and be gone from the port."""
        self.sessions.clear()
        self.standing.clear()
        for writer in self._writers:
            writer.transport.abort()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def announce(self, message: Message) -> None:
        """Send a notification to everybody."""
        for writer in self.standing:
            writer.write(f"event: message\ndata: {json.dumps(message)}\n\n".encode())
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.known:
                await prove(reader, writer, self.known)
            method, headers, body = await read_request(reader)
            await self._answer(method, headers, body, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other end hung up: its right
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, method: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        message = json.loads(body or b"{}")
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            await reply(writer, 401, '{"error":"invalid_token"}', "application/json")
        elif message.get("method") == "initialize":
            await self._greet(message, writer)
        elif headers.get("mcp-session-id") not in self.sessions:
            await reply(writer, 404, '{"error":"unknown_session"}', "application/json")
        elif method == "GET":
            await self._stand(writer)
        elif method == "DELETE":
            self.sessions.discard(headers["mcp-session-id"])
            await reply(writer, 200, "", "application/json")
        else:
            await self._hear(message, headers, writer)

    async def _hear(self, message: Message, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.received.append(message)
        if "id" in message and "method" in message:
            await self.script(Exchange(message, headers, writer))
        else:
            await reply(writer, 202, "", "application/json")

    async def _greet(self, message: Message, writer: asyncio.StreamWriter) -> None:
        self.received.append(message)
        await asyncio.sleep(self.greets_after_s)
        self._made += 1
        session = f"session-{self._made}"
        self.sessions.add(session)
        result = {"protocolVersion": "2025-11-25", "capabilities": self.capabilities, "serverInfo": self.server}
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        await reply(writer, 200, body, "application/json", f"mcp-session-id: {session}")

    async def _stand(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        await writer.drain()
        self.standing.append(writer)
        await writer.wait_closed()


async def prove(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, known: Sequence[bytes]) -> None:
    """Answer the challenge that comes first on a connection."""
    line = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0]
    nonce = line.split()[1].partition("challenge=")[2]
    ends = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    body = json.dumps({"proofs": [proof(key, nonce, *ends) for key in known]})
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Method, headers and body of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return head[0].split()[0], headers, body


@asynccontextmanager
async def listening(coordinator: ScriptedCoordinator) -> AsyncIterator[ScriptedCoordinator]:
    """A scripted coordinator on the wire."""
    await coordinator.start()
    try:
        yield coordinator
    finally:
        await coordinator.die()
