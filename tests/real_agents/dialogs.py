"""Permissions answered by the client's own interface: `python -m tests.real_agents.dialogs --programs DIR`.

A real Claude Code asks whether a command may be run, in its pane and through its `PermissionRequest` hook at once.
The operator answers from the command line or the dashboard and presses no key in that pane; the person at the pane can
answer at any time instead; and nobody's answer leaves Claude Code's own dialog as it was.
"""

import argparse
import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS
from tests.real_agents.rig import AgentPane
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    expect,
    report,
    run_script,
    say,
    script_arguments,
    seen,
    staged,
    title,
)

NAME = "claude"
OWN_DIALOG = "Do you want to proceed"
IDLE = r"manual mode on · \? for shortcuts"

HOOK_LIMIT_S = 6
"""Seconds after which Claude Code ends a hook in the scene where nobody answers."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """A Claude Code at work, and the commands of its operator."""

    stage: Stage
    pane: AgentPane

    async def asks(self, file: str) -> dict[str, Any]:
        """Have it ask whether it may touch a file; the dialog, once both its screen and its hook tell of it."""
        command = json.dumps({"command": f"touch {file}", "description": "make a file"})
        begun = time.monotonic()
        await asyncio.to_thread(self.pane.submit, f"CALL Bash {command}")
        await asyncio.to_thread(self.pane.wait_for, OWN_DIALOG, PATIENCE)
        told: dict[str, Any] = await seen(partial(self.told, file), f"the hook tells of {file}")
        say(f"        asked after {time.monotonic() - begun:.1f} s: {told['tool']}: {told['subject']}")
        return told

    async def told(self, words: str) -> dict[str, Any] | None:
        """The dialog that the hook tells of, if these words are in what it asks."""
        dialogs = json.loads((await self.xats("dialogs", "--json")).stdout)
        is_it = (one for one in dialogs if one["interface"] != "screen" and words in one["subject"])
        return next(is_it, None)

    async def xats(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator."""
        command = [*XATS, *arguments, "--home", str(self.stage.home)]
        run = partial(subprocess.run, command, env=self.stage.environment, capture_output=True, text=True, timeout=60)
        return await asyncio.to_thread(run, stdin=subprocess.DEVNULL, check=False)

    async def made(self, file: str) -> None:
        """Wait until the file is there, and the agent idle."""
        await seen((self.stage.rig.project / file).exists, f"{file} is there", 20)
        await self.idle()

    async def idle(self) -> None:
        """Wait until the agent is idle."""
        await asyncio.to_thread(self.pane.wait_for, IDLE, PATIENCE)

    def is_made(self, file: str) -> bool:
        """Return whether the file is there."""
        return (self.stage.rig.project / file).exists()

    def noted(self, file: str) -> int:
        """The answers in the activity log that were taken by the hook, for a file."""
        query = "SELECT count(*) FROM activity WHERE verb = 'answer' AND detail LIKE ?"
        return self.stage.count(query, f"%: taken (PermissionRequest hook)%touch {file}%")


async def allowed_from_the_command_line(desk: Desk) -> str:
    """allowed once from the command line, by its hook and without a key."""
    await desk.asks("one")
    answered = await desk.xats("answer", NAME, "--allow", "--expect", "touch one")
    expect(answered.returncode == 0, f"the answer is taken: {answered.stdout}{answered.stderr}")
    await desk.made("one")
    expect(desk.noted("one") == 1, "the activity log has it")
    return " | ".join(answered.stdout.splitlines())


async def denied_with_words(desk: Desk) -> str:
    """denied with a reason, which the model reads."""
    await desk.asks("two")
    answered = await desk.xats("answer", NAME, "--deny", "--text", "use another folder", "--expect", "touch two")
    expect(answered.returncode == 0, f"the answer is taken: {answered.stdout}{answered.stderr}")
    shot = await asyncio.to_thread(desk.pane.wait_for, "use another folder", PATIENCE)
    await desk.idle()
    expect(not desk.is_made("two"), "nothing was run")
    return next(line.strip() for line in shot.text.splitlines() if "use another folder" in line)


async def a_question_of_the_model(desk: Desk) -> str:
    """a question of the model is answered with one of its own choices."""
    choices = [{"label": "Red", "description": "as before"}, {"label": "Blue", "description": "as the guide says"}]
    asked = [{"question": "Which colour?", "header": "Colour", "multiSelect": False, "options": choices}]
    await asyncio.to_thread(desk.pane.submit, f"CALL AskUserQuestion {json.dumps({'questions': asked})}")
    await asyncio.to_thread(desk.pane.wait_for, "Enter to select", PATIENCE)
    await seen(partial(desk.told, "colour"), "the hook tells of the question")
    refused = await desk.xats("answer", NAME, "--allow", "--expect", "colour")
    expect(refused.returncode == 1, "a question has no allow")
    answered = await desk.xats("answer", NAME, "--option", "2", "--expect", "colour")
    expect(answered.returncode == 0, f"the answer is taken: {answered.stdout}{answered.stderr}")
    shot = await asyncio.to_thread(desk.pane.wait_for, "Which colour.*Blue", PATIENCE)
    await desk.idle()
    return next(line.strip() for line in shot.text.splitlines() if "Which colour?" in line and "Blue" in line)


