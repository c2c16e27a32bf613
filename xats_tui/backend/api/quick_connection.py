"""Connections whose requests are read by httptools: a fifth of the processor time that h11 takes.

httptools bounds nothing.  So the size of a request is bounded here, and trailers, which nobody reads, are dropped.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from xats_tui.backend.api.connection_limits import Patience, PatientConnection

MAX_HEAD_BYTES = 64 * 1024
"""Maximum size of a request's line and headers, as with h11; what arrives with their beginning is not counted."""

MAX_REQUEST_BYTES = 16 * 1024 * 1024
"""Maximum size of a request as it is sent: a body in chunks of one byte is six times as long as its content."""

MAX_QUEUED_REQUESTS = 100
"""Maximum number of requests that are read before the answer to an earlier one; no client of ours sends two."""

SPACE = b" \t"

TOO_LARGE = "Invalid HTTP request received."


class OnePiece:
    """A transport that holds the head of an answer back for its body, which mostly follows at once.

    Each write is a system call, and the first one would wake the client for a head.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write what was held back and this together, or hold this back for the rest of this turn of the loop."""
        if self._held:
            data, self._held = self._held + data, b""
            self._transport.write(data)
        else:
            self._held = data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is held back."""
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def close(self) -> None:
        """Write what is held back, and close the connection."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is closing or closed."""
        return self._transport.is_closing()


class QuickConnection(Patience, HttpToolsProtocol):  # type: ignore[misc]  # they agree in all but the parser
    """A connection with limits for silence and for the size of requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._size = 0
        """Bytes of the newest request, without those that arrived with its first one."""
        self._begun = b""
        """What has arrived of a head that is not complete."""
        self._is_under_way = False
        """True from the first byte of a request to its last."""
        self._is_between = True
        """True if what arrives begins a request."""
        self._is_alone = True
        """True if the newest request came after the answer to the one before, and not together with its end."""
        self._is_for_h11 = False
        self._running: Any = None
        """The request that is being answered; `cycle` is the newest one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        self._pieces = OnePiece(transport, self.loop)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request; end the connection if the request is too large."""
        self._size += len(data)
        self._is_between = not self._is_under_way
        super().data_received(data)
        if self._is_for_h11:
            self._hand_over(self._begun + data)
        elif self._size > (MAX_HEAD_BYTES if self._in_head else MAX_REQUEST_BYTES):
            self.send_400_response(TOO_LARGE)
        elif self._in_head or self._begun:
            self._begun = self._begun + data if self._in_head else b""

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head, self._size = True, 0
        self._is_alone = self._is_between and self._is_answered
        self._is_between, self._is_under_way = False, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        if len(self.pipeline) >= MAX_QUEUED_REQUESTS:
            raise ValueError("reading goes on with each answer, and would read more than is answered")
        if self.parser.should_upgrade():
            self._is_for_h11 = self._is_alone
            raise ValueError("httptools would take the body for another protocol")
        names = [name for name, _ in self.headers]
        if names.count(b"host") > 1:
            raise ValueError("which of the hosts counts is not for us to say")
        if b"transfer-encoding" in names and not self._is_in_plain_chunks():
            raise ValueError("where the body ends is not for us to say")
        self._in_head = False
        self.scope["extensions"] = self.arrivals.extensions  # type: ignore[typeddict-item]
        self.headers[:] = [(name, value.rstrip(SPACE)) for name, value in self.headers]  # as h11 does
        super().on_headers_complete()
        if self.pipeline:
            self.flow.resume_reading()  # else the end of the connection would not be noticed before the next answer
        else:
            self._running = self.cycle
        self.cycle.transport = cast(asyncio.Transport, self._pieces)  # all that an answer does with it
        self.headers = []  # for trailers: the request keeps its own

    def _is_in_plain_chunks(self) -> bool:
        """Return whether the body comes in chunks and in no other encoding; HTTP/1.0 has none."""
        encodings = [value.strip(SPACE).lower() for name, value in self.headers if name == b"transfer-encoding"]
        return encodings == [b"chunked"] and self.parser.get_http_version() == "1.1"

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_under_way = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin to answer the next request."""
        self._running = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered, also if there are others behind it."""
        if self._running is not None and self._running is not self.cycle:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request."""
        if self._is_for_h11:
            return
        if self._is_answered or (self._is_alone and not self.cycle.response_started):
            super().send_400_response(msg)
        else:  # it would stand in, or before, the answer to another request
            self.transport.close()

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _hand_over(self, received: bytes) -> None:
        """Give a connection whose client wishes for another protocol to h11, which answers in this one."""
        self._pieces.flush()
        self.connections.discard(self)
        self.stop_waiting()
        connection = PatientConnection(self.config, self.server_state, self.app_state, self.loop)
        connection.connection_made(self.transport)
        self.transport.set_protocol(connection)
        connection.data_received(received)
