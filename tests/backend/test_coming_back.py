"""Clients that speak HTTP themselves, and keep their session id when the coordinator is killed under them."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, JSON_OR_STREAM, browsing, call, open_session
from tests.commands.processes import daemon, kill
from tests.conftest import Sql
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.clock import to_wire
from xats_tui.runtime.settings import Settings

IDS = itertools.count(10)
"""Of requests: two at once in one session must have different ones."""

INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Daemon:
    """A coordinator in a process of its own, which can be killed and started again where it was."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self._process, self.port = stack.enter_context(daemon(home, "--heartbeat-ms", "200"))

    async def kill_and_start_again(self) -> None:
        """As after a crash."""
        kill(self._process)
        again = daemon(self._home, "--heartbeat-ms", "200", port=self.port)
        self._process, _ = await asyncio.to_thread(self._stack.enter_context, again)


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[Daemon]:
    with ExitStack() as stack:
        yield Daemon(tmp_path, stack)


@pytest.fixture
async def http(coordinator: Daemon) -> AsyncIterator[httpx2.AsyncClient]:
    base = f"http://127.0.0.1:{coordinator.port}"
    async with httpx2.AsyncClient(base_url=base, headers=JSON_OR_STREAM, verify=False, timeout=PATIENCE) as client:
        yield client


