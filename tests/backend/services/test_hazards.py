"""Panes in which a key would do harm: nothing is typed there, the reason is told, and the wake follows later."""

import os
import signal
from pathlib import Path

import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.unruly_agents import MakeUnruly, unruly_agent
from tests.backend.services.waking import HINT, hints, quiet, until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.tmux_server import TmuxServer
from xats_tui.backend.daemon import Backend
from xats_tui.backend.errors import Refusal

pytestmark = pytest.mark.tmux

ASKING = Path(__file__).parents[2] / "asking.py"


@pytest.fixture
def unruly(register: Connect, tmux: TmuxServer, tmp_path: Path) -> MakeUnruly:
    """Registers an agent whose program has a bad habit."""

    async def start(habit: str, *, can_stop: bool = False):  # type: ignore[no-untyped-def]
        caller: Caller = await register("bob", client="claude-code")
        return await unruly_agent(tmux, caller, habit, tmp_path / "log", can_stop=can_stop)

    return start


async def test_a_wake_in_a_synchronised_window_leaves_the_neighbours_draft_alone_and_comes_afterwards(
    backend: Backend, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    neighbour = await tmux.stand_in("carol")
    tmux.run("join-pane", "-d", "-s", neighbour.pane_id, "-t", pane.pane_id)
    alice, bob = await register("alice"), await bound("bob", pane)
    tmux.send(neighbour.pane_id, "-l", "a draft")
    tmux.run("set-option", "-w", "-t", pane.pane_id, "synchronize-panes", "on")
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    poked = await backend.operator.poke(bob.agent_id, "a poke")

    await until(alice, sent["message_id"], detail="synchronize-panes off")
    assert poked.detail.startswith("synchronized: ")
    tmux.run("set-option", "-w", "-t", pane.pane_id, "synchronize-panes", "off")
    await until(alice, sent["message_id"], wake_status="delivered")
    assert hints(tmux, pane) == [HINT]
    assert "a draft" in tmux.capture(neighbour.pane_id)
    assert "took" not in tmux.capture(neighbour.pane_id)


async def test_an_answer_in_a_synchronised_window_approves_nothing_elsewhere(
    backend: Backend, register: Connect, tmux: TmuxServer, tmp_path: Path
) -> None:
    panes = []
    for command in ("ls", "rm -rf build"):
        panes.append(tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", command], cwd=tmp_path))
        await tmux.wait_for(panes[-1].pane_id, "Esc to cancel")
    tmux.run("join-pane", "-d", "-s", panes[1].pane_id, "-t", panes[0].pane_id)
    bob: Caller = await register("bob", client="claude-code")
    assert (await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=panes[0].pid))["ok"]
    prompt = await backend.answering.prompt(bob.agent_id)
    tmux.run("set-option", "-w", "-t", panes[0].pane_id, "synchronize-panes", "on")

    with pytest.raises(Refusal, match="keys_withheld"):
        await backend.answering.answer(bob.agent_id, prompt, 1)

    assert not any("chose" in tmux.capture(pane.pane_id) for pane in panes)


async def test_a_pane_whose_input_is_off_is_waited_for_and_told_as_such(
    backend: Backend, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, _ = await register("alice"), await bound("bob", pane)
    tmux.run("select-pane", "-d", "-t", pane.pane_id)
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail="input: the pane's input is off")
    tmux.run("select-pane", "-e", "-t", pane.pane_id)
    await until(alice, sent["message_id"], wake_status="delivered")
    assert hints(tmux, pane) == [HINT]


async def test_a_command_that_reads_a_line_behind_an_idle_screen_gets_none_of_ours(
    backend: Backend, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("asks")
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail="terminal: whole lines are read there")
    assert (bob.line, bob.noted("read")) == ("", [])


async def test_a_program_that_is_stopped_gets_one_hint_when_it_goes_on(
    backend: Backend, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("good", can_stop=True)
    await quiet(backend, bob.pane)
    os.kill(bob.pid, signal.SIGSTOP)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail=f"kill -CONT {bob.pid}")
    os.kill(bob.pid, signal.SIGCONT)
    await until(alice, sent["message_id"], wake_status="delivered")
    assert (bob.submitted, bob.line) == ([HINT.replace("get_inbox", "mcp__xats__get_inbox")], "")
