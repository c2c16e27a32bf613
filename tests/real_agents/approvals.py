"""Woken with nobody at the keyboard: `python -m tests.real_agents.approvals --programs DIR [--client NAME]`.

Each real program is set up by `xats-tui setup` alone and asks about tools as it does by default.  It has to register,
be woken and read its mail without a person's approval; set up without the rules it stops at the first of our tools.
"""

import argparse
import asyncio
import json
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS, clean_environment
from tests.real_agents.rig import AgentPane, NotSeen, Shot
from tests.real_agents.scenes import CLIENTS, READY
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    Unmet,
    expect,
    report,
    run_script,
    say,
    script_arguments,
    staged,
    title,
)

MANUAL = {"claude-code": "--permission-mode default", "codex": "", "opencode": ""}
"""Flags with which a client asks about what nobody has allowed."""

ASKS = {
    "claude-code": r"Do you want to proceed",
    "codex": r"Allow the xats MCP server",
    "opencode": r"Permission required",
}
"""Text on the screen when a client asks about a tool."""

ASKED_BY_RULE = {"permission": {"*": "ask"}}
"""For opencode, which asks about no tool by itself."""


async def set_up(stage: Stage, client: str, *flags: str) -> None:
    """Run `xats-tui setup` in the rig's home, as a person does before the first start."""
    rig = stage.rig
    rig.configure()
    if client == "opencode":
        user = rig.home / ".config/opencode/opencode.json"
        user.parent.mkdir(parents=True, exist_ok=True)
        user.write_text(json.dumps(ASKED_BY_RULE))
    command = [*XATS, "setup", client, "--yes", "--no-hooks", "--home", str(stage.home), *flags]
    environment = clean_environment() | {"HOME": str(rig.home), "PATH": rig.path}
    run = partial(subprocess.run, command, env=environment, cwd=rig.project, capture_output=True, text=True)
    done = await asyncio.to_thread(run, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    expect(done.returncode == 0, f"setup ends well: {done.stdout}{done.stderr}")


async def started(stage: Stage, client: str) -> AgentPane:
    """The program, once it takes input."""
    pane = stage.rig.start(CLIENTS[client], arguments=MANUAL[client], width=110, height=34)
    await asyncio.to_thread(pane.wait_for, READY[client], PATIENCE)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    return pane


async def told_to_register(stage: Stage, client: str, pane: AgentPane) -> None:
    """Have the model call our tool; again if it did not have it yet: Codex takes input before its servers are there."""
    for _ in range(5):
        pane.submit(f"CALL register_agent {json.dumps({'name': client, 'team': 't'})}")
        shown = await answered(pane, f"{ASKS[client]}|DONE")
        with suppress(Unmet):
            if re.search(ASKS[client], shown.text) or await stage.agent(client, 3):
                return


async def answered(pane: AgentPane, pattern: str) -> Shot:
    """The screen that follows on a prompt; Enter is pressed again if it got lost while the client was starting."""
    try:
        return await asyncio.to_thread(pane.wait_for, pattern, PATIENCE / 4)
    except NotSeen:
        pane.press("Enter")
        return await asyncio.to_thread(pane.wait_for, pattern, PATIENCE)


async def set_up_it_reads_its_mail_unasked(stage: Stage, client: str) -> str:
    """set up, it registers, is woken and reads its mail, and nobody approves anything."""
    await set_up(stage, client)
    pane = await started(stage, client)
    await told_to_register(stage, client, pane)
    await stage.agent(client)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    message_id = await stage.send(client, "SAY heard")
    status: Mapping[str, Any] = await stage.until(message_id, "seen")
    await asyncio.to_thread(pane.wait_for, "heard", PATIENCE)
    return f"{status['transport']}: {', '.join(status['evidence'])}"


async def without_the_rule_it_stops_at_the_first_tool(stage: Stage, client: str) -> str:
    """set up without the rule, it stops at a question until a person comes."""
    await set_up(stage, client, "--no-allow")
    pane = await started(stage, client)
    await told_to_register(stage, client, pane)
    await asyncio.to_thread(pane.wait_for, ASKS[client], PATIENCE)
    try:
        await stage.agent(client, 3)
    except Unmet:
        return "asked, and not registered"
    raise Unmet("it has registered although it asked")


SCENES = (set_up_it_reads_its_mail_unasked, without_the_rule_it_stops_at_the_first_tool)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes, each in a world of its own; how many did not show what they should."""
    unmet = 0
    for client in arguments.client:
        for scene in SCENES:
            if arguments.scene in scene.__name__:
                unmet += await report(f"{client}: {title(scene)}", _in_a_world(arguments.programs, scene, client))
    return unmet


async def _in_a_world(programs: Path, scene: Any, client: str) -> str:
    async with staged(programs) as stage:
        stage.rig.extra_opencode = {"permission": {}}
        try:
            shown: str = await scene(stage, client)
        except Exception:
            for pane_id in stage.rig.tmux("list-panes", "-a", "-F", "#{pane_id}").split():
                say(AgentPane(stage.rig, pane_id).look().text)
            raise
        return shown


if __name__ == "__main__":
    raise SystemExit(run_script(script_arguments("tests.real_agents.approvals", __doc__), play))
