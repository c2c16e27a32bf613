"""Clients that connect and ask nothing, stop in the middle, or stop reading: they cost little, and others nothing."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing, call, open_session
from tests.commands.processes import daemon
from tests.conftest import Connect, url_of
from tests.mcp_bridge.host import bridge
from tests.mcp_caller import callers
from tests.patience import PATIENCE, eventually
from tests.screens.looking import slow
from xats_tui.backend import session_limit
from xats_tui.backend.api import connection_limits, mcp_server, request_checks
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime import operator_token
from xats_tui.runtime.settings import Settings

BEGUN = b"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\n"
WITHOUT_BODY = (
    b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
    b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
)

LISTEN = b"GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\nmcp-session-id: %b\r\n\r\n"

MANY = 10_000

ROOM = 40_000_000
"""Bytes that so many connections or sessions may cost a coordinator: three times what was measured."""


@contextmanager
def connected(port: int, sent: bytes = b"") -> Iterator[socket.socket]:
    """A connection on which so much is sent."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as connection:
        connection.sendall(sent)
        connection.setblocking(False)
        yield connection


def is_over(connection: socket.socket) -> bool:
    """Return whether the other side has closed the connection."""
    try:
        while received := connection.recv(65536):
            assert received
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("sent", [slow(b"", id="nothing"), slow(b"P", id="a letter"), slow(BEGUN, id="half a head")])
async def test_a_connection_without_a_request_ends(
    sent: bytes, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "REQUEST_TIMEOUT_S", 0.2)
    async with Coordinator.running(settings) as backend:
        with connected(backend.port, sent) as connection:
            await eventually(lambda: is_over(connection))


@pytest.mark.parametrize(
    ("path", "told"), [(b"/mcp", b"no whole body within 0.2 s"), (b"/operator/status", b'"error": "body_timeout"')]
)
async def test_a_body_that_does_not_come_is_answered_and_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: bytes, told: bytes
) -> None:
    monkeypatch.setattr(request_checks, "BODY_TIMEOUT_S", 0.2)
    async with Coordinator.running(settings) as backend:
        reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
        writer.write(WITHOUT_BODY % (path, (operator_token.read(settings.operator_token_path) or "").encode()))
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert told in answer


@pytest.mark.slow
async def test_one_that_asks_now_and_then_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "REQUEST_TIMEOUT_S", 0.2)
    async with Coordinator.running(settings) as backend:
        with connected(backend.port) as connection:
            for _ in range(3):
                connection.sendall(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                await asyncio.sleep(0.3)  # longer than a first request may take
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


async def test_whoever_asks_gets_in_however_many_are_silent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "MAX_CONNECTIONS", 10)
    async with Coordinator.running(settings) as backend, callers() as connect:
        with ExitStack() as stack:
            silent = [stack.enter_context(connected(backend.port)) for _ in range(50)]
            alice = await connect(url_of(backend))
            await alice.register("alice")
            more = [stack.enter_context(connected(backend.port)) for _ in range(50)]
            assert (await alice.call("echo", msg="x"))["msg"] == "x"
            assert is_over(silent[0])
            assert sum(not is_over(one) for one in (*silent, *more)) <= 10


@pytest.mark.slow
async def test_sessions_that_nobody_needs_make_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "MAX_SESSIONS", 4)
    monkeypatch.setattr(mcp_server, "PROCESS_SHARE_DIVISOR", 1)  # all are of one process
    monkeypatch.setattr(session_limit, "IDLE", timedelta(hours=1))
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        used, listening = await open_session(http), await open_session(http)
        await http.post("/mcp", json=call("echo", msg="x"), headers=used)
        async with http.stream("GET", "/mcp", headers=listening):
            unused = [await open_session(http) for _ in range(2)]
            assert (await http.post("/mcp", json=INITIALIZE)).status_code == 503  # they were opened just now
            monkeypatch.setattr(session_limit, "IDLE", timedelta(0))
            assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200
            for session, status in ((used, 404), (listening, 200), *((one, 404) for one in unused)):
                assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == status


