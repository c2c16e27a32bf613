"""Two windows of the real Codex on one app-server: `python -m tests.real_agents.codex_windows --programs DIR`.

A thread is set to work only while a window shows that very thread.  Each scene says what it saw; the last line counts.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import Any

from tests.real_agents.rig import AgentPane
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    busy_loops,
    expect,
    report,
    run_script,
    script_arguments,
    staged,
    title,
    ui_pids,
)

WATCHED = 4.0
"""Seconds for which a thread is seen to be left alone."""


REGISTER = 'CALL register_agent {"name":"ann","team":"t","client":"codex","model":"m"}'
"""For a thread that was opened again: the server that it gets knows of no agent."""


def thread_of(status: dict[str, Any]) -> str:
    """The thread that the reason for waiting names."""
    return str(status["detail"]).rsplit(" ", 1)[-1].rstrip("`")


async def left_alone(stage: Stage, name: str) -> tuple[str, dict[str, Any]]:
    """Send a message that must start no turn; its id and what is said of it."""
    began = time.time()
    message_id = await stage.send(name, f"SAY heard by {name}")
    await asyncio.sleep(WATCHED)
    status = await stage.status(message_id)
    hinted = [entry for entry in stage.asked(began) if "[xats]" in entry["user"]]
    expect("submitted" not in status["evidence"] and not hinted, f"it was set to work: {status} {hinted}")
    expect("a Codex window shows its thread" in str(status["detail"]).replace("no C", "a C"), f"it is told: {status}")
    return message_id, status


async def the_closed_one_is_left_alone(stage: Stage, ann: AgentPane, bob: AgentPane) -> str:
    """one window quits → its thread is left alone, the other is woken; resumed → delivered."""
    ann.submit("/quit")
    await asyncio.to_thread(ann.wait_for, "codex resume", PATIENCE)
    message_id, status = await left_alone(stage, "ann")
    await stage.until(await stage.send("bob"), "seen")
    ann.submit(f"clear; codex resume {thread_of(status)} '{REGISTER}'")
    await stage.until(message_id, "seen")
    return f"{status['detail']}; then delivered"


async def the_one_that_was_left_for_a_new_thread_is_left_alone(stage: Stage, ann: AgentPane, bob: AgentPane) -> str:
    """/new in its window → the old thread is left alone until it is shown again."""
    await asyncio.to_thread(ann.settle, 2.0, 20.0)
    ann.submit("/new")
    await asyncio.to_thread(ann.settle, 2.0, 20.0)
    message_id, status = await left_alone(stage, "ann")
    ann.submit(f"/resume {thread_of(status)}")
    await asyncio.to_thread(ann.settle, 2.0, 20.0)
    ann.submit(REGISTER)
    await asyncio.to_thread(ann.settle, 2.0, 20.0)
    await stage.send("ann")
    await stage.until(message_id, "seen")
    return "delivered when its window showed it again"


async def a_stopped_one_is_left_alone(stage: Stage, ann: AgentPane, bob: AgentPane) -> str:
    """the window's process is put in the background → left alone until it is in front again."""
    await asyncio.to_thread(bob.settle, 2.0, 20.0)
    for pid in await ui_pids(stage.rig, bob, "codex"):
        os.kill(pid, signal.SIGSTOP)
    message_id, _ = await left_alone(stage, "bob")
    bob.submit("fg")
    await stage.until(message_id, "seen")
    return "delivered after fg"


async def a_killed_one_is_left_alone(stage: Stage, ann: AgentPane, bob: AgentPane) -> str:
    """kill -9 of a window → its thread is left alone, the other is woken."""
    for pid in await ui_pids(stage.rig, bob, "codex"):
        os.kill(pid, signal.SIGKILL)
    _, status = await left_alone(stage, "bob")
    await stage.until(await stage.send("ann"), "seen")
    return str(status["detail"])


SCENES = (
    the_closed_one_is_left_alone,
    a_stopped_one_is_left_alone,
    a_killed_one_is_left_alone,
    the_one_that_was_left_for_a_new_thread_is_left_alone,
)
"""The last leaves threads of one window behind: without names, as 0.169 has them, nothing tells which it shows."""


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    async with staged(arguments.programs) as stage:
        ann, bob = await stage.join("codex", "ann"), await stage.join("codex", "bob")
        with busy_loops(arguments.busy):
            for scene in SCENES:
                if arguments.scene in scene.__name__:
                    unmet += await report(title(scene), scene(stage, ann, bob))
    return unmet


if __name__ == "__main__":
    sys.exit(run_script(script_arguments("tests.real_agents.codex_windows", __doc__), play))
