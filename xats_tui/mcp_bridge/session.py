"""One MCP session with the coordinator over Streamable HTTP.

Requests and results pass through unchanged; every failure tells whether the request can have been carried out.

The module speaks HTTP itself for two reasons: importing the SDK's client takes a second, which is as long as a host may
wait for its first answer; and that client reports neither the end of its standing stream nor whether a request had
left.  It uses httpcore2 without httpx2, whose import takes longer than everything that the answer needs.
"""

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpcore2

from xats_tui import __version__
from xats_tui.core.call_meta import CALLS_ONCE
from xats_tui.mcp_bridge.host.messages import METHOD_NOT_FOUND
from xats_tui.mcp_bridge.proven_connection import connections
from xats_tui.runtime.coordinator_proof import NotProven

logger = logging.getLogger(__name__)

PROTOCOL = "2025-11-25"
"""The newest protocol version with sessions and a standing stream."""

Hear = Callable[[Mapping[str, Any]], None]
"""Called with every notification of the coordinator."""

CONNECT_TIMEOUT_S = 2.0
DEAD_STREAM_S = 60.0
"""Time without a byte after which a stream counts as dead; the coordinator sends a comment every 15 s."""
TIMEOUTS: Mapping[str, float] = {"connect": CONNECT_TIMEOUT_S} | dict.fromkeys(("read", "write", "pool"), DEAD_STREAM_S)
"""The bounds in the form of httpcore2."""

SESSION_ID = "mcp-session-id"
FAREWELL_TIMEOUT_S = 1.0
"""Time to tell the coordinator that a request or the session has ended."""

BROKEN = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)
"""Errors of a connection, before or after the request has left."""

REFUSED = -32000

UNKNOWN_SESSION = "unknown_session"
"""The reference's error with status 400, where the protocol demands 404."""


