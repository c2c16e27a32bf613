"""Lines on the bridge's stdin that no host should send: an answer or none, and the next call is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_input.callers import OUR_FAULT
from tests.bad_input.profiles import QUICK, thorough
from tests.bad_input.values import anything, lone_surrogates, scalars, texts
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.wire.coordinator import Coordinator
from xats_tui.mcp_bridge.host.initialize import INVALID_PARAMS

METHODS = (
    "tools/call",
    "tools/list",
    "ping",
    "initialize",
    "notifications/cancelled",
    "notifications/initialized",
    "x",
)

UNHARMED = "still here"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(coordinator: Coordinator) -> AsyncIterator[ScriptedHost]:
    """A host whose bridge has shaken hands."""
    async with bridge(coordinator.home) as host:
        await host.shake_hands()
        yield host


async def goes_on(host: ScriptedHost) -> bool:
    """Return whether the bridge still answers a call, and has reported no internal error meanwhile."""
    assert host.process.returncode is None, "the bridge has ended"
    request = {"jsonrpc": "2.0", "id": UNHARMED, "method": "tools/call"}
    host.say(json.dumps({**request, "params": {"name": "echo", "arguments": {"msg": UNHARMED}}}).encode())
    while (answer := await host.hear()).get("id") != UNHARMED:
        for trace in OUR_FAULT:
            assert trace not in json.dumps(answer), answer
    return UNHARMED in json.dumps(answer["result"])


def line_of(message: Any) -> bytes:
    """A message as a line; what is like the one that is waited for gets another id."""
    if isinstance(message, dict) and message.get("id") == UNHARMED:
        message = {**message, "id": 0}
    return json.dumps(message).encode()


requests = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": st.one_of(st.sampled_from(METHODS), texts)},
    optional={
        "id": st.one_of(st.integers(), texts, anything),
        "params": st.one_of(
            anything,
            st.fixed_dictionaries({}, optional={"name": scalars, "arguments": anything, "_meta": anything}),
            st.fixed_dictionaries({"requestId": anything}),
            st.fixed_dictionaries({}, optional={"clientInfo": anything, "capabilities": anything}),
        ),
    },
)
lines = st.one_of(
    requests.map(line_of),
    anything.map(line_of),
    lone_surrogates.map(line_of),
    st.lists(requests, max_size=3).map(line_of),
    st.binary(max_size=200).map(lambda line: line.replace(b"\n", b" ")),
)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}',
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":5}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":7}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"register_agent","arguments":"x","_meta":[]}}',
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":5,"capabilities":[]}}',
        b'{"jsonrpc":"2.0","id":[1],"method":"ping"}',
        b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}',
        b'{"id":' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
        '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"),
        b"\xff\xfe\x00",
        b"\r",
    ],
    ids=range(15),
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_line_that_has_harmed_a_bridge_harms_none(host: ScriptedHost, line: bytes) -> None:
    host.say(line)

    assert await goes_on(host)


@pytest.mark.asyncio(loop_scope="module")
async def test_params_that_are_no_object_are_told_to_be_none(host: ScriptedHost) -> None:
    host.say(b'{"jsonrpc":"2.0","id":"p","method":"tools/call","params":[1]}')

    assert (await host.hear())["error"]["code"] == INVALID_PARAMS


@pytest.mark.asyncio(loop_scope="module")
async def test_a_line_without_end_is_let_go(host: ScriptedHost) -> None:
    host.say(b"x" * 30_000_000)

    assert await goes_on(host)


@pytest.mark.slow
@QUICK
@given(line=lines)
@pytest.mark.asyncio(loop_scope="module")
async def test_any_line_is_survived(host: ScriptedHost, line: bytes) -> None:
    host.say(line)

    assert await goes_on(host)


@thorough
@given(batch=st.lists(lines, min_size=1, max_size=5))
@pytest.mark.asyncio(loop_scope="module")
async def test_very_many_lines_are_survived(host: ScriptedHost, batch: list[bytes]) -> None:
    for line in batch:
        host.say(line)
        await asyncio.sleep(0)

    assert await goes_on(host)
