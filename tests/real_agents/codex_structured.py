"""A stock Codex over its app-server, with nothing typed: `python -m tests.real_agents.codex_structured --programs DIR`.

Its window runs on a terminal that counts what is typed.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.commands.processes import XATS
from tests.real_agents.rig import AgentPane
from tests.real_agents.scenes import PROMPT, READY
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    expect,
    insist,
    report,
    run_script,
    script_arguments,
    seen,
    staged,
    title,
    wire,
)
from xats_tui.clients.programs import program_names

NAME = "ann"

COUNTED = Path(__file__).with_name("counted.py")

REVIEW = "Hooks need review"
"""On the screen when Codex asks about new hooks."""
TRUST_ALL = r"^› 2\. Trust all and continue"
"""Its second answer, when it is chosen."""

DRAFT = "half a thought"

LEFT_ALONE_S = 4.0
"""Time for which an agent is seen to be left alone."""

OUTSIDE = Path(f"/var/tmp/xats-real-{os.getpid()}.txt")
"""A file that Codex's sandbox lets nobody write unasked."""

REGISTER = f'CALL register_agent {{"name":"{NAME}","team":"t","client":"codex","model":"m"}}'


@dataclass(slots=True, kw_only=True)
class Play:
    """The stage, the window, and the count of what is typed into it."""

    stage: Stage
    pane: AgentPane
    count: Path

    @property
    def typed(self) -> int:
        """Bytes that came into the window so far."""
        return int(self.count.read_text() or 0)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of xats-tui for the operator."""
        return subprocess.run(
            [*XATS, *arguments, "--home", str(self.stage.home)],
            env=self.stage.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    async def dialogs(self) -> list[dict[str, Any]]:
        """The open dialogs, as a script sees them."""
        done = await asyncio.to_thread(self.command, "dialogs", "--json")
        listed = json.loads(done.stdout)
        found: list[dict[str, Any]] = listed if isinstance(listed, list) else listed["dialogs"]
        return [one for one in found if "app-server" in json.dumps(one)]

    async def dialog(self, text: str) -> dict[str, Any]:
        """Wait for a dialog that contains a text."""

        async def shown() -> dict[str, Any] | None:
            return next((one for one in await self.dialogs() if text in json.dumps(one)), None)

        found: dict[str, Any] = await seen(shown, f"a dialog with {text!r}")
        return found

    async def no_dialog(self) -> None:
        """Wait until none is open."""

        async def gone() -> bool:
            return not await self.dialogs()

        await seen(gone, "no dialog is open")

    async def answer(self, *arguments: str) -> str:
        """Answer by the command line; raise if that was not taken."""
        done = await asyncio.to_thread(self.command, "answer", NAME, *arguments)
        expect(done.returncode == 0, f"the answer is taken: {done.stdout}{done.stderr}")
        return done.stdout.strip().replace("\n", "; ")

    async def quiet(self) -> None:
        """Wait until the window is idle."""
        await asyncio.to_thread(self.pane.wait_for, READY["codex"], PATIENCE)
        await asyncio.to_thread(self.pane.settle, 1.0, 15.0)

    async def asks(self, command: str) -> None:
        """Have the model ask for a shell command, and wait for the window's own dialog."""
        wanted = {"cmd": command, "sandbox_permissions": "require_escalated", "justification": "to see it"}
        self.pane.submit(f"CALL exec_command {json.dumps(wanted)}")
        await asyncio.to_thread(self.pane.wait_for, PROMPT["codex"], PATIENCE)

    async def left_alone(self, message_id: str) -> dict[str, Any]:
        """Watch a message that must start nothing; its status."""
        await asyncio.sleep(LEFT_ALONE_S)
        status = await self.stage.status(message_id)
        expect("submitted" not in status["evidence"], f"it waits: {status}")
        return status


