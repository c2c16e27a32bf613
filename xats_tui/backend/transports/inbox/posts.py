"""Posts to the inbox socket of an agent's session: the socket's checks, and the lines that are sent over it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from xats_tui.backend.system.peers import CONNECT_TIMEOUT_S, NotTheirSocket, connected_to
from xats_tui.core.errors import XatsError


class NoInbox(XatsError):
    """There is no inbox that a hint may be posted to; the text is the reason, for people."""


@asynccontextmanager
async def inbox_of(path: str, pid: int, *, private: bool = False) -> AsyncIterator[socket.socket]:
    """Connect to a socket of this user behind which that very process listens.

    Args:
        path: the socket.
        pid: the process.
        private: whether nobody else may have access to the socket and its folder.

    Raises:
        NoInbox: there is none.
    """
    try:
        async with connected_to(path, pid, private=private) as connection:
            yield connection
    except NotTheirSocket as error:
        raise NoInbox(f"its inbox socket {error}") from error


async def send(connection: socket.socket, lines: Iterable[Mapping[str, Any]]) -> None:
    """Send lines of JSON over a connection whose peer was checked.

    Raises:
        OSError, TimeoutError: they may have been sent in part.
    """
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        await asyncio.get_running_loop().sock_sendall(connection, data)
