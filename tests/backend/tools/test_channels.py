"""subscribe_channel_wake and bind_channel: who may call them, what they check in which order, what they change."""

from typing import Any

import pytest

from tests.backend.api.proxies import listening_proxy, proxy_fields
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError

FORBIDDEN_TO_PROXIES: dict[str, dict[str, Any]] = {
    "send_message": {"to_agent_name": "bob", "body": "x"},
    "send_message_by_id": {"to_agent_id": "b", "body": "x"},
    "broadcast": {"body": "x"},
    "broadcast_to_role": {"to_role": "r", "body": "x"},
    "get_inbox": {},
    "get_delivery_status": {"message_id": "m"},
    "task_add": {"title": "t"},
    "task_claim": {"task_id": "t"},
    "task_complete": {"task_id": "t"},
    "task_list": {},
    "register_contract": {"name": "c", "schema": {}},
    "subscribe_contract": {"name": "c"},
    "get_contract": {"name": "c"},
    "diff_contracts": {"name": "c", "from_version": 1, "to_version": 2},
    "pending_contract_events": {},
    "bind_channel": {"channel_session_id": "c"},
    "bind_runtime_identity": {"agent": "claude-code", "ui_pid": 1},
}


async def test_a_proxy_subscribes_with_the_csid_trimmed(connect: Connect, register: Connect) -> None:
    proxy = await connect()
    await proxy.register("proxy-1", **proxy_fields("channel-1"))

    assert await proxy.call("subscribe_channel_wake", channel_session_id=" channel-1 ") == {"ok": True}

    alice = await register("alice")
    assert await alice.call("bind_channel", channel_session_id="channel-1") == {"ok": True}


@pytest.mark.parametrize("tool", ["subscribe_channel_wake", "bind_channel"])
async def test_a_blank_csid_is_refused_before_anything_else(tool: str, caller: Caller) -> None:
    assert await caller.call(tool, channel_session_id=" \t") == {"error": "invalid_channel_session_id"}


@pytest.mark.parametrize("tool", ["subscribe_channel_wake", "bind_channel"])
async def test_an_empty_csid_is_no_argument(tool: str, caller: Caller) -> None:
    with pytest.raises(ToolError, match="channel_session_id"):
        await caller.call(tool, channel_session_id="")


@pytest.mark.parametrize("tool", ["subscribe_channel_wake", "bind_channel"])
async def test_a_session_that_has_not_registered_is_nobody(tool: str, caller: Caller) -> None:
    assert await caller.call(tool, channel_session_id="channel-1") == {"error": "unknown_agent"}


async def test_only_a_proxy_subscribes(register: Connect) -> None:
    alice = await register("alice")

    assert (await alice.call("subscribe_channel_wake", channel_session_id="c"))["error"] == "forbidden_role"


async def test_a_channel_that_nobody_carries_is_unknown_and_changes_nothing(register: Connect, sql: Sql) -> None:
    alice = await register("alice", client_name="robot")

    assert await alice.call("bind_channel", channel_session_id="channel-1") == {"error": "unknown_channel_session"}

    assert sql("SELECT client, client_name, delivery_kind FROM agents") == [("custom", "robot", "none")]


async def test_binding_a_channel_makes_the_agent_a_claude_code_with_that_delivery(
    connect: Connect, register: Connect, sql: Sql
) -> None:
    await listening_proxy(connect, "channel-1")
    alice = await register("alice", client_name="robot")

    assert await alice.call("bind_channel", channel_session_id=" channel-1 ") == {"ok": True}

    (row,) = (await alice.call("list_agents"))["agents"]
    assert (row["client"], row["client_name"]) == ("claude-code", None)
    assert row["delivery"] == {"kind": "claude-channel", "channel_session_id": "channel-1"}
    assert row["channel_session_id"] == "channel-1"


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("tool", sorted(FORBIDDEN_TO_PROXIES))
async def test_what_only_agents_do_is_forbidden_to_a_proxy(tool: str, connect: Connect) -> None:
    proxy = await listening_proxy(connect, "channel-1")

    assert (await proxy.call(tool, **FORBIDDEN_TO_PROXIES[tool]))["error"] == "forbidden_role"
