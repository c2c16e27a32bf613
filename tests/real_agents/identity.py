"""Identification of the real programs: `python -m tests.real_agents.identity --programs DIR [--client NAME]`.

Each runs in a tmux pane of its own, behind `xats-tui mcp`, with the scripted model in place of a hosted one, and says
nothing of itself but a name.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.mcp_caller import Caller
from tests.real_agents.rig import AgentPane, install
from tests.real_agents.scenes import CLIENTS, READY
from tests.real_agents.stage import PATIENCE, Stage, expect, insist, report, seen, staged, wire

TEAM = "proj"
"""The name of the rig's project folder."""


class Crowd:
    """Agents of one client that run side by side, and one who watches their team."""

    def __init__(self, stage: Stage, client: str) -> None:
        self.stage = stage
        self.client = client
        self.watcher: Caller
        self.panes: dict[str, AgentPane] = {}
        """By the agents' names."""

    async def watch(self) -> None:
        """Join the team, whatever has happened to the coordinator."""
        self.watcher = self.stage.operator
        await self.watcher.register("watcher", team=TEAM)

    async def start(self, name: str, *arguments: str) -> AgentPane:
        """Start one more, with these arguments for its bridge."""
        rig, home = self.stage.rig, self.stage.home
        flags = "--mcp-config mcp.json --allowedTools mcp__xats" if self.client == "claude-code" else ""
        if self.client == "codex":
            await asyncio.to_thread(rig.start_codex_daemon)
        wire(rig, self.client, home, *arguments)
        pane = rig.start(CLIENTS[self.client], arguments=flags, width=110, height=32)
        wire(rig, self.client, home, *arguments)
        await asyncio.to_thread(pane.wait_for, READY[self.client], PATIENCE)
        await asyncio.to_thread(pane.settle, 1.5, 15.0)
        self.panes[name] = pane
        return pane

    async def ask(self, name: str, prompt: str) -> None:
        """Give an agent a prompt; the Enter that a program which was not ready has swallowed is pressed again."""
        pane = self.panes[name]
        pane.submit(prompt)
        await asyncio.sleep(4)
        if any(prompt[:20] in line for line in pane.look().text.rstrip().splitlines()[-6:]):
            pane.press("Enter")

    async def agent(self, name: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The agent as the coordinator lists it, once it does."""

        async def listed() -> dict[str, Any] | None:
            agents = (await self.watcher.call("list_agents"))["agents"]
            return next((agent for agent in agents if agent["name"] == name), None)

        found: dict[str, Any] = await seen(listed, f"{name} is registered in {TEAM}", timeout)
        return found

    async def reached(self, name: str) -> str:
        """Wake an agent with a message that makes it say a word, which must show in its own pane and in no other."""
        word = f"heard-by-{name}-{os.urandom(3).hex()}"
        await self.watcher.call("send_message", to_agent_name=name, body=f"SAY {word}", need_reply=False)
        await asyncio.to_thread(self.panes[name].wait_for, word, PATIENCE)
        await asyncio.to_thread(self.panes[name].settle, 1.5, 15.0)
        others = [other for other, pane in self.panes.items() if other != name and word in pane.look().text]
        expect(not others, f"only {name} heard it, not {others}")
        return word


def check_place(crowd: Crowd, name: str, agent: dict[str, Any]) -> str:
    """Check that an agent is bound to its pane or has a Codex thread, and return which."""
    expect(agent["client"] == crowd.client, f"the client is {crowd.client}: {agent}")
    if crowd.client == "codex":
        expect(agent["delivery"]["kind"] == "codex-appserver", f"it has a thread: {agent}")
        return "a thread of its own"
    expect(agent["tmux_pane_id"] == crowd.panes[name].pane_id, f"its pane is {crowd.panes[name].pane_id}: {agent}")
    return str(agent["tmux_pane_id"])


async def a_name_is_enough(crowd: Crowd) -> str:
    """register_agent with a name alone binds the right pane, or the right thread, of two that run."""
    places = []
    for name in ("ann", "bob"):
        await crowd.start(name)
        prompt = f"CALL register_agent {json.dumps({'name': name})}"
        await insist(crowd.panes[name], prompt, partial(crowd.agent, name))
        places.append(check_place(crowd, name, await crowd.agent(name)))
        await asyncio.to_thread(crowd.panes[name].settle, 1.5, 15.0)
    for name in ("ann", "bob"):
        await crowd.reached(name)
    agent = await crowd.agent("ann")
    return f"{' and '.join(places)}, model {agent['model']!r}; each was woken in its own"


async def a_kill_changes_nobody(crowd: Crowd) -> str:
    """after kill -9 of the coordinator both are who they were, without a word of their models."""
    before = {name: (await crowd.agent(name))["agent_id"] for name in crowd.panes}
    crowd.stage.coordinator.send_signal(signal.SIGKILL)
    crowd.stage.coordinator.wait()
    await crowd.stage.start_coordinator()
    await crowd.watch()

    async def back() -> bool:
        agents = (await crowd.watcher.call("list_agents"))["agents"]
        return {agent["name"]: agent["agent_id"] for agent in agents if agent["name"] in before} == before

    await seen(back, "both are back")
    for name in before:
        await crowd.reached(name)
    return f"{len(before)} agents, the same ids, woken again"


async def the_configuration_names_an_agent(crowd: Crowd) -> str:
    """--name registers an agent before its model has said anything."""
    await crowd.start("cid", "--name", "cid", "--role", "qa")
    agent = await crowd.agent("cid")
    expect(agent["role"] == "qa", f"its role is qa: {agent}")
    if crowd.client == "codex":
        await crowd.ask("cid", "CALL get_inbox {}")
        agent = await seen(partial(_with_thread, crowd), "its first call brings its thread")
        await asyncio.to_thread(crowd.panes["cid"].settle, 1.5, 15.0)
    place = check_place(crowd, "cid", agent)
    await crowd.reached("cid")
    return place


async def _with_thread(crowd: Crowd) -> dict[str, Any] | None:
    agent = await crowd.agent("cid")
    return agent if agent["delivery"]["kind"] == "codex-appserver" else None


SCENES = (a_name_is_enough, a_kill_changes_nobody, the_configuration_names_an_agent)


async def play(programs: Path, clients: list[str]) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in clients:
        async with staged(programs) as stage:
            crowd = Crowd(stage, client)
            await crowd.watch()
            for scene in SCENES:
                unmet += await report(f"{client}: {(scene.__doc__ or '').rstrip('.')}", scene(crowd))
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.identity", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (1.1 GB)")
    parser.add_argument("--client", choices=sorted(CLIENTS), action="append", help="only this one; may be repeated")
    arguments = parser.parse_args()
    os.environ.pop("TMUX", None)
    install(arguments.programs)
    unmet = asyncio.run(play(arguments.programs, arguments.client or sorted(CLIENTS)))
    sys.stdout.write("all scenes showed what they should\n" if not unmet else f"{unmet} scenes did not\n")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
