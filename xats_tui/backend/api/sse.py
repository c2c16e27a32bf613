"""Answers of the MCP server as event streams in the form that clients of the reference expect.

The SDK would run four tasks for each event stream, a quarter of a call's time.  So it is asked for JSON, and the JSON
becomes the single event of a stream here.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from starlette.types import Message, Send

from xats_tui.backend.api.request_checks import JSON_TYPE, STREAM_TYPE

EVENT = b"event: message\ndata: %b\n\n"

KEEP_ALIVE = b": keepalive\n\n"

KEEP_ALIVE_AFTER_S = 15.0
"""Time without an answer after which a client gets a keep-alive; also used for the standing stream."""

EVENT_HEADERS = (
    (b"cache-control", b"no-cache, no-transform"),
    (b"connection", b"keep-alive"),
    (b"content-type", STREAM_TYPE.encode()),
    (b"x-accel-buffering", b"no"),
)
INTERNAL_ERROR = 500
"""Status of the SDK's answer if a session ends during a call."""

JSON_HEADER = (b"content-type", JSON_TYPE.encode())

REPLACED = {name for name, _ in EVENT_HEADERS} | {b"content-length"}


class OneEvent:
    """Sends a JSON answer as one event of a stream, in one piece; refusals are sent unchanged.

    A slow answer gets keep-alives and is sent in pieces.  If the session ends before the answer, the stream has no
    event, so that the client can repeat the call.
    """

    def __init__(self, send: Send, keep_alive_after_s: float = KEEP_ALIVE_AFTER_S) -> None:
        self._send = send
        self._keep_alive_after_s = keep_alive_after_s
        self._head: Message = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._keeping_alive: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._waiting = asyncio.get_running_loop().call_later(self._keep_alive_after_s, self._begin_to_keep_alive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop_waiting()

    async def send(self, message: Message) -> None:
        """Send a message of the SDK."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        await self._stop_waiting()
        is_answer = self._head["status"] == 200 and JSON_HEADER in self._head["headers"]
        if not (is_answer or self._head["status"] == INTERNAL_ERROR or self._keeping_alive):
            await self._send(self._head)
            await self._send(message)
            return
        others = [(name, value) for name, value in self._head["headers"] if name not in REPLACED]
        await self._send_event(message["body"] if is_answer else b"", others)

    async def send_json(self, session_id: str, answer: bytes) -> None:
        """Send an answer of a session; nothing, if it is empty, as the only content of the stream."""
        await self._stop_waiting()
        await self._send_event(answer, [(b"mcp-session-id", session_id.encode())])

    async def _send_event(self, answer: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send an answer as the only event of a stream with these headers besides its own."""
        event = EVENT % answer if answer else b""
        if not self._keeping_alive:
            head = [*EVENT_HEADERS, *headers, (b"content-length", b"%d" % len(event))]
            await self._send({"type": "http.response.start", "status": 200, "headers": head})
        await self._send({"type": "http.response.body", "body": event})

    def _begin_to_keep_alive(self) -> None:
        self._keeping_alive = asyncio.create_task(self._keep_alive(), name="keeping an answer alive")

    async def _keep_alive(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": list(EVENT_HEADERS)})
        while True:
            await self._send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
            await asyncio.sleep(self._keep_alive_after_s)

    async def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.cancel()
        if self._keeping_alive and not self._keeping_alive.done():
            self._keeping_alive.cancel()
            await asyncio.wait({self._keeping_alive})


def standing(send: Send) -> Send:
    """Adapt the events of a standing stream: lines end with a line feed, and keep-alives are comments."""

    async def send_event(message: Message) -> None:
        body = message.get("body", b"")
        if body.startswith(b": ping"):
            message = {**message, "body": KEEP_ALIVE}
        elif b"\r\n" in body:  # the reference ends lines with a line feed only
            message = {**message, "body": body.replace(b"\r\n", b"\n")}
        await send(message)

    return send_event