async def test_an_agent_whose_session_made_room_is_who_it_was_when_it_comes_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "MAX_SESSIONS", 4)
    monkeypatch.setattr(session_limit, "IDLE", timedelta(0))
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        agents = [await open_session(http) for _ in range(3)]
        for number, session in enumerate(agents):
            registration = call("register_agent", client="custom", model="m", name=f"agent-{number}")
            await http.post("/mcp", json=registration, headers=session)
        for _ in range(5):  # all of one process, which has a share of one
            assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200
        answers = [await http.post("/mcp", json=call("whoami"), headers=session) for session in agents]

    assert [f"agent-{number}" in answer.text for number, answer in enumerate(answers)] == [True] * 3


@pytest.mark.slow
async def test_a_bridge_says_that_the_coordinator_is_full(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "MAX_SESSIONS", 1)
    monkeypatch.setattr(mcp_server, "PROCESS_SHARE_DIVISOR", 1)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        listening = await open_session(http)
        async with http.stream("GET", "/mcp", headers=listening), bridge(settings.home) as host:
            await host.shake_hands()
            answer = await host.call("whoami")

    assert "the coordinator is full: 1 sessions are open and in use" in answer


@pytest.mark.slow
async def test_a_client_that_does_not_read_its_stream_holds_nobody_up_and_costs_no_memory(
    backend: Coordinator, register: Connect
) -> None:
    alice, carol = await register("alice"), await register("carol")
    await carol.call("subscribe_contract", name="api")
    async with browsing(backend) as http:
        deaf = await open_session(http)
        await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="deaf"), headers=deaf)
        await http.post("/mcp", json=call("subscribe_contract", name="api"), headers=deaf)
        with connected(backend.port, LISTEN % deaf["mcp-session-id"].encode()):
            opened = backend.sessions.get(deaf["mcp-session-id"])
            assert opened is not None
            await eventually(lambda: backend.sessions.has_stream(opened))
            before = psutil.Process().memory_info().rss
            blocked = 0
            for _ in range(40):
                begun = time.monotonic()
                await opened.notify("notifications/heartbeat", {"filling": "x" * 400_000})
                blocked += time.monotonic() - begun > mcp_server.NOTIFY_TIMEOUT_S / 2
                if blocked:
                    break
            assert blocked, "its buffers have no end"
            assert psutil.Process().memory_info().rss - before < ROOM
            assert (await alice.call("register_contract", name="api", schema={}))["version"] == 1
            assert (await carol.next_notification("notifications/contract_event"))["version"] == 1
    assert (await alice.call("echo", msg="x"))["msg"] == "x"


@pytest.mark.slow
@pytest.mark.timeout(600)  # a minute alone on a quiet machine
async def test_ten_thousand_connections_and_sessions_that_are_never_used(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        coordinator = psutil.Process(process.pid)
        async with callers() as connect:
            alice = await connect(f"http://127.0.0.1:{port}/mcp")
            await alice.register("alice")
            before = coordinator.memory_info().rss
            with ExitStack() as stack:
                begun = time.monotonic()
                for _ in range(MANY):
                    stack.enter_context(connected(port))
                connecting = time.monotonic() - begun
                assert (await alice.call("echo", msg="x"))["msg"] == "x"
                cost = coordinator.memory_info().rss - before
            begun = time.monotonic()
            statuses = await opened(port)
            opening = time.monotonic() - begun
            assert (await alice.call("echo", msg="x"))["msg"] == "x"
            more = coordinator.memory_info().rss - before
        sys.stdout.write(f"{MANY} connections in {connecting:.1f} s: {cost / 1e6:.0f} MB more; {MANY} sessions in ")
        sys.stdout.write(f"{opening:.1f} s, {statuses.count(200)} opened: {more / 1e6:.0f} MB more in all\n")
        assert cost < ROOM
        assert 200 in statuses and set(statuses) <= {200, 503}
        assert more - cost < 3 * ROOM


async def opened(port: int) -> list[int]:
    """Open many sessions, one after the other on a few connections, and return the statuses."""
    base = f"http://127.0.0.1:{port}"
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    statuses: list[int] = []
    async with httpx2.AsyncClient(base_url=base, headers=headers, verify=False, timeout=PATIENCE) as http:

        async def ask(times: int) -> None:
            statuses.extend([(await http.post("/mcp", json=INITIALIZE)).status_code for _ in range(times)])

        await asyncio.gather(*(ask(MANY // 8) for _ in range(8)))
    return statuses
