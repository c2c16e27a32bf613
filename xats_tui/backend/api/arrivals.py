"""Whether an answer has arrived, as far as its connection tells.

ASGI's `send` does not tell whether anybody got what was sent.  The connection does: an answer is on its way while bytes
of it are not acknowledged, and lost if the connection was broken before it was sent, or is reset before the client asks
again on it: a system resets a connection whose program closed it, or ended, with something unread.
"""

import asyncio
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from starlette.types import Scope

EXTENSION = "xats.arrivals"
"""Key of a connection's `Arrivals` in a request's extensions."""

NUMBER = struct.Struct("i")


class Handed(Protocol):
    """What an answer hands out, which is not to be lost with it; the answer is not sent yet."""

    def leave(self, is_on_its_way: Callable[[], bool]) -> None:
        """Note that the answer is sent; the function tells whether it is still on its way."""
        ...

    def arrive(self) -> None:
        """Note that the answer is on its way no longer."""
        ...

    def lose(self) -> None:
        """Take everything back, because nobody gets the answer."""
        ...


class Arrivals:
    """The newest answers of a connection that hand something out."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Set the connection."""
        self.extensions: Mapping[str, Any] = {EXTENSION: self}
        self._transport = transport
        self._sent: list[Handed] = []
        self._has_peer_ended = False
        self._is_over = False

    @contextmanager
    def sending(self, what: Callable[[], Handed | None]) -> Iterator[None]:
        """Send an answer in this block; at its end, `what` returns what the answer hands out."""
        try:
            yield
        except BaseException:
            if (handed := what()) is not None:
                handed.lose()
            raise
        handed = what()
        if handed is None:
            return
        if self._is_over:  # nothing was sent
            handed.lose()
        else:
            handed.leave(self._is_on_its_way)
            self._sent.append(handed)

    def note_request(self) -> None:
        """Note that the client asks for more after the last answer."""
        if self._sent and not self._is_on_its_way():
            self._all_arrived()

    def note_end(self) -> None:
        """Note that the client sends nothing more."""
        self._has_peer_ended = True

    def close(self, error: Exception | None) -> None:
        """Note the end of the connection, before its socket is closed."""
        is_lost = error is not None or (self._has_peer_ended and bool(_unacknowledged(self._socket)))
        self._is_over = True
        if not is_lost:
            self._all_arrived()
        while self._sent:
            self._sent.pop().lose()

    def _all_arrived(self) -> None:
        while self._sent:
            self._sent.pop().arrive()

    def _is_on_its_way(self) -> bool:
        """Return whether bytes are not acknowledged, or the end of the connection is not dealt with yet."""
        connection = self._socket
        return bool(
            self._is_over
            or self._transport.get_write_buffer_size()
            or _unacknowledged(connection)
            or _is_broken(connection)
        )

    @property
    def _socket(self) -> socket.socket | None:
        found: socket.socket | None = self._transport.get_extra_info("socket")
        return found


def arrivals_of(scope: Scope) -> Arrivals:
    """Return the answers of the connection that a request came on."""
    found: Arrivals = scope["extensions"][EXTENSION]
    return found


def _unacknowledged(connection: socket.socket | None) -> int:
    """Return the number of bytes that the other system has not acknowledged; 0 where that cannot be asked."""
    if connection is None or connection.fileno() < 0:
        return 0
    try:
        (number,) = NUMBER.unpack(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(NUMBER.size)))
    except OSError:
        return 0
    return int(number)


def _is_broken(connection: socket.socket | None) -> bool:
    """Return whether a connection was reset, of which its transport may not know yet."""
    if connection is None or connection.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(0))
