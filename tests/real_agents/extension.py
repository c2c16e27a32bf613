"""pi's extension: `python -m tests.real_agents.extension --programs DIR [--scene WORD]`.

The real program runs in a tmux pane with the extension that `xats-tui setup pi` writes, its bridge is ours, its model
is scripted.  Every key and paste that reaches a pane is counted.  Each scene says what it saw; the last line counts
them.
"""

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.real_agents.opencode_structured import Keys, typed
from tests.real_agents.rig import AgentPane
from tests.real_agents.session_inbox import history
from tests.real_agents.stage import (
    Stage,
    between,
    expect,
    play_each,
    run_script,
    script_arguments,
    seen,
    staged,
)

CLIENT, TRANSPORT = "pi", "extension"
DRAFT = "half a thought"

REGISTER = 'CALL register_agent {"name": "bob", "team": "t", "model": "m"}'

WATCHED_S = 4.0
"""Seconds in which nothing must happen."""

ASKING = """\
export default function (pi) {
  pi.registerCommand("doubt", {
    description: "Ask",
    handler: async (_, ctx) => ctx.ui.notify(`sure: ${await ctx.ui.confirm("Delete it?", "All of it")}`, "info"),
  });
}
"""
"""Another extension, which asks the person."""


def pids(stage: Stage) -> set[int]:
    """The processes whose extension listens."""
    return {int(path.stem) for path in (stage.home / "extensions").glob("*.sock")}


async def sent(stage: Stage, name: str) -> tuple[str, Keys]:
    """Send a message, and count what is typed from then on."""
    keys = Keys(stage)
    return await stage.send(name), keys


async def woken(stage: Stage, message_id: str, keys: Keys, step: str = "seen") -> str:
    """See an agent woken through its extension, with nothing typed."""
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, step)
    expect(status["transport"] == TRANSPORT, await history(stage, message_id))
    expect(keys.count == 0, f"typed or pasted: {keys.count}")
    return f"{status['detail']}, {between(status, 'queued', 'submitted'):.2f} s after it was sent"


async def waits(stage: Stage, message_id: str, keys: Keys) -> str:
    """See a wake wait, and nothing typed meanwhile."""
    await asyncio.sleep(WATCHED_S)
    status = await stage.status(message_id)
    expect(not {"typed", "submitted"} & set(status["evidence"]), await history(stage, message_id))
    expect(keys.count == 0, f"typed or pasted: {keys.count}")
    return str(status["detail"])


async def idle_with_a_draft(stage: Stage, pane: AgentPane) -> str:
    """idle with a draft → a turn begins, the draft stays, the end of the turn marks the mail as read"""
    await typed(pane, DRAFT)
    said = await woken(stage, *await sent(stage, "bob"), step="read")
    expect(re.search(rf"^{DRAFT}", pane.look().text, re.MULTILINE) is not None, pane.look().text)
    pane.press("C-u")
    return said


async def menu_open(stage: Stage, pane: AgentPane) -> str:
    """a menu is open → a turn begins, the menu stays"""
    await asyncio.to_thread(pane.submit, "/settings")
    await asyncio.to_thread(pane.wait_for, "Auto-compact")
    said = await woken(stage, *await sent(stage, "bob"))
    expect("Auto-compact" in pane.look().text, pane.look().text)
    pane.press("Escape")
    return said


async def at_work(stage: Stage, pane: AgentPane) -> str:
    """at work → waits, and is handed over when the turn is over"""
    await asyncio.to_thread(pane.submit, "WAIT 8")
    await asyncio.to_thread(pane.wait_for, "Working")
    message_id, keys = await sent(stage, "bob")
    detail = await waits(stage, message_id, keys)
    return f"{detail}; then {await woken(stage, message_id, keys)}"


async def another_extension_asks(stage: Stage, pane: AgentPane) -> str:
    """an extension's dialog is open → waits, and the dialog is not answered"""
    (stage.rig.home / ".pi/agent/extensions/doubt.ts").write_text(ASKING)
    await loaded_anew(stage, pane)
    await asyncio.to_thread(pane.submit, "/doubt")
    await asyncio.to_thread(pane.wait_for, "Delete it")
    message_id, keys = await sent(stage, "bob")
    detail = await waits(stage, message_id, keys)
    expect("Delete it" in pane.look().text, pane.look().text)
    pane.press("Escape")
    await stage.until(message_id, "seen")
    return detail


async def loaded_anew(stage: Stage, pane: AgentPane) -> str:
    """the extension is loaded anew → it is linked again, and the agent is woken"""
    await asyncio.to_thread(pane.submit, "/reload")
    await asyncio.to_thread(pane.wait_for, "Reloaded")
    await asyncio.to_thread(pane.settle, 1.5, 10.0)
    await asyncio.to_thread(pane.submit, REGISTER)  # pi starts its MCP servers anew, too
    await asyncio.to_thread(pane.settle, 2.5, 20.0)
    return await woken(stage, *await sent(stage, "bob"))


async def stopped(stage: Stage, pane: AgentPane) -> str:
    """the program is stopped → nothing is typed; woken once, after it goes on"""
    (pid,) = pids(stage)
    os.kill(pid, signal.SIGSTOP)
    try:
        message_id, keys = await sent(stage, "bob")
        detail = await waits(stage, message_id, keys)
    finally:
        os.kill(pid, signal.SIGCONT)
    began = len(stage.said(0))
    await stage.until(message_id, "seen")
    await asyncio.sleep(WATCHED_S)
    turns = [text for text in stage.said(0)[began:] if "[xats]" in text]
    expect(len(turns) <= 1, f"the model was told {turns}")
    return detail


async def coordinator_restarted(stage: Stage, pane: AgentPane) -> str:
    """the coordinator is started again → it finds the extension, and wakes the agent"""
    stage.coordinator.terminate()
    await asyncio.to_thread(stage.coordinator.wait)
    await stage.start_coordinator()
    await asyncio.sleep(WATCHED_S)
    return await woken(stage, *await sent(stage, "bob"))


async def two_in_one_folder(stage: Stage, pane: AgentPane) -> str:
    """two in one folder → the right one is woken"""
    other = await stage.join(CLIENT, "carol")
    said = await woken(stage, *await sent(stage, "carol"))
    expect("[xats]" in other.look().text, other.look().text)
    stage.rig.end(other)
    await seen(lambda: len(pids(stage)) == 1, "the other one's socket is gone")
    return said


async def killed(stage: Stage, pane: AgentPane) -> str:
    """killed → its socket stays behind, and nothing is handed over or typed"""
    (pid,) = pids(stage)
    os.kill(pid, signal.SIGKILL)
    await seen(lambda: not Path(f"/proc/{pid}").exists(), "it has ended")
    expect(pids(stage) == {pid}, "the socket's file stays")
    return await waits(stage, *await sent(stage, "bob"))


SCENES: tuple[Callable[[Stage, AgentPane], Awaitable[str]], ...] = (
    idle_with_a_draft,
    menu_open,
    at_work,
    loaded_anew,
    another_extension_asks,
    stopped,
    coordinator_restarted,
    two_in_one_folder,
    killed,
)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    async with staged(arguments.programs) as stage:
        pane = await stage.join(CLIENT, "bob")
        return await play_each(SCENES, arguments.scene, CLIENT, pane, stage, pane)


def main() -> int:
    """Parse, run, count."""
    return run_script(script_arguments("tests.real_agents.extension", __doc__), play)


if __name__ == "__main__":
    sys.exit(main())
