"""Conversion of a JSON answer to an event stream."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.types import Message

from tests.patience import PATIENCE
from xats_tui.backend.api.sse import KEEP_ALIVE, OneEvent

JSON = (b"content-type", b"application/json")
SESSION = (b"mcp-session-id", b"s")
ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{}}'
EVENT = b"event: message\ndata: " + ANSWER + b"\n\n"


class Client:
    """Client that records the messages sent to it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.arrived = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self.arrived.set()

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        """Of the answer; each name once."""
        headers: list[tuple[bytes, bytes]] = self.messages[0]["headers"]
        assert len(dict(headers)) == len(headers)
        return dict(headers)

    @property
    def body(self) -> bytes:
        """All of it, if it has ended."""
        assert not self.messages[-1].get("more_body", False)
        return b"".join(message.get("body", b"") for message in self.messages)


def head(status: int, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text}


async def test_an_answer_becomes_the_one_event_of_a_stream_with_its_length() -> None:
    client = Client()
    async with OneEvent(client.send) as answer:
        await answer.send(head(200, JSON, SESSION, (b"content-length", b"5")))
        await answer.send(body(ANSWER))
    assert [message["type"] for message in client.messages] == ["http.response.start", "http.response.body"]
    assert client.headers[b"content-type"] == b"text/event-stream"
    assert client.headers[b"content-length"] == str(len(EVENT)).encode()
    assert client.headers[b"mcp-session-id"] == b"s"
    assert client.body == EVENT


@pytest.mark.parametrize("answered", [head(202, JSON), head(503, JSON), head(200, (b"content-type", b"text/plain"))])
async def test_what_refuses_leaves_as_it_is(answered: Message) -> None:
    client = Client()
    async with OneEvent(client.send) as answer:
        await answer.send(answered)
        await answer.send(body(b"as it is"))
    assert client.messages == [answered, body(b"as it is")]


async def test_a_session_that_has_ended_meanwhile_is_a_stream_without_an_event() -> None:
    client = Client()
    async with OneEvent(client.send) as answer:
        await answer.send(head(500, JSON))
        await answer.send(body(b'{"jsonrpc":"2.0","id":"server-error","error":{}}'))
    assert (client.messages[0]["status"], client.headers[b"content-type"]) == (200, b"text/event-stream")
    assert client.headers[b"content-length"] == b"0"
    assert client.body == b""


@pytest.mark.parametrize(("status", "last"), [(200, EVENT), (500, b"")], ids=["answered", "its session has ended"])
async def test_one_that_takes_long_is_kept_alive_until_its_stream_ends(status: int, last: bytes) -> None:
    client = Client()
    async with asyncio.timeout(PATIENCE), OneEvent(client.send, keep_alive_after_s=0.01) as answer:
        while client.messages.count({**body(KEEP_ALIVE), "more_body": True}) < 2:
            client.arrived.clear()
            await client.arrived.wait()
        await answer.send(head(status, JSON))
        await answer.send(body(ANSWER))
    assert (client.messages[0]["status"], client.headers[b"content-type"]) == (200, b"text/event-stream")
    assert client.body.replace(KEEP_ALIVE, b"") == last


async def test_one_that_is_given_up_is_kept_alive_no_longer() -> None:
    client = Client()
    async with OneEvent(client.send, keep_alive_after_s=0.0):
        await client.arrived.wait()
    before = len(client.messages)
    await asyncio.sleep(0)
    assert len(client.messages) == before
    assert len(asyncio.all_tasks()) == 1
