"""JSON-RPC in both directions on one connection that is kept open: the server tells and asks on its own."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from xats_tui.backend.transports.json_rpc import (
    CONNECT_TIMEOUT_S,
    REPLY_TIMEOUT_S,
    ConnectionLost,
    NoReply,
    RequestRefused,
    SocketLost,
    connection,
    parsed,
)

if TYPE_CHECKING:
    from xats_tui.backend.transports.websocket import WebSocket

MAX_STREAM_FRAME_BYTES = 16 * 2**20
"""Maximum size of a message: a thread's events hold whole diffs and outputs of commands."""

RequestId = int | str


class Incoming(Struct, frozen=True, kw_only=True):
    """A notification of the server, or a request that it wants answered."""

    method: str
    params: Mapping[str, Any]
    request_id: RequestId | None
    """None for a notification."""
    at_ms: int | None
    """Time at which the server sent it, in milliseconds since the epoch, if it says so."""


class JsonRpcStream:
    """An open connection in both directions."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the result of a request.

        Raises:
            RequestRefused, NoReply, ConnectionLost.
        """
        request_id = next(self._ids)
        self._waiting[request_id] = waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                await self._send(method, {"id": request_id, "method": method, "params": params})
                reply = await waiting
        except TimeoutError:
            raise NoReply(f"{method} was not answered within {REPLY_TIMEOUT_S:.1g} s") from None
        finally:
            self._waiting.pop(request_id, None)
        if "error" in reply:
            raise RequestRefused(reply["error"])
        return reply.get("result")

    async def notify(self, method: str) -> None:
        """Send a notification without parameters.

        Raises:
            ConnectionLost: the connection is broken.
        """
        await self._send(method, {"method": method})

    async def answer(self, request_id: RequestId, result: Mapping[str, Any]) -> None:
        """Answer a request of the server; nothing tells whether it arrived.

        Raises:
            ConnectionLost: the connection is broken.
        """
        await self._send("an answer", {"id": request_id, "result": result})

    async def _send(self, what: str, message: Mapping[str, Any]) -> None:
        try:
            await self._socket.send(json.dumps({"jsonrpc": "2.0", **message}))
        except SocketLost as error:
            raise ConnectionLost(what, str(error)) from error

    async def receive(self, hear: Callable[[Incoming], None]) -> None:
        """Pass on what the server says on its own until the connection ends.

        Raises:
            ConnectionLost: always, at the end.
        """
        lost = ConnectionLost("listening", "closed")
        try:
            async for frame in self._socket.frames():
                self._take(parsed(frame), hear)
        except SocketLost as error:
            lost = ConnectionLost("listening", str(error))
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(lost)
        raise lost

    def _take(self, message: Mapping[str, Any], hear: Callable[[Incoming], None]) -> None:
        method, number = message.get("method"), message.get("id")
        if isinstance(method, str):
            params, at_ms = message.get("params"), message.get("emittedAtMs")
            hear(
                Incoming(
                    method=method,
                    params=params if isinstance(params, dict) else {},
                    request_id=number if isinstance(number, int | str) else None,
                    at_ms=at_ms if isinstance(at_ms, int) else None,
                )
            )
        elif isinstance(number, int) and (waiting := self._waiting.get(number)) and not waiting.done():
            waiting.set_result(dict(message))


@asynccontextmanager
async def streaming(
    url: str, token: str | None, hear: Callable[[Incoming], None]
) -> AsyncIterator[tuple[JsonRpcStream, asyncio.Task[None]]]:
    """Connect for the life of the block; `hear` gets each message, and the task ends with the connection.

    Raises:
        ServerUnreachable: there is no connection.
    """
    async with connection(url, token, CONNECT_TIMEOUT_S, max_frame=MAX_STREAM_FRAME_BYTES) as socket:
        stream = JsonRpcStream(socket)
        listening = asyncio.create_task(stream.receive(hear))
        try:
            yield stream, listening
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, ConnectionLost):
                await listening
