"""A hint names its tool as the agent's model can find it: by its full name where tools are kept behind a search."""

import pytest

from tests.backend.services.wakes.waking import bind, hints, quiet, until
from tests.conftest import Connect
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes.tool_names import full_name
from xats_tui.core.model.agents import Agent

OFFERED = {
    ("claude-code", None): "mcp__xats__get_inbox",
    ("codex", None): "get_inbox",
    ("opencode", None): "get_inbox",
    ("custom", "qwen-cli-mcp-client-xats"): "mcp__xats__get_inbox",
    ("custom", "qwen-cli-mcp-client-team_mail-2"): "mcp__team_mail-2__get_inbox",
    ("custom", "factory-cli"): "xats___get_inbox",
    ("custom", "gemini-cli-mcp-client"): "get_inbox",
    ("custom", "qwen-cli-mcp-client-$(touch x)"): "get_inbox",
    ("custom", "qwen-cli-mcp-client-" + "x" * 33): "get_inbox",
}
"""By client and name in the handshake."""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("client", "handshake"), OFFERED)
async def test_each_client_has_its_own_way_to_name_a_tool(
    client: str, handshake: str | None, backend: Coordinator, register: Connect
) -> None:
    named = {"client_name": handshake} if handshake else {}
    bob = await register("bob", client=client, **named)
    agent = await backend.registry.by_id(bob.agent_id)
    assert isinstance(agent, Agent)

    assert full_name("get_inbox", agent) == OFFERED[client, handshake]


@pytest.mark.tmux
async def test_the_hint_that_is_typed_names_the_tool_so(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    alice, bob = await register("alice"), await register("bob", client_name="factory-cli")
    pane = await tmux.stand_in("bob")
    await bind(bob, pane)
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], wake_status="delivered")

    assert hints(tmux, pane) == ["[xats] 1 new message from alice: call xats___get_inbox"]
