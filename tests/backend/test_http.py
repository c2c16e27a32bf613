"""The HTTP door: what stands before the tools, for clients of every kind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.backend.plain_http import INITIALIZE, PATIENCE, browsing, call, eventually, open_session
from tests.conftest import Connect, url_of
from tests.mcp_caller import callers
from xats_tui import __version__
from xats_tui.backend.daemon import Backend
from xats_tui.settings import Settings

TOKEN = "correct horse"


@pytest.fixture
async def http(backend: Backend) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


# Health and token


async def test_health_answers_version_and_uptime(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health")

    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "version": __version__, "uptime_seconds": answer.json()["uptime_seconds"]}
    assert isinstance(answer.json()["uptime_seconds"], int)


@pytest.mark.parametrize(
    ("headers", "query", "passes"),
    [
        ({}, "", False),
        ({"authorization": f"Bearer {TOKEN}"}, "", True),
        ({"authorization": "Bearer wrong"}, "", False),
        ({"authorization": f"bearer {TOKEN}"}, "", False),
        ({}, f"?token={TOKEN}", True),
        ({}, "?token=wrong", False),
        ({"authorization": "Bearer wrong"}, f"?token={TOKEN}", False),
        ({"authorization": "Basic eA=="}, f"?token={TOKEN}", True),
        ({"authorization": "Bearer \xff"}, "", False),
    ],
)
async def test_a_token_lets_in_who_presents_it(
    settings: Settings, headers: dict[str, str], query: str, passes: bool
) -> None:
    async with Backend.running(settings.model_copy(update={"token": TOKEN})) as backend, browsing(backend) as http:
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await http.post(f"/mcp{query}", json=INITIALIZE, headers=encoded)

        assert answer.status_code == (200 if passes else 401)
        if not passes:
            assert answer.json() == {"error": "invalid_token"}


async def test_without_the_token_there_is_nothing_but_health(settings: Settings) -> None:
    async with Backend.running(settings.model_copy(update={"token": TOKEN})) as backend, browsing(backend) as http:
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/nothing")).status_code == 401
        assert (await http.get("/mcp")).status_code == 401
        assert (await http.delete("/mcp")).status_code == 401


# Sessions


async def test_an_unknown_session_is_not_found_so_that_clients_open_a_new_one(http: httpx2.AsyncClient) -> None:
    unknown = {"mcp-session-id": "11111111-1111-4111-8111-111111111111"}
    for answer in (
        await http.post("/mcp", json=call("echo", msg="x"), headers=unknown),
        await http.get("/mcp", headers=unknown),
        await http.delete("/mcp", headers=unknown),
    ):
        assert answer.status_code == 404
        assert answer.json()["jsonrpc"] == "2.0"
        assert answer.json()["error"]["message"] == "Session not found"


async def test_a_deleted_session_is_unknown_and_its_agent_stays(http: httpx2.AsyncClient, backend: Backend) -> None:
    session = await open_session(http)
    await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=session)
    assert len(backend.sessions) == 1

    assert (await http.delete("/mcp", headers=session)).status_code == 200
    assert (await http.post("/mcp", json=call("list_agents"), headers=session)).status_code == 404
    assert len(backend.sessions) == 0
    (entry,) = await backend.registry.roster()
    assert (entry.agent.name, entry.connected) == ("alice", False)


async def test_deleting_a_session_ends_its_stream(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    async with http.stream("GET", "/mcp", headers=session) as stream:
        assert stream.status_code == 200
        await http.delete("/mcp", headers=session)
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in stream.aiter_lines() if line.startswith("data")] == []


async def test_a_second_stream_of_a_session_is_refused(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    async with http.stream("GET", "/mcp", headers=session):
        assert (await http.get("/mcp", headers=session)).status_code == 409


async def test_a_client_that_leaves_is_no_session_any_more(backend: Backend) -> None:
    async with callers() as connect:
        caller = await connect(url_of(backend))
        await caller.register("alice")
        assert [entry.connected for entry in await backend.registry.roster()] == [True]

    await eventually(lambda: len(backend.sessions) == 0)
    assert [entry.connected for entry in await backend.registry.roster()] == [False]


async def test_the_session_knows_the_program_that_opened_it(http: httpx2.AsyncClient, backend: Backend) -> None:
    session = await open_session(http)
    await http.post("/mcp", json=call("echo", msg="x"), headers=session)
    opened = backend.sessions.get(session["mcp-session-id"])

    assert opened is not None
    assert opened.client == "raw 1"


async def test_an_answer_is_one_event_of_a_stream(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=session)

    assert answer.headers["content-type"] == "text/event-stream"
    (data,) = (line for line in answer.text.splitlines() if line.startswith("data: "))
    result = json.loads(data.removeprefix("data: "))["result"]
    assert json.loads(result["content"][0]["text"])["msg"] == "x"


# Protocol


async def test_a_client_of_the_2026_protocol_falls_back_to_a_session(connect: Connect) -> None:
    caller = await connect(mode="auto")

    assert caller.client.protocol_version == "2025-11-25"
    assert (await caller.register("alice"))["team"] == "default"


async def test_a_request_of_the_2026_protocol_is_refused_with_the_versions_there_are(http: httpx2.AsyncClient) -> None:
    discover = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {}}
    answer = await http.post("/mcp", json=discover, headers={"mcp-protocol-version": "2026-07-28"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32000
    assert "2025-11-25" in answer.json()["error"]["message"]


async def test_the_instructions_say_what_registering_to_xats_means(connect: Connect) -> None:
    instructions = (await connect()).client.instructions or ""

    for said in ("xats", "cross-agent-teams", "register_agent", "project_dir", "get_inbox", "team"):
        assert said in instructions, said


async def test_an_unknown_method_is_an_rpc_error(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    answer = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 3, "method": "nonsense"}, headers=session)

    assert '"code":-32601' in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1}', b"[]"])
async def test_a_body_that_is_no_request_is_a_bad_one(http: httpx2.AsyncClient, body: bytes) -> None:
    session = await open_session(http)

    assert (await http.post("/mcp", content=body, headers=session)).status_code == 400
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == 200


async def test_w21_batches_are_refused(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)

    assert (await http.post("/mcp", json=[call("echo", msg="x")], headers=session)).status_code == 400


async def test_a_body_over_a_megabyte_is_too_large(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    largest = 1024 * 1024
    frame = len(json.dumps(call("echo", msg="")).encode())
    fits = json.dumps(call("echo", msg="x" * (largest - frame))).encode()

    assert (await http.post("/mcp", content=fits, headers=session)).status_code == 200
    assert (await http.post("/mcp", content=fits + b" ", headers=session)).status_code == 413


async def test_other_paths_are_not_found_and_name_the_right_one(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/sse")

    assert answer.status_code == 404
    assert "/mcp" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9100", "127.0.0.1.evil.example", "localhost.evil"])
async def test_w22_a_foreign_host_is_refused(http: httpx2.AsyncClient, host: str) -> None:
    assert (await http.post("/mcp", json=INITIALIZE, headers={"host": host})).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"])
async def test_w22_a_foreign_origin_is_refused(http: httpx2.AsyncClient, origin: str) -> None:
    assert (await http.post("/mcp", json=INITIALIZE, headers={"origin": origin})).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:9100", "127.0.0.1", "[::1]:80"])
async def test_names_of_this_machine_are_welcome(http: httpx2.AsyncClient, host: str) -> None:
    headers = {"host": host, "origin": f"http://{host}"}

    assert (await http.post("/mcp", json=INITIALIZE, headers=headers)).status_code == 200


# Streams


async def test_sessions_that_speak_for_an_agent_get_heartbeats_and_others_none(settings: Settings) -> None:
    quick = settings.model_copy(update={"heartbeat_ms": 50})
    async with Backend.running(quick) as backend, callers() as connect:
        registered, silent = await connect(url_of(backend)), await connect(url_of(backend))
        await silent.call("echo", msg="x")
        await registered.register("alice")

        for _ in range(2):
            assert await registered.next_notification("notifications/heartbeat") == {}
        assert silent.notifications_so_far() == []


async def test_a_client_without_a_stream_holds_nobody_up(register: Connect, http: httpx2.AsyncClient) -> None:
    alice = await register("alice")
    session = await open_session(http)
    await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="bob"), headers=session)
    await http.post("/mcp", json=call("subscribe_contract", name="api"), headers=session)

    started = time.monotonic()
    await alice.call("register_contract", name="api", schema={})
    assert time.monotonic() - started < 1