async def idle_with_a_draft(play: Play) -> str:
    """idle, with a draft → a turn is begun, the draft stays, nothing is typed"""
    play.pane.type(DRAFT)
    await asyncio.to_thread(play.pane.wait_for, DRAFT)
    before = play.typed
    message_id = await play.stage.send(NAME)
    status = await play.stage.until(message_id, "read")
    await asyncio.to_thread(play.pane.wait_for, "• thanks", PATIENCE)
    expect(play.typed == before, f"{play.typed - before} bytes were typed")
    expect(DRAFT in play.pane.look().text, f"the draft stays:\n{play.pane.look().text}")
    play.pane.press("C-u")
    await play.quiet()
    return f"{status['transport']}: {status['detail']}; 0 bytes typed"


async def busy_and_urgent(play: Play) -> str:
    """busy, urgent message → read within that turn, nothing is typed"""
    play.pane.submit("WAIT 6")
    await asyncio.to_thread(play.pane.wait_for, "esc to interrupt", PATIENCE)
    before, began = play.typed, time.time()
    message_id = await play.stage.send(NAME, urgent=True)
    status = await play.stage.until(message_id, "submitted", 5)
    await play.stage.until(message_id, "read")
    turns = [entry for entry in play.stage.asked(began) if entry["texts"][:1] == ["WAIT 6"]]
    expect(any("[xats]" in text for entry in turns for text in entry["texts"]), f"in that turn: {turns}")
    expect(play.typed == before, f"{play.typed - before} bytes were typed")
    await play.quiet()
    return f"{status['detail']}; 0 bytes typed"


async def busy_and_not_urgent(play: Play) -> str:
    """busy, any other message → waits for the end of the turn"""
    play.pane.submit("WAIT 6")
    await asyncio.to_thread(play.pane.wait_for, "esc to interrupt", PATIENCE)
    message_id = await play.stage.send(NAME)
    first = await play.left_alone(message_id)
    status = await play.stage.until(message_id, "read")
    await play.quiet()
    return f"{first['detail']}; then {status['detail']}"


async def an_approval_is_answered_over_the_interface(play: Play) -> str:
    """approval open → untouched, seen as a dialog; allowed by a command → run, then the mail is read"""
    await play.asks("touch x")
    shown = await play.dialog("touch x")
    before = play.typed
    message_id = await play.stage.send(NAME, urgent=True)
    held = await play.left_alone(message_id)
    expect(PROMPT["codex"] in play.pane.look().text, "the window's own dialog is open")
    said = await play.answer("--allow", "--expect", "touch x")
    await seen((play.stage.rig.project / "x").exists, "the command has run")
    await play.stage.until(message_id, "read")
    expect(play.typed == before, f"{play.typed - before} bytes were typed")
    await play.no_dialog()
    await play.quiet()
    return f"{held['detail']}; {shown.get('subject', shown)}; answered: {said}; 0 bytes typed"


async def an_approval_is_denied_over_the_interface(play: Play) -> str:
    """approval open → denied by a command: not run, and the window's dialog is gone"""
    await play.asks("touch denied")
    await play.dialog("touch denied")
    said = await play.answer("--deny")
    await play.quiet()
    expect(not (play.stage.rig.project / "denied").exists(), "it has not run")
    expect(PROMPT["codex"] not in "\n".join(play.pane.look().text.splitlines()[-12:]), "the dialog is gone")
    return said


async def files_are_shown_with_their_diff(play: Play) -> str:
    """changes of files → the dialog has path and diff; allowed → written"""
    patch = f"*** Begin Patch\n*** Add File: {OUTSIDE}\n+one\n+two\n*** End Patch\n"
    play.pane.submit("CALL exec_command " + json.dumps({"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"}))
    shown = await play.dialog(OUTSIDE.name)
    try:
        expect("one\\ntwo" in json.dumps(shown), f"the diff is shown: {shown}")
        await play.answer("--allow")
        await seen(OUTSIDE.exists, "the file is written")
    finally:
        OUTSIDE.unlink(missing_ok=True)
    await play.quiet()
    return f"{OUTSIDE.name}: diff shown, written"


