"""The stream of events of an opencode server takes a bounded amount of memory, whatever the server sends."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress

import pytest

from xats_tui.backend.transports.opencode_api import UNREAD, NoServerAnswer, ServerAccess, connected, events

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
IDLE = b'data: {"id":"evt_1","type":"session.idle","properties":{}}\n\n'
MEGABYTE = b"x" * 1_000_000


@asynccontextmanager
async def sending(pieces: Sequence[bytes]) -> AsyncIterator[ServerAccess]:
    """A server that answers with these bytes, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield ServerAccess(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def types_of(pieces: Sequence[bytes]) -> list[str]:
    """The types of the events that are read from these bytes."""
    found: list[str] = []
    async with sending(pieces) as access, connected(access) as server:
        with pytest.raises(NoServerAnswer):
            async for kind in events(server):
                found += [kind]
    return found


async def test_events_are_read_however_their_bytes_are_cut() -> None:
    assert await types_of([HEAD, IDLE[:9], IDLE[9:] + b": a sign of life\n\n" + IDLE]) == ["session.idle"] * 2


@pytest.mark.parametrize(
    "event", [b"data: what\n", b"data: []\n", b'data: {"type": 7}\n', b"data:" + b"[" * 60_000 + b"\n"]
)
async def test_an_event_that_is_not_understood_is_no_reason_to_hang_up(event: bytes) -> None:
    assert await types_of([HEAD, event, IDLE]) == [UNREAD, "session.idle"]


async def test_an_event_without_end_costs_no_memory_and_is_told_when_it_ends() -> None:
    tracemalloc.start()
    try:
        assert await types_of([HEAD, b"data: ", *[MEGABYTE] * 60, b"\n", IDLE]) == [UNREAD, "session.idle"]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 401 No\r\n\r\n", b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n"]
)
async def test_a_server_that_lets_nobody_listen_is_none(head: bytes) -> None:
    assert await types_of([head]) == []
