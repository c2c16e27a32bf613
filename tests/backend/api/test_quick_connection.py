"""Requests as bytes, read by httptools: what h11 refused is refused, and nothing grows without end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing, call, open_session
from tests.patience import PATIENCE, eventually
from tests.screens.looking import slow
from xats_tui.backend.api import app
from xats_tui.backend.api.connection_limits import PatientConnection
from xats_tui.backend.api.quick_connection import (
    MAX_HEAD_BYTES,
    MAX_QUEUED_REQUESTS,
    MAX_REQUEST_BYTES,
    OnePiece,
    QuickConnection,
)
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime.settings import Settings

HEAD = b"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json, text/event-stream\r\n"
TYPE = b"content-type: application/json\r\n"
CLOSE = b"\r\nconnection: close\r\n"
UPGRADE = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk")
HEALTH = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


def post(message: Any, *headers: bytes) -> bytes:
    """A request with further headers."""
    body = json.dumps(message).encode()
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + TYPE + lines + b"content-length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def connected(backend: Coordinator) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a coordinator."""
    reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
    try:
        async with asyncio.timeout(PATIENCE):
            yield reader, writer
    finally:
        writer.close()


async def answered(backend: Coordinator, sent: bytes) -> bytes:
    """What the coordinator sends until it closes the connection."""
    async with connected(backend) as (reader, writer):
        writer.write(sent)
        return await reader.read()


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "another protocol": b"GET / RTSP/1.0\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n",
    "a nameless header": b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n: b\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: 127.0.0.1\r\n\r\n",
    "two lengths": HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "a length below zero": HEAD + b"content-length: -1\r\n\r\n",
    "a length that is no number": HEAD + b"content-length: one\r\n\r\n",
    "an unknown transfer encoding": HEAD + b"transfer-encoding: gzip\r\n\r\n",
    "a chunk that is no number": HEAD + b"transfer-encoding: chunked\r\n\r\nxyz\r\n",
}

AMBIGUOUS = {
    "another transfer encoding besides": HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a length and chunks": HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
}
"""Bodies whose end a proxy might see elsewhere; h11 takes some of them."""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("connection", [QuickConnection, PatientConnection])
async def test_what_is_no_request_is_refused_and_the_connection_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, connection: type[asyncio.Protocol]
) -> None:
    monkeypatch.setattr(app, "Connection", connection)
    async with Coordinator.running(settings) as backend:
        for name, sent in (MALFORMED | (AMBIGUOUS if connection is QuickConnection else {})).items():
            async with connected(backend) as (reader, writer):
                writer.write(sent)
                answer = await reader.read()  # to the end of the connection
            assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 421 ")), (name, answer)
        assert (await answered(backend, HEALTH.replace(b"\r\n\r\n", CLOSE + b"\r\n"))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("begin", "more", "limit"),
    [
        (b"GET /", b"a" * 8192, MAX_HEAD_BYTES),
        slow(b"GET /health HTTP/1.1\r\n", b"a: %b\r\n" % (b"b" * 8192), MAX_HEAD_BYTES, id="headers"),
        slow(b"GET /health HTTP/1.1\r\na: ", b"b" * 8192, MAX_HEAD_BYTES, id="one header"),
        slow(HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 8192, MAX_REQUEST_BYTES, id="trailers"),
        slow(HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\na: ", b"b" * 65536, MAX_REQUEST_BYTES, id="one trailer"),
        slow(HEAD + b"transfer-encoding: chunked\r\n\r\n1;", b"b" * 65536, MAX_REQUEST_BYTES, id="a chunk's name"),
    ],
)
async def test_a_request_without_end_is_given_up(backend: Coordinator, begin: bytes, more: bytes, limit: int) -> None:
    buffers = 8 * 1024 * 1024  # of both sockets
    async with connected(backend) as (_, writer):
        writer.write(begin)
        sent = 0
        try:
            while sent < 2 * limit + buffers:
                await asyncio.sleep(0)  # so that the beginning and the rest are not received together
                writer.write(more)
                sent += len(more)
                await writer.drain()
        except ConnectionError:
            pass
        assert sent < 2 * limit + buffers


async def test_trailers_are_no_headers(backend: Coordinator, http: httpx2.AsyncClient) -> None:
    session = (await open_session(http))["mcp-session-id"].encode()
    body = json.dumps(call("echo", msg="x")).encode()
    chunked = (
        HEAD + TYPE + b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(body), body)
    )

    assert b"unknown_session" in await answered(backend, chunked + b"mcp-session-id: %b\r\n\r\n" % session)
    named = chunked.replace(
        TYPE, TYPE + b"mcp-session-id: %b \t\r\n" % session
    )  # and space after a value is none of it
    assert b'\\"msg\\":\\"x\\"' in await answered(backend, named + b"\r\n")
    by_the_sdk = post(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, b"mcp-session-id: %b \t" % session, b"connection: close"
    )
    assert b'"tools":' in await answered(backend, by_the_sdk)


