"""The WebSocket under JSON-RPC; its errors become `SocketLost`.

Imported for the first connection: the library takes 32 ms, for which the dashboard's first screen would wait.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from xats_tui.backend.transports.json_rpc import SocketLost


class WebSocket:
    """An open connection that carries texts."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Send a text.

        Raises:
            SocketLost.
        """
        with _translated():
            await self._socket.send(text)

    async def receive(self) -> str | bytes:
        """Return the next frame.

        Raises:
            SocketLost.
        """
        with _translated():
            return await self._socket.recv()

    async def frames(self) -> AsyncIterator[str | bytes]:
        """Yield each frame until the server closes the connection in order.

        Raises:
            SocketLost: the connection ended in another way.
        """
        with _translated():
            async for frame in self._socket:
                yield frame

    def abort(self) -> None:
        """Break the connection at once, without a closing handshake."""
        self._socket.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()


class _Connect(connect):
    """A connection to the named server, never to a server that it redirects to."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Treat a redirect as a refusal."""
        return exc


async def opened(target: str, **options: Any) -> WebSocket:
    """Connect to a server, without a proxy; the options are those of `websockets.connect`.

    Raises:
        OSError, TimeoutError, ValueError, SocketLost: there is no connection.
    """
    with _translated():
        return WebSocket(await _Connect(target, proxy=None, **options))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as error:
        raise SocketLost(f"close {error.rcvd.code}: {error.rcvd.reason}" if error.rcvd else str(error)) from error
    except WebSocketException as error:
        raise SocketLost(str(error)) from error
