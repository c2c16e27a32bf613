"""The prompts of our server in the real programs: `python -m tests.real_agents.prompts --programs DIR [--client NAME]`.

A person types `/`, chooses a prompt from the list, and the model gets its text.  Each scene says what it saw.
"""

import argparse
import asyncio
import json
import sys
import time
from functools import partial

from tests.real_agents.rig import AgentPane
from tests.real_agents.stage import (
    Stage,
    report,
    run_script,
    script_arguments,
    seen,
    staged,
    title,
)

LISTED = {"claude-code": "/xats:{}", "opencode": "/xats:{}:mcp"}
"""How each client lists a prompt; Codex lists none of MCP servers."""

READY = {"claude-code": "", "opencode": "1 MCP"}
"""Text on the screen when its MCP servers are there."""

MENU_S = 30.0
"""Seconds for a prompt to appear behind the `/`: the server may be connected later than the input line is there."""


COMPLETE = {"claude-code": "Tab", "opencode": "Enter"}
"""Key that puts the chosen prompt into the input line, so that arguments can follow."""

PROMPTS = (("register", "ann shop", "name: ann\nteam: shop"), ("board", "", "Call task_list of xats"))
"""Prompts with their arguments, and what the model has to get."""


async def a_prompt_is_listed_and_its_text_reaches_the_model(stage: Stage, client: str, pane: AgentPane) -> str:
    """`/` lists the prompts; register with a name and a team, and board reach the model."""
    pane.type("/xats")
    for prompt in ("register", "inbox", "board"):
        await asyncio.to_thread(pane.wait_for, LISTED[client].format(prompt), MENU_S)
    pane.press("C-u")
    for prompt, typed, text in PROMPTS:
        since = time.time()
        for part, key in ((f"/xats:{prompt[:3]}", COMPLETE[client]), (typed, "Enter")):
            pane.type(part)
            await asyncio.to_thread(pane.settle, 1.0, 5.0)
            pane.press(key)
            await asyncio.to_thread(pane.settle, 1.0, 5.0)
        await seen(partial(has_asked, stage, since, text), f"the model got {text!r}", MENU_S)
    return "register, inbox and board are listed; register ann shop and board reached the model"


def has_asked(stage: Stage, since: float, text: str) -> bool:
    """Return whether the model was asked with a text since then."""
    wanted = json.dumps(text)[1:-1]
    return any(wanted in json.dumps(entry["body"]) for entry in stage.asked(since))


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in [client for client in arguments.client if client in LISTED]:
        async with staged(arguments.programs) as stage:
            pane = await stage.open(client)
            if READY[client]:
                await asyncio.to_thread(pane.wait_for, READY[client], MENU_S)
            scene = a_prompt_is_listed_and_its_text_reaches_the_model
            unmet += await report(f"{client}: {title(scene)}", scene(stage, client, pane))
    return unmet


if __name__ == "__main__":
    sys.exit(run_script(script_arguments("tests.real_agents.prompts", __doc__), play))