async def tool(http: httpx2.AsyncClient, session: Mapping[str, str], of: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its answer."""
    answer = await http.post("/mcp", json=call(of, **arguments) | {"id": next(IDS)}, headers=session)
    assert answer.status_code == 200, answer.text
    result = json.loads(answer.text.split("data: ", 1)[1])["result"]
    payload: dict[str, Any] = json.loads(result["content"][0]["text"])
    return payload


async def joined(http: httpx2.AsyncClient, name: str, **meta: str) -> dict[str, str]:
    """A session that has registered."""
    session = await open_session(http)
    request = call("register_agent", client="custom", model="m", name=name)
    request["params"]["_meta"] = meta
    answer = await http.post("/mcp", json=request, headers=session)
    assert "agent_id" in answer.text
    return session


@pytest.mark.slow
async def test_a_session_goes_on_as_who_it_was_after_the_coordinator_was_killed(
    coordinator: Daemon, http: httpx2.AsyncClient
) -> None:
    alice, bob = await joined(http, "alice"), await joined(http, "bob")
    before = await tool(http, bob, "whoami")
    await tool(http, alice, "send_message", to_agent_name="bob", body="handed out", auto_poke=False)
    assert [one["body"] for one in (await tool(http, bob, "get_inbox"))["messages"]] == ["handed out"]
    await coordinator.kill_and_start_again()
    await tool(http, alice, "send_message", to_agent_name="bob", body="afterwards", auto_poke=False)
    mail = (await tool(http, bob, "get_inbox"))["messages"]

    assert [one["body"] for one in mail] == ["handed out", "afterwards"], "nobody had confirmed the first"
    assert {one["name"] for one in (await tool(http, bob, "list_agents"))["agents"]} == {"alice", "bob"}
    assert await tool(http, bob, "whoami") == before


@pytest.mark.slow
async def test_its_stream_opens_again_and_carries_notifications(coordinator: Daemon, http: httpx2.AsyncClient) -> None:
    alice = await joined(http, "alice")
    await coordinator.kill_and_start_again()
    async with http.stream("GET", "/mcp", headers=alice) as stream:
        assert stream.status_code == 200
        assert stream.headers["mcp-session-id"] == alice["mcp-session-id"]
        async with asyncio.timeout(PATIENCE):
            lines = stream.aiter_lines()
            while "notifications/heartbeat" not in await anext(lines):
                pass


@pytest.mark.slow
async def test_its_first_request_may_be_any_and_many_at_once(coordinator: Daemon, http: httpx2.AsyncClient) -> None:
    alice, bob = await joined(http, "alice"), await joined(http, "bob")
    await coordinator.kill_and_start_again()
    answers = await asyncio.gather(*(tool(http, alice, "whoami") for _ in range(8)))
    accepted = await http.post("/mcp", json=INITIALIZED, headers=bob)
    ended = await http.delete("/mcp", headers=bob)

    assert {one["name"] for one in answers} == {"alice"}
    assert (accepted.status_code, ended.status_code) == (202, 200)
    assert (await http.post("/mcp", json=call("whoami"), headers=bob)).status_code == 404


@pytest.mark.slow
async def test_a_session_that_was_ended_stays_unknown(coordinator: Daemon, http: httpx2.AsyncClient) -> None:
    alice, bob = await joined(http, "alice"), await joined(http, "bob")
    await http.delete("/mcp", headers=alice)
    await coordinator.kill_and_start_again()
    first = await http.delete("/mcp", headers=bob)

    assert (await http.post("/mcp", json=call("whoami"), headers=alice)).status_code == 404
    assert (first.status_code, (await http.delete("/mcp", headers=bob)).status_code) == (200, 404)


@pytest.mark.slow
async def test_initialize_opens_a_new_session_whatever_id_it_comes_with(
    coordinator: Daemon, http: httpx2.AsyncClient
) -> None:
    alice = await joined(http, "alice")
    await coordinator.kill_and_start_again()
    answer = await http.post("/mcp", json=INITIALIZE, headers=alice)

    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"] != alice["mcp-session-id"]
    assert (await tool(http, alice, "whoami"))["name"] == "alice"


@pytest.mark.slow
async def test_w13_who_was_superseded_is_told_so_after_the_restart_too(
    coordinator: Daemon, http: httpx2.AsyncClient
) -> None:
    old, new = await joined(http, "alice"), await joined(http, "alice")
    await coordinator.kill_and_start_again()

    assert (await tool(http, old, "list_agents"))["error"] == "superseded"
    assert (await tool(http, new, "whoami"))["name"] == "alice"


@pytest.mark.slow
async def test_w13_who_comes_back_too_late_finds_its_name_taken(coordinator: Daemon, http: httpx2.AsyncClient) -> None:
    old = await joined(http, "alice")
    await coordinator.kill_and_start_again()
    new = await joined(http, "alice")

    assert (await tool(http, old, "list_agents"))["error"] == "superseded"
    assert (await tool(http, new, "whoami"))["name"] == "alice"


async def test_sessions_of_one_runtime_both_come_back_and_the_newest_speaks(
    settings: Settings,
) -> None:
    same = {"xats/host_session": "one"}
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        old, new = await joined(http, "alice", **same), await joined(http, "alice", **same)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        who = await tool(http, new, "whoami")
        await tool(http, old, "whoami")
        speaking = backend.sessions.of_agent(who["agent_id"])

        assert speaking is backend.sessions.get(new["mcp-session-id"])
        assert len(backend.sessions) == 2


async def test_the_pinned_credential_survives(settings: Settings) -> None:
    register = call("register_agent", client="custom", model="m", name="alice")
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await open_session(http)
        await http.post("/mcp", json=register, headers=session | {"authorization": "Bearer one"})
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        other = await http.post("/mcp", json=register, headers=session | {"authorization": "Bearer two"})

        assert (other.status_code, other.json()) == (409, {"error": "agent_id_collision"})


async def test_a_session_of_which_nobody_was_heard_for_long_is_unknown(settings: Settings, sql: Sql) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await joined(http, "alice")
        yesterday = to_wire(backend.clock.now() - timedelta(days=1))
    sql("UPDATE sessions SET last_call_at = ?", yesterday)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        assert (await http.post("/mcp", json=call("whoami"), headers=session)).status_code == 404


async def test_a_session_that_is_only_listened_to_is_noted_to_be_alive(settings: Settings, sql: Sql) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        listening, silent = await joined(http, "alice"), await joined(http, "bob")
        sql("UPDATE sessions SET last_call_at = opened_at")
        async with http.stream("GET", "/mcp", headers=listening):
            await eventually(lambda: backend.sessions.is_listened_to(backend.sessions.open_ones()[0].agent_id or ""))
            before = backend.clock.now()
            await backend.kept_sessions.note_alive()
        noted = {row[0]: row[1] for row in sql("SELECT session_id, last_call_at FROM sessions")}

        assert noted[listening["mcp-session-id"]] >= to_wire(before) > noted[silent["mcp-session-id"]]


async def test_who_unregistered_stays_unregistered(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        session = await joined(http, "alice")
        await tool(http, session, "unregister_self")
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        assert (await tool(http, session, "list_agents"))["error"] == "unknown_agent"


async def test_a_channel_proxy_carries_its_channel_again(settings: Settings) -> None:
    proxy_fields = {"client": "custom", "client_name": "proxy", "model": "proxy", "role": "__channel_proxy__"}
    delivery = {"kind": "claude-channel", "channel_session_id": "csid"}
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        proxy = await open_session(http)
        await tool(http, proxy, "register_agent", name="proxy-1", delivery=delivery, **proxy_fields)
        await tool(http, proxy, "subscribe_channel_wake", channel_session_id="csid")
        assert backend.channels.is_live("csid")
    async with (
        Coordinator.running(settings) as backend,
        browsing(backend) as http,
        http.stream("GET", "/mcp", headers=proxy) as stream,
    ):
        assert stream.status_code == 200
        assert backend.channels.is_live("csid")
