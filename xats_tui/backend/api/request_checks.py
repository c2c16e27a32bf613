"""Checks of a request to `/mcp` before it reaches the MCP server, in the reference's order."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import mcp_types as types
import pydantic_core
from mcp_types.methods import validate_client_request
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope

from xats_tui.backend.api.request_headers import RequestHeaders, accepts
from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.runtime.settings import is_loopback

MAX_BODY_BYTES = 1024 * 1024
"""Maximum size of an HTTP request body; a larger one answers 413."""

BODY_TIMEOUT_S = 30.0
"""Maximum time for a body to arrive after its head; a later one answers 408."""

INITIALIZE_LIMIT_BYTES = 64 * 1024
"""Maximum size of an `initialize`, because every session keeps a part of it."""

FIRST_PROTOCOL = "2024-10-07"
"""Draft version that the reference supports but the SDK does not; our messages are the same in the next version."""

PROTOCOLS = (*sorted(HANDSHAKE_PROTOCOL_VERSIONS, reverse=True), FIRST_PROTOCOL)
"""Supported versions, newest first; later versions have no sessions, and their clients fall back to `initialize`."""

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"

REFUSED = -32000
SESSION_NOT_FOUND = -32001
"""Error code that makes Claude Code open a new session when it is in a 404."""

PINNED_TOOL = "register_agent"
"""The first call of this tool with an Authorization header fixes the header for later calls."""

MADE_FOR_US = {b"mcp-protocol-version", b"last-event-id", b"accept"}
"""Headers that are checked or ignored here, and would mislead the SDK."""

ACCEPTED = (b"accept", f"{JSON_TYPE}, {STREAM_TYPE}".encode())
"""`Accept` header passed to the SDK after our own check."""


class HttpRefusal(Exception):
    """A request that is answered with a status and a JSON body instead of being passed on."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


def rpc_refusal(status: int, code: int, message: str) -> HttpRefusal:
    """Return a refusal in JSON-RPC form."""
    return HttpRefusal(status, {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}})


async def read_body(headers: RequestHeaders, receive: Receive) -> bytes:
    """Read a request's body; nothing of it if the client disconnects before its end, as it may send it again.

    Raises:
        HttpRefusal: 413, the body is larger than `MAX_BODY_BYTES`; 408, it does not arrive in time.
    """
    declared = headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while more and max(size, len(body)) <= MAX_BODY_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b""
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        refusal = rpc_refusal(408, REFUSED, f"Request Timeout: no whole body within {BODY_TIMEOUT_S:g} s")
        raise HttpRefusal(refusal.status, refusal.body, {"connection": "close"}) from None
    if max(size, len(body)) > MAX_BODY_BYTES:
        raise rpc_refusal(413, REFUSED, f"Request body too large: {MAX_BODY_BYTES} bytes at most")
    return bytes(body)


