"""Answers of HTTP itself: all conditions before a tool, in the order of their checks."""

import json
import re

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, call, open_session
from tests.wire.doors import event_of
from tests.wire.requests import UNKNOWN, payload_of, registration, rpc_error
from tests.wire.shapes import exactly

DEEPEST = 100_000
"""Nesting that no parser's stack takes."""


# What stands before everything


async def test_health_has_exactly_its_keys(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health")
    exactly(answer.json(), {"ok", "version", "uptime_seconds"})


async def test_other_paths_and_methods_are_not_there(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/")).status_code == 404
    assert (await http.post("/other", json={})).status_code == 404
    answer = await http.put("/mcp", json={})
    assert answer.status_code == 405
    assert {"GET", "POST", "DELETE"} <= set(re.split(r",\s*", answer.headers["allow"]))


# POST, in the order of the checks


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":', b"\xff"])
async def test_a_body_that_is_no_json_is_refused_before_its_session_is_looked_at(
    http: httpx2.AsyncClient, session: dict[str, str], body: bytes
) -> None:
    for headers in (session, UNKNOWN, {}):
        answer = await http.post("/mcp", content=body, headers=headers)
        assert answer.status_code == 400
        assert isinstance(rpc_error(answer)["code"], int)


async def test_a_body_over_a_mebibyte_is_too_large_whoever_sends_it(
    http: httpx2.AsyncClient, session: dict[str, str]
) -> None:
    body = json.dumps(call("echo", msg="x" * 1_048_576)).encode()
    for headers in (session, UNKNOWN, {}):
        assert (await http.post("/mcp", content=body, headers=headers)).status_code == 413


async def test_a_body_that_is_nested_without_end_harms_nobody(
    http: httpx2.AsyncClient, session: dict[str, str]
) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * DEEPEST
    assert (await http.post("/mcp", content=body, headers=session)).status_code == 400
    closed = body + b"]" * DEEPEST + b"}}"
    assert (await http.post("/mcp", content=closed, headers=session)).status_code in (200, 400)
    assert payload_of(await http.post("/mcp", json=call("echo", msg="x"), headers=session))["msg"] == "x"


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "text/plain"])
async def test_a_request_without_a_session_is_refused_as_the_reference_does(
    http: httpx2.AsyncClient, accept: str
) -> None:
    for answer in (
        await http.post("/mcp", json=call("echo", msg="x"), headers={"accept": accept}),
        await http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}),
        await http.get("/mcp"),
        await http.delete("/mcp"),
    ):
        assert (answer.status_code, answer.json()) == (400, {"error": "unknown_session"})


async def test_a_request_of_an_unknown_session_is_sent_to_initialize_again(http: httpx2.AsyncClient) -> None:
    for answer in (
        await http.post("/mcp", json=call("echo", msg="x"), headers=UNKNOWN),
        await http.post("/mcp", json=call("echo", msg="x"), headers={**UNKNOWN, "accept": "text/plain"}),
        await http.get("/mcp", headers=UNKNOWN),
        await http.delete("/mcp", headers=UNKNOWN),
    ):
        assert answer.status_code == 404
        error = rpc_error(answer)
        assert error["code"] == -32001
        assert error["message"].startswith("Session not found")


async def test_the_first_registration_pins_the_authorization_of_its_session(
    http: httpx2.AsyncClient, session: dict[str, str]
) -> None:
    async def register(authorization: str | None, tool: str = "register_agent") -> httpx2.Response:
        headers = session if authorization is None else {**session, "authorization": authorization}
        return await http.post("/mcp", json=call(tool, client="custom", model="m", name="alice"), headers=headers)

    assert (await register(None)).status_code == 200
    for _ in range(2):
        assert (await register("Bearer one")).status_code == 200
    refused = await register("Bearer two")
    assert (refused.status_code, refused.json()) == (409, {"error": "agent_id_collision"})
    assert (await register(None)).status_code == 200
    assert (await register("Bearer two", "register_claude_self")).status_code == 200
    other = await http.post("/mcp", json=call("echo", msg="x"), headers={**session, "authorization": "Bearer two"})
    assert other.status_code == 200


async def test_a_registration_that_fails_pins_the_authorization_too(
    http: httpx2.AsyncClient, session: dict[str, str]
) -> None:
    bad = await http.post("/mcp", json=call("register_agent"), headers={**session, "authorization": "Bearer one"})
    assert event_of(bad.text)["result"]["isError"] is True
    refused = await http.post("/mcp", json=registration(), headers={**session, "authorization": "Bearer two"})
    assert refused.status_code == 409
    fresh = await open_session(http)
    passed = await http.post("/mcp", json=registration(), headers={**fresh, "authorization": "Bearer two"})
    assert passed.status_code == 200


