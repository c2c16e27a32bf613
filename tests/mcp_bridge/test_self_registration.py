"""Agents whose bridge says who they are: with a name alone, or before they have said anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import XATS, daemon, kill
from tests.mcp_bridge.host import PATIENT, bridge
from tests.mcp_bridge.scripted import ScriptedCoordinator, listening
from tests.tmux_server import TmuxServer
from xats_tui.runtime import pid_file

HOST_IN_PANE = Path(__file__).with_name("host_in_pane.py")


async def the_agents(host: Any) -> dict[str, dict[str, Any]]:
    """The agents of the caller's team, by name."""
    return {agent["name"]: agent for agent in (await host.call("list_agents"))["agents"]}


@pytest.mark.slow
async def test_a_name_is_all_that_a_registration_needs(home: Path) -> None:
    with daemon(home):
        async with bridge(home) as host:
            await host.shake_hands()
            tools = {tool["name"]: tool for tool in (await host.request("tools/list"))["result"]["tools"]}
            answer = await host.call("register_agent", name="ann")
            agent = (await the_agents(host))["ann"]
    assert tools["register_agent"]["inputSchema"]["required"] == ["name"]
    assert tools["task_add"]["inputSchema"]["required"] == ["title"]
    assert answer["team"] == Path.cwd().name.lower()
    assert (agent["client"], agent["client_name"], agent["model"]) == ("custom", "host", "host 1")


@pytest.mark.slow
async def test_an_agent_that_the_configuration_names_is_there_before_it_has_said_anything(home: Path) -> None:
    with daemon(home):
        async with bridge(home, "--name", "ann", "--team", "shop", "--role", "qa", program=PATIENT) as host:
            greeting = await host.shake_hands()
            agent = (await the_agents(host))["ann"]
    assert "You are registered as ann@shop: you need not call register_agent." in greeting["instructions"]
    assert agent["role"] == "qa"


@pytest.mark.slow
async def test_the_environment_names_an_agent_too(home: Path) -> None:
    with daemon(home):
        async with bridge(home, program=PATIENT, XATS_NAME="ann", XATS_TEAM="shop") as host:
            assert "registered as ann@shop" in (await host.shake_hands())["instructions"]


@pytest.mark.slow
async def test_a_coordinator_that_comes_later_is_told_who_the_agent_is(home: Path) -> None:
    async with bridge(home, "--port", "0", "--name", "ann", "--team", "shop") as host:
        greeting = await host.shake_hands()
        assert "You are being registered as ann" in greeting["instructions"]
        assert "ann" in await the_agents(host)


@pytest.mark.slow
async def test_what_the_model_registers_later_takes_the_place_of_the_configured_name_for_good(home: Path) -> None:
    with daemon(home) as (first, port):
        async with bridge(home, "--name", "ann", "--team", "shop") as host:
            await host.shake_hands()
            chosen = await host.call("register_agent", name="bob", team="shop")
            kill(first)
            with daemon(home, port=port):
                await host.call("send_message", to_agent_name="bob", body="to myself", auto_poke=False)
                (mail,) = (await host.call("get_inbox"))["messages"]
    assert mail["from_agent_id"] == mail["to_agent_id"] == chosen["agent_id"]


@pytest.mark.slow
async def test_a_configured_name_that_is_refused_is_told_to_the_model(home: Path) -> None:
    with daemon(home):
        async with bridge(home, "--name", "operator", program=PATIENT) as host:
            greeting = await host.shake_hands()
    assert "You are not registered: operator was refused (invalid_name: " in greeting["instructions"]


@pytest.mark.slow
async def test_a_codex_that_is_registered_unasked_is_bound_to_its_thread_by_its_first_call(home: Path) -> None:
    async with listening(ScriptedCoordinator()) as coordinator:
        with pid_file.held(home / "daemon.pid"):
            async with bridge(home, "--port", str(coordinator.port), "--name", "ann") as host:
                await host.shake_hands()
                for _ in range(2):
                    await host.request("tools/call", name="echo", arguments={}, _meta={"threadId": "th"})
        threads = [call["_meta"].get("threadId") for call in coordinator.calls("register_agent")]
    assert threads == [None, "th"]


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.parametrize(
    ("program", "said", "client"),
    [
        ("claude", "claude-code", "claude-code"),
        ("opencode", "opencode", "opencode"),
        ("opencode", "mcp", "opencode"),
        ("harness", "My Harness", "custom"),
    ],
)
async def test_the_pane_of_the_program_above_the_bridge_is_bound(
    home: Path, tmux: TmuxServer, program: str, said: str, client: str
) -> None:
    with daemon(home):
        shop = home / "Shop"
        shop.mkdir()
        command = [*XATS, "mcp", f"--home={home}"]
        pane = tmux.new_pane([tmux.called(program), str(HOST_IN_PANE), said, "ann", "--", *command], cwd=shop)
        screen = await tmux.wait_for(pane.pane_id, "registered>")
        answer = json.loads(screen.split("registered>")[0].replace("\n", ""))
        async with bridge(home) as other:
            await other.call("register_agent", name="bob", team="shop")
            agent = (await the_agents(other))["ann"]
    assert answer["bound"]["tmux_pane_id"] == pane.pane_id
    assert answer["team"] == "shop"
    assert agent["client"] == client
