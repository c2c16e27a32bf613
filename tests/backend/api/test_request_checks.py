"""Requests that are refused before a tool is called: their status, body, and order of checks."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing, call, open_session
from tests.patience import PATIENCE
from xats_tui.backend.api.request_checks import read_body
from xats_tui.backend.api.request_headers import RequestHeaders
from xats_tui.backend.coordinator import Coordinator

LARGEST = 1024 * 1024

OURS = {"authorization": "Bearer mine"}
FOREIGN = {"authorization": "Bearer theirs"}

UNKNOWN = {"mcp-session-id": "11111111-1111-4111-8111-111111111111"}
NO_STREAM = {"accept": "application/json"}
PLAIN_TEXT = {"content-type": "text/plain"}
OLD_PROTOCOL = {"mcp-protocol-version": "1999-01-01"}


@pytest.fixture
async def http(backend: Coordinator) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of the coordinator."""
    async with browsing(backend) as client:
        yield client


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> dict[str, str]:
    """A registered session, without the credential that it registered with."""
    session = await open_session(http)
    assert "agent_id" in (await registration(http, session, **OURS)).text
    return session


async def registration(http: httpx2.AsyncClient, session: Mapping[str, str], **headers: str) -> httpx2.Response:
    """Register alice on a session."""
    message = call("register_agent", client="custom", model="m", name="alice")
    return await http.post("/mcp", json=message, headers={**session, **headers})


def errors_of(answer: httpx2.Response) -> tuple[int, Any]:
    """The status of a refusal, and its code."""
    error = answer.json()["error"]
    return answer.status_code, error["code"] if isinstance(error, dict) else error


# One check after the other


async def test_the_first_thing_that_is_wrong_decides_in_the_order_of_the_reference(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    claiming = call("register_agent", client="custom", model="m", name="alice", from_agent_id="nobody")
    shapeless = {"method": "tools/call", "params": claiming["params"]}
    wrong_media = NO_STREAM | OLD_PROTOCOL

    for content, headers, expected in (
        (b"{", UNKNOWN | wrong_media, (400, -32700)),
        (b"x" * (LARGEST + 1), UNKNOWN | wrong_media, (413, -32000)),
        (claiming, wrong_media, (400, -32000)),
        (claiming, NO_STREAM, (400, "unknown_session")),
        (claiming, UNKNOWN | wrong_media, (404, -32001)),
        (shapeless, alice | FOREIGN | wrong_media, (409, "agent_id_collision")),
        (shapeless, alice | OURS | wrong_media, (403, "identity_mismatch")),
        (b"x", alice | PLAIN_TEXT | wrong_media, (406, -32000)),
        (b"x", alice | PLAIN_TEXT | OLD_PROTOCOL, (415, -32000)),
        ({"a": 1}, alice | OLD_PROTOCOL, (400, -32700)),
        (INITIALIZE, alice | OLD_PROTOCOL, (400, -32600)),
        (call("echo", msg="x"), alice | OLD_PROTOCOL, (400, -32000)),
    ):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answer = await http.post("/mcp", content=body, headers=headers)
        assert errors_of(answer) == expected, (content, headers)
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=alice)).status_code == 200


# Whose session it is


async def test_another_credential_than_at_the_first_registration_is_a_collision(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    answer = await registration(http, alice, **FOREIGN)

    assert (answer.status_code, answer.json()) == (409, {"error": "agent_id_collision"})
    for headers in (OURS, {"authorization": ""}, {}):
        assert (await registration(http, alice, **headers)).status_code == 200, headers


async def test_a_registration_that_fails_pins_its_credential_too(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    failing = call("register_agent", client="vim")
    assert '"isError":true' in (await http.post("/mcp", json=failing, headers=session | OURS)).text

    assert (await registration(http, session, **FOREIGN)).status_code == 409


async def test_a_registration_without_credential_pins_none(http: httpx2.AsyncClient) -> None:
    session = await open_session(http)
    await registration(http, session)

    assert (await registration(http, session, **FOREIGN)).status_code == 200
    assert (await registration(http, session, **OURS)).status_code == 409


async def test_only_register_agent_is_bound_to_a_credential_and_only_on_its_session(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    for tool in ("echo", "list_agents", "register_claude_self"):
        answer = await http.post("/mcp", json=call(tool, msg="x"), headers=alice | FOREIGN)
        assert answer.status_code == 200, tool
    assert (await registration(http, await open_session(http), **FOREIGN)).status_code == 200


async def test_a_call_in_the_name_of_another_agent_is_refused(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    for tool in ("echo", "send_message", "no_such_tool"):
        answer = await http.post("/mcp", json=call(tool, msg="x", from_agent_id="nobody"), headers=alice)
        assert (answer.status_code, answer.json()) == (403, {"error": "identity_mismatch"}), tool


async def test_before_registration_every_name_is_that_of_another_agent(http: httpx2.AsyncClient) -> None:
    claiming = call("echo", msg="x", from_agent_id="")

    assert (await http.post("/mcp", json=claiming, headers=await open_session(http))).status_code == 403


async def test_ones_own_id_and_what_is_no_text_are_the_tools_own_affair(
    http: httpx2.AsyncClient, backend: Coordinator, alice: dict[str, str]
) -> None:
    (entry,) = await backend.registry.roster()

    for claimed in (entry.agent.agent_id, 7, None):
        answer = await http.post("/mcp", json=call("echo", msg="x", from_agent_id=claimed), headers=alice)
        assert answer.status_code == 200
        assert "from_agent_id" in answer.text


async def test_arguments_that_are_no_object_are_an_error_of_the_protocol(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    for params in ({"name": "echo", "arguments": []}, {"name": ["register_agent"]}, {}):
        message = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params}
        answer = await http.post("/mcp", json=message, headers=alice | FOREIGN)
        assert '"code":-32602' in answer.text, params


# Its form


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/event-stream",
        "text/html",
        "",
        "application/*",
        "*/*, text/event-stream;q=0",
        "*/*;q=0.0, application/json",
        "application/jsonx, text/event-streams",
    ],
)
async def test_a_client_has_to_accept_both_forms_of_an_answer(
    http: httpx2.AsyncClient, alice: dict[str, str], accept: str
) -> None:
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=alice | {"accept": accept})

    assert errors_of(answer) == (406, -32000)


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "*/*;q=0.1",
        "application/*, text/*",
        "Application/JSON , TEXT/event-stream;q=0.5",
        "application/json;charset=utf-8,text/event-stream",
        "text/html, */*; q=0.8",
    ],
)
async def test_a_range_accepts_what_lies_in_it(http: httpx2.AsyncClient, alice: dict[str, str], accept: str) -> None:
    initialize = await http.post("/mcp", json=INITIALIZE, headers={"accept": accept})
    answer = await http.post("/mcp", json=call("echo", msg="x"), headers=alice | {"accept": accept})

    assert (initialize.status_code, answer.status_code) == (200, 200)


