"""Sessions from their opening to their end, the protocol they speak, and their streams."""

import json
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing, call, open_session
from tests.conftest import Connect, url_of
from tests.mcp_caller import callers
from tests.patience import eventually
from xats_tui import __version__
from xats_tui.backend.api import mcp_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime.settings import Settings

UUID_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


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
        assert answer.json()["error"]["code"] == -32001
        assert answer.json()["error"]["message"].startswith("Session not found")


async def test_a_request_that_names_no_session_is_refused_as_by_the_reference(http: httpx2.AsyncClient) -> None:
    for answer in (
        await http.post("/mcp", json=call("echo", msg="x")),
        await http.post("/mcp", json=call("echo", msg="x"), headers={"mcp-session-id": ""}),
        await http.get("/mcp"),
        await http.delete("/mcp"),
    ):
        assert answer.status_code == 400
        assert answer.json() == {"error": "unknown_session"}


async def test_initialize_with_an_unknown_session_opens_a_new_one(http: httpx2.AsyncClient) -> None:
    unknown = "11111111-1111-4111-8111-111111111111"
    answer = await http.post("/mcp", json=INITIALIZE, headers={"mcp-session-id": unknown})

    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"] != unknown


async def test_session_ids_are_uuids_and_work_everywhere(http: httpx2.AsyncClient, backend: Coordinator) -> None:
    session = await open_session(http)

    assert UUID_4.fullmatch(session["mcp-session-id"])
    assert backend.sessions.get(session["mcp-session-id"]) is not None
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=session)
    assert answer.headers["mcp-session-id"] == session["mcp-session-id"]
    async with http.stream("GET", "/mcp", headers=session) as stream:
        assert stream.headers["mcp-session-id"] == session["mcp-session-id"]


async def test_a_deleted_session_is_unknown_and_its_agent_stays(http: httpx2.AsyncClient, backend: Coordinator) -> None:
    session = await open_session(http)
    await http.post("/mcp", json=call("register_agent", client="custom", model="m", name="alice"), headers=session)
    assert len(backend.sessions) == 1

    assert (await http.delete("/mcp", headers=session)).status_code == 200
    assert len(backend.sessions) == 0
    assert (await http.post("/mcp", json=call("list_agents"), headers=session)).status_code == 404
    (entry,) = await backend.registry.roster()
    assert (entry.agent.name, entry.connected) == ("alice", False)


async def test_a_delete_with_a_json_content_type_and_no_body_is_welcome(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    answer = await http.delete("/mcp", headers=session | {"content-type": "application/json"})

    assert (answer.status_code, answer.content) == (200, b"")


async def test_w10_an_abandoned_session_ends_and_one_with_an_open_stream_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "SESSION_IDLE_S", 0.3)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        used, abandoned = await open_session(http), await open_session(http)
        async with http.stream("GET", "/mcp", headers=used):
            await eventually(lambda: backend.sessions.get(abandoned["mcp-session-id"]) is None)

            assert len(backend.sessions) == 1
            assert (await http.post("/mcp", json=call("echo", msg="x"), headers=used)).status_code == 200
            assert (await http.post("/mcp", json=call("echo", msg="x"), headers=abandoned)).status_code == 404


async def test_a_session_that_does_not_open_is_none(http: httpx2.AsyncClient, backend: Coordinator) -> None:
    for broken in (
        {**INITIALIZE, "params": {}},
        {**INITIALIZE, "params": {**INITIALIZE["params"], "clientInfo": {}}},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize"},
        {"jsonrpc": "2.0", "method": "initialize", "params": INITIALIZE["params"]},
    ):
        answer = await http.post("/mcp", json=broken)
        assert answer.status_code == 400
        assert "mcp-session-id" not in answer.headers
        assert "initialize" in answer.json()["error"]["message"]

    assert len(backend.sessions) == 0


async def test_w10_more_sessions_than_there_may_be_are_refused_and_those_there_are_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "MAX_SESSIONS", 2)
    monkeypatch.setattr(mcp_server, "PROCESS_SHARE_DIVISOR", 1)
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        first, _ = await open_session(http), await open_session(http)
        refused = await http.post("/mcp", json=INITIALIZE)

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert refused.json()["error"]["message"].startswith("the coordinator is full: 2 sessions are open")
        assert (await http.post("/mcp", json=call("echo", msg="x"), headers=first)).status_code == 200
        await http.delete("/mcp", headers=first)
        assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200


async def test_a_client_that_leaves_is_no_session_any_more(backend: Coordinator) -> None:
    async with callers() as connect:
        caller = await connect(url_of(backend))
        await caller.register("alice")
        assert [entry.connected for entry in await backend.registry.roster()] == [True]

    await eventually(lambda: len(backend.sessions) == 0)
    assert [entry.connected for entry in await backend.registry.roster()] == [False]


async def test_w24_the_session_knows_the_program_that_opened_it(http: httpx2.AsyncClient, backend: Coordinator) -> None:
    session = await open_session(http)
    opened = backend.sessions.get(session["mcp-session-id"])

    assert opened is not None
    assert opened.client == "raw 1"


async def test_an_answer_is_one_event_of_a_stream(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=session)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert b"\r" not in answer.content
    event, data, *rest = answer.text.split("\n")
    assert (event, rest) == ("event: message", ["", ""])
    result = json.loads(data.removeprefix("data: "))["result"]
    assert json.loads(result["content"][0]["text"])["msg"] == "x"


async def test_a_notification_is_accepted_without_an_answer(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    for message in (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 77, "result": {}},
    ):
        answer = await http.post("/mcp", json=message, headers=session)
        assert (answer.status_code, answer.content) == (202, b"")


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


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [(version, version) for version in ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07")]
    + [("1999-01-01", "2025-11-25"), ("2026-07-28", "2025-11-25")],
)
async def test_the_protocol_is_the_one_that_is_asked_for_or_the_newest(
    http: httpx2.AsyncClient, wanted: str, spoken: str
) -> None:
    initialize = {**INITIALIZE, "params": {**INITIALIZE["params"], "protocolVersion": wanted}}
    answer = await http.post("/mcp", json=initialize, headers={"mcp-protocol-version": wanted})

    greeting = json.loads(answer.text.split("data: ")[1])["result"]
    assert greeting["protocolVersion"] == spoken
    assert greeting["capabilities"] == {"tools": {"listChanged": True}}
    assert greeting["serverInfo"] == {"name": "xats-tui", "version": __version__}
    session = {"mcp-session-id": answer.headers["mcp-session-id"], "mcp-protocol-version": spoken}
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == 200


async def test_the_instructions_say_what_registering_to_xats_means(connect: Connect) -> None:
    instructions = (await connect()).client.instructions or ""

    for said in ("xats", "cross-agent-teams", "register_agent", "project_dir", "get_inbox", "team"):
        assert said in instructions, said


async def test_an_unknown_method_is_an_rpc_error(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    answer = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 3, "method": "nonsense"}, headers=session)

    assert '"code":-32601' in answer.text
