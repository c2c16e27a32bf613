"""MCP server: the SDK's server and session manager, with our tools and sessions."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import mcp_types as types
from mcp.server.auth.middleware.bearer_auth import AuthorizationContext
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.dispatcher import coerce_request_id
from mcp.shared.exceptions import MCPError
from mcp_types.version import OLDEST_SUPPORTED_VERSION
from starlette.types import Message, Receive, Scope, Send

from xats_tui import __version__
from xats_tui.backend.api.arrivals import arrivals_of
from xats_tui.backend.api.direct_calls import DirectCalls, PlainCall
from xats_tui.backend.api.request_checks import (
    FIRST_PROTOCOL,
    JSON_TYPE,
    MAX_BODY_BYTES,
    REFUSED,
    STREAM_TYPE,
    HttpRefusal,
    for_the_server,
    replayed,
    rpc_refusal,
)
from xats_tui.backend.api.request_headers import RequestHeaders
from xats_tui.backend.api.sse import OneEvent, standing
from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.receipts import InboxReceipt
from xats_tui.backend.session_limit import making_room
from xats_tui.backend.tools.base import Toolbox
from xats_tui.clients.registry import shows_prompts
from xats_tui.core.call_meta import CALLS_ONCE
from xats_tui.core.clock import Clock
from xats_tui.core.instructions import INSTRUCTIONS
from xats_tui.core.prompts import NoSuchPrompt, filled_in, listed
from xats_tui.core.records import replace

SERVER_NAME = "xats-tui"

SESSION_IDLE_S = 12 * 3600.0
"""Time without a request or an open stream after which a session is forgotten."""

MAX_SESSIONS = 2000
"""Maximum number of sessions; opening another one answers 503, unless unused sessions can be closed."""

PROCESS_SHARE_DIVISOR = 4
"""One process may have 1/4 of all sessions, so that no single program keeps the others out."""

FULL = "the coordinator is full: {} sessions are open and in use; end agents that you do not need, or try again later"

EVICTED_SESSIONS = 50
"""Maximum number of sessions closed at once to make room; each costs a write to the database."""

NOTIFY_TIMEOUT_S = 1.0
"""Maximum time that a client which does not read its stream can delay a notification."""

OPENING_REQUEST: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/mcp",
    "query_string": b"",
    "headers": [(b"accept", f"{JSON_TYPE}, {STREAM_TYPE}".encode()), (b"content-type", JSON_TYPE.encode())],
}
"""Request with which the SDK reopens a session for a returning client."""

Context = ServerRequestContext[dict[str, Any]]


class McpServer:
    """All MCP sessions and their calls."""

    def __init__(
        self, toolbox: Toolbox, sessions: McpSessions, kept: KeptSessions, runtimes: Runtimes, clock: Clock
    ) -> None:
        self._toolbox = toolbox
        self._sessions = sessions
        self._kept = kept
        self._runtimes = runtimes
        self._clock = clock
        self._coming_back: set[str] = set()
        self._calls: dict[str, DirectCalls] = {}
        """The calls of each session that is open to the end of its `initialize`."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._runs = False
        server = Server(
            SERVER_NAME,
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )
        server.middleware[:] = [self._greet]  # without the SDK's tracing, which is never read
        self._manager = _SessionManager(
            server,
            json_response=True,  # tools send nothing before their answer: `OneEvent` makes it a stream
            session_idle_timeout=SESSION_IDLE_S,
            max_request_body_size=MAX_BODY_BYTES,
            max_sessions=MAX_SESSIONS + EVICTED_SESSIONS,  # our own limit applies; some are admitted during the count
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run sessions within this block; sessions that are open at its end are kept for the next start."""
        async with self._manager.run():
            self._runs = True
            try:
                yield
            finally:
                self._runs = False

    async def answer_post(
        self,
        session: McpSession | None,
        message: Any,
        call: PlainCall | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a message that passed the checks: a plain call of a tool directly, everything else by the SDK.

        Args:
            session: the session that the message belongs to; None if it opens one.
            message: the parsed body.
            call: the message, if it is a plain call.
            scope: the request.
            receive: returns the body once more.
            send: takes the answer.

        Raises:
            HttpRefusal: 503, as `answer` does.
        """
        calls = self._calls.get(session.session_id) if session else None
        if calls is not None and call is not None and calls.are_possible:
            await calls.answer(call, send, arrivals_of(scope))
            return
        if calls is not None and message.get("method") == "notifications/cancelled":
            calls.cancel(message.get("params"))
        with arrivals_of(scope).sending(lambda: self._taken_over(session, message.get("id", ""))):
            await self.answer(for_the_server(scope, session), receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that passed the checks, by the SDK.

        Raises:
            HttpRefusal: 503, the request would open a session, and there are too many.
        """
        if "mcp-session-id" not in RequestHeaders(scope) and not await self._has_room():
            refusal = rpc_refusal(503, REFUSED, FULL.format(MAX_SESSIONS))
            raise HttpRefusal(refusal.status, refusal.body, {"retry-after": "60"})
        if scope["method"] == "POST":
            async with OneEvent(send) as answer:
                await self._manager.handle_request(scope, receive, answer.send)
        else:
            await self._manager.handle_request(scope, receive, standing(send))

    async def reopen(self, session_id: str) -> None:
        """Reopen a session, under its id, that was open when the coordinator stopped.

        Nothing happens if the session is open already, or unknown.
        """
        async with self._turns.setdefault(session_id, asyncio.Lock()):
            if not self._runs or self._sessions.get(session_id) is not None:
                return
            opening = await self._kept.opening_of(session_id, timedelta(seconds=SESSION_IDLE_S))
            if opening is None or not await self._has_room():
                return
            self._coming_back.add(session_id)
            try:
                await self._manager.reopen(session_id, opening, lambda: self._sessions.get(session_id) is not None)
            finally:
                self._coming_back.discard(session_id)

    async def _has_room(self) -> bool:
        """Return whether there is room for another session, after closing unused sessions if necessary."""
        if len(self._sessions) >= MAX_SESSIONS:
            occupants = await self._runtimes.occupants(self._sessions.open_ones())
            for session in making_room(occupants, MAX_SESSIONS // PROCESS_SHARE_DIVISOR, self._clock.now())[
                :EVICTED_SESSIONS
            ]:
                await self._put_out(session)
        return len(self._sessions) < MAX_SESSIONS

    async def _put_out(self, session: McpSession) -> None:
        """Close a session; an agent's session is kept, and continues when its client returns."""
        if session.agent_id is None and session.superseded is None:
            await self.end(session)
        else:
            self._sessions.close(session)
        await self._manager.discard(session.session_id)

    async def end(self, session: McpSession) -> None:
        """End a session permanently, at once rather than when its last task has ended."""
        if self._sessions.get(session.session_id) is session:
            self._sessions.close(session)
            await self._kept.forget(session.session_id)

    async def _list_tools(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._toolbox.offered)

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        session: McpSession = _connection(context).state[SERVER_NAME]
        answer = await self._toolbox.call(session, params.name, params.arguments or {}, dict(context.meta or {}))
        if answer.handed is not None:
            self._hand_over(session, context.request_id, answer.handed)
        content = types.TextContent(type="text", text=answer.text)
        return types.CallToolResult(content=[content], is_error=answer.is_error)

    def _hand_over(self, session: McpSession, request_id: int | str | None, handed: InboxReceipt) -> None:
        """Keep what the SDK's answer to a call hands out until it is sent."""
        calls = self._calls.get(session.session_id)
        if calls is not None and calls.session is session and request_id is not None:
            calls.handed[coerce_request_id(request_id)] = handed
        else:  # the session has ended
            handed.lose()

    def _taken_over(self, session: McpSession | None, request_id: int | str) -> InboxReceipt | None:
        """Return what the SDK's answer to a call has handed out."""
        calls = self._calls.get(session.session_id) if session else None  # now: it may just have come back
        return calls.handed.pop(coerce_request_id(request_id), None) if calls else None

    async def _list_prompts(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        _check_prompts(context, "prompts/list")
        return types.ListPromptsResult.model_validate({"prompts": listed()})

    async def _get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        _check_prompts(context, "prompts/get")
        try:
            return types.GetPromptResult.model_validate(filled_in(params.name, params.arguments or {}))
        except NoSuchPrompt as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None

    async def _greet(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Open a session with its `initialize`, and answer as the reference does."""
        if ctx.method != "initialize":
            return await call_next(ctx)
        params = dict(ctx.params or {})
        first = params.get("protocolVersion") == FIRST_PROTOCOL
        if first:
            ctx = replace(ctx, params=params | {"protocolVersion": OLDEST_SUPPORTED_VERSION})
        greeting = await call_next(ctx)
        assert isinstance(greeting, dict)  # mcp 2.3 turns every result into a dict; tests pin it
        await self._open(_connection(ctx), params)
        claims_prompts = shows_prompts((params.get("clientInfo") or {}).get("name"))
        prompts: dict[str, Any] = {"prompts": {}} if claims_prompts else {}
        capabilities = {"tools": {"listChanged": True}} | prompts | _extensions(params)
        return greeting | {"capabilities": capabilities} | ({"protocolVersion": FIRST_PROTOCOL} if first else {})

    async def _open(self, connection: Connection, opening: Mapping[str, Any]) -> None:
        async def notify(method: str, params: Mapping[str, Any]) -> bool:
            with suppress(TimeoutError):
                async with asyncio.timeout(NOTIFY_TIMEOUT_S):
                    await connection.notify(method, params)
                return True
            return False

        session_id, client = connection.session_id, opening["clientInfo"]
        assert session_id is not None  # only stateless connections have no id
        session = self._sessions.open(session_id, f"{client['name']} {client['version']}".strip(), notify)
        connection.state[SERVER_NAME] = session
        connection.exit_stack.push_async_callback(self._wound_down, session)
        if session_id not in self._coming_back:
            await self._kept.keep(session, opening)
        else:
            try:
                await self._kept.give_back(session)
            except BaseException:
                self._sessions.close(session)
                raise
        if transport := self._manager.transport(session_id):
            self._calls[session_id] = DirectCalls(self._toolbox, session, transport)

    async def _wound_down(self, session: McpSession) -> None:
        """Handle the end of a session's tasks: by idleness, a crash, or the coordinator's end."""
        calls = self._calls.get(session.session_id)
        if calls is not None and calls.session is session:  # it may have come back under its id
            del self._calls[session.session_id]
            calls.end()
            for handed in calls.handed.values():  # of calls that have outlived their requests
                handed.lose()
        if self._runs:
            await self.end(session)
        else:
            self._sessions.close(session)


class _SessionManager(StreamableHTTPSessionManager):
    """The SDK's session manager with session ids like the reference's: UUIDs with hyphens, kept across restarts."""

    async def reopen(self, session_id: str, opening: Mapping[str, Any], is_open: Callable[[], bool]) -> None:
        """Open a session under its earlier id; `is_open` tells whether that succeeded."""
        async with self._session_creation_lock:
            transport = super()._admit_session(None)
            if transport is None:
                return
            self._name(transport, session_id)
        request = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opening}
        receive = replayed(json.dumps(request).encode(), _receive_nothing)
        await self._serve_opening_request(transport, OPENING_REQUEST, receive, _send_nowhere)
        if not is_open():
            await self._discard_session(session_id, transport)

    def transport(self, session_id: str) -> StreamableHTTPServerTransport | None:
        """Return what a session lives as long as."""
        return self._server_instances.get(session_id)

    async def discard(self, session_id: str) -> None:
        """End a session, if it exists."""
        if transport := self._server_instances.get(session_id):
            await self._discard_session(session_id, transport)

    def _admit_session(self, requestor: AuthorizationContext | None) -> StreamableHTTPServerTransport | None:
        transport = super()._admit_session(requestor)
        if transport is not None and transport.mcp_session_id is not None:
            self._name(transport, str(UUID(transport.mcp_session_id)))
        return transport

    def _name(self, transport: StreamableHTTPServerTransport, session_id: str) -> None:
        del self._server_instances[transport.mcp_session_id or ""]
        transport.mcp_session_id = session_id
        self._server_instances[session_id] = transport


async def _receive_nothing() -> Message:
    """Wait forever: the client neither sends more nor disconnects."""
    await asyncio.Event().wait()
    raise AssertionError("the event is never set")


async def _send_nowhere(message: Message) -> None:
    """Drop an answer that nobody waits for."""


def _extensions(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return our extensions that the client asked for: answering a repeated call without carrying it out again."""
    match params:
        case {"capabilities": {"experimental": dict(asked)}} if CALLS_ONCE in asked:
            return {"experimental": {CALLS_ONCE: {}}}
    return {}


def _check_prompts(context: Context, method: str) -> None:
    """Refuse a method of prompts in a session whose client has not been told of any."""
    session: McpSession = _connection(context).state[SERVER_NAME]
    if not shows_prompts(session.client):
        raise MCPError(types.METHOD_NOT_FOUND, f"Method not found: {method}")


def _connection(context: Context) -> Connection:
    return context.session._connection  # mcp 2.3 has no public access to it; tests pin it
