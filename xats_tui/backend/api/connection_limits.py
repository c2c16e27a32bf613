"""Connections to the HTTP door that do not ask for anything: they end, so that there is always room for those that do.

It knows sockets and times, nothing of what is asked.  uvicorn waits for a first request for ever, and takes connections
until the process has no descriptor left; then nobody gets in any more, and nothing else can be opened either.
"""

import asyncio
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from xats_tui.backend.system.open_files import most_files

REQUEST_TIMEOUT_S = 10.0
"""Seconds for the head of a request to be there, from the connection or its own first byte on."""

MAX_CONNECTIONS = 4000
"""At once: twice as many as there may be sessions, which have a stream and a call under way at the most."""

RESERVED_FILES = 200
"""Descriptors for everything else: the database, its log, tmux, agents' processes; half of them where there are few."""


def most_connections() -> int:
    """Return how many connections there may be with the files that this process may have open."""
    allowed = most_files()
    return min(MAX_CONNECTIONS, allowed - min(RESERVED_FILES, allowed // 2))


class PatientConnection(H11Protocol):
    """uvicorn's, with an end to its patience."""

    _silent_of: ClassVar[WeakKeyDictionary[ServerState, "dict[PatientConnection, None]"]] = WeakKeyDictionary()
    """By server, the connections on which nothing is asked, in the order in which that began."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silent = self._silent_of.setdefault(self.server_state, {})
        self._deadline: asyncio.TimerHandle | None = None
        """When it is closed unless it asks for something; None while it is answered, or idle between two requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; of too many connections, the one that has waited longest makes room."""
        super().connection_made(transport)
        self._silent[self] = None
        self._wait()
        if len(self.connections) > most_connections():
            next(iter(self._silent)).give_up()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once there is a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._silent.pop(self, None)
            self._stop_waiting()
        elif self._deadline is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Be idle, for as long as uvicorn allows."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._silent[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._silent.pop(self, None)
        self._stop_waiting()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Close it; whoever it is has asked for nothing."""
        self._silent.pop(self, None)
        self.transport.close()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self.give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
