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

RETRY_INTERVAL_S = 1.0
"""Time between two tries to take an answer back, while the database cannot be written."""

NUMBER = struct.Struct("i")


class Handed(Protocol):
    """What an answer hands out, which is not to be lost with it."""

    def leave(self, is_on_its_way: Callable[[], bool]) -> None:
        """Note that the answer is sent from now on; the function tells whether it is still on its way."""
        ...

    def arrive(self) -> None:
        """Note that the answer is on its way no longer."""
        ...

    async def come_back(self) -> bool:
        """Take everything back, because nobody has got the answer; return whether that was possible."""
        ...


class Arrivals:
    """The newest answers of a connection that hand something out."""

    def __init__(self, transport: asyncio.Transport, tasks: set[asyncio.Task[None]]) -> None:
        """Set the connection, and the tasks that its server waits for at its end."""
        self.extensions: Mapping[str, Any] = {EXTENSION: self}
        self._transport = transport
        self._tasks = tasks
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
                self.lose(handed)
            raise
        handed = what()
        if handed is None:
            return
        if self._is_over:  # nothing was sent
            self.lose(handed)
        else:
            handed.leave(self._is_on_its_way)
            self._sent.append(handed)

    def lose(self, handed: Handed) -> None:
        """Note that nobody gets an answer."""
        handed.leave(lambda: True)
        task = asyncio.create_task(_taken_back(handed), name="taking an answer back")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            self.lose(self._sent.pop())

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


async def _taken_back(handed: Handed) -> None:
    while True:
        if await handed.come_back():
            handed.arrive()
            return
        await asyncio.sleep(RETRY_INTERVAL_S)


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
