"""Clients that a manifest describes, on the wire: their ids are accepted, and names in a handshake lead to them."""

import pytest

from tests.conftest import Connect
from tests.mcp_caller import ToolError
from xats_tui.backend.tools.registration import TOOLS


async def test_the_id_of_a_manifests_client_is_accepted_and_shown(register: Connect) -> None:
    bob = await register("bob", client="gemini")

    assert (await bob.call("whoami"))["client"] == "gemini"


async def test_a_custom_caller_with_the_name_of_a_handshake_is_that_client(register: Connect) -> None:
    bob = await register("bob", client="custom", client_name="qwen-cli-mcp-client-xats")

    (entry,) = (await bob.call("list_agents"))["agents"]
    assert (entry["client"], entry["client_name"]) == ("qwen", "qwen-cli-mcp-client-xats")


@pytest.mark.parametrize("name", ["codex", "goose", "some harness"])
async def test_a_custom_caller_with_any_other_name_stays_custom(register: Connect, name: str) -> None:
    bob = await register("bob", client="custom", client_name=name)

    (entry,) = (await bob.call("list_agents"))["agents"]
    assert (entry["client"], entry["client_name"]) == ("custom", name)


async def test_the_name_of_the_handshake_may_come_with_the_id(register: Connect) -> None:
    bob = await register("bob", client="qwen", client_name="qwen-cli-mcp-client-mail")

    assert (await bob.call("whoami"))["client"] == "qwen"


async def test_an_unknown_client_is_refused_with_the_documented_ones(connect: Connect) -> None:
    nobody = await connect()

    with pytest.raises(ToolError, match="'claude-code', 'codex', 'opencode' or 'custom'"):
        await nobody.register("bob", client="nonsense")


def test_the_schema_lists_the_documented_clients_only() -> None:
    (tool,) = [tool for tool in TOOLS if tool.name == "register_agent"]

    client = tool.arguments.model_json_schema()["properties"]["client"]

    assert (client["type"], client["enum"]) == ("string", ["claude-code", "codex", "opencode", "custom"])
