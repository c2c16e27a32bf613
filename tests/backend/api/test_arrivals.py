"""Mail in an answer that did not arrive stays unread, and is announced again."""

import asyncio
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.backend.api.plain_http import browsing, call, open_session
from tests.backend.api.test_direct_calls import by_the_sdk, directly
from tests.patience import PATIENCE
from tests.screens.looking import slow
from xats_tui.backend.api import app
from xats_tui.backend.api.connection_limits import PatientConnection
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.writer import carried_out
from xats_tui.runtime.settings import Settings

HEAD = (
    b"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json, text/event-stream\r\n"
    b"content-type: application/json\r\nmcp-session-id: %b\r\ncontent-length: %d\r\n\r\n"
)

Way = Callable[[pytest.MonkeyPatch], None]


def by_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let h11 read the requests."""
    monkeypatch.setattr(app, "Connection", PatientConnection)


@pytest.fixture(params=[directly, slow(by_the_sdk, id="by the SDK"), slow(by_h11, id="by h11")])
async def http(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a coordinator, in each way to answer a call."""
    request.param(monkeypatch)
    async with asyncio.timeout(PATIENCE), Coordinator.running(settings) as backend, browsing(backend) as client:
        yield client


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> dict[str, str]:
    """The session of an agent with a message to itself."""
    session = await open_session(http)
    await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=session)
    letter = call("send_message", to_agent_name="alice", subject="keep me", body="x" * 12_000, auto_poke=False)
    await http.post("/mcp", json=letter, headers=session)
    return session


async def unread(http: httpx2.AsyncClient, session: dict[str, str]) -> int:
    """How many messages are unread, as the next call of the agent tells."""
    answer = (await http.post("/mcp", json=call("whoami"), headers=session)).text
    text = json.loads(answer.partition("data: ")[2])["result"]["content"][0]["text"]
    return int(json.loads(text)["unread"])


@asynccontextmanager
async def asking(http: httpx2.AsyncClient, session: dict[str, str]) -> AsyncIterator[socket.socket]:
    """A connection of its own on which the agent asks for its mail."""
    body = json.dumps(call("get_inbox") | {"id": 3}).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what is not read waits with the sender
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", http.base_url.port or 0))
        await loop.sock_sendall(connection, HEAD % (session["mcp-session-id"].encode(), len(body)) + body)
        yield connection


async def begun(connection: socket.socket) -> None:
    """Wait until the answer arrives, and leave it unread."""
    readable = asyncio.Event()
    asyncio.get_running_loop().add_reader(connection, readable.set)
    await readable.wait()
    asyncio.get_running_loop().remove_reader(connection)


async def read_whole(connection: socket.socket) -> None:
    """Read the answer to its end."""
    received = b""
    while not received.endswith(b"\n\n"):
        received += await asyncio.get_running_loop().sock_recv(connection, 65536)


async def test_mail_for_a_client_that_has_gone_before_the_answer_stays_unread(
    http: httpx2.AsyncClient, alice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, may_go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slowly(*args: Any, **kwargs: Any) -> Any:
        loop.call_soon_threadsafe(committing.set)
        may_go_on.wait(PATIENCE)
        return carried_out(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(writer, "carried_out", slowly)
        async with asking(http, alice):
            await committing.wait()
        await asyncio.sleep(0.05)  # so that the end of the connection is seen
        may_go_on.set()
        assert await unread(http, alice) == 1

    assert "keep me" in (await http.post("/mcp", json=call("get_inbox"), headers=alice)).text
    assert await unread(http, alice) == 0


async def test_mail_in_an_answer_that_nobody_has_read_stays_unread(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    async with asking(http, alice) as connection:
        await begun(connection)
    assert await unread(http, alice) == 1
    assert "keep me" in (await http.post("/mcp", json=call("get_inbox"), headers=alice)).text
    assert await unread(http, alice) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="no other system is asked what was acknowledged")
async def test_mail_that_is_on_its_way_is_not_confirmed_by_another_call(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    async with asking(http, alice) as connection:
        await begun(connection)
        assert await unread(http, alice) == 1
        await read_whole(connection)
        assert await unread(http, alice) == 0


async def test_mail_that_was_read_is_confirmed_by_the_next_call_after_the_end_of_its_connection(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    async with asking(http, alice) as connection:
        await read_whole(connection)
    assert await unread(http, alice) == 0