async def changed_in_between(desk: Desk) -> str:
    """a dialog that has changed in between is not answered."""
    await desk.asks("three")
    desk.pane.press("Enter")
    await desk.made("three")
    await desk.asks("four")
    refused = await desk.xats("answer", NAME, "--allow", "--expect", "touch three")
    expect(refused.returncode == 1, f"it is refused: {refused.stdout}{refused.stderr}")
    expect(OWN_DIALOG in desk.pane.look().text and not desk.is_made("four"), "the other dialog is untouched")
    desk.pane.press("Enter")
    await desk.made("four")
    return refused.stderr.strip()


async def answered_at_the_pane(desk: Desk) -> str:
    """answered at the pane while the hook waits, it is off the board."""
    await desk.asks("five")
    desk.pane.press("Enter")
    begun = time.monotonic()
    await desk.made("five")
    await seen(partial(_none, desk), "no dialog is open", 20)
    refused = await desk.xats("answer", NAME, "--allow")
    expect(refused.returncode == 1, "there is nothing left to answer")
    return f"after {time.monotonic() - begun:.1f} s; {refused.stderr.strip()}"


async def answered_from_the_dashboard(desk: Desk) -> str:
    """answered from the dashboard with keys in a real tmux."""
    stage, rig = desk.stage, desk.stage.rig
    stage.coordinator.terminate()
    await asyncio.to_thread(stage.coordinator.wait, 20)
    size = ("-x", "120", "-y", "40")
    start = [*XATS, "--home", str(stage.home), "--port", "0"]
    dashboard = AgentPane(rig, rig.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", *size, *start))
    await asyncio.to_thread(dashboard.wait_for, r"ctrl\+q quit", PATIENCE)
    await desk.asks("six")
    await asyncio.to_thread(dashboard.wait_for, "asks: Bash: touch six", PATIENCE)
    dashboard.press("BTab", "a")
    shot = await asyncio.to_thread(dashboard.wait_for, "wants to use Bash", PATIENCE)
    expect(
        "told by its PermissionRequest hook" in shot.text and "command: touch six" in shot.text, "it is the client's"
    )
    dashboard.press("1", "Right", "Enter")
    await desk.made("six")
    expect(desk.noted("six") == 1, "the activity log has it")
    rig.end(dashboard)
    return next(line.strip(" │") for line in shot.text.splitlines() if "wants to use" in line)


async def nobody_answers(desk: Desk) -> str:
    """nobody answers: the hook ends, and the client's own dialog stays and takes an answer."""
    told = await desk.asks("seven")
    await seen(partial(_by_the_screen, desk), "the screen's dialog is offered", HOOK_LIMIT_S + 15)
    shot = desk.pane.look()
    expect(OWN_DIALOG in shot.text and "hook" not in shot.text.lower(), f"its own dialog stays:\n{shot.text}")
    desk.pane.press("Enter")
    await desk.made("seven")
    return f"told by {told['interface']}, then by the screen"


async def coordinator_gone(desk: Desk) -> str:
    """the coordinator is killed while the hook waits: the client's own dialog stays and takes an answer."""
    await desk.asks("eight")
    desk.stage.coordinator.kill()
    await asyncio.to_thread(desk.stage.coordinator.wait, 20)
    await asyncio.sleep(1)
    expect(OWN_DIALOG in desk.pane.look().text, "its own dialog stays")
    desk.pane.press("Enter")
    await desk.made("eight")
    return "its own dialog was there, and was answered at the pane"


async def _none(desk: Desk) -> bool:
    return bool(json.loads((await desk.xats("dialogs", "--json")).stdout) == [])


async def _by_the_screen(desk: Desk) -> bool:
    dialogs = json.loads((await desk.xats("dialogs", "--json")).stdout)
    return [one["interface"] for one in dialogs] == ["screen"]


Scene = Callable[[Desk], Awaitable[str]]

ANSWERED: tuple[Scene, ...] = (
    allowed_from_the_command_line,
    denied_with_words,
    a_question_of_the_model,
    changed_in_between,
    answered_at_the_pane,
    answered_from_the_dashboard,
)
UNANSWERED: tuple[Scene, ...] = (nobody_answers, coordinator_gone)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes with one Claude Code for those that are answered, and another one for the rest."""
    unmet = 0
    for scenes, limit_s in ((ANSWERED, None), (UNANSWERED, HOOK_LIMIT_S)):
        wanted = [scene for scene in scenes if arguments.scene in scene.__name__]
        if wanted:
            unmet += await _in_a_world(arguments.programs, wanted, limit_s)
    return unmet


async def _in_a_world(programs: Path, scenes: list[Scene], limit_s: int | None) -> int:
    unmet = 0
    async with staged(programs) as stage:
        stage.hook_limit_s = limit_s
        desk = Desk(stage=stage, pane=await stage.join("claude-code", NAME))
        for scene in scenes:
            failed = await report(f"claude-code: {title(scene)}", scene(desk))
            if failed:
                say(desk.pane.look().text)
            unmet += failed
    return unmet


if __name__ == "__main__":
    raise SystemExit(run_script(script_arguments("tests.real_agents.dialogs", __doc__), play))
