"""Panes in which a key would do harm: nothing is typed there, the reason is told, and the wake follows later."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.wakes.test_hooks import SESSION, hook
from tests.backend.services.wakes.unruly_agents import MakeUnruly, unruly_agent
from tests.backend.services.wakes.waking import HINT, hints, quiet, until
from tests.commands.processes import XATS, clean_environment
from tests.conftest import Connect, Sql, url_of
from tests.mcp_caller import Caller, callers
from tests.patience import eventually
from tests.tmux_server import TmuxServer, attached
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.runtime.settings import Settings

pytestmark = pytest.mark.tmux

CLAUDE_HINT = "[xats] 1 new message from alice: call mcp__xats__get_inbox"

SLOW = """
import os, sys, time, tty
tty.setraw(0)
os.write(1, b"slow> ")
while received := os.read(0, 999):
    time.sleep(2)
    os.write(1, received)
"""
"""A program that draws what was typed after two seconds."""

ASKING = Path(__file__).parents[3] / "asking.py"


@contextmanager
def cooked(tty: str, modes: int = termios.ICANON) -> Iterator[None]:
    """Have whole lines be read from a terminal, as a command does that asks something, for the life of the block."""
    device = os.open(tty, os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(device)
    iflag, oflag, cflag, lflag, *others = before
    termios.tcsetattr(device, termios.TCSANOW, [iflag, oflag, cflag, lflag | modes, *others])
    try:
        yield
    finally:
        termios.tcsetattr(device, termios.TCSANOW, before)
        os.close(device)


async def doctor_on_panes(backend: Coordinator) -> str:
    """Return the findings of `xats-tui doctor` about the panes of online agents."""
    process = await asyncio.create_subprocess_exec(
        *(*XATS, "doctor", "--quick", "--json", "--home", str(backend.settings.home)),
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    printed, _ = await process.communicate()
    findings = json.loads(printed)["findings"]
    return "; ".join(finding["found"] for finding in findings if finding["topic"] == "panes")


@pytest.fixture
def unruly(register: Connect, tmux: TmuxServer, tmp_path: Path) -> MakeUnruly:
    """Registers an agent whose program has a bad habit."""

    async def start(habit: str, *, can_stop: bool = False):  # type: ignore[no-untyped-def]
        caller: Caller = await register("bob", client="claude-code")
        return await unruly_agent(tmux, caller, habit, tmp_path / "log", can_stop=can_stop)

    return start


async def stop(pid: int) -> None:
    """Stop a process; one that waits for a busy processor takes the signal only when it gets there."""
    os.kill(pid, signal.SIGSTOP)
    await eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)


async def test_a_wake_in_a_synchronised_window_leaves_the_neighbours_draft_alone_and_comes_afterwards(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
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
    assert "bob@" in (told := await doctor_on_panes(backend)) and "synchronize-panes off" in told
    tmux.run("set-option", "-w", "-t", pane.pane_id, "synchronize-panes", "off")
    await until(alice, sent["message_id"], wake_status="delivered")
    assert hints(tmux, pane) == [HINT]
    assert "a draft" in tmux.capture(neighbour.pane_id)
    assert "took" not in tmux.capture(neighbour.pane_id)


async def test_an_answer_in_a_synchronised_window_approves_nothing_elsewhere(
    backend: Coordinator, register: Connect, tmux: TmuxServer, tmp_path: Path
) -> None:
    panes = []
    for command in ("ls", "rm -rf build"):
        panes.append(tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", command], cwd=tmp_path))
        await tmux.wait_for(panes[-1].pane_id, "Esc to cancel")
    tmux.run("join-pane", "-d", "-s", panes[1].pane_id, "-t", panes[0].pane_id)
    bob: Caller = await register("bob", client="claude-code")
    assert (await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=panes[0].pid))["ok"]
    prompt = await backend.operator.prompt(bob.agent_id)
    tmux.run("set-option", "-w", "-t", panes[0].pane_id, "synchronize-panes", "on")

    with pytest.raises(Refusal, match="keys_withheld"):
        await backend.operator.answer(bob.agent_id, prompt, 1)

    assert not any("chose" in tmux.capture(pane.pane_id) for pane in panes)


async def test_a_pane_whose_input_is_off_is_waited_for_and_told_as_such(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
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


@pytest.mark.parametrize(
    ("habit", "told"),
    [
        ("asks", "whole lines are read there"),
        ("asks for a key", "a program below it waits for a key there: bash"),
    ],
)
async def test_a_command_that_reads_behind_an_idle_screen_gets_none_of_ours(
    backend: Coordinator, register: Connect, unruly: MakeUnruly, habit: str, told: str
) -> None:
    alice, bob = await register("alice"), await unruly(habit)
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail=f"terminal: {told}")
    assert (bob.line, bob.noted("read")) == ("", [])


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("modes", "told"), [(termios.ICANON, "whole lines are read"), (termios.ECHO, "typed keys are echoed")]
)
async def test_a_wake_goes_on_when_a_command_asks_no_more_although_the_screen_stays_as_it_is(
    backend: Coordinator, register: Connect, unruly: MakeUnruly, tmux: TmuxServer, modes: int, told: str
) -> None:
    alice, bob = await register("alice"), await unruly("good")
    tty = tmux.run("display-message", "-p", "-t", bob.pane.pane_id, "#{pane_tty}").strip()
    await quiet(backend, bob.pane)

    with cooked(tty, modes):
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await until(alice, sent["message_id"], detail=f"terminal: {told} there")

    await until(alice, sent["message_id"], wake_status="delivered")
    assert bob.submitted == [CLAUDE_HINT]


async def test_a_program_that_is_stopped_gets_one_hint_when_it_goes_on(
    backend: Coordinator, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("good", can_stop=True)
    await quiet(backend, bob.pane)
    await stop(bob.pid)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail=f"kill -CONT {bob.pid}")
    os.kill(bob.pid, signal.SIGCONT)
    await until(alice, sent["message_id"], wake_status="delivered")
    assert (bob.submitted, bob.line) == ([HINT.replace("get_inbox", "mcp__xats__get_inbox")], "")


@pytest.mark.slow
async def test_a_hint_that_is_drawn_late_is_submitted_and_not_pasted_again(
    backend: Coordinator, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("late")
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="not seen in the input line so far")
    (waiting,) = [gate for gate in await backend.operator.gates(bob.caller.agent_id) if gate.name == "own hint"]
    bob.is_good_again()

    assert "the program has drawn nothing since" in waiting.detail
    await until(alice, sent["message_id"], wake_status="delivered")
    assert (bob.pastes, bob.submitted, bob.line) == (1, [CLAUDE_HINT], "")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("habit", ["swallows", "ignores"])
async def test_a_program_that_swallows_pastes_gets_no_second_one_however_often_its_pane_comes_to_rest(
    habit: str,
    backend: Coordinator,
    register: Connect,
    unruly: MakeUnruly,
    tmux: TmuxServer,
) -> None:
    alice, bob = await register("alice"), await unruly(habit)
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="not seen in the input line so far")
    for _ in range(2):
        tmux.send(bob.pane.pane_id, "x")
        await backend.operator.replay([(sent["message_id"], bob.caller.agent_id)])
        await quiet(backend, bob.pane)

    assert bob.pastes == 1
    bob.is_good_again()
    tmux.send(bob.pane.pane_id, "x")
    await tmux.wait_for(bob.pane.pane_id, "❯ x")
    await quiet(backend, bob.pane)
    tmux.send(bob.pane.pane_id, "C-u")
    await tmux.wait_for(bob.pane.pane_id, "? for shortcuts")
    await backend.waker.force(bob.caller.agent_id)
    await until(alice, sent["message_id"], wake_status="delivered")
    assert bob.submitted == [CLAUDE_HINT]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("habit", "said", "line"),
    [
        ("completes", "got mixed into what somebody was typing", f"{CLAUDE_HINT} @src/completed.py"),
        ("letter", "got mixed into what somebody was typing", f"u{CLAUDE_HINT}"),
        ("clears", "outcome unknown: Enter emptied the input line", ""),
        ("opens", "outcome unknown: after Enter the pane shows dialog", ""),
        ("deaf", "Enter was not taken", CLAUDE_HINT),
    ],
)
async def test_an_enter_that_does_something_else_is_not_called_submitted_nor_repeated(
    habit: str, said: str, line: str, backend: Coordinator, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly(habit)
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    status = await until(alice, sent["message_id"], detail=said)
    await backend.operator.replay([(sent["message_id"], bob.caller.agent_id)])
    await quiet(backend, bob.pane)

    assert status["wake_status"] == "retrying"
    assert list(status["evidence"]) == ["queued", "attempted", "typed"]
    assert (bob.pastes, bob.enters, bob.line, bob.noted("approved")) == (1, 1, line, [])


@pytest.mark.slow
async def test_the_client_that_says_that_it_was_prompted_makes_an_unknown_outcome_a_submission(
    backend: Coordinator, register: Connect, unruly: MakeUnruly, sql: Sql
) -> None:
    alice, bob = await register("alice"), await unruly("clears")
    sql("UPDATE agents SET host_session = ? WHERE agent_id = ?", SESSION, bob.caller.agent_id)
    await quiet(backend, bob.pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="outcome unknown")

    await hook(backend, "UserPromptSubmit", prompt=CLAUDE_HINT)

    status = await until(alice, sent["message_id"], wake_status="delivered")
    assert status["detail"] == "submitted after all: the client says that it was prompted with the hint"
    assert (bob.pastes, bob.enters) == (1, 1)


@pytest.mark.slow
async def test_an_agent_that_fetches_its_mail_after_a_hint_was_typed_confirms_it_and_claims_no_submission(
    backend: Coordinator, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("clears")
    await quiet(backend, bob.pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="outcome unknown")

    await bob.caller.call("get_inbox")

    status = await until(alice, sent["message_id"], wake_status="delivered")
    assert status["detail"] == "the agent has fetched it after a hint was typed"
    assert list(status["evidence"]) == ["queued", "attempted", "typed", "seen"]


async def test_a_program_that_gives_way_to_another_between_paste_and_enter_gets_no_enter(
    backend: Coordinator, register: Connect, unruly: MakeUnruly
) -> None:
    alice, bob = await register("alice"), await unruly("changes")
    await quiet(backend, bob.pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], detail="not submitted")
    assert bob.noted("read") == []


async def test_a_draft_that_a_stopped_program_has_not_drawn_yet_stays_a_draft(
    backend: Coordinator, register: Connect, unruly: MakeUnruly, tmux: TmuxServer
) -> None:
    alice, bob = await register("alice"), await unruly("good", can_stop=True)
    await quiet(backend, bob.pane)
    await stop(bob.pid)
    tmux.send(bob.pane.pane_id, "-l", "a draft")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="stopped: ")
    (unread,) = [gate for gate in await backend.operator.gates(bob.caller.agent_id) if gate.name == "unread"]
    os.kill(bob.pid, signal.SIGCONT)

    assert "7 bytes" in unread.detail
    await tmux.wait_for(bob.pane.pane_id, "a draft")
    await quiet(backend, bob.pane)
    assert bob.line == "a draft"
    tmux.send(bob.pane.pane_id, "C-u")
    await until(alice, sent["message_id"], wake_status="delivered")
    assert (bob.submitted, bob.line) == ([CLAUDE_HINT], "")


async def test_where_somebody_is_typing_what_is_not_drawn_yet_may_be_a_draft(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = tmux.new_pane([sys.executable, "-c", SLOW])
    await tmux.wait_for(pane.pane_id, "slow>")
    tmux.run("select-window", "-t", pane.pane_id)
    alice, bob = await register("alice"), await register("bob")
    bound_to = await bob.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="slow")
    assert bound_to.get("ok"), bound_to
    with attached(tmux) as keyboard:
        await tmux.wait_until(lambda: bool(tmux.run("list-clients")))
        await quiet(backend, pane)
        os.write(keyboard, b"a draft")
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await until(alice, sent["message_id"], detail="person: somebody is typing there")
        await tmux.wait_for(pane.pane_id, "slow> a draft")

    await quiet(backend, pane)
    shut = {gate.name for gate in await backend.operator.gates(bob.agent_id) if not gate.holds}
    assert "draft" in shut
    assert "[xats]" not in tmux.capture(pane.pane_id)


async def test_what_may_have_arrived_is_not_pasted_again_after_a_restart(
    settings: Settings, tmux: TmuxServer, tmp_path: Path
) -> None:
    async with Coordinator.running(settings) as backend, callers() as connect:
        alice: Caller = await connect(url_of(backend))
        await alice.register("alice")
        caller: Caller = await connect(url_of(backend))
        await caller.register("bob", client="claude-code")
        bob = await unruly_agent(tmux, caller, "late", tmp_path / "log")
        await quiet(backend, bob.pane)
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        await until(alice, sent["message_id"], detail="not seen in the input line so far")

    async with Coordinator.running(settings) as backend, callers() as connect:
        await quiet(backend, bob.pane)
        assert bob.pastes == 1
        bob.is_good_again()
        alice = await connect(url_of(backend))
        await alice.register("alice")
        await until(alice, sent["message_id"], wake_status="delivered")

    assert (bob.pastes, bob.submitted, bob.line) == (1, [CLAUDE_HINT], "")
