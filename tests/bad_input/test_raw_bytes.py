"""Bytes on the HTTP port that are no request of MCP, or no HTTP: a refusal or silence, and the next one is served."""

import json
import socket
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_input.callers import OUR_FAULT, SLOWEST, HttpCaller
from tests.bad_input.profiles import QUICK, thorough
from tests.bad_input.values import anything, texts

LARGEST_REFUSAL = 10_000

HEADERS = (
    b"host: 127.0.0.1\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n"
    b"connection: close\r\n"
)

CHUNK = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
"""A mebibyte of a body whose length nobody has said."""

SMUGGLED = (
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"content-length: 1\r\ncontent-length: 2\r\n\r\n{}",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"content-length: -1\r\n\r\n{}",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"content-length: " + b"9" * 5000 + b"\r\n\r\n{}",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"content-length: \xb2\r\n\r\n{}",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"expect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /mcp HTTP/1.1\r\n" + HEADERS + b"transfer-encoding: chunked\r\n\r\n" + CHUNK * 3 + b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % number for number in range(20_000)) + b"\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /mcp HTTP/1.1\r\n\r\n",
    b"GET /mcp HTTP/1.0\r\n\r\n",
    b"GET http://evil.example/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    b"GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
    b"GET /mcp\x00 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    b"GET /%00%ff/../mcp?token=%ff&token HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    b"GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nmcp-session-id: \xff\xfe\x80\r\nconnection: close\r\n\r\n",
    b"GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"CONNECT /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\r\n\r\n\r\n",
    b"\x00" * 100,
)
"""Requests that have confused HTTP servers before."""

PATHS = ("/mcp", "/hook", "/health", "/", "/operator/x", "/mcp/", "//mcp", "*")
METHODS = ("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "CONNECT", "X")

shapeless_requests = st.builds(
    lambda method, path, name, value, body: b"".join(
        (
            f"{method} {path} HTTP/1.1\r\n".encode(),
            HEADERS,
            name.encode(errors="replace") + b": " + value.encode("latin-1", "replace") + b"\r\n",
            b"content-length: %d\r\n\r\n" % len(body),
            body,
        )
    ),
    st.sampled_from(METHODS),
    st.sampled_from(PATHS),
    st.one_of(st.sampled_from(("mcp-session-id", "mcp-protocol-version", "last-event-id", "authorization")), texts),
    texts,
    st.binary(max_size=300),
)


hook_fields = st.sampled_from(("session_id", "hook_event_name", "tool_name", "stop_hook_active", "notification_type"))


def said(caller: HttpCaller, sent: bytes) -> bytes:
    """Send bytes, and return the answer up to the end of the connection."""
    heard = b""
    connection = socket.create_connection(("127.0.0.1", caller.coordinator.port), timeout=SLOWEST)
    with connection, suppress(ConnectionError):  # it may have heard enough before we have said all
        connection.sendall(sent)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            heard += more
            assert len(heard) < LARGEST_REFUSAL
    return heard


def holds(caller: HttpCaller, sent: bytes) -> None:
    """See that the answer is a refusal without a trace of us, and that others are served."""
    heard = said(caller, sent)
    assert not heard or heard.startswith(b"HTTP/1.1 ")
    assert not heard.startswith(b"HTTP/1.1 5"), heard[:300]
    for trace in OUR_FAULT:
        assert trace.encode() not in heard
    assert caller.is_answered()


@pytest.mark.parametrize("sent", SMUGGLED, ids=range(len(SMUGGLED)))
def test_what_has_confused_other_servers_is_refused(caller: HttpCaller, sent: bytes) -> None:
    holds(caller, sent)


@QUICK
@given(sent=st.one_of(st.binary(max_size=400), shapeless_requests))
def test_any_bytes_on_the_port_harm_nobody(caller: HttpCaller, sent: bytes) -> None:
    holds(caller, sent)


@thorough
@given(sent=st.one_of(st.binary(max_size=4000), shapeless_requests))
def test_very_many_bytes_on_the_port_harm_nobody(caller: HttpCaller, sent: bytes) -> None:
    holds(caller, sent)


@QUICK
@given(body=st.binary(max_size=300), charset=st.sampled_from(("utf-8", "utf-16", "latin-1", "nonsense")))
def test_a_body_of_any_bytes_is_a_parse_error(caller: HttpCaller, body: bytes, charset: str) -> None:
    answer = caller.post(body, headers={"content-type": f"application/json; charset={charset}"})

    assert answer.status_code == 400
    assert caller.is_answered()


@thorough
@given(
    message=anything, method=st.sampled_from(("tools/call", "initialize", "tools/list", "ping", "x", "notifications/x"))
)
def test_any_json_is_answered_whatever_it_is(caller: HttpCaller, message: object, method: str) -> None:
    for body in (message, {"jsonrpc": "2.0", "id": 7, "method": method, "params": message}):
        answer = caller.http.post("/mcp", json=body, headers=caller.session, timeout=SLOWEST)
        assert answer.status_code < 500
    assert caller.is_answered()


@QUICK
@given(
    path=st.sampled_from(("/hook", "/health")),
    body=st.one_of(
        st.binary(max_size=200), st.dictionaries(hook_fields, anything).map(lambda event: json.dumps(event).encode())
    ),
)
def test_the_other_paths_take_any_body(caller: HttpCaller, path: str, body: bytes) -> None:
    assert caller.post(body, path).status_code == 200
