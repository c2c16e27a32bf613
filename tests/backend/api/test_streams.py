"""Streams from the coordinator to its clients: who gets what, what keeps them alive, and how they end."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial

import httpx2
import pytest
from sse_starlette import EventSourceResponse

from tests.backend.api.plain_http import browsing, call, open_session
from tests.conftest import Connect, url_of
from tests.mcp_caller import callers
from tests.patience import PATIENCE, eventually
from xats_tui.backend.api import direct_calls, mcp_server, sse
from xats_tui.backend.api.sse import OneEvent
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.events import Event
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


async def test_deleting_a_session_ends_its_stream(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    async with http.stream("GET", "/mcp", headers=session) as stream:
        assert stream.status_code == 200
        await http.delete("/mcp", headers=session)
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in stream.aiter_lines() if line.startswith("data")] == []


async def test_a_second_stream_of_a_session_is_refused_and_a_later_one_is_not(
    http: httpx2.AsyncClient, backend: Coordinator
) -> None:
    session = await open_session(http)
    async with http.stream("GET", "/mcp", headers=session):
        refused = await http.get("/mcp", headers=session)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, -32000)
    opened = backend.sessions.get(session["mcp-session-id"])
    assert opened is not None

    await eventually(lambda: not backend.sessions.has_stream(opened))
    async with http.stream("GET", "/mcp", headers=session | {"last-event-id": "7"}) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")


async def test_a_client_that_comes_back_at_once_is_not_refused_for_its_old_stream(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    async with http.stream("GET", "/mcp", headers=session):
        again = asyncio.create_task(http.send(http.build_request("GET", "/mcp", headers=session), stream=True))
        answered, _ = await asyncio.wait({again}, timeout=0.1)
        assert not answered  # the old stream may be about to end
    stream = await again

    assert stream.status_code == 200
    await stream.aclose()


async def test_of_streams_at_the_same_moment_one_is_opened(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    wanted = [http.build_request("GET", "/mcp", headers=session) for _ in range(4)]
    streams = await asyncio.gather(*(http.send(request, stream=True) for request in wanted))

    assert sorted(stream.status_code for stream in streams) == [200, 409, 409, 409]
    for stream in streams:
        await stream.aclose()


async def test_a_stream_counts_as_open_when_a_notification_would_leave(
    http: httpx2.AsyncClient, backend: Coordinator
) -> None:
    session = await open_session(http)
    opened = backend.sessions.get(session["mcp-session-id"])
    assert opened is not None
    said: list[asyncio.Future[bool]] = []

    def hear(event: Event) -> None:
        if backend.sessions.has_stream(opened) and not said:
            said.append(asyncio.ensure_future(opened.notify("notifications/heartbeat", {})))

    backend.bus.listen(hear)
    async with asyncio.timeout(PATIENCE), http.stream("GET", "/mcp", headers=session) as stream:
        assert "notifications/heartbeat" in await anext(line async for line in stream.aiter_lines() if "data" in line)


async def test_a_standing_stream_and_a_long_answer_are_kept_alive(
    http: httpx2.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EventSourceResponse.DEFAULT_PING_INTERVAL == sse.KEEP_ALIVE_AFTER_S == 15
    monkeypatch.setattr(EventSourceResponse, "DEFAULT_PING_INTERVAL", 0.05)
    monkeypatch.setattr(direct_calls, "OneEvent", partial(OneEvent, keep_alive_after_s=0.05))
    session = await open_session(http)
    async with asyncio.timeout(PATIENCE), http.stream("GET", "/mcp", headers=session) as stream:
        assert await anext(stream.aiter_lines()) == ": keepalive"
    with closing(sqlite3.connect(settings.db_path)) as database:
        database.execute("BEGIN IMMEDIATE")  # so that the call below waits
        registration = call("register_agent", client="custom", model="m", name="alice")
        async with asyncio.timeout(PATIENCE), http.stream("POST", "/mcp", json=registration, headers=session) as answer:
            lines = answer.aiter_lines()
            assert [await anext(lines), await anext(lines)] == [": keepalive", ""]
            database.rollback()
            assert "agent_id" in "".join([line async for line in lines if line.startswith("data")])


async def test_an_answer_leaves_in_one_piece(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/mcp", json=call("echo", msg="hi"), headers=await open_session(http))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "transfer-encoding" not in answer.headers


async def test_sessions_that_speak_for_an_agent_get_heartbeats_and_others_none(settings: Settings) -> None:
    quick = replace(settings, heartbeat_ms=50)
    async with Coordinator.running(quick) as backend, callers() as connect:
        registered, silent = await connect(url_of(backend)), await connect(url_of(backend))
        await silent.call("echo", msg="x")
        await registered.register("alice")

        for _ in range(2):
            assert await registered.next_notification("notifications/heartbeat") == {}
        assert silent.notifications_so_far() == []


async def test_a_client_without_a_stream_holds_nobody_up(
    register: Connect, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "NOTIFY_TIMEOUT_S", 10 * PATIENCE)
    alice = await register("alice")
    session = await open_session(http)
    await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="bob"), headers=session)
    await http.post("/mcp", json=call("subscribe_contract", name="api"), headers=session)

    assert (await alice.call("register_contract", name="api", schema={}))["version"] == 1
