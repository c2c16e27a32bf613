"""Limits for silent connections, so that there is always room for new requests.

uvicorn waits forever for a first request, and accepts connections until the process has no file descriptor left; then
nobody can connect, and nothing else can be opened either.
"""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from xats_tui.backend.api.arrivals import Arrivals
from xats_tui.backend.system.open_files import most_files

REQUEST_TIMEOUT_S = 10.0
"""Time for the head of a request, from the connection or from its own first byte."""

MAX_CONNECTIONS = 4000
"""Twice the maximum number of sessions, because each has at most a stream and a running call."""

RESERVED_FILES = 200
"""Descriptors reserved for the database, its log, tmux and agents' processes; half of all if there are few."""


if TYPE_CHECKING:
    _Connection = H11Protocol  # each of uvicorn's connections has these methods and attributes
else:
    _Connection = object


def most_connections() -> int:
    """Return the maximum number of connections for this process's limit of open files."""
    allowed = most_files()
    return min(MAX_CONNECTIONS, allowed - min(RESERVED_FILES, allowed // 2))


class Patience(_Connection):
    """A connection of uvicorn with a time limit for silence, and with what is known of its answers' arrival."""

    _silent_of: ClassVar[WeakKeyDictionary[ServerState, "dict[Patience, None]"]] = WeakKeyDictionary()
    """Silent connections of each server, in the order in which their silence began."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silent = self._silent_of.setdefault(self.server_state, {})
        self._deadline: asyncio.TimerHandle | None = None
        """Timer that closes the connection; None while it is answered, or idle between two requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a request; if there are too many connections, close the one that has waited longest."""
        self.arrivals = Arrivals(transport)
        super().connection_made(transport)
        self._silent[self] = None
        self._wait()
        if len(self.connections) > most_connections():
            next(iter(self._silent)).give_up()

    def data_received(self, data: bytes) -> None:
        """Stop the timer when a request has arrived."""
        if self.cycle is not None and self.cycle.response_complete:
            self.arrivals.note_request()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self.stop_waiting()
        elif self._deadline is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Become idle, for as long as uvicorn allows."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._silent[self] = None

    def eof_received(self) -> None:
        """Let the transport end the connection."""
        self.arrivals.note_end()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self.stop_waiting()
        self.arrivals.close(exc)
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Close a connection that has not asked for anything."""
        self._silent.pop(self, None)
        self.transport.close()

    def stop_waiting(self) -> None:
        """Count as silent no longer."""
        self._silent.pop(self, None)
        self._stop_timer()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self.give_up)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class PatientConnection(Patience, H11Protocol):
    """A connection whose requests are read by h11, which bounds their heads itself."""

    def handle_events(self) -> None:
        """Begin the requests that are complete."""
        super().handle_events()
        if self.scope is not None:  # its task has not begun
            self.scope["extensions"] = self.arrivals.extensions  # type: ignore[typeddict-item]
