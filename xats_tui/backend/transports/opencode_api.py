"""Requests to the HTTP server of an opencode or its kin, and its stream of events; both within fixed limits of time
and memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xats_tui.core.errors import XatsError

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 5.0
"""Time for one request; a server on this machine answers in milliseconds."""

SILENCE_S = 30.0
"""Time without an event, after which the server counts as gone: opencode sends a sign of life every ten seconds."""

MAX_ANSWER_BYTES = 8_000_000
"""Maximum length of an answer; a list of a thousand sessions takes one million."""

MAX_EVENT_BYTES = 64_000
"""Maximum length of an event that is read; of a longer one only its end is awaited."""

UNREAD = "unread"
"""Type of an event that was too long to read."""

DATA = b"data:"


class NoServerAnswer(XatsError):
    """The server cannot be reached, or does not speak its protocol."""


class Unanswered(NoServerAnswer):
    """A request was sent, and no complete answer came: its effect is unknown."""


class RequestDenied(NoServerAnswer):
    """The server answered a request with a status that is no success."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccess:
    """The URL of a server, and the name and password that it asks for, if it asks for any."""

    base_url: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@asynccontextmanager
async def connected(access: ServerAccess) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client for requests to one server."""
    import httpx2  # deferred: 36 ms, which the dashboard's first screen would wait for

    # on this machine: no proxy of the environment, no certificates, which take long to load
    async with httpx2.AsyncClient(
        base_url=access.base_url,
        headers={"Accept-Encoding": "identity"},
        auth=(access.username, access.password) if access.password else None,
        timeout=TIMEOUT_S,
        trust_env=False,
        verify=False,
    ) as server:
        yield server


async def asked(server: httpx2.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """Make a request and return the answer, parsed.

    Raises:
        RequestDenied, Unanswered, NoServerAnswer.
    """
    import httpx2  # deferred, as in `connected`

    try:
        async with asyncio.timeout(TIMEOUT_S), server.stream(method, path, json=body) as response:
            content = await _content(server, path, response)
            if not response.is_success:  # a redirect is not followed: it may lead anywhere
                said = f"{_where(server)} answered {method} {path} with status {response.status_code}"
                raise RequestDenied(said, response.status_code)
            return json.loads(content) if content else None
    except httpx2.ConnectError as error:
        raise NoServerAnswer(f"{_where(server)}: {error or type(error).__name__}") from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise Unanswered(f"{_where(server)} did not answer {path} within {TIMEOUT_S:g} s") from error
    except httpx2.HTTPError as error:
        raise Unanswered(f"{_where(server)}: {error or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise strange(server, path) from error


async def listed(server: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return the list of objects at a path.

    Raises:
        RequestDenied, Unanswered, NoServerAnswer.
    """
    answer = await asked(server, "GET", path)
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise strange(server, path)
    return answer


async def events(server: httpx2.AsyncClient) -> AsyncIterator[str]:
    """Yield the type of each event from now on, until the server is gone.

    Raises:
        NoServerAnswer: the server is gone, or sends no events.
    """
    import httpx2  # deferred, as in `connected`

    patience = httpx2.Timeout(TIMEOUT_S, read=SILENCE_S)
    try:
        async with server.stream("GET", "/event", timeout=patience) as response:
            if not response.is_success:
                said = f"{_where(server)} answered GET /event with status {response.status_code}"
                raise RequestDenied(said, response.status_code)
            async for line in _lines(response):
                if line.startswith(DATA):
                    yield _type_of(line)
    except httpx2.HTTPError as error:
        raise NoServerAnswer(f"{_where(server)}: {error or type(error).__name__}") from error
    raise NoServerAnswer(f"{_where(server)} ended its stream of events")


def strange(server: httpx2.AsyncClient, path: str) -> NoServerAnswer:
    """Return the error about an answer that is not opencode's."""
    return NoServerAnswer(f"{_where(server)} answers {path} with what opencode does not")


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield the lines as they come; of one that is too long, its beginning."""
    line, is_cut = bytearray(), False
    async for part in response.aiter_raw():
        *ended, rest = part.split(b"\n")
        for end in ended:
            yield bytes(line if is_cut else line + end)
            line, is_cut = bytearray(), False
        if not is_cut:
            line += rest
        if len(line) > MAX_EVENT_BYTES:
            del line[MAX_EVENT_BYTES:]
            is_cut = True


def _type_of(line: bytes) -> str:
    try:
        event = json.loads(line.removeprefix(DATA))
    except (ValueError, RecursionError):
        return UNREAD
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else UNREAD


async def _content(server: httpx2.AsyncClient, path: str, response: httpx2.Response) -> bytes:
    """Return the body as it was sent."""
    content = bytearray()
    async for part in response.aiter_raw():  # raw: a compressed body could grow without bound
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise strange(server, path)
    return bytes(content)


def _where(server: httpx2.AsyncClient) -> str:
    return f"the server at {str(server.base_url).rstrip('/')}"
