"""Rules for every tool: allowed callers, refused arguments, and calls that show that an agent is there."""

from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import ToolError
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.tools import TOOLS

LONG_AGO = "2020-01-01T00:00:00.000Z"

REGISTRATIONS = {"register_agent", "register_claude_self", "register_codex_self"}

WITHOUT_REGISTRATION = REGISTRATIONS | {"echo", "whoami", "detect_tmux_pane", "pre_register_codex_pane"}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "echo": {"msg": "x"},
    "whoami": {},
    "register_agent": {"client": "custom", "model": "m", "name": "carol"},
    "register_claude_self": {"name": "carol"},
    "register_codex_self": {"name": "carol", "ws_url": "ws://127.0.0.1:1"},
    "pre_register_codex_pane": {"pane_id": "%1", "xats_agent_id": "x"},
    "detect_tmux_pane": {"agent": "codex"},
    "unregister_self": {},
    "list_agents": {},
    "send_message": {"to_agent_name": "nobody", "body": "x"},
    "send_message_by_id": {"to_agent_id": "nobody", "body": "x"},
    "broadcast": {"body": "x"},
    "broadcast_to_role": {"to_role": "nobody", "body": "x"},
    "get_inbox": {},
    "get_delivery_status": {"message_id": "nothing"},
    "search_messages": {"query": "nothing"},
    "task_add": {"title": "x"},
    "task_claim": {"task_id": "nothing"},
    "task_complete": {"task_id": "nothing"},
    "task_list": {},
    "register_contract": {"name": "x", "schema": {}},
    "subscribe_contract": {"name": "x"},
    "get_contract": {"name": "nothing"},
    "diff_contracts": {"name": "nothing", "from_version": 1, "to_version": 2},
    "pending_contract_events": {},
    "bind_runtime_identity": {"agent": "codex", "ui_pid": 1},
    "bind_channel": {"channel_session_id": "x"},
    "subscribe_channel_wake": {"channel_session_id": "x"},
}
"""Arguments of every tool that its schema accepts."""


WRONG_FORM: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("echo", {}, "msg"),
    ("echo", {"msg": 1}, "msg"),
    ("send_message", {"to_agent_name": "", "body": "x"}, "to_agent_name"),
    ("send_message", {"to_agent_name": "b", "body": ""}, "body"),
    ("send_message", {"to_agent_name": "b", "body": "x", "auto_poke": "yes"}, "auto_poke"),
    ("send_message", {"to_agent_name": "b", "body": "x", "need_reply": 1}, "need_reply"),
    ("send_message", {"to_agent_name": "b", "body": "x", "subject": 7}, "subject"),
    ("send_message_by_id", {"to_agent_id": "", "body": "x"}, "to_agent_id"),
    ("broadcast", {"body": ""}, "body"),
    ("broadcast", {"body": "x", "to_team": "blue"}, "to_team"),
    ("broadcast_to_role", {"to_role": "", "body": "x"}, "to_role"),
    ("list_agents", {"team": "blue"}, "team"),
    ("get_inbox", {"limit": 0}, "limit"),
    ("get_inbox", {"limit": -1}, "limit"),
    ("get_inbox", {"limit": 1.5}, "limit"),
    ("get_inbox", {"since_event_id": -1}, "since_event_id"),
    ("get_inbox", {"since_event_id": "7th"}, "since_event_id"),
    ("get_inbox", {"since_event_id": 2**63}, "since_event_id"),
    ("pending_contract_events", {"since_event_id": 2**63}, "since_event_id"),
    ("get_contract", {"name": "x", "version": 2**63}, "version"),
    ("bind_runtime_identity", {"agent": "codex", "ui_pid": 2**63}, "ui_pid"),
    ("get_delivery_status", {}, "message_id"),
    ("task_add", {"title": ""}, "title"),
    ("task_add", {"title": "x", "depends_on": "T"}, "depends_on"),
    ("task_add", {"title": "x", "depends_on": [1]}, "depends_on.0"),
    ("task_list", {"status": "done"}, "status"),
    ("register_contract", {"name": "", "schema": {}}, "name"),
    ("register_contract", {"name": "x", "schema": []}, "schema"),
    ("register_contract", {"name": "x", "schema": "[]"}, "schema"),
    ("register_contract", {"name": "x", "schema": {}, "format": "avro"}, "format"),
    ("get_contract", {"name": "x", "version": -1}, "version"),
    ("diff_contracts", {"name": "x", "from_version": 0, "to_version": 1}, "from_version"),
    ("pending_contract_events", {"limit": 0}, "limit"),
    ("register_agent", {"client": "vim", "model": "m", "name": "x"}, "client"),
    ("register_agent", {"client": "custom", "model": "m", "name": "x", "ui_pid": 0}, "ui_pid"),
    ("register_agent", {"client": "custom", "model": "m", "name": "x", "tmux_pane_id": "%1"}, "tmux_pane_id"),
    ("register_claude_self", {}, "name"),
    ("register_codex_self", {"name": "x", "ui_pid": 1}, "ui_pid"),
    ("pre_register_codex_pane", {"pane_id": "1", "xats_agent_id": "x"}, "pane_id"),
    ("bind_channel", {"channel_session_id": ""}, "channel_session_id"),
    ("subscribe_channel_wake", {}, "channel_session_id"),
    ("bind_runtime_identity", {"agent": "codex", "ui_pid": "12 or 13"}, "ui_pid"),
    ("detect_tmux_pane", {"agent": "vim"}, "agent"),
)
"""Tool, arguments, and the field that is wrong."""


