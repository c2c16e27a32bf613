"""JSON-RPC over a WebSocket, on TCP or on a Unix socket, every step under a deadline.

It knows frames and ids, not what is asked.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from xats_tui.backend.errors import XatsError

CONNECT_DEADLINE = 2.0
REPLY_DEADLINE = 5.0
"""Seconds; an app-server on this machine answers in milliseconds."""

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

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request; notifications and foreign frames in between are passed over.

        Raises:
            RequestRefused, NoReply, ConnectionLost.
        """
        request_id = next(self._ids)
        try:
            await self._socket.send(
                json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
            )
            async with asyncio.timeout(REPLY_DEADLINE):
                while True:
                    reply = _parsed(await self._socket.recv())
                    if reply.get("id") == request_id and "method" not in reply:
                        break
        except TimeoutError:
            raise NoReply(f"{method} was not answered within {REPLY_DEADLINE:g} s") from None
        except WebSocketException as error:
            raise ConnectionLost(method, _closing(error)) from error
        if "error" in reply:
            raise RequestRefused(reply["error"])
        return reply.get("result")

    async def notify(self, method: str) -> None:
        """Send a notification without parameters.

        Raises:
            ConnectionLost: the connection is broken.
        """
        try:
            await self._socket.send(json.dumps({"jsonrpc": "2.0", "method": method}))
        except WebSocketException as error:
            raise ConnectionLost(method, _closing(error)) from error


@asynccontextmanager
async def connected(url: str, token: str | None = None) -> AsyncIterator[JsonRpc]:
    """A connection to `ws://…`, `wss://…` or `unix:PATH` for the life of the block.

    Raises:
        ServerUnreachable: there is none.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else None
    options: dict[str, Any] = {"additional_headers": headers, "open_timeout": CONNECT_DEADLINE, "close_timeout": 1}
    try:
        if url.startswith(UNIX):
            opening = unix_connect(url.removeprefix(UNIX), uri="ws://localhost/", **options)
        else:
            opening = connect(url, proxy=None, **options)
        socket = await opening
    except (OSError, TimeoutError, ValueError, WebSocketException) as error:
        raise ServerUnreachable(f"cannot connect to {url}: {error}") from error
    try:
        yield JsonRpc(socket)
    finally:
        await socket.close()


def _closing(error: WebSocketException) -> str:
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return f"close {error.rcvd.code}: {error.rcvd.reason}"
    return str(error)


def _parsed(frame: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(frame)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
