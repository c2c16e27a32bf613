"""HTTP application of the coordinator: MCP (Streamable HTTP) at `/mcp`, `/health`, `/hook`, and operator commands."""

import asyncio
import hmac
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.types import Message, Receive, Scope, Send

from xats_tui import __version__
from xats_tui.backend.api.direct_calls import plain_call
from xats_tui.backend.api.hook_endpoint import HOOK_PATHS, HookEndpoint
from xats_tui.backend.api.mcp_server import McpServer
from xats_tui.backend.api.operator_endpoint import OPERATOR_PATH, OperatorEndpoint
from xats_tui.backend.api.request_checks import (
    REFUSED,
    HttpRefusal,
    check_post,
    check_stream,
    check_version,
    for_the_server,
    is_opening,
    parsed,
    port_of_this_machine,
    read_body,
    replayed,
    rpc_refusal,
    session_of,
)
from xats_tui.backend.api.request_headers import (
    LOOPBACK_NAMES,
    RequestHeaders,
    comes_from_this_machine,
    names_this_machine,
)
from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.wakes.hooks import HostHooks
from xats_tui.backend.tools.base import Toolbox
from xats_tui.core.clock import Clock
from xats_tui.runtime import coordinator_proof
from xats_tui.runtime.settings import Settings, is_loopback

try:
    from xats_tui.backend.api.quick_connection import QuickConnection as Connection
except ImportError:  # there is no httptools for every interpreter
    from xats_tui.backend.api.connection_limits import PatientConnection as Connection  # type: ignore[assignment]

logger = logging.getLogger(__name__)

STREAM_CLOSE_S = 0.5
"""Time that a standing stream gets to end when its client opens a new one."""

QUOTED_HEADER_CHARS = 100
"""Maximum characters of a header that a refusal quotes."""

SHUTDOWN_GRACE_S = 1
"""Time that running calls get at shutdown before they are cancelled."""

PASSES_TO_ACCEPT = 3
"""Passes of the event loop in which a connection that has been accepted is prepared."""

LATE_LOOK_S = 0.02
"""Interval between two looks for connections that were being accepted when the shutdown began."""


