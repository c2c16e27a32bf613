"""Codex with the hooks of `xats-tui setup`: `python -m tests.real_agents.codex_hooks --programs DIR`.

A person has let them run when Codex asked.  Each scene is played in a world of its own and says what it saw.
"""

import argparse
import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS, clean_environment
from tests.real_agents.codex_structured import NAME, Play, window
from tests.real_agents.stage import PATIENCE, expect, report, run_script, script_arguments, staged, title


async def a_turn_goes_on_with_the_mail(play: Play) -> str:
    """set up with hooks, busy → the mail is read when the turn ends, within it; nothing is typed"""
    play.pane.submit("WAIT 6")
    await asyncio.to_thread(play.pane.wait_for, "esc to interrupt", PATIENCE)
    before, message_id = play.typed, await play.stage.send(NAME)
    status = await play.stage.until(message_id, "submitted")
    await play.stage.until(message_id, "read")
    await play.quiet()
    expect("turn goes on" in status["detail"], f"by the hook: {status}")
    expect(play.typed == before, f"{play.typed - before} bytes were typed")
    return f"{status['transport']}: {status['detail']}; 0 bytes typed"


async def an_interrupted_turn_is_no_busy_one(play: Play) -> str:
    """set up with hooks, turn interrupted → idle, and woken"""
    play.pane.submit("WAIT 20")
    await asyncio.to_thread(play.pane.wait_for, "esc to interrupt", PATIENCE)
    play.pane.press("Escape")
    await asyncio.to_thread(play.pane.wait_for, "interrupted", PATIENCE)
    message_id = await play.stage.send(NAME)
    status = await play.stage.until(message_id, "read")
    return f"{status['transport']}: {status['detail']}"


async def set_up_with_hooks(programs: Path, scene: Any) -> str:
    """Run a scene with a Codex that `xats-tui setup` has given its hooks, and a person has let run."""
    async with staged(programs) as stage:
        stage.rig.configure()
        command = [*XATS, "setup", "codex", "--yes", "--home", str(stage.home)]
        environment = clean_environment() | {"HOME": str(stage.rig.home), "PATH": stage.rig.path}
        run = partial(subprocess.run, command, env=environment, cwd=stage.rig.project, stdin=subprocess.DEVNULL)
        done = await asyncio.to_thread(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
        expect(done.returncode == 0, f"setup ends well: {done.stdout}{done.stderr}")
        said: str = await scene(await window(stage, has_new_hooks=True))
        return said


SCENES = (a_turn_goes_on_with_the_mail, an_interrupted_turn_is_no_busy_one)


async def play_all(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for scene in SCENES:
        if arguments.scene in scene.__name__:
            unmet += await report(title(scene), set_up_with_hooks(arguments.programs, scene))
    return unmet


if __name__ == "__main__":
    sys.exit(run_script(script_arguments("tests.real_agents.codex_hooks", __doc__), play_all))
