"""Hooks that wait for the operator: answered by a person alone, and only while the client's own dialog is open."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.commands.processes import clean_environment
from tests.conftest import Connect
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import Dialog, StateSource, ToldState
from xats_tui.core.model.panes import PaneState
from xats_tui.runtime.settings import Settings

SESSION = "4f1c2f53-6d0e-4d3a-9a55-0d8f4e0f1a11"

ASKING = Path(__file__).parents[3] / "asking.py"

ALLOWED = {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": {"behavior": "allow"}}}

Running = asyncio.subprocess.Process


async def register(connect: Connect, session: str = SESSION) -> Caller:
    """A Claude Code that has registered from a session."""
    caller: Caller = await connect()
    await caller.client.call_tool(
        "register_agent",
        {"name": "bob", "client": "claude-code", "model": "m", "team": "red"},
        meta=cast(types.RequestParamsMeta, {"xats/host_session": session}),
    )
    return caller


@pytest.fixture
async def bob(connect: Connect) -> Caller:
    return await register(connect)


async def bob_of(backend: Coordinator) -> str:
    (entry,) = await backend.operator.roster()
    return entry.agent.agent_id


def tells(backend: Coordinator, agent_id: str, state: PaneState) -> None:
    """Have the client say what state it is in, as its session file does."""
    told = ToldState(state=state, detail=state, source=StateSource.SESSION_FILE, at=backend.clock.now())
    backend.states.note(agent_id, StateSource.SESSION_FILE, told)


@asynccontextmanager
async def hook(backend: Coordinator, event: str = "PermissionRequest", **fields: Any) -> AsyncIterator[Running]:
    """`xats-tui hook` with an event of bob's session, as Claude Code runs it."""
    command = {"command": "touch x"}
    fields = {"tool_name": "Bash", "tool_input": command, "session_id": SESSION, "hook_event_name": event} | fields
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "xats_tui", "hook", "--home", str(backend.settings.home)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    assert process.stdin
    process.stdin.write(json.dumps(fields).encode())
    process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def printed(process: Running) -> Any:
    """The output of a hook that ends well; None if it printed nothing."""
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, err) == (0, b"")
    return json.loads(out) if out else None


async def opened(backend: Coordinator, agent_id: str) -> Dialog:
    """The dialog on the board, whose own dialog the client shows."""
    async with asyncio.timeout(PATIENCE):
        while not (dialogs := backend.states.dialogs(agent_id)):
            await asyncio.sleep(0.01)
    tells(backend, agent_id, PaneState.DIALOG)
    for _ in range(20):  # the coordinator looks, in this very loop
        await asyncio.sleep(0)
    return dialogs[0]


async def off_the_board(backend: Coordinator, agent_id: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while backend.states.dialogs(agent_id):
            await asyncio.sleep(0.01)


async def test_an_answer_becomes_the_hooks_output_and_is_taken_when_the_dialog_closes(
    backend: Coordinator, bob: Caller
) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        dialog = await opened(backend, agent_id)
        assert (dialog.tool, dialog.subject, dialog.source) == ("Bash", "touch x", "PermissionRequest hook")
        answering = asyncio.create_task(backend.operator.answer(agent_id, dialog, 1))

        assert await printed(process) == ALLOWED
        assert not answering.done()
        tells(backend, agent_id, PaneState.BUSY)

        assert await answering is None
    (noted,) = await backend.operator.activity()
    assert noted.detail == "1. Yes: taken (PermissionRequest hook); asked was: Bash: touch x"


@pytest.mark.slow
async def test_an_answer_without_a_visible_effect_is_not_said_to_be_taken(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        dialog = await opened(backend, agent_id)
        with pytest.raises(Refusal, match="answer_unseen"):
            await backend.operator.answer(agent_id, dialog, 1)
        assert await printed(process) == ALLOWED


async def test_a_person_at_the_pane_ends_the_hook_without_an_answer(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        dialog = await opened(backend, agent_id)
        tells(backend, agent_id, PaneState.BUSY)

        assert await printed(process) is None
        assert backend.states.dialogs(agent_id) == ()
        with pytest.raises(Refusal, match="prompt_changed"):
            await backend.operator.answer(agent_id, dialog, 1)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("event", ["Stop", "UserPromptSubmit", "SessionEnd", "PostToolUse"])
async def test_what_comes_next_in_the_session_closes_a_dialog_that_was_left(
    event: str, backend: Coordinator, bob: Caller
) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        await opened(backend, agent_id)
        async with hook(backend, event):
            await off_the_board(backend, agent_id)
        assert await printed(process) is None


@pytest.mark.slow
@pytest.mark.tmux
async def test_a_dialog_that_was_answered_at_the_pane_is_closed_by_the_next_one_there(
    backend: Coordinator, bob: Caller, tmux: TmuxServer
) -> None:
    pane = tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", "touch x", "touch y"])
    await tmux.wait_for(pane.pane_id, "touch x")
    bound = await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)
    assert bound.get("ok"), bound
    agent_id = await bob_of(backend)
    async with hook(backend) as first:
        await on_the_board(backend, agent_id, "touch x")
        tmux.send(pane.pane_id, "1")
        await tmux.wait_for(pane.pane_id, "touch y")
        async with hook(backend, tool_input={"command": "touch y"}):
            await on_the_board(backend, agent_id, "touch y")

            assert await printed(first) is None
            assert [dialog.subject for dialog in backend.states.dialogs(agent_id)] == ["touch y"]


async def on_the_board(backend: Coordinator, agent_id: str, subject: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while subject not in [dialog.subject for dialog in backend.states.dialogs(agent_id)]:
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_another_use_of_a_tool_leaves_the_dialog_open(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend):
        dialog = await opened(backend, agent_id)
        async with hook(backend, "PostToolUse", tool_input={"command": "ls"}) as other:
            assert await printed(other) is None
        assert backend.states.dialogs(agent_id) == (dialog,)


@pytest.mark.slow
async def test_a_hook_that_is_killed_takes_its_dialog_with_it(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        await opened(backend, agent_id)
        process.terminate()
        await off_the_board(backend, agent_id)


@pytest.mark.slow
async def test_an_agent_that_leaves_takes_its_dialogs_with_it(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    async with hook(backend) as process:
        await opened(backend, agent_id)
        backend.states.forget(agent_id)
        assert await printed(process) is None


@pytest.mark.slow
async def test_a_client_that_shows_no_dialog_of_its_own_is_not_held_up(backend: Coordinator, bob: Caller) -> None:
    agent_id = await bob_of(backend)
    tells(backend, agent_id, PaneState.BUSY)
    async with hook(backend) as process:
        assert await printed(process) is None
    assert backend.states.dialogs(agent_id) == ()


@pytest.mark.slow
async def test_a_session_that_has_not_registered_is_not_held_up(backend: Coordinator, bob: Caller) -> None:
    async with hook(backend, session_id="another") as process:
        assert await printed(process) is None
    assert backend.states.dialogs() == ()


async def test_the_end_of_the_coordinator_ends_the_hook_without_an_answer(settings: Settings) -> None:
    async with AsyncExitStack() as stack, callers() as connect:
        async with Coordinator.running(settings) as backend:
            await register(partial(connect, f"http://127.0.0.1:{backend.port}/mcp"))
            process = await stack.enter_async_context(hook(backend))
            await opened(backend, await bob_of(backend))
        assert await printed(process) is None
