"""The coordinator's HTTP door: MCP over Streamable HTTP at `/mcp`, `/health`, and the bearer token before both.

It knows the protocol and the toolbox, none of the services behind it.
"""

import asyncio
import hmac
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs

import mcp_types as types
import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.types import Receive, Scope, Send

from xats_tui import __version__
from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import StartError
from xats_tui.backend.services.hooks import HostHooks
from xats_tui.backend.sessions import Session, Sessions
from xats_tui.backend.tools.kit import Toolbox
from xats_tui.instructions import INSTRUCTIONS
from xats_tui.settings import Settings, is_loopback

logger = logging.getLogger(__name__)

SERVER_NAME = "xats-tui"

PORTS_TRIED = 3
"""The port that is asked for and the next two, as users of cross-agent-teams-mcp know it."""

BODY_LIMIT = 1024 * 1024
"""Bytes of an HTTP request body; larger ones answer 413."""

SESSION_IDLE = 12 * 3600.0
"""Seconds without a request or an open stream after which a session is forgotten."""

NOTIFY_PATIENCE = 1.0
"""Seconds that a client which does not read its stream may hold up a notification."""

GRACE = 1
"""Seconds that calls under way get at shutdown before they are cancelled."""


class HttpDoor:
    """The ASGI application."""

    def __init__(
        self, toolbox: Toolbox, hooks: HostHooks, sessions: Sessions, settings: Settings, clock: Clock
    ) -> None:
        self._toolbox = toolbox
        self._hooks = hooks
        self._sessions = sessions
        self._token = settings.token
        self._clock = clock
        self._started = clock.monotonic()
        self._calls = _UnderWay()
        self._closing = asyncio.Event()
        self._manager = StreamableHTTPSessionManager(
            self._server(),
            session_idle_timeout=SESSION_IDLE,
            max_request_body_size=BODY_LIMIT,
            security_settings=_host_check(settings.host),
        )

    @asynccontextmanager
    async def open(self, listener: socket.socket, keep_alive: float) -> AsyncIterator[None]:
        """Serve on a listening socket for the life of the block; ends with open streams, too."""
        config = uvicorn.Config(
            self,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=max(int(keep_alive), 1),
            timeout_graceful_shutdown=GRACE,
        )
        server = _Server(config)
        sessions = asyncio.create_task(self._hold_sessions(), name="sessions")
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        try:
            yield
        finally:
            server.should_exit = True
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await self._calls.none.wait()
            self._closing.set()  # ends the standing streams, which would otherwise hold the server up
            await sessions
            await serving

    async def _hold_sessions(self) -> None:
        async with self._manager.run():
            await self._closing.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith("/health"):
            await _answer(send, 200, self._health())
        elif not self._may_pass(scope):
            await _answer(send, 401, {"error": "invalid_token"})
        elif path == "/hook" and scope["method"] == "POST" and _header(scope, b"origin") is None:  # no web page's
            await _answer(send, 200, await self._hooks.hear(await _json(receive)))
        elif path != "/mcp":
            await _answer(send, 404, {"error": "not_found", "detail": "the MCP endpoint is /mcp"})
        elif (version := _header(scope, b"mcp-protocol-version")) and version not in HANDSHAKE_PROTOCOL_VERSIONS:
            await _answer(send, 400, _unsupported(version))
        elif scope["method"] == "GET":
            with self._sessions.streaming(_header(scope, b"mcp-session-id") or ""):
                await self._manager.handle_request(scope, receive, send)
        else:
            with self._calls:
                await self._manager.handle_request(scope, receive, send)

    def _health(self) -> dict[str, Any]:
        return {"ok": True, "version": __version__, "uptime_seconds": int(self._clock.monotonic() - self._started)}

    def _may_pass(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        authorization = _header(scope, b"authorization") or ""
        if authorization.startswith("Bearer "):
            given = authorization.removeprefix("Bearer ")
        else:
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _server(self) -> Server[dict[str, Any]]:
        async def list_tools(
            context: ServerRequestContext[dict[str, Any]], params: types.PaginatedRequestParams | None
        ) -> types.ListToolsResult:
            return types.ListToolsResult(tools=self._toolbox.offered)

        async def call_tool(
            context: ServerRequestContext[dict[str, Any]], params: types.CallToolRequestParams
        ) -> types.CallToolResult:
            session, meta = self._session(context), dict(context.meta or {})
            return await self._toolbox.call(session, params.name, params.arguments or {}, meta)

        return Server(
            SERVER_NAME,
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )

    def _session(self, context: ServerRequestContext[dict[str, Any]]) -> Session:
        """The session that a request belongs to; opened with its first call, closed with its connection."""
        connection = context.session._connection  # mcp 2.3 hands it to nobody; tests hold us to it
        known = connection.state.get(SERVER_NAME)
        if isinstance(known, Session):
            return known

        async def notify(method: str, params: Mapping[str, Any]) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(NOTIFY_PATIENCE):
                    await connection.notify(method, params)

        info = context.session.client_params.client_info if context.session.client_params else None
        session = self._sessions.open(
            connection.session_id or f"anonymous-{id(connection):x}",
            f"{info.name} {info.version}".strip() if info else "",
            notify,
        )
        connection.state[SERVER_NAME] = session
        connection.exit_stack.callback(self._sessions.close, session)
        return session


class _UnderWay:
    """Counts what is under way, and tells when nothing is."""

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
    """uvicorn without its signal handlers: this program has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on one of the next two if it is taken; 0 takes any.

    Raises:
        StartError: none of them is free, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = [port] if port == 0 else [one for one in range(port, port + PORTS_TRIED) if one <= 65535]
    problem = ""
    for one in ports:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, one))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            problem = error.strerror or str(error)
            continue
        listener.setblocking(False)
        return listener
    raise StartError(f"ports {ports[0]}-{ports[-1]} unavailable on {host} ({problem}): name another with --port")


def _host_check(host: str) -> TransportSecuritySettings:
    """Only names of this machine, so that no web page gets here by rebinding its own; other hosts need the token."""
    if not is_loopback(host):
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = ("127.0.0.1", "localhost", "[::1]")
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=[f"http://{name}{port}" for name in names for port in ("", ":*")],
    )


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _unsupported(version: str) -> dict[str, Any]:
    """The later protocols have neither session nor standing stream; a client falls back to `initialize`."""
    supported = ", ".join(sorted(HANDSHAKE_PROTOCOL_VERSIONS, reverse=True))
    message = f"Bad Request: Unsupported protocol version: {version[:40]} (supported versions: {supported})"
    return {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": message}}


async def _json(receive: Receive) -> Mapping[str, Any]:
    """The object in a request's body; an empty one for anything else, or for more than `BODY_LIMIT`."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT or message["type"] != "http.request":
            return {}
        if not message.get("more_body"):
            break
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def _answer(send: Send, status: int, body: Mapping[str, Any]) -> None:
    payload = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