async def test_nobody_speaks_for_another_agent(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    for tool in ("echo", "list_agents", "no_such_tool"):
        answer = await http.post("/mcp", json=call(tool, from_agent_id="somebody"), headers=session)
        assert (answer.status_code, answer.json()) == (403, {"error": "identity_mismatch"})
    agent_id = payload_of(await http.post("/mcp", json=registration(), headers=session))["agent_id"]
    answer = await http.post("/mcp", json=call("echo", msg="x", from_agent_id="somebody"), headers=session)
    assert answer.status_code == 403
    for value in (agent_id, 7, None):
        passed = await http.post("/mcp", json=call("echo", msg="x", from_agent_id=value), headers=session)
        assert passed.status_code == 200
        result = event_of(passed.text)["result"]
        assert result["isError"] is True
        assert "from_agent_id" in result["content"][0]["text"]


async def test_the_checks_come_in_the_order_of_the_reference(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    pinned = {**session, "authorization": "Bearer one"}
    await http.post("/mcp", json=registration(), headers=pinned)
    other = {**session, "authorization": "Bearer two", "accept": "text/plain"}
    both = await http.post("/mcp", json=registration(from_agent_id="somebody"), headers=other)
    assert both.json() == {"error": "agent_id_collision"}
    no_accept = {**session, "accept": "text/plain"}
    foreign = await http.post("/mcp", json=call("echo", msg="x", from_agent_id="somebody"), headers=no_accept)
    assert foreign.json() == {"error": "identity_mismatch"}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/plain"])
async def test_a_client_that_takes_only_one_form_of_answer_is_refused(
    http: httpx2.AsyncClient, session: dict[str, str], accept: str
) -> None:
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers={**session, "accept": accept})
    assert (answer.status_code, rpc_error(answer)["code"]) == (406, -32000)
    initialize = await http.post("/mcp", json=INITIALIZE, headers={"accept": accept})
    assert initialize.status_code == 406


async def test_a_body_that_is_not_called_json_is_refused(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    body = json.dumps(call("echo", msg="x")).encode()
    answer = await http.post("/mcp", content=body, headers={**session, "content-type": "text/plain"})
    assert (answer.status_code, rpc_error(answer)["code"]) == (415, -32000)
    with_charset = {**session, "content-type": "application/json; charset=utf-8"}
    assert (await http.post("/mcp", content=body, headers=with_charset)).status_code == 200


@pytest.mark.parametrize("body", [{"a": 1}, {"method": "ping", "id": 1}, {"jsonrpc": "1.0", "id": 1, "method": "ping"}])
async def test_json_that_is_no_json_rpc_is_refused(
    http: httpx2.AsyncClient, session: dict[str, str], body: object
) -> None:
    answer = await http.post("/mcp", json=body, headers=session)
    assert (answer.status_code, rpc_error(answer)["code"]) == (400, -32700)


async def test_a_session_is_initialized_once(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    answer = await http.post("/mcp", json=INITIALIZE, headers=session)
    assert (answer.status_code, rpc_error(answer)["code"]) == (400, -32600)
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=session)).status_code == 200


async def test_an_unsupported_protocol_version_is_refused_with_those_there_are(
    http: httpx2.AsyncClient, session: dict[str, str]
) -> None:
    headers = {**session, "mcp-protocol-version": "1999-01-01"}
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=headers)
    error = rpc_error(answer)
    assert (answer.status_code, error["code"]) == (400, -32000)
    assert "2025-11-25" in error["message"]


async def test_notifications_are_accepted_without_an_answer(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    for body in (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}},
        {"jsonrpc": "2.0", "id": 5, "result": {}},
    ):
        answer = await http.post("/mcp", json=body, headers=session)
        assert (answer.status_code, answer.content) == (202, b"")


async def test_an_answer_has_the_headers_of_the_reference(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=session)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["mcp-session-id"] == session["mcp-session-id"]
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    lines = answer.text.split("\n")
    assert [line.rstrip("\r") for line in lines if line.startswith("event:")] == ["event: message"]
    assert len([line for line in lines if line.startswith("data:")]) == 1


async def test_a_result_is_one_text_and_nothing_else(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    message = event_of((await http.post("/mcp", json=call("echo", msg="x"), headers=session)).text)
    exactly(message, {"jsonrpc", "id", "result"})
    assert message["id"] == 2
    exactly(message["result"], {"content"}, maybe={"isError"})
    (content,) = message["result"]["content"]
    exactly(content, {"type", "text"})


async def test_requests_have_ids_of_every_kind(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    for request_id in (0, "abc", "7", 2**40):
        body = {**call("echo", msg="x"), "id": request_id}
        assert event_of((await http.post("/mcp", json=body, headers=session)).text)["id"] == request_id


async def test_an_unknown_method_and_an_unknown_tool(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    method = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 3, "method": "nonsense"}, headers=session)
    assert event_of(method.text)["error"]["code"] == -32601
    for tool in ("poke", "nonsense"):
        answer = event_of((await http.post("/mcp", json=call(tool), headers=session)).text)
        assert answer["result"]["isError"] is True
        assert f"Tool {tool} not found" in answer["result"]["content"][0]["text"]


async def test_w21_a_batch_gets_past_no_check(http: httpx2.AsyncClient, session: dict[str, str]) -> None:
    batch = [call("echo", msg="x", from_agent_id="somebody"), registration()]
    for headers in (session, {}):
        assert (await http.post("/mcp", json=batch, headers=headers)).status_code == 400
    listed = await http.post("/mcp", json=call("list_agents"), headers=session)
    assert payload_of(listed) == {"error": "unknown_agent"}
