"""Calls of tools that are answered without the SDK.

The SDK passes each request through two streams, a task and six models, which took three quarters of an `echo`.  So a
`tools/call` in its plain form goes from the checks of the request to the toolbox.  Everything else stays the SDK's:
handshake, lists, prompts, streams, notifications, and whatever has another form, so that it is refused in its words.
tests/backend/api/test_direct_calls.py compares the answers of both ways byte by byte.
"""

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from mcp.server.streamable_http import REQUEST_CANCELLED, StreamableHTTPServerTransport
from mcp.shared.dispatcher import coerce_request_id
from mcp.shared.jsonrpc_dispatcher import cancelled_request_id_from_params
from mcp_types import INTERNAL_ERROR
from starlette.types import Send

from xats_tui.backend.api.arrivals import Arrivals
from xats_tui.backend.api.sse import OneEvent
from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.services.receipts import InboxReceipt
from xats_tui.backend.tools.base import Toolbox

logger = logging.getLogger(__name__)

ENVELOPE = {"jsonrpc", "id", "method", "params"}
PARAMETERS = {"name", "arguments", "_meta"}

MAX_NUMERIC_ID = 2**63
"""Numbers of requests below this are plain."""

RESERVED_META = "io.modelcontextprotocol/"
"""Keys of `_meta` that mean something to the SDK begin so."""

RESULT = b'{"jsonrpc":"2.0","id":%b,"result":{"content":[{"text":%b,"type":"text"}],"isError":%b}}'
ERROR = b'{"jsonrpc":"2.0","id":%b,"error":{"code":%d,"message":%b}}'


class PlainCall(NamedTuple):
    """A `tools/call` whose form the SDK would accept."""

    request_id: int | str
    name: str
    arguments: Mapping[str, Any]
    meta: Mapping[str, Any]


def plain_call(message: Any) -> PlainCall | None:
    """Return a parsed message as a call of a tool; None if it is anything else, or not in plain form."""
    if type(message) is not dict or message.keys() != ENVELOPE:
        return None
    request_id, params = message["id"], message["params"]
    if message["method"] != "tools/call" or message["jsonrpc"] != "2.0" or not _is_plain_id(request_id):
        return None
    if type(params) is not dict or not params.keys() <= PARAMETERS or type(params.get("name")) is not str:
        return None
    arguments, meta = params.get("arguments"), params.get("_meta")
    if not (arguments is None or type(arguments) is dict) or not (meta is None or _is_plain_meta(meta)):
        return None
    return PlainCall(request_id, params["name"], arguments or {}, meta or {})


@dataclass(slots=True, eq=False)
class _Running:
    """A call under way, and why it is to end before its answer."""

    task: asyncio.Task[Any]
    is_cancelled: bool = False
    """True after its client has given it up."""
    is_over: bool = False
    """True after its session has ended."""

    def stop(self) -> None:
        """Interrupt the call, once."""
        if not (self.is_cancelled or self.is_over):
            self.task.cancel()


class DirectCalls:
    """The calls of one open session."""

    def __init__(self, toolbox: Toolbox, session: McpSession, transport: StreamableHTTPServerTransport) -> None:
        """Set the session, and the SDK's transport that it lives as long as."""
        self._toolbox = toolbox
        self.session = session
        self._transport = transport
        self._running: dict[int | str, _Running] = {}
        self.handed: dict[int | str, InboxReceipt] = {}
        """What the SDK's answers hand out, by the ids of their requests, until they are sent."""

    @property
    def are_possible(self) -> bool:
        """True while the session lives; the SDK refuses the calls of one that has ended."""
        idles = self._transport.idle_scope
        return not self._transport.is_terminated and idles is not None and not idles.cancel_called

    async def answer(self, call: PlainCall, send: Send, arrivals: Arrivals) -> None:
        """Carry a call out and send its answer; without one if the session ends before."""
        self._hold()
        try:
            async with OneEvent(send) as event:
                outcome, handed = await self._outcome(call)
                with arrivals.sending(lambda: handed):
                    await event.send_json(self.session.session_id, outcome)
        finally:
            self._release()

    def cancel(self, params: Any) -> None:
        """Interrupt the call that a `notifications/cancelled` names, if it is under way."""
        request_id = cancelled_request_id_from_params(params if isinstance(params, dict) else None)
        running = None if request_id is None else self._running.get(coerce_request_id(request_id))
        if running is not None:
            running.stop()
            running.is_cancelled = True

    def end(self) -> None:
        """Interrupt all calls, because the session has ended."""
        for running in self._running.values():
            running.stop()
            running.is_over = True

    async def _outcome(self, call: PlainCall) -> tuple[bytes, InboxReceipt | None]:
        """Return a call's answer as JSON, empty if the session has ended before; and what it hands out."""
        task = asyncio.current_task()
        assert task is not None
        key = coerce_request_id(call.request_id)
        running = self._running[key] = _Running(task)
        try:
            answer = await self._toolbox.call(self.session, call.name, call.arguments, call.meta)
        except asyncio.CancelledError:
            if not _is_ours(running):
                raise
        except Exception:
            logger.exception("the call of %s failed", call.name)
            return _error(call, INTERNAL_ERROR, "Internal error"), None
        else:
            if not (running.is_cancelled or running.is_over):
                text, is_error = orjson.dumps(answer.text), b"true" if answer.is_error else b"false"
                return RESULT % (orjson.dumps(call.request_id), text, is_error), answer.handed
            if answer.handed is not None:
                answer.handed.lose()
            if not _is_ours(running):
                raise asyncio.CancelledError
        finally:
            if self._running.get(key) is running:  # not a later call under the same id
                del self._running[key]
        return b"" if running.is_over else _error(call, REQUEST_CANCELLED, "Request cancelled"), None

    # As the transport does around its own requests: it has no public way to count others in.

    def _hold(self) -> None:
        """Keep the session from ending because nobody uses it."""
        transport = self._transport
        transport._requests_in_flight += 1
        if transport.idle_scope is not None:
            transport.idle_scope.deadline = math.inf

    def _release(self) -> None:
        transport = self._transport
        transport._requests_in_flight -= 1
        if not transport._requests_in_flight and transport.idle_scope is not None:
            idle_s = transport._idle_timeout or math.inf
            transport.idle_scope.deadline = asyncio.get_running_loop().time() + idle_s


def _is_ours(running: _Running) -> bool:
    """Return whether the call was interrupted here, and by nobody else; then its task goes on."""
    return (running.is_cancelled or running.is_over) and running.task.uncancel() == 0


def _error(call: PlainCall, code: int, message: str) -> bytes:
    return ERROR % (orjson.dumps(call.request_id), code, orjson.dumps(message))


def _is_plain_id(request_id: Any) -> bool:
    if type(request_id) is int:
        return -MAX_NUMERIC_ID < request_id < MAX_NUMERIC_ID
    return type(request_id) is str


def _is_plain_meta(meta: Any) -> bool:
    if type(meta) is not dict or any(key.startswith(RESERVED_META) for key in meta):
        return False
    return "progressToken" not in meta or type(meta["progressToken"]) in (int, str)