class HttpApp:
    """The ASGI application."""

    def __init__(
        self,
        toolbox: Toolbox,
        hooks: HostHooks,
        operator: OperatorEndpoint,
        sessions: McpSessions,
        kept: KeptSessions,
        runtimes: Runtimes,
        settings: Settings,
        hook_key: str,
        clock: Clock,
    ) -> None:
        self._server = McpServer(toolbox, sessions, kept, runtimes, clock)
        self._operator = operator
        self._sessions = sessions
        self._token = settings.token
        self._hook_key = hook_key
        self._query_token = settings.query_token
        self._proof_key_path = settings.proof_key_path
        self._names = LOOPBACK_NAMES | {settings.host} if is_loopback(settings.host) else None
        """Hosts that a request may name; None if any may, because every request needs the token then."""
        self._clock = clock
        self._started = clock.monotonic()
        self._calls = _UnderWay()
        self._closing = asyncio.Event()
        self._hooks = HookEndpoint(hooks, self._closing)
        self._standing: dict[str, asyncio.Event] = {}
        """An event for each session with an open or opening standing stream, set when the stream has ended."""

    @asynccontextmanager
    async def open(self, listener: socket.socket, keep_alive: float) -> AsyncIterator[None]:
        """Serve on a listening socket for the life of the block; open streams end with it."""
        config = uvicorn.Config(
            self,
            http=Connection,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,  # there is no proxy: trust the connection's own address
            ws="none",
            timeout_keep_alive=max(int(keep_alive), 1),
            timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
        )
        server = _Server(config)
        sessions = asyncio.create_task(self._hold_sessions(), name="sessions")
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        try:
            yield
        finally:
            server.end()
            with suppress(TimeoutError):
                async with asyncio.timeout(SHUTDOWN_GRACE_S):
                    await self._calls.none.wait()
            self._closing.set()  # ends the standing streams, which would otherwise block the shutdown
            await sessions
            await serving

    async def _hold_sessions(self) -> None:
        async with self._server.running():
            await self._closing.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._route(scope, receive, send)
        except HttpRefusal as refusal:
            await _answer(send, refusal.status, refusal.body, refusal.headers)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/health") and scope["method"] != "CONNECT":  # a 200 to CONNECT would open a tunnel
            await _answer(send, 200, {**self._health(), **await self._proofs(scope)})
            return
        if not path.startswith(OPERATOR_PATH) and not self._may_pass(scope):
            raise HttpRefusal(401, {"error": "invalid_token"})
        headers = RequestHeaders(scope)
        self._check_names(headers)
        if path.startswith(OPERATOR_PATH):
            with self._calls:
                await _answer(send, 200, await self._operator.answer(scope, receive))
        elif path == "/mcp":
            await self._mcp(headers, scope, receive, send)
        elif path in HOOK_PATHS and scope["method"] == "POST" and "origin" not in headers:  # no web page
            await self._hooks.answer(scope, receive, send)
        else:
            raise HttpRefusal(404, {"error": "not_found", "detail": "the MCP endpoint is /mcp"})

    async def _mcp(self, headers: RequestHeaders, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["method"]:
            case "POST":
                with self._calls:
                    await self._post(headers, scope, receive, send)
            case "GET":
                await self._reopen(headers)
                await self._stand(check_stream(headers, self._sessions), scope, receive, send)
            case "DELETE":
                await self._reopen(headers)
                session = session_of(headers, self._sessions)
                check_version(headers)
                await self._server.end(session)
                await self._server.answer(for_the_server(scope, session), receive, send)
            case method:
                refusal = rpc_refusal(405, REFUSED, f"Method Not Allowed: {method}")
                raise HttpRefusal(refusal.status, refusal.body, {"allow": "GET, POST, DELETE"})

    async def _post(self, headers: RequestHeaders, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(headers, receive)
        message = parsed(headers, body)
        call = plain_call(message)
        if not is_opening(message):
            await self._reopen(headers)
        session = check_post(headers, message, self._sessions, has_shape=call is not None)
        if session is None:
            await self._server.answer_post(None, message, None, scope, replayed(body, receive), send)
            return
        session.peer = port_of_this_machine(scope)
        with self._sessions.calling(session):
            await self._server.answer_post(session, message, call, scope, replayed(body, receive), send)

    async def _reopen(self, headers: RequestHeaders) -> None:
        """Reopen a session that was open before a restart."""
        session_id = headers.get("mcp-session-id", "")
        if session_id and self._sessions.get(session_id) is None:
            await self._server.reopen(session_id)

    async def _stand(self, session: McpSession, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold a session's standing stream; it counts as open as soon as a notification can be sent."""
        await self._none_stands(session.session_id)
        session.stream_peer = port_of_this_machine(scope)
        with ExitStack() as open_stream:

            async def begin(message: Message) -> None:
                await send(message)
                if message["type"] == "http.response.start" and message["status"] == 200:
                    open_stream.enter_context(self._sessions.streaming(session.session_id))

            ended = self._standing[session.session_id] = asyncio.Event()
            open_stream.callback(ended.set)
            open_stream.callback(self._standing.pop, session.session_id)
            await self._server.answer(for_the_server(scope, session), receive, begin)

    async def _none_stands(self, session_id: str) -> None:
        """Wait until a session has no standing stream, because a client may reconnect before its old stream has ended.

        Raises:
            HttpRefusal: 409, the session still has a stream.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_CLOSE_S):
                while standing := self._standing.get(session_id):
                    await standing.wait()
        if session_id in self._standing:
            raise rpc_refusal(409, REFUSED, "Conflict: only one standing stream per session")

    def _check_names(self, headers: RequestHeaders) -> None:
        """Refuse web pages that reach this machine by rebinding a DNS name of their own.

        Raises:
            HttpRefusal: 421 for a foreign host, 403 for a foreign origin.
        """
        if self._names is None:
            return
        host, origin = headers.get("host", ""), headers.get("origin")
        if not names_this_machine(host, self._names):
            raise HttpRefusal(
                421, {"error": "foreign_host", "detail": f"Host is not this machine: {host[:QUOTED_HEADER_CHARS]!r}"}
            )
        if origin and not comes_from_this_machine(origin, self._names):
            raise HttpRefusal(
                403, {"error": "foreign_origin", "detail": f"Origin is foreign: {origin[:QUOTED_HEADER_CHARS]!r}"}
            )

    def _health(self) -> dict[str, Any]:
        return {"ok": True, "version": __version__, "uptime_seconds": int(self._clock.monotonic() - self._started)}

    async def _proofs(self, scope: Scope) -> dict[str, Any]:
        """Return proofs to a bridge that this is the coordinator, if it asks for them and names this machine."""
        (nonce,) = parse_qs(scope["query_string"].decode("latin-1")).get(coordinator_proof.QUESTION, [""])[:1]
        if not 0 < len(nonce) <= coordinator_proof.MAX_NONCE_CHARS:
            return {}
        self._check_names(RequestHeaders(scope))
        known = await asyncio.to_thread(coordinator_proof.keys, self._proof_key_path, self._token)
        client, server = scope["client"], scope["server"]
        return {coordinator_proof.ANSWER: [coordinator_proof.proof(key, nonce, client, server) for key in known]}

    def _may_pass(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        authorization = RequestHeaders(scope).get("authorization", "")
        if authorization.startswith("Bearer "):
            given = authorization.removeprefix("Bearer ")
            if scope["path"] in HOOK_PATHS and hmac.compare_digest(given.encode(), self._hook_key.encode()):
                return True
        elif not self._query_token:
            return False
        else:
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return hmac.compare_digest(given.encode(), self._token.encode())


class _UnderWay:
    """Counts running calls; `none` is set while there are none."""

    def __init__(self) -> None:
        self._count = 0
        self.none = asyncio.Event()
        self.none.set()

    def __enter__(self) -> None:
        self._count += 1
        self.none.clear()

    def __exit__(self, *error: object) -> None:
        self._count -= 1
        if not self._count:
            self.none.set()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, as this program has its own; `end` stops it at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._end = asyncio.Event()

    def end(self) -> None:
        """Accept no more connections, and finish the open ones."""
        self.should_exit = True
        self._end.set()

    async def main_loop(self) -> None:
        """Update uvicorn's Date header every second until the end."""
        # uvicorn's own loop would wake up every 0.1 s to check for the end
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the open connections, and close those that were being accepted meanwhile."""
        # uvicorn would wait for these until its patience ends, and leave them open.  asyncio's own loop would lose them
        # if its server were closed while it prepares them.
        for listener in sockets or ():
            asyncio.get_running_loop().remove_reader(listener)
        for _ in range(PASSES_TO_ACCEPT):
            await asyncio.sleep(0)
        late = asyncio.create_task(self._close_late(set(self.server_state.connections)))
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()

    async def _close_late(self, known: set[object]) -> None:
        """Shut down each connection that appears beside the known ones."""
        while True:
            await asyncio.sleep(LATE_LOOK_S)
            for connection in self.server_state.connections - known:
                connection.shutdown()
            known |= self.server_state.connections

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _answer(send: Send, status: int, body: Mapping[str, Any], more: Mapping[str, str] | None = None) -> None:
    payload = json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(payload))} | dict(more or {})
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": payload})
