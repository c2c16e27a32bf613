"""Beginning, standing stream, and end of a session."""

import asyncio

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, call, open_session
from tests.patience import PATIENCE
from tests.wire.coordinator import Coordinator
from tests.wire.doors import event_of
from tests.wire.requests import UNKNOWN, browsing, payload_of, registration, rpc_error
from tests.wire.shapes import UUID, exactly

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07")


# initialize


async def test_initialize_says_who_answers(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/mcp", json=INITIALIZE)
    result = event_of(answer.text)["result"]
    exactly(result, {"protocolVersion", "capabilities", "serverInfo", "instructions"})
    assert result["serverInfo"]["name"] == "xats-tui"
    assert result["capabilities"] == {"tools": {"listChanged": True}}
    assert UUID.fullmatch(answer.headers["mcp-session-id"])


@pytest.mark.parametrize("version", [*VERSIONS, "1999-01-01"])
async def test_every_version_of_the_reference_is_spoken(http: httpx2.AsyncClient, version: str) -> None:
    asked = {**INITIALIZE, "params": {**INITIALIZE["params"], "protocolVersion": version}}
    answer = event_of((await http.post("/mcp", json=asked)).text)
    assert answer["result"]["protocolVersion"] == (version if version in VERSIONS else VERSIONS[0])


async def test_initialize_of_an_unknown_session_opens_a_new_one(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/mcp", json=INITIALIZE, headers=UNKNOWN)
    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"] != UNKNOWN["mcp-session-id"]
    session = {"mcp-session-id": answer.headers["mcp-session-id"]}
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == 200


async def test_a_session_works_without_the_initialized_notification(http: httpx2.AsyncClient) -> None:
    opened = await http.post("/mcp", json=INITIALIZE)
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    assert payload_of(await http.post("/mcp", json=call("echo", msg="x"), headers=session))["msg"] == "x"


async def test_the_tools_fit_into_a_models_context(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    answer = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 3, "method": "tools/list"}, headers=session)
    assert len(answer.content) <= 25 * 1024
    for tool in event_of(answer.text)["result"]["tools"]:
        assert tool["inputSchema"]["type"] == "object"
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["description"]


# GET and DELETE


async def test_a_stream_must_be_asked_for_as_one(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    answer = await http.get("/mcp", headers={**session, "accept": "application/json"})
    assert (answer.status_code, rpc_error(answer)["code"]) == (406, -32000)


async def test_a_session_has_one_stream(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    async with http.stream("GET", "/mcp", headers=session) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        second = await http.get("/mcp", headers=session)
        assert (second.status_code, rpc_error(second)["code"]) == (409, -32000)
        assert payload_of(await http.post("/mcp", json=call("echo", msg="x"), headers=session))["msg"] == "x"


async def test_a_stream_can_be_opened_again(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    async with asyncio.timeout(PATIENCE):
        for _ in range(3):
            while not await is_open(http, {**session, "last-event-id": "7"}):
                await asyncio.sleep(0.01)  # the coordinator has yet to see that the former one was left


async def is_open(http: httpx2.AsyncClient, headers: dict[str, str]) -> bool:
    """Return whether a stream could be opened."""
    async with http.stream("GET", "/mcp", headers=headers) as stream:
        assert stream.status_code in (200, 409)
        return stream.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}])
async def test_delete_ends_a_session_and_leaves_its_agent(
    http: httpx2.AsyncClient, session: dict[str, str], team: str, headers: dict[str, str]
) -> None:
    await http.post("/mcp", json=registration(team=team), headers=session)
    answer = await http.delete("/mcp", headers={**session, **headers})
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == 404
    assert (await http.delete("/mcp", headers=session)).status_code == 404
    other = await open_session(http)
    await http.post("/mcp", json=registration("bob", team=team), headers=other)
    listed = payload_of(await http.post("/mcp", json=call("list_agents"), headers=other))
    assert [agent["name"] for agent in listed["agents"]] == ["alice", "bob"]


async def test_a_session_outlives_its_sockets(
    coordinator: Coordinator, session: dict[str, str], http: httpx2.AsyncClient, team: str
) -> None:
    await http.post("/mcp", json=registration(team=team), headers=session)
    async with browsing(coordinator) as other:
        listed = payload_of(await other.post("/mcp", json=call("list_agents"), headers=session))
    assert [agent["name"] for agent in listed["agents"]] == ["alice"]
