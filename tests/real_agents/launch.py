"""`xats-tui launch` with the real programs: `python -m tests.real_agents.launch --programs DIR [--client NAME]`.

Each is launched into a tmux server of its own, with the scripted model in place of a hosted one, and has to be there,
woken by a message and have read it, with nobody at the keyboard.  Each scene says what it saw.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.commands.processes import XATS, clean_environment
from tests.real_agents.client_files import AS_INSTALLED
from tests.real_agents.rig import AgentPane, install
from tests.real_agents.scenes import CLIENTS
from tests.real_agents.stage import PATIENCE, Stage, expect, report, seen, staged

LAUNCHING = 120.0
"""Seconds for a launch."""

ELSEWHERE = "http://127.0.0.1:1/mcp"
"""URL of a server called xats in the user's own configuration, which a launch must replace."""


class LaunchPad:
    """A tmux server whose panes find the programs and the scripted model, and the command that fills them."""

    def __init__(self, stage: Stage, client: str) -> None:
        self.stage = stage
        self.client = client
        self.rig = stage.rig
        self.environment = {
            "HOME": str(self.rig.home),
            "PATH": self.rig.path,
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.rig.port}",
            **AS_INSTALLED,
        }
        self._configure()
        self.rig.tmux("new-session", "-d", "-s", "work", "-x", "110", "-y", "32", "sleep", "1000")
        self.rig.tmux("set-option", "-g", "default-size", "110x32")
        for name, value in self.environment.items():
            self.rig.tmux("set-environment", "-g", name, value)

    async def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would, outside tmux."""
        command = [*XATS, "launch", self.client, "--home", str(self.stage.home), "--socket", self.socket, *arguments]
        done = partial(subprocess.run, command, cwd=self.rig.project, capture_output=True, text=True, timeout=LAUNCHING)
        return await asyncio.to_thread(done, env=clean_environment() | self.environment | environment)

    async def launched(self, name: str, *arguments: str) -> Mapping[str, Any]:
        """Launch an agent and return the command's output."""
        begun = time.monotonic()
        done = await self.run("--name", name, "--team", "t", "--json", *arguments)
        expect(done.returncode == 0, f"it ends with 0: {done.stdout}{done.stderr}")
        return {**json.loads(done.stdout), "seconds": time.monotonic() - begun}

    async def reads(self, name: str, pane_id: str) -> str:
        """Send a message that makes the agent say a word, and see it read, and the word in its pane and no other."""
        word = f"heard-{os.urandom(3).hex()}"
        message_id = await self.stage.send(name, f"SAY {word}")
        status = await self.stage.until(message_id, "seen")
        await asyncio.to_thread(AgentPane(self.rig, pane_id).wait_for, word, PATIENCE)
        await asyncio.to_thread(AgentPane(self.rig, pane_id).settle, 1.5, 15.0)
        others = [one for one in self.rig.tmux("list-panes", "-a", "-F", "#{pane_id}").split() if one != pane_id]
        expect(not any(word in AgentPane(self.rig, one).look().text for one in others), f"only {name} heard it")
        return str(status["transport"])

    async def shown(self, name: str) -> Mapping[str, Any]:
        """Return what `xats-tui agents NAME` tells of an agent."""
        command = [*XATS, "agents", name, "--json", "--home", str(self.stage.home)]
        done = partial(subprocess.run, command, capture_output=True, text=True, check=True, timeout=LAUNCHING)
        told: Mapping[str, Any] = json.loads((await asyncio.to_thread(done, env=clean_environment())).stdout)
        return told

    @property
    def socket(self) -> str:
        """Path of the server's socket."""
        return str(self.rig.home / "tmux.sock")

    def _configure(self) -> None:
        """As users have it who have set up xats before, in another way."""
        self.rig.extra_codex = f'[mcp_servers.xats]\nurl = "{ELSEWHERE}"\n'
        self.rig.extra_opencode = {"mcp": {"xats": {"type": "remote", "url": ELSEWHERE, "enabled": True}}}
        self.rig.configure()
        path = self.rig.home / ".claude.json"
        servers = {"mcpServers": {"xats": {"type": "http", "url": ELSEWHERE}}}
        path.write_text(json.dumps(json.loads(path.read_text()) | servers))


async def it_is_there_woken_and_reads(pad: LaunchPad) -> str:
    """launched → registered in its pane → woken by a message → has read it, twice."""
    said = await pad.launched("ann", "--role", "qa")
    agent = await pad.stage.agent("ann")
    expect((agent["client"], agent["role"]) == (pad.client, "qa"), str(agent))
    expect(agent["tmux_pane_id"] == said["tmux_pane_id"], f"its pane is {said['tmux_pane_id']}: {agent}")
    ways = [await pad.reads("ann", said["tmux_pane_id"]) for _ in range(2)]
    return f"registered after {said['seconds']:.1f} s in {agent['tmux_pane_id']}; woken by {ways[0]}, then {ways[1]}"


