"""JSON-RPC over a WebSocket, on TCP or on a Unix socket, with a deadline for every step.

URLs come from agents: no redirect is followed, and only Unix sockets of this user are used.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import socket as sockets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from xats_tui.backend.system.peers import peer_of
from xats_tui.core.errors import XatsError

if TYPE_CHECKING:
    from xats_tui.backend.transports.websocket import WebSocket

CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 5.0
"""Time for a reply; an app-server on this machine answers in milliseconds."""

CLOSE_TIMEOUT_S = 0.2
"""Time for the closing handshake; a server that is silent then has nothing more to say."""

MAX_FRAME_BYTES = 2**20
"""Maximum size of a message from a server."""

LONGEST_ASIDE_CHARS = 8_000_000
"""Maximum length of other messages before a reply: an endless stream would keep the coordinator busy."""

UNIX = "unix:"
"""Prefix of the URL of a Unix socket."""


class SocketLost(Exception):
    """The connection ended, or never began; the text is the server's reason, `close 1011: reason`, or the error."""


class ServerUnreachable(XatsError):
    """The server cannot be reached, or closed the connection."""


class ConnectionLost(ServerUnreachable):
    """The server closed the connection during a request."""

    def __init__(self, method: str, how: str) -> None:
        super().__init__(f"the connection broke during {method}: {how}")
        self.method = method
        self.how = how
        """`close 1011: reason` from the server, or the error."""


class NoReply(XatsError):
    """A request was sent and not answered in time; its effect is unknown."""


class RequestRefused(XatsError):
    """The server answered with an error; the text is its message."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error.get("message", error)) if isinstance(error, dict) else str(error))
        self.error = error
        """The error object of the server."""


class Rpc(Protocol):
    """An open connection that takes requests."""

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the result of a request.

        Raises:
            RequestRefused, NoReply, ConnectionLost.
        """
        ...

    async def notify(self, method: str) -> None:
        """Send a notification without parameters.

        Raises:
            ConnectionLost: the connection is broken.
        """
        ...


class JsonRpc:
    """One open connection, on which only our requests count."""

    def __init__(self, socket: WebSocket, ends_at: float = math.inf) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._ends_at = ends_at

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the result of a request; skip notifications and foreign frames before it.

        Raises:
            RequestRefused, NoReply, ConnectionLost.
        """
        request_id = next(self._ids)
        limit = min(REPLY_TIMEOUT_S, self._ends_at - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(limit):
                await self._socket.send(
                    json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
                )
                reply = await self._reply(method, request_id)
        except TimeoutError:
            raise NoReply(f"{method} was not answered within {max(limit, 0):.1g} s") from None
        except SocketLost as error:
            raise ConnectionLost(method, str(error)) from error
        if "error" in reply:
            raise RequestRefused(reply["error"])
        return reply.get("result")

    async def _reply(self, method: str, request_id: int) -> dict[str, Any]:
        left = LONGEST_ASIDE_CHARS
        while left > 0:
            frame = await self._socket.receive()
            reply = parsed(frame)
            if reply.get("id") == request_id and "method" not in reply:
                return reply
            left -= len(frame)
        self._socket.abort()  # the server would go on sending while the connection is closed
        raise ConnectionLost(method, "it does not stop talking of other things")

    async def notify(self, method: str) -> None:
        """Send a notification without parameters.

        Raises:
            ConnectionLost: the connection is broken.
        """
        try:
            await self._socket.send(json.dumps({"jsonrpc": "2.0", "method": method}))
        except SocketLost as error:
            raise ConnectionLost(method, str(error)) from error


@asynccontextmanager
async def connected(url: str, token: str | None = None, *, within: float = math.inf) -> AsyncIterator[JsonRpc]:
    """Connect to `ws://…`, `wss://…` or `unix:PATH` for the life of the block.

    Args:
        url: the server.
        token: bearer token for the server.
        within: seconds for all requests together.

    Raises:
        ServerUnreachable: there is no connection.
    """
    ends_at = asyncio.get_running_loop().time() + within
    async with connection(url, token, min(CONNECT_TIMEOUT_S, within)) as socket:
        yield JsonRpc(socket, ends_at)


@asynccontextmanager
async def connection(
    url: str, token: str | None, limit: float, *, max_frame: int = MAX_FRAME_BYTES
) -> AsyncIterator[WebSocket]:
    """Open the WebSocket itself for the life of the block; `limit` is in seconds.

    Raises:
        ServerUnreachable: there is no connection.
    """
    from xats_tui.backend.transports.websocket import opened  # deferred: its library is large

    loop = asyncio.get_running_loop()
    begun = loop.time()
    headers = {"Authorization": f"Bearer {token}"} if token else None
    options: dict[str, Any] = {"additional_headers": headers, "open_timeout": limit, "close_timeout": CLOSE_TIMEOUT_S}
    try:
        if url.startswith(UNIX):
            options["sock"] = await _own_socket(url.removeprefix(UNIX), limit)
            options["open_timeout"] = max(begun + limit - loop.time(), 0)
        target = "ws://localhost/" if "sock" in options else url
        socket = await opened(target, max_size=max_frame, **options)
    except (OSError, TimeoutError, ValueError, SocketLost) as error:
        raise ServerUnreachable(f"cannot connect to {url}: {error}") from error
    try:
        yield socket
    finally:
        await socket.close()


async def _own_socket(path: str, limit: float) -> sockets.socket:
    """Connect to a Unix socket of a process of this user.

    Raises:
        OSError, TimeoutError, ValueError: there is none.
    """
    connection = sockets.socket(sockets.AF_UNIX)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(limit):
            await asyncio.get_running_loop().sock_connect(connection, path)
        peer = peer_of(connection)
        if peer is not None and peer.user != os.getuid():
            raise PermissionError("another user's process listens there")
    except BaseException:
        connection.close()
        raise
    return connection


def parsed(frame: str | bytes) -> dict[str, Any]:
    """Return the object in a frame; empty if it holds none."""
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