def port_of_this_machine(scope: Scope) -> int | None:
    """Return the port that a request came from, if it came from this machine."""
    host, port = scope.get("client") or ("", 0)
    return port if is_loopback(host) else None


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` function that starts with the body that was already read."""
    unread = [body]

    async def replay() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    return replay


def parsed(headers: RequestHeaders, body: bytes) -> Any:
    """Parse the body; None if its content type is not JSON.

    Raises:
        HttpRefusal: 400, the body is invalid JSON; 413, it is an `initialize` that is too large.
    """
    if not _is_json(headers):
        return None
    try:
        # Else it keeps 16,384 of the texts that it has seen, and ids come once.
        message = pydantic_core.from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise rpc_refusal(400, types.PARSE_ERROR, f"Parse error: {error}") from error
    if is_opening(message) and len(body) > INITIALIZE_LIMIT_BYTES:
        raise rpc_refusal(
            413, REFUSED, f"Request body too large: {INITIALIZE_LIMIT_BYTES} bytes at most for initialize"
        )
    return message


def session_of(headers: RequestHeaders, sessions: McpSessions) -> McpSession:
    """Return the session that a request names.

    Raises:
        HttpRefusal: 400, no session is named (like the reference; a client of a later protocol gets the supported
            versions); 404, the session is unknown, which tells a client to open a new one.
    """
    session_id = headers.get("mcp-session-id")
    if not session_id:
        check_version(headers)
        raise HttpRefusal(400, {"error": "unknown_session"})
    session = sessions.get(session_id)
    if session is None:
        raise rpc_refusal(404, SESSION_NOT_FOUND, "Session not found: send initialize again to open a new one")
    return session


def check_stream(headers: RequestHeaders, sessions: McpSessions) -> McpSession:
    """Return the session whose standing stream may be opened.

    Raises:
        HttpRefusal: the stream may not be opened.
    """
    session = session_of(headers, sessions)
    if not accepts(headers.all("accept"), STREAM_TYPE):
        raise rpc_refusal(406, REFUSED, f"Not Acceptable: client must accept {STREAM_TYPE}")
    check_version(headers)
    return session


def check_post(
    headers: RequestHeaders, message: Any, sessions: McpSessions, *, has_shape: bool = False
) -> McpSession | None:
    """Return the session that a message belongs to, or None if the message opens one.

    With `has_shape`, the message is known to have the shape of one.

    Raises:
        HttpRefusal: the message must not be passed on.
    """
    opening = is_opening(message)
    session = sessions.get(headers.get("mcp-session-id", "")) if opening else session_of(headers, sessions)
    if session is not None:
        _check_caller(session, headers, message)
    _check_media(headers)
    if not has_shape:
        _check_shape(message)
    if not opening:
        check_version(headers)
    elif session is not None:
        raise rpc_refusal(400, types.INVALID_REQUEST, "Invalid Request: this session is initialized already")
    else:
        _check_opening(message)
    return session


def is_opening(message: Any) -> bool:
    """Return whether a message opens a session."""
    return isinstance(message, dict) and message.get("method") == "initialize"


def check_version(headers: RequestHeaders) -> None:
    """Check that a request uses a protocol version with sessions.

    Raises:
        HttpRefusal: 400, it uses another version.
    """
    version = headers.get("mcp-protocol-version")
    if version and version not in PROTOCOLS:
        supported = f"(supported versions: {', '.join(PROTOCOLS)})"
        raise rpc_refusal(400, REFUSED, f"Bad Request: Unsupported protocol version: {version[:40]} {supported}")


def for_the_server(scope: Scope, session: McpSession | None) -> Scope:
    """Return a request without the headers handled here; an unknown session does not prevent opening a new one."""
    dealt_with = MADE_FOR_US if session else MADE_FOR_US | {b"mcp-session-id"}
    kept = [(name, value) for name, value in scope["headers"] if name not in dealt_with]
    return {**scope, "headers": [*kept, ACCEPTED]}


def _check_caller(session: McpSession, headers: RequestHeaders, message: Any) -> None:
    """Check that a call comes from the session's owner: first its credential, then the agent id that it claims."""
    if not isinstance(message, dict) or message.get("method") != "tools/call":
        return
    params = _mapping(message.get("params"))
    if params.get("name") == PINNED_TOOL and (authorization := headers.get("authorization", "").strip()):
        digest = hashlib.sha256(authorization.encode("latin-1")).digest()
        session.credential = session.credential or digest
        if not hmac.compare_digest(session.credential, digest):
            raise HttpRefusal(409, {"error": "agent_id_collision"})
    claimed = _mapping(params.get("arguments")).get("from_agent_id")
    if isinstance(claimed, str) and claimed != session.agent_id:
        raise HttpRefusal(403, {"error": "identity_mismatch"})


def _check_media(headers: RequestHeaders) -> None:
    accepted = headers.all("accept")
    if not (accepts(accepted, JSON_TYPE) and accepts(accepted, STREAM_TYPE)):
        raise rpc_refusal(406, REFUSED, f"Not Acceptable: client must accept both {JSON_TYPE} and {STREAM_TYPE}")
    if not _is_json(headers):
        raise rpc_refusal(415, REFUSED, f"Unsupported Media Type: Content-Type must be {JSON_TYPE}")


def _check_shape(message: Any) -> None:
    if isinstance(message, list):
        raise rpc_refusal(400, types.INVALID_REQUEST, "Invalid Request: no batches, one message a request")
    try:
        checked = types.jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError as error:
        raise rpc_refusal(400, types.PARSE_ERROR, "Parse error: not a JSON-RPC message") from error
    if isinstance(checked, types.JSONRPCNotification) and "id" in message:
        raise rpc_refusal(400, types.PARSE_ERROR, "Parse error: an id is a string or an integer")


def _check_opening(message: Mapping[str, Any]) -> None:
    """Check that `initialize` will succeed, because a session that fails to open would remain."""
    if "id" not in message:
        raise rpc_refusal(400, types.INVALID_REQUEST, "Invalid Request: initialize is a request and needs an id")
    try:
        validate_client_request("initialize", LATEST_HANDSHAKE_VERSION, message.get("params"))
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_url=False))
        raise rpc_refusal(400, types.INVALID_PARAMS, f"Invalid initialize: {fields}") from error


def _is_json(headers: RequestHeaders) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == JSON_TYPE


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