async def test_requests_that_are_sent_together_are_answered_in_order(backend: Coordinator) -> None:
    async with connected(backend) as (reader, writer):
        writer.write(HEALTH + HEALTH.replace(b"/health", b"/nothing") + HEALTH)
        statuses = []
        for _ in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            statuses.append(head.split()[1])
            length = head.lower().partition(b"content-length: ")[2].split()[0]
            await reader.readexactly(int(length))

    assert statuses == [b"200", b"404", b"200"]


async def test_the_end_of_a_connection_ends_its_stream_also_with_a_request_behind_it(
    backend: Coordinator, http: httpx2.AsyncClient
) -> None:
    session = await open_session(http)
    found = backend.sessions.get(session["mcp-session-id"])
    assert found is not None
    async with connected(backend) as (reader, writer):
        line = f"mcp-session-id: {session['mcp-session-id']}\r\naccept: text/event-stream\r\n\r\n".encode()
        writer.write(b"GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\n" + line)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(HEALTH)
        await asyncio.sleep(0.05)  # so that it is read
        assert backend.sessions.has_stream(found)

    await eventually(lambda: not backend.sessions.has_stream(found))


async def test_a_client_that_sends_more_than_is_answered_is_given_up(backend: Coordinator) -> None:
    async with connected(backend) as (reader, writer):
        writer.write(HEALTH * MAX_QUEUED_REQUESTS)
        for _ in range(MAX_QUEUED_REQUESTS):
            await reader.readuntil(b'"ok": true')

    assert (await answered(backend, HEALTH * 3 * MAX_QUEUED_REQUESTS)).count(b'"ok": true') < MAX_QUEUED_REQUESTS


async def test_a_client_that_would_rather_speak_another_protocol_is_answered_in_this_one(backend: Coordinator) -> None:
    async with connected(backend) as (reader, writer):
        for request in (post(INITIALIZE), post(INITIALIZE, *UPGRADE), post(INITIALIZE, *UPGRADE), post(INITIALIZE)):
            writer.write(request[:20])
            for _ in range(3):
                await asyncio.sleep(0)  # so that the head arrives in two pieces
            writer.write(request[20:])
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readuntil(b"}\n\n")


async def test_the_wish_for_another_protocol_ends_a_connection_whose_client_waits_for_no_answer(
    backend: Coordinator,
) -> None:
    answer = await answered(backend, HEALTH + post(INITIALIZE, *UPGRADE) + HEALTH)

    assert b"protocolVersion" not in answer
    assert answer.count(b"HTTP/1.1 200 ") <= 1


async def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(backend: Coordinator) -> None:
    head, _, body = post(INITIALIZE, b"expect: 100-continue", b"connection: close").partition(b"\r\n\r\n")
    async with connected(backend) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        assert b'"protocolVersion"' in await reader.read()


async def test_a_client_of_http_1_0_is_answered_and_its_connection_ends(backend: Coordinator) -> None:
    assert b'"ok": true' in await answered(backend, b"GET /health HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize("target", [b"*", b"127.0.0.1:80", b"", b"//"])
async def test_a_strange_target_is_refused(backend: Coordinator, target: bytes) -> None:
    for method in (b"GET", b"OPTIONS", b"CONNECT"):
        answer = await answered(backend, method + b" " + target + b" HTTP/1.1\r\nhost: 127.0.0.1" + CLOSE + b"\r\n")
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ")), (method, target)


class Written(asyncio.Transport):
    """A transport that notes what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Note a piece."""
        assert not self.is_closed
        self.pieces.append(bytes(data))

    def close(self) -> None:
        """Note the end."""
        self.is_closed = True


async def test_head_and_body_leave_together_and_a_head_alone_soon() -> None:
    written = Written()
    piece = OnePiece(written, asyncio.get_running_loop())
    piece.write(b"head")
    piece.write(b"body")
    assert written.pieces == [b"headbody"]

    piece.write(b"head of a stream")
    await asyncio.sleep(0)
    assert written.pieces[1:] == [b"head of a stream"]

    piece.write(b"the last")
    piece.close()
    assert (written.pieces[2:], written.is_closed) == ([b"the last"], True)
    await asyncio.sleep(0)
    assert len(written.pieces) == 3


async def test_without_httptools_h11_reads_the_requests(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "Connection", PatientConnection)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        answer = await http.post("/mcp", json=call("echo", msg="x"), headers=await open_session(http))

    assert '\\"msg\\":\\"x\\"' in answer.text