async def a_dialog_that_changed_is_refused(play: Play) -> str:
    """another dialog than the expected one → refused, nothing is answered"""
    await play.asks("touch first")
    await play.dialog("touch first")
    play.pane.press("Escape")
    await play.no_dialog()
    await play.quiet()
    await play.asks("touch second")
    await play.dialog("touch second")
    done = await asyncio.to_thread(play.command, "answer", NAME, "--allow", "--expect", "touch first")
    expect(done.returncode != 0, f"it is refused: {done.stdout}")
    expect(PROMPT["codex"] in play.pane.look().text, "the window's dialog is still open")
    play.pane.press("Escape")
    await play.no_dialog()
    await play.quiet()
    expect(not (play.stage.rig.project / "second").exists(), "nothing has run")
    return (done.stdout + done.stderr).strip().splitlines()[-1]


async def the_coordinator_is_killed_with_a_dialog_open(play: Play) -> str:
    """kill -9 of the coordinator with a dialog open → the window's stays; started again, it is answered"""
    await play.asks("touch again")
    await play.dialog("touch again")
    play.stage.coordinator.kill()
    play.stage.coordinator.wait(10)
    await asyncio.sleep(1.0)
    expect(PROMPT["codex"] in play.pane.look().text, "the window's dialog is still open")
    await play.stage.start_coordinator()
    await play.dialog("touch again")
    said = await play.answer("--allow")
    await seen((play.stage.rig.project / "again").exists, "the command has run")
    await play.quiet()
    return said


async def the_client_is_killed(play: Play) -> str:
    """kill -9 of the client → its thread is left alone"""
    for process in processes_in(play):
        process.kill()
    message_id = await play.stage.send(NAME, urgent=True)
    status = await play.left_alone(message_id)
    return str(status["detail"])


def processes_in(play: Play) -> list[psutil.Process]:
    """The processes of the window, on the counting terminal."""
    shell = psutil.Process(int(play.stage.rig.tmux("display-message", "-p", "-t", play.pane.pane_id, "#{pane_pid}")))
    return [one for one in shell.children(recursive=True) if "codex" in program_names(one.cmdline())]


SCENES = (
    idle_with_a_draft,
    busy_and_urgent,
    busy_and_not_urgent,
    an_approval_is_answered_over_the_interface,
    an_approval_is_denied_over_the_interface,
    files_are_shown_with_their_diff,
    a_dialog_that_changed_is_refused,
    the_coordinator_is_killed_with_a_dialog_open,
    the_client_is_killed,
)


async def window(stage: Stage, *, has_new_hooks: bool = False) -> Play:
    """Codex's window on a counting terminal, once it takes input; new hooks are let run."""
    await asyncio.to_thread(stage.rig.start_codex_daemon)
    count = stage.rig.home / "typed"
    command = shlex.join([sys.executable, str(COUNTED), str(count), "codex"])
    pane = stage.rig.start(command, width=110, height=34)
    if has_new_hooks:  # it may show its input line first
        await asyncio.to_thread(pane.wait_for, REVIEW, PATIENCE)
        pane.press("Down")
        await asyncio.to_thread(pane.wait_for, TRUST_ALL, PATIENCE)
        pane.press("Enter")
    await asyncio.to_thread(pane.wait_for, READY["codex"], PATIENCE)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    await insist(pane, REGISTER, partial(stage.agent, NAME))
    play = Play(stage=stage, pane=pane, count=count)
    await play.quiet()
    return play


async def play_all(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    async with staged(arguments.programs) as stage:
        wire(stage.rig, "codex", stage.home)
        play = await window(stage)
        for scene in SCENES:
            if arguments.scene in scene.__name__:
                unmet += await report(title(scene), scene(play))
    return unmet


if __name__ == "__main__":
    sys.exit(run_script(script_arguments("tests.real_agents.codex_structured", __doc__), play_all))