async def two_in_one_folder_are_told_apart(pad: LaunchPad) -> str:
    """two launched at once in one folder: each is bound to its own pane and woken there."""
    both = await asyncio.gather(pad.launched("bob"), pad.launched("cid"))
    panes = {}
    for said in both:
        agent = await pad.stage.agent(said["name"])
        expect(agent["tmux_pane_id"] == said["tmux_pane_id"], f"{said['tmux_pane_id']}: {agent}")
        panes[said["name"]] = said["tmux_pane_id"]
    ways = [await pad.reads(name, pane_id) for name, pane_id in panes.items()]
    return f"{panes}; woken by {', '.join(ways)}"


async def hooks_that_setup_has_set_run_once(pad: LaunchPad) -> str:
    """set up, then launched: its settings report to this coordinator, so --settings adds no second hook."""
    command = [*XATS, "setup", pad.client, "--yes", "--home", str(pad.stage.home)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=pad.rig.project, capture_output=True, env=clean_environment() | pad.environment
    )
    expect(done.returncode == 0, f"setup ends well: {done.stdout!r}{done.stderr!r}")
    said = await pad.launched("gil")
    started = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
    own = [line for line in started if "--name" in line and "gil" in line and "--mcp-config" in line]
    expect(bool(own) and not any("--settings" in line for line in own), f"no hooks are added: {own}")
    way = await pad.reads("gil", said["tmux_pane_id"])
    ways = {one["name"]: one["state"] for one in (await pad.shown("gil"))["ways"]}
    expect(ways.get("turn-end-hook") == "turn end", f"its hooks have reported: {ways}")
    return f"woken by {way}; {ways}"


async def a_name_that_lives_is_refused(pad: LaunchPad) -> str:
    """the name of a living agent → refused, and no window is opened."""
    before = pad.rig.tmux("list-panes", "-a", "-F", "#{pane_id}")
    done = await pad.run("--name", "ann", "--team", "t")
    expect(done.returncode == 1 and "already" in done.stderr, f"{done.returncode} {done.stderr}")
    expect(pad.rig.tmux("list-panes", "-a", "-F", "#{pane_id}") == before, "no pane was opened")
    return done.stderr.strip()


async def a_prompt_of_the_users_is_obeyed(pad: LaunchPad) -> str:
    """arguments after -- reach the client: a prompt is its first turn."""
    word = f"said-{os.urandom(3).hex()}"
    prompt = [f"--prompt=SAY {word}"] if pad.client == "opencode" else [f"SAY {word}"]
    said = await pad.launched("dan", "--", *prompt)
    await asyncio.to_thread(AgentPane(pad.rig, said["tmux_pane_id"]).wait_for, word, PATIENCE)
    return word


async def a_client_that_fails_is_told(pad: LaunchPad) -> str:
    """a flag that the client does not know → what its pane shows is told, and nothing is registered."""
    done = await pad.run("--name", "eve", "--team", "t", "--timeout", "20", "--", "--no-such-flag")
    expect(done.returncode == 1, f"it ends with 1: {done.stdout}{done.stderr}")
    return done.stderr.strip().splitlines()[0]


async def codex_has_a_server_of_its_own(pad: LaunchPad) -> str:
    """--app-server: registered, woken, and the server ends with its pane."""
    said = await pad.launched("fay", "--app-server")
    agent = await pad.stage.agent("fay")
    expect(agent["tmux_pane_id"] == said["tmux_pane_id"], str(agent))
    ways = [await pad.reads("fay", said["tmux_pane_id"]) for _ in range(2)]
    expect(bool(servers(pad)), "it has a server of its own")
    pad.rig.tmux("kill-pane", "-t", said["tmux_pane_id"])
    await seen(lambda: not servers(pad), "its server has ended")
    return f"woken by {ways[0]}, then {ways[1]}; its server ended with its pane"


def servers(pad: LaunchPad) -> list[int]:
    """The app-servers that listen on a port, of this rig."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("HOME") == str(pad.rig.home)
            if ours and "app-server" in process.cmdline() and "--listen" in process.cmdline():
                found += [process.pid for word in process.cmdline() if word.startswith("ws://127.0.0.1:")]
        except psutil.Error:
            continue
    return found


SCENES = (
    it_is_there_woken_and_reads,
    a_name_that_lives_is_refused,
    two_in_one_folder_are_told_apart,
    a_prompt_of_the_users_is_obeyed,
    a_client_that_fails_is_told,
)


OWN_SCENES = {"codex": (codex_has_a_server_of_its_own,), "claude-code": (hooks_that_setup_has_set_run_once,)}
"""Scenes of one client."""


async def play(programs: Path, clients: list[str], wanted: str) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in clients:
        async with staged(programs) as stage:
            pad = LaunchPad(stage, client)
            for scene in (*SCENES, *OWN_SCENES.get(client, ())):
                if wanted in scene.__name__:
                    unmet += await report(f"{client}: {(scene.__doc__ or '').rstrip('.')}", scene(pad))
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.launch", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (1.1 GB)")
    parser.add_argument("--client", choices=sorted(CLIENTS), action="append", help="only this one; may be repeated")
    parser.add_argument("--scene", default="", help="only scenes with this in their name")
    arguments = parser.parse_args()
    os.environ.pop("TMUX", None)
    install(arguments.programs)
    unmet = asyncio.run(play(arguments.programs, arguments.client or sorted(CLIENTS), arguments.scene))
    sys.stdout.write("all scenes showed what they should\n" if not unmet else f"{unmet} scenes did not\n")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
