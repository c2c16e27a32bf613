"""Claude Code's hooks: what they announce closes gates, and the end of a turn hands mail over with nothing typed."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.backend.services.wakes.waking import bind, hints, quiet, status_of, until
from tests.commands.processes import clean_environment
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator

SESSION = "4f1c2f53-6d0e-4d3a-9a55-0d8f4e0f1a11"

HINT = "[xats] 1 new message from alice: call get_inbox"


async def hook(backend: Coordinator, event: str, **fields: Any) -> dict[str, Any]:
    """Return the output of `xats-tui hook` for an event; empty if there is none."""
    fields |= {"hook_event_name": event, "session_id": SESSION}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "xats_tui", "hook", "--home", str(backend.settings.home)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    printed, _ = await process.communicate(json.dumps(fields).encode())
    assert process.returncode == 0
    answer: dict[str, Any] = json.loads(printed) if printed else {}
    return answer


async def registered(connect: Connect, name: str, client: str = "custom") -> Caller:
    """An agent whose bridge names the session of its program."""
    caller: Caller = await connect()
    await caller.client.call_tool(
        "register_agent",
        {"name": name, "client": client, "model": "m"},
        meta=cast(types.RequestParamsMeta, {"xats/host_session": SESSION}),
    )
    return caller


async def with_a_draft(agent: Caller, pane: Pane, tmux: TmuxServer) -> None:
    """Bind an agent to a pane in which nothing is typed, for somebody has begun to write there."""
    await bind(agent, pane)
    tmux.send(pane.pane_id, "x")
    await tmux.wait_for(pane.pane_id, "bob> x")


async def read_by(agent: Caller, **fields: Any) -> list[str]:
    """The bodies that an agent's program fetches in its session."""
    result = await agent.client.call_tool(
        "get_inbox", fields, meta=cast(types.RequestParamsMeta, {"xats/host_session": SESSION})
    )
    return [message["body"] for message in json.loads(result.content[0].text)["messages"]]  # type: ignore[union-attr]


@pytest.mark.tmux
async def test_a_busy_agent_gets_its_hint_when_its_turn_ends(
    backend: Coordinator, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    bob, alice = await registered(connect, "bob"), await register("alice")
    await bind(bob, pane)
    await quiet(backend, pane)
    await hook(backend, "UserPromptSubmit")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert sent["poke_skip_reasons"][0]["detail"] == "hooks: the program says busy: UserPromptSubmit"

    assert await hook(backend, "Stop", stop_hook_active=False) == {"decision": "block", "reason": HINT}
    await until(alice, sent["message_id"], wake_status="delivered", transport="turn-end-hook")
    assert await read_by(bob) == ["hello"]
    assert await hook(backend, "Stop", stop_hook_active=True) == {}
    await quiet(backend, pane)
    assert "read" in (await status_of(alice, sent["message_id"]))["evidence"], "its turn is over"
    assert hints(tmux, pane) == []


@pytest.mark.slow
@pytest.mark.tmux
async def test_a_hint_that_the_turn_did_not_follow_is_typed_as_soon_as_the_agent_is_idle(
    backend: Coordinator, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    bob, alice = await registered(connect, "bob"), await register("alice")
    await with_a_draft(bob, pane, tmux)
    await alice.call("send_message", to_agent_name="bob", body="hello")
    assert await hook(backend, "Stop", stop_hook_active=False) == {"decision": "block", "reason": HINT}

    await hook(backend, "Stop", stop_hook_active=True)
    tmux.send(pane.pane_id, "C-u")

    await tmux.wait_for(pane.pane_id, "took 1")
    assert hints(tmux, pane) == [HINT]


@pytest.mark.tmux
async def test_a_page_that_holds_only_a_part_of_the_mail_is_followed_by_the_rest_at_the_end_of_the_turn(
    backend: Coordinator, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    bob, alice = await registered(connect, "bob"), await register("alice")
    await with_a_draft(bob, await tmux.stand_in("bob"), tmux)
    for number in range(3):
        await alice.call("send_message", to_agent_name="bob", body=str(number))
    assert await read_by(bob, limit=2) == ["0", "1"]

    assert await hook(backend, "Stop", stop_hook_active=False) == {"decision": "block", "reason": HINT}


@pytest.mark.slow
@pytest.mark.tmux
async def test_the_end_of_a_turn_hands_nothing_over_to_an_agent_that_is_not_to_be_disturbed(
    backend: Coordinator, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    bob, alice = await registered(connect, "bob"), await register("alice")
    await with_a_draft(bob, await tmux.stand_in("bob"), tmux)
    (agent,) = [entry.agent for entry in await backend.registry.roster() if entry.agent.name == "bob"]
    await backend.operator.rest_agent(agent.agent_id)
    await alice.call("send_message", to_agent_name="bob", body="hello")

    assert await hook(backend, "Stop", stop_hook_active=False) == {}

    await backend.operator.disturb_agent(agent.agent_id)
    assert await hook(backend, "Stop", stop_hook_active=False) == {"decision": "block", "reason": HINT}


@pytest.mark.tmux
async def test_a_dialog_that_a_hook_announces_is_not_typed_into(
    backend: Coordinator, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    bob, alice = await registered(connect, "bob"), await register("alice")
    await bind(bob, pane)
    await quiet(backend, pane)
    await hook(backend, "PermissionRequest", tool_name="Bash", tool_input={"command": "rm -rf build"})

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"] == "hooks: the program says dialog: PermissionRequest: Bash"
    await hook(backend, "Stop", stop_hook_active=True)
    await until(alice, sent["message_id"], wake_status="delivered")


def test_a_hook_without_a_coordinator_says_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xats_tui", "hook", "--home", str(tmp_path)]

    done = subprocess.run(
        command, input='{"session_id": "x"}', capture_output=True, text=True, env=clean_environment(), timeout=PATIENCE
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