async def test_whoever_names_no_form_takes_any(http: httpx2.AsyncClient) -> None:
    del http.headers["accept"]

    assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200


async def test_a_client_has_to_accept_the_form_of_a_standing_stream(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    answer = await http.get("/mcp", headers=alice | NO_STREAM)

    assert errors_of(answer) == (406, -32000)


async def test_json_is_json_also_where_its_charset_is_named(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    headers = alice | {"content-type": "application/json; charset=utf-8"}

    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=headers)).status_code == 200


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1}',
        b"null",
        b"7",
        b'"x"',
        b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": null, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": 7}',
        b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}',
        b"[" * 5000,
    ],
)
async def test_a_body_that_is_no_message_is_a_parse_error(
    http: httpx2.AsyncClient, alice: dict[str, str], body: bytes
) -> None:
    assert errors_of(await http.post("/mcp", content=body, headers=alice)) == (400, -32700)
    assert (await http.post("/mcp", json=call("echo", msg="x"), headers=alice)).status_code == 200


async def test_w21_batches_are_refused_with_everything_in_them(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    for batch in ([call("echo", msg="x")], [call("echo", msg="x", from_agent_id="nobody")] * 2, []):
        assert errors_of(await http.post("/mcp", json=batch, headers=alice)) == (400, -32600)


async def test_w4_a_body_over_a_megabyte_is_too_large(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    frame = len(json.dumps(call("echo", msg="")).encode())
    fits = json.dumps(call("echo", msg="x" * (LARGEST - frame))).encode()

    async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
        yield body[: LARGEST // 2]
        yield body[LARGEST // 2 :]

    for send in (lambda body: body, in_pieces):
        assert (await http.post("/mcp", content=send(fits), headers=alice)).status_code == 200
        assert errors_of(await http.post("/mcp", content=send(fits + b" "), headers=alice)) == (413, -32000)


async def test_w4_a_body_without_end_is_refused_as_soon_as_it_is_too_large(
    backend: Coordinator, alice: dict[str, str]
) -> None:
    session = f"mcp-session-id: {alice['mcp-session-id']}"
    head = f"POST /mcp HTTP/1.1\r\nhost: localhost\r\n{session}\r\ntransfer-encoding: chunked\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", backend.port)
    writer.write(head.encode() + b"%x\r\n" % (LARGEST + 1) + b"x" * (LARGEST + 1) + b"\r\n")  # and nothing more
    async with asyncio.timeout(PATIENCE):
        assert b"413" in await reader.readline()
    writer.close()


async def test_streams_and_goodbyes_of_another_protocol_are_refused(
    http: httpx2.AsyncClient, alice: dict[str, str], backend: Coordinator
) -> None:
    for answer in (
        await http.get("/mcp", headers=alice | OLD_PROTOCOL),
        await http.delete("/mcp", headers=alice | OLD_PROTOCOL),
    ):
        assert errors_of(answer) == (400, -32000)
        assert "2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05, 2024-10-07" in answer.text
    assert len(backend.sessions) == 1


async def test_of_a_request_that_breaks_off_nothing_is_read() -> None:
    """Its client knows that it was not sent, and may send it again."""
    messages: list[dict[str, Any]] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": json.dumps(call("echo", msg="x")).encode(), "more_body": True},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop()

    assert await read_body(RequestHeaders({"headers": []}), receive) == b""
