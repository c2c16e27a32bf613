"""Finding out who one is, and who one was."""

from typing import Any

import mcp_types as types
import orjson
import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from xats_tui.backend.system.callers import Callers
from xats_tui.backend.system.processes import Process

LONG_AGO = "2020-01-01T00:00:00.000Z"
THREAD = "01234567-89ab-4cde-8f01-23456789abcd"


async def call(caller: Caller, tool: str, meta: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Call a tool with this `_meta` and return its answer."""
    result = await caller.client.call_tool(tool, arguments, meta=types.RequestParamsMeta(**meta))  # type: ignore[typeddict-item]
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    answer: dict[str, Any] = orjson.loads(content.text)
    return answer


async def test_an_agent_is_told_who_it_is(register: Connect) -> None:
    alice, bob = await register("alice", team="shop", role="lead"), await register("bob", team="shop")
    await bob.call("send_message", to_agent_name="alice", body="x", auto_poke=False)

    answer = await alice.call("whoami")
    assert "call bind_runtime_identity" in answer.pop("hint").replace("Call", "call")
    assert answer == {
        "registered": True,
        "agent_id": alice.agent_id,
        "name": "alice",
        "team": "shop",
        "role": "lead",
        "client": "custom",
        "tmux_pane_id": None,
        "delivery": {"kind": "none"},
        "unread": 1,
    }


async def test_no_process_is_searched_for_a_caller_whose_hint_it_would_not_change(
    register: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def search(*arguments: object) -> tuple[Process, ...]:
        raise AssertionError

    alice = await register("alice")
    monkeypatch.setattr(Callers, "line", search)
    assert "bind_runtime_identity" in (await alice.call("whoami"))["hint"]


async def test_mail_that_was_handed_out_is_read_with_whoami_as_with_any_call(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await bob.call("send_message", to_agent_name="alice", body="x", auto_poke=False)
    await alice.call("get_inbox")

    assert (await alice.call("whoami"))["unread"] == 0


async def test_one_that_leaves_no_traces_was_nobody(caller: Caller) -> None:
    answer = await caller.call("whoami")

    assert (answer["registered"], answer["you_were"]) == (False, [])
    assert "register_agent" in answer["hint"]


async def test_asking_registers_nobody_and_touches_nobody(connect: Connect, sql: Sql) -> None:
    host = {"xats/host_session": "s-1"}
    await call(await connect(), "register_agent", host, name="backend", client="custom", model="m")
    sql("UPDATE agents SET last_seen_at = ?", LONG_AGO)
    await call(await connect(), "whoami", host)

    assert sql("SELECT name, last_seen_at FROM agents") == [("backend", LONG_AGO)]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("meta", "by"),
    [
        ({"xats/host_session": "s-1"}, "host_session"),
        ({"threadId": THREAD}, "thread"),
        ({"xats/ui": {"pid": 1, "pane": "%7"}}, "pane"),
        ({"xats/ui": {"pid": 1, "pane": "%7"}, "xats/tmux_socket": "/tmp/elsewhere/work"}, None),
        ({"xats/host_session": "s-2", "threadId": "other"}, None),
    ],
)
async def test_a_runtime_is_known_again_by_its_traces(
    connect: Connect, register: Connect, sql: Sql, meta: dict[str, Any], by: str | None
) -> None:
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}
    await register("backend", team="shop", client="codex", delivery=delivery)
    await register("bystander", team="shop")
    sql(
        "UPDATE agents SET host_session = 's-1', tmux_pane_id = '%7', last_seen_at = ? WHERE name = 'backend'", LONG_AGO
    )
    answer = await call(await connect(), "whoami", meta)
    was = [{"name": "backend", "team": "shop", "last_seen_at": LONG_AGO, "by": by}]

    assert answer["you_were"] == (was if by else [])


async def test_registering_under_another_name_tells_who_one_was(connect: Connect) -> None:
    host = {"xats/host_session": "s-1"}
    fields = {"client": "custom", "model": "m"}
    first = await call(await connect(), "register_agent", host, name="backend", team="shop", **fields)
    again = await call(await connect(), "register_agent", host, name="backend", team="shop", **fields)
    other = await call(await connect(), "register_agent", host, name="frontend", team="shop", **fields)

    assert "you_were" not in first | again
    assert [(one["name"], one["team"], one["by"]) for one in other["you_were"]] == [("backend", "shop", "host_session")]


async def test_what_a_model_passes_is_no_trace(register: Connect) -> None:
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": "ws://127.0.0.1:1"}
    await register("backend", client="codex", delivery=delivery)
    caller = await register("frontend", client="codex", delivery=delivery)

    assert "you_were" not in await caller.register("frontend", client="codex", delivery=delivery)
