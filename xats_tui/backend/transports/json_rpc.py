"""JSON-RPC over a WebSocket, on TCP or on a Unix socket, every step under a deadline.

It knows frames and ids, not what is asked.  URLs are agents' word: no redirect is followed, and of Unix sockets only
those of this user are spoken with.
"""

import asyncio
import itertools
import json
import math
import os
import socket as sockets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from xats_tui.backend.system.peers import peer_of
from xats_tui.core.errors import XatsError

CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 5.0
"""Seconds; an app-server on this machine answers in milliseconds."""

CLOSE_TIMEOUT_S = 0.2
"""For the other end to say goodbye: one that does not has nothing more to say."""

LONGEST_ASIDE_CHARS = 8_000_000
"""What a server may say of other things before it answers: one that never stops would keep the coordinator busy."""

UNIX = "unix:"
"""What the URL of a Unix socket begins with."""


class ServerUnreachable(XatsError):
    """The server cannot be reached, or closed the connection."""


class ConnectionLost(ServerUnreachable):
    """The server closed the connection while a reply was waited for."""

    def __init__(self, method: str, how: str) -> None:
        super().__init__(f"the connection broke during {method}: {how}")
        self.how = how
        """`close 1011: reason`, as the server said it, or what broke."""


class NoReply(XatsError):
    """A request was sent and not answered in time; whether it was carried out is not known."""


class RequestRefused(XatsError):
    """The server answered with an error; the text is its message."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error.get("message", error)) if isinstance(error, dict) else str(error))
        self.error = error
        """As the server gave it."""


class JsonRpc:
    """One open connection."""

    def __init__(self, socket: ClientConnection, ends_at: float = math.inf) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._ends_at = ends_at

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request; notifications and foreign frames in between are passed over.

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
        except WebSocketException as error:
            raise ConnectionLost(method, _closing(error)) from error
        if "error" in reply:
            raise RequestRefused(reply["error"])
        return reply.get("result")

    async def _reply(self, method: str, request_id: int) -> dict[str, Any]:
        left = LONGEST_ASIDE_CHARS
        while left > 0:
            frame = await self._socket.recv()
            reply = _parsed(frame)
            if reply.get("id") == request_id and "method" not in reply:
                return reply
            left -= len(frame)
        self._socket.transport.abort()  # it would go on while the connection is closed
        raise ConnectionLost(method, "it does not stop talking of other things")

    async def notify(self, method: str) -> None:
        """Send a notification without parameters.

        Raises:
            ConnectionLost: the connection is broken.
        """
        try:
            await self._socket.send(json.dumps({"jsonrpc": "2.0", "method": method}))
        except WebSocketException as error:
            raise ConnectionLost(method, _closing(error)) from error


class _Connect(connect):
    """A connection to the server that was named, and to no other that it names."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Take a redirect for the refusal that it is."""
        return exc


@asynccontextmanager
async def connected(url: str, token: str | None = None, *, within: float = math.inf) -> AsyncIterator[JsonRpc]:
    """A connection to `ws://…`, `wss://…` or `unix:PATH` for the life of the block.

    Args:
        url: where.
        token: what is presented there.
        within: seconds after which no request is answered any more.

    Raises:
        ServerUnreachable: there is none.
    """
    ends_at = asyncio.get_running_loop().time() + within
    limit = min(CONNECT_TIMEOUT_S, within)
    headers = {"Authorization": f"Bearer {token}"} if token else None
    options: dict[str, Any] = {"additional_headers": headers, "open_timeout": limit, "close_timeout": CLOSE_TIMEOUT_S}
    try:
        if url.startswith(UNIX):
            options["sock"] = await _own_socket(url.removeprefix(UNIX), limit)
        socket = await _Connect("ws://localhost/" if "sock" in options else url, proxy=None, **options)
    except (OSError, TimeoutError, ValueError, WebSocketException) as error:
        raise ServerUnreachable(f"cannot connect to {url}: {error}") from error
    try:
        yield JsonRpc(socket, ends_at)
    finally:
        await socket.close()


async def _own_socket(path: str, limit: float) -> sockets.socket:
    """Connect to a Unix socket, and stay if a process of this user listens there.

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


def _closing(error: WebSocketException) -> str:
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return f"close {error.rcvd.code}: {error.rcvd.reason}"
    return str(error)


def _parsed(frame: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