async def test_every_tool_is_offered_with_a_description_and_a_strict_schema(connect: Connect) -> None:
    tools = (await (await connect()).client.list_tools()).tools

    assert {tool.name for tool in tools} == set(ARGUMENTS)
    for tool in tools:
        assert tool.description
        assert tool.input_schema["additionalProperties"] is False, tool.name
        assert tool.output_schema is None, tool.name


async def test_the_list_of_tools_is_small_enough_to_stand_in_every_prompt(connect: Connect) -> None:
    listed = await (await connect()).client.list_tools()

    assert len(listed.model_dump_json(by_alias=True, exclude_none=True).encode()) <= 25_000


async def test_an_unregistered_caller_is_an_unknown_agent(connect: Connect) -> None:
    caller = await connect()

    for tool in ARGUMENTS.keys() - WITHOUT_REGISTRATION:
        assert await caller.call(tool, **ARGUMENTS[tool]) == {"error": "unknown_agent"}, tool


async def test_some_tools_need_no_registration(connect: Connect) -> None:
    for tool in WITHOUT_REGISTRATION:
        answer = await (await connect()).call(tool, **ARGUMENTS[tool])
        assert answer.get("error") != "unknown_agent", tool


async def test_a_caller_whose_row_is_gone_is_an_unknown_agent(register: Connect, backend: Coordinator) -> None:
    alice = await register("alice")
    async with backend.operator.part(Database).write() as tx:
        await tx.execute("DELETE FROM agents")

    assert await alice.call("list_agents") == {"error": "unknown_agent"}


async def test_w25_an_unknown_argument_is_refused_by_name(register: Connect) -> None:
    alice = await register("alice")

    for tool, arguments in ARGUMENTS.items():
        with pytest.raises(ToolError, match=rf"(?s){tool}.*surprise"):
            await alice.call(tool, **arguments, surprise=1)


@pytest.mark.first_variant_quick
async def test_arguments_of_the_wrong_form_are_a_tool_error_that_names_the_field(register: Connect) -> None:
    alice = await register("alice")

    for tool, arguments, field in WRONG_FORM:
        with pytest.raises(ToolError, match=rf"(?s){tool}.*{field}"):
            await alice.call(tool, **arguments)


async def test_arguments_are_checked_before_the_registration(connect: Connect) -> None:
    with pytest.raises(ToolError, match="task_id"):
        await (await connect()).call("task_claim")


async def test_a_tool_that_does_not_exist_is_a_tool_error(connect: Connect) -> None:
    with pytest.raises(ToolError, match="Tool poke not found"):
        await (await connect()).call("poke")


async def test_a_call_shows_that_the_agent_is_there_also_when_it_is_refused(register: Connect, sql: Sql) -> None:
    alice = await register("alice")

    for tool in ARGUMENTS.keys() - REGISTRATIONS - {"echo", "unregister_self"}:
        sql("UPDATE agents SET last_seen_at = ?", LONG_AGO)
        await alice.call(tool, **ARGUMENTS[tool])
        assert sql("SELECT last_seen_at FROM agents WHERE name = 'alice'") != [(LONG_AGO,)], tool


async def test_neither_an_echo_nor_a_call_of_the_wrong_form_shows_that_the_agent_is_there(
    register: Connect, sql: Sql
) -> None:
    alice = await register("alice")
    sql("UPDATE agents SET last_seen_at = ?", LONG_AGO)

    await alice.call("echo", msg="x")
    with pytest.raises(ToolError):
        await alice.call("task_list", status="done")

    assert sql("SELECT last_seen_at FROM agents") == [(LONG_AGO,)]


async def test_a_database_that_refuses_is_storage_unavailable_and_no_crash(
    register: Connect, sql: Sql, backend: Coordinator
) -> None:
    alice = await register("alice")
    sql("DROP TABLE tasks")

    assert await alice.call("task_list") == {"error": "storage_unavailable"}
    assert await alice.call("echo", msg="still here")


async def test_echo_answers_the_message_and_the_time(connect: Connect) -> None:
    answer = await (await connect()).call("echo", msg="hello")

    assert answer["msg"] == "hello"
    assert answer["echoed_at"].endswith("Z")


def test_the_patterns_of_all_arguments_are_compiled_by_the_engine_that_needs_little_memory() -> None:
    """The other one takes up to 1 MB for each pattern, 8 MB for all tools."""
    assert {tool.arguments.model_config.get("regex_engine") for tool in TOOLS.values()} == {"python-re"}
