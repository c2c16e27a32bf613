"""Every tool with an unknown argument, and with an unknown caller."""

from typing import Any

from tests.wire.outcomes import ALSO_EVERYWHERE, OPEN_TOOLS, OUTCOMES
from tests.wire.producers import Scenario, shows
from tests.wire.shapes import exactly
from tests.wire.world import World

ARGUMENTS: dict[str, dict[str, Any]] = {
    "send_message": {"to_agent_name": "bob", "body": "x"},
    "send_message_by_id": {"to_agent_id": "bob", "body": "x"},
    "broadcast": {"body": "x"},
    "broadcast_to_role": {"to_role": "x", "body": "x"},
    "get_delivery_status": {"message_id": "x"},
    "search_messages": {"query": "x"},
    "task_add": {"title": "x"},
    "task_claim": {"task_id": "x"},
    "task_complete": {"task_id": "x"},
    "register_contract": {"name": "x", "schema": {}},
    "subscribe_contract": {"name": "x"},
    "get_contract": {"name": "x"},
    "diff_contracts": {"name": "x", "from_version": 1, "to_version": 1},
    "bind_channel": {"channel_session_id": "x"},
    "subscribe_channel_wake": {"channel_session_id": "x"},
    "bind_runtime_identity": {"agent": "codex", "ui_pid": 1},
    "echo": {"msg": "x"},
    "pre_register_codex_pane": {"pane_id": "%1", "xats_agent_id": "x"},
    "detect_tmux_pane": {"agent": "codex"},
    "register_agent": {"client": "custom", "model": "m", "name": "x"},
    "register_claude_self": {"name": "x"},
    "register_codex_self": {"name": "x"},
}
"""Arguments that each tool takes; those that are not here take none."""


def an_unknown_argument(tool: str) -> Scenario:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        await nobody.tool_error(tool, {**ARGUMENTS.get(tool, {}), "surprise": 1}, "surprise")

    return scenario


def an_unknown_caller(tool: str) -> Scenario:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        assert await nobody.call(tool, **ARGUMENTS.get(tool, {})) == {"error": "unknown_agent"}

    return scenario


def a_caller_that_another_has_replaced(tool: str) -> Scenario:
    async def scenario(world: World) -> None:
        first, second = await world.agent("bob"), await world.agent("bob")
        assert second.agent_id == first.agent_id
        answer = await first.call(tool, **ARGUMENTS.get(tool, {}))
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "superseded"
        assert "error" not in await second.call("list_agents")

    return scenario


for _tool in OUTCOMES:
    shows(_tool, ALSO_EVERYWHERE[0])(an_unknown_argument(_tool))
    if _tool not in OPEN_TOOLS:
        shows(_tool, "unknown_agent")(an_unknown_caller(_tool))
        shows(_tool, "superseded")(a_caller_that_another_has_replaced(_tool))