class RpcError(Exception):
    """The coordinator answered with an error, in JSON-RPC or HTTP; `error` goes to the host unchanged."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("message")))
        self.error = error


class NotReached(Exception):
    """The request was certainly not carried out: no coordinator runs, or it does not know this session."""


class TokenRefused(NotReached):
    """The coordinator demands another token."""


class CoordinatorFull(NotReached):
    """The coordinator has too many sessions; the text says what to do."""


class NoCoordinator(NotReached):
    """The program at the address does not speak MCP, or does not prove to be the coordinator."""


class Interrupted(Exception):
    """The connection broke after the request had left; its outcome is unknown."""


class CoordinatorSession:
    """A session from its handshake to its end."""

    def __init__(
        self, url: str, token: str | None, hear: Hear, *, name: str = "xats-tui-bridge", key_path: Path | None = None
    ) -> None:
        """Prepare a session with the coordinator at `url`.

        Args:
            url: the coordinator's endpoint.
            token: the bearer token; it is sent only after the coordinator has proved itself.
            hear: called with each notification.
            name: our name in the handshake.
            key_path: the file with a key that the coordinator may prove itself with, besides the token.
        """
        self._url = url
        self._name = name
        self._hear = hear
        self._ids = itertools.count(1)
        self._lost = asyncio.Event()
        self._headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        in_url = parse_qs(urlsplit(url).query).get("token", [None])[0]
        self._connections = connections(url, key_path, token or in_url)
        self.greeting: Mapping[str, Any] = {}
        """The result of `initialize`."""

    async def open(self) -> None:
        """Shake hands.

        Raises:
            NotReached, Interrupted, RpcError: there is no session.
        """
        client = {"name": self._name, "version": __version__}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {"experimental": {CALLS_ONCE: {}}}, "clientInfo": client}
        self.greeting = await self.request("initialize", hello)
        self._headers["mcp-protocol-version"] = str(self.greeting.get("protocolVersion", PROTOCOL))
        await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    @property
    def keeps_calls(self) -> bool:
        """True if the coordinator answers a repeated call id from its records, without carrying the call out again."""
        capabilities = self.greeting.get("capabilities") or {}
        return CALLS_ONCE in (capabilities.get("experimental") or {})

    async def request(self, method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the result of a request; a cancellation is passed on to the coordinator.

        Raises:
            RpcError: the answer is an error.
            NotReached, Interrupted: there is no answer.
        """
        request_id = next(self._ids)
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, **({"params": params} if params else {})}
        try:
            return await self._answer(message)
        except asyncio.CancelledError:
            if method != "initialize":
                given_up = {"method": "notifications/cancelled", "params": {"requestId": request_id}}
                # Shielded: the cancellation that leads here would cancel this message, too.
                await asyncio.shield(self._post_quietly({"jsonrpc": "2.0", **given_up}))
            raise

    async def until_lost(self) -> None:
        """Take the coordinator's notifications until its standing stream ends or `lose` is called."""
        standing = asyncio.create_task(self._listen())
        lost = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait((standing, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            standing.cancel()
            lost.cancel()
            await asyncio.gather(standing, lost, return_exceptions=True)

    def lose(self) -> None:
        """Mark the session as lost, because a request found that it no longer exists."""
        self._lost.set()

    async def close(self) -> None:
        """End the session at the coordinator, if it can be reached."""
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                if SESSION_ID in self._headers:
                    async with self._sent("DELETE") as response:
                        await response.aread()
        except (NotReached, Interrupted, TimeoutError):
            logger.debug("the coordinator was gone before the session ended")
        finally:
            await self._connections.aclose()

    async def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        async with self._sent("POST", json.dumps(message).encode()) as response:
            await self._check(response)
            if message["method"] == "initialize":
                self._headers[SESSION_ID] = self._session_id(response)
            async for received in _messages(response):
                if received.get("id") == message["id"] and "method" not in received:
                    return _result(received)
                await self._take(received)
        raise Interrupted("the answer ended before it was complete")

    @asynccontextmanager
    async def _sent(self, method: str, body: bytes | None = None) -> AsyncIterator[httpcore2.Response]:
        headers = [(name, value.encode()) for name, value in self._headers.items()]
        bounds = {"timeout": dict(TIMEOUTS)}
        try:
            async with self._connections.stream(
                method, self._url, headers=headers, content=body, extensions=bounds
            ) as response:
                yield response
        except NotProven as error:
            raise NoCoordinator(str(error)) from error
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout) as error:
            raise NotReached(f"nothing answers at {self._url}") from error
        except (*BROKEN, ValueError) as error:
            raise Interrupted(str(error) or type(error).__name__) from error

    def _session_id(self, response: httpcore2.Response) -> str:
        session_id = _header(response, SESSION_ID)
        if not session_id:
            raise self._no_coordinator()
        return session_id

    def _no_coordinator(self) -> NoCoordinator:
        return NoCoordinator(f"what listens at {self._url} is no xats coordinator: name another port with --port")

    async def _check(self, response: httpcore2.Response) -> None:
        """Raise an error unless the response answers the request."""
        if response.status < 400:
            return
        body = _object(await response.aread())
        error = body.get("error")
        if response.status == 401:
            raise TokenRefused(
                f"{self._url} refuses the token: set the same one for the bridge (--token or XATS_TOKEN)"
            )
        if response.status in (404, 405) and SESSION_ID not in self._headers:
            raise self._no_coordinator()
        if response.status == 503 and isinstance(error, dict) and SESSION_ID not in self._headers:
            raise CoordinatorFull(str(error.get("message")))
        if response.status in (404, 503) or error == UNKNOWN_SESSION:
            raise NotReached(f"{self._url} does not know this session")
        if isinstance(error, dict):
            raise RpcError(error)
        if response.status >= 500:
            raise Interrupted(f"{self._url} answered with status {response.status}")
        raise RpcError({"code": REFUSED, "message": str(error or f"status {response.status}"), "data": body})

    async def _listen(self) -> None:
        try:
            async with self._sent("GET") as response:
                await self._check(response)
                async for received in _messages(response):
                    await self._take(received)
        except (NotReached, Interrupted, RpcError) as error:
            logger.info("the coordinator's standing stream ended: %s", error)

    async def _take(self, received: Mapping[str, Any]) -> None:
        """Pass a notification on, and answer a request of the coordinator without asking the host."""
        if "method" not in received:
            logger.debug("dropped an answer without a request: %s", received.get("id"))
        elif "id" not in received:
            self._hear(received)
        elif received["method"] == "ping":
            await self._post_quietly({"jsonrpc": "2.0", "id": received["id"], "result": {}})
        else:
            error = {"code": METHOD_NOT_FOUND, "message": f"the bridge does not know {received['method']}"}
            await self._post_quietly({"jsonrpc": "2.0", "id": received["id"], "error": error})

    async def _post_quietly(self, message: Mapping[str, Any]) -> None:
        """Send a message whose loss does no harm."""
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                await self._post(message)
        except (NotReached, Interrupted, TimeoutError) as error:
            logger.debug("not sent: %s", error)

    async def _post(self, message: Mapping[str, Any]) -> None:
        async with self._sent("POST", json.dumps(message).encode()) as response:
            await response.aread()


async def _messages(response: httpcore2.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON-RPC messages of an answer: a single one, or those of an event stream."""
    if _header(response, "content-type").startswith("text/event-stream"):
        async for data in _events(response):
            yield _object(data)
    else:
        yield _object(await response.aread())


async def _events(response: httpcore2.Response) -> AsyncIterator[bytes]:
    """Yield the data of each event of a stream; comments and events without data are left out."""
    data: list[bytes] = []
    async for line in _lines(response):
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif not line and any(data):
            yield b"\n".join(data)
            data = []


async def _lines(response: httpcore2.Response) -> AsyncIterator[bytes]:
    begun = bytearray()
    async for piece in response.aiter_stream():
        *complete, rest = piece.split(b"\n")
        for line in complete:
            yield bytes(begun + line).removesuffix(b"\r")
            begun.clear()
        begun += rest


def _header(response: httpcore2.Response, name: str) -> str:
    """Return the value of a header; empty if there is none."""
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name.encode()), "")


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _result(answer: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise RpcError(answer["error"])
    result: dict[str, Any] = answer["result"]
    return result
