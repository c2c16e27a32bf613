"""The seven agents of a soak: how each is started, registered, quit and started again, each in a pane of its own."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.commands.processes import XATS
from tests.real_agents.client_files import opencode
from tests.real_agents.person import Person, person_at
from tests.real_agents.rig import AgentPane, NotSeen, squashed
from tests.real_agents.scenes import CLIENTS, READY
from tests.real_agents.stage import HOOK_EVENTS, PATIENCE, Stage, Unmet, seen, ui_pids, wire

CREW = {
    "ann": "claude-code",
    "bea": "claude-code",
    "cat": "claude-code",
    "dan": "codex",
    "eva": "codex",
    "fay": "opencode",
    "gus": "opencode",
}
"""The client of each."""

IN_AUTO_MODE = frozenset({"bea"})
"""Agents whose client lets a model decide on permissions, as Claude Code does by default, and never asks."""

WITH_THE_DAEMON = frozenset({"eva"})
"""Agents whose Codex reads its settings from the file: with command line settings, Codex runs without the daemon."""

WITHOUT_HOOKS = frozenset({"cat"})
"""Agents whose user has not set up hooks, so that they are woken by typing only."""

QUIT = {
    "claude-code": ("/exit",),
    "codex": ("/quit",),
    "opencode": ("/exit",),
}
"""Text that a person types to leave a client."""

PROMPT_OF_THE_SHELL = r"^\$ *$"


@dataclass(slots=True, kw_only=True)
class Member:
    """One agent, and the person in front of it."""

    name: str
    client: str
    stage: Stage
    pane: AgentPane
    person: Person

    async def register(self) -> None:
        """Have its model register it, once the client takes input; a prompt that got lost is typed again."""
        await self._ready()
        for _ in range(4):
            before = await self._seen_at()
            fields: dict[str, Any] = {"name": self.name, "team": "t", "client": self.client, "model": "m"}
            if self.client != "codex":
                fields["ui_pid"] = (await ui_pids(self.stage.rig, self.pane, CLIENTS[self.client]))[0]
            prompt = f"CALL register_agent {json.dumps(fields)}"
            await asyncio.to_thread(self.pane.submit, prompt)
            if await self._registered_since(before):
                return
            await self._clear(prompt)
        raise Unmet(f"{self.name} did not register:\n{self.pane.look().text}")

    async def quit(self) -> None:
        """Leave the client, as a person does; its shell stays."""
        await asyncio.to_thread(self.person.submit, QUIT[self.client][0])
        await asyncio.to_thread(self.pane.wait_for, PROMPT_OF_THE_SHELL, PATIENCE)

    async def start(self) -> None:
        """Start the client from its shell."""
        await asyncio.to_thread(self.person.submit, f"clear; {self.stage.rig.home / self.name}.sh")

    async def _ready(self) -> None:
        """Wait until the client takes input; one that shows nothing for long is started again."""
        for _ in range(2):
            try:
                await asyncio.to_thread(self.pane.wait_for, READY[self.client], PATIENCE / 2)
                break
            except NotSeen:
                self.person.press("C-c", "C-c")
                await self.start()
        else:
            await asyncio.to_thread(self.pane.wait_for, READY[self.client], PATIENCE)
        await asyncio.to_thread(self.pane.settle, 2.0, 20.0)

    async def _seen_at(self) -> str:
        agents = (await self.stage.operator.call("list_agents"))["agents"]
        return next((agent["last_seen_at"] for agent in agents if agent["name"] == self.name), "")

    async def _registered_since(self, before: str) -> bool:
        async def registered() -> bool:
            return await self._seen_at() > before

        try:
            await seen(registered, f"{self.name} has registered", 15)
        except Unmet:
            return False
        return True

    async def _clear(self, prompt: str) -> None:
        """Send what stands in the input line, or clear it: a client that was not ready has swallowed the Enter."""
        if squashed(prompt)[-16:] in squashed("".join(self.pane.look().text.splitlines()[-8:])):
            self.pane.press("C-u")
        await asyncio.to_thread(self.pane.settle, 1.5, 15.0)


def write_script(stage: Stage, name: str) -> None:
    """Write what starts an agent's client: its own model address, and our server."""
    client = CREW[name]
    base = f"http://127.0.0.1:{stage.rig.port}/{name}"
    bridge = [*XATS, "mcp", "--home", str(stage.home)]
    exports: dict[str, str] = {}
    if client == "claude-code":
        exports, command = {"ANTHROPIC_BASE_URL": base}, _claude(stage, bridge, name)
    elif client == "codex":
        command = ["codex"] if name in WITH_THE_DAEMON else _codex(bridge, base)
    else:
        exports, command = {"OPENCODE_CONFIG_CONTENT": _opencode(bridge, stage, name)}, ["opencode"]
    lines = [f"export {key}={shlex.quote(value)}" for key, value in exports.items()]
    script = stage.rig.home / f"{name}.sh"
    script.write_text("\n".join(["#!/bin/sh", *lines, f"exec {shlex.join(command)}", ""]))
    script.chmod(0o700)


def _claude(stage: Stage, bridge: list[str], name: str) -> list[str]:
    servers = {"mcpServers": {"xats": {"command": bridge[0], "args": bridge[1:]}}}
    hook = {"hooks": [{"type": "command", "command": f"{shlex.join(XATS)} hook --home {stage.home}"}]}
    settings = {
        "hooks": {} if name in WITHOUT_HOOKS else {event: [hook] for event in HOOK_EVENTS},
        "permissions": {"defaultMode": "auto" if name in IN_AUTO_MODE else "default"},
    }
    flags = [f"--mcp-config={json.dumps(servers)}", "--allowedTools=mcp__xats", "--settings", json.dumps(settings)]
    return ["claude", *flags]


def _codex(bridge: list[str], base: str) -> list[str]:
    fields = f'command={json.dumps(bridge[0])},args={json.dumps(bridge[1:])},default_tools_approval_mode="approve"'
    settings = (f"mcp_servers.xats={{{fields}}}", f'model_providers.local.base_url="{base}/v1"')
    return ["codex", *(word for setting in settings for word in ("-c", setting))]


def _opencode(bridge: list[str], stage: Stage, name: str) -> str:
    server = {"mcp": {"xats": {"type": "local", "command": bridge, "enabled": True}}}
    content = json.loads(opencode(stage.rig.port, server))
    content["provider"]["local"]["options"]["baseURL"] = f"http://127.0.0.1:{stage.rig.port}/{name}/v1"
    return json.dumps(content)


@asynccontextmanager
async def crew(stage: Stage, names: list[str]) -> AsyncIterator[dict[str, Member]]:
    """The agents, started and registered, each with a person at its terminal."""
    wire(stage.rig, "codex", stage.home)
    await asyncio.to_thread(stage.rig.start_codex_daemon)
    with ExitStack() as stack:
        members: dict[str, Member] = {}
        first = {CREW[name]: name for name in reversed(names)}.values()
        for wave in (list(first), [name for name in names if name not in first]):
            # The first of each client alone: two that set up their home at once get into each other's way.
            started = [_started(stage, name, stack) for name in wave]
            members |= {member.name: member for member in started}
            await asyncio.gather(*(member.register() for member in started))
        yield members


def _started(stage: Stage, name: str, stack: ExitStack) -> Member:
    write_script(stage, name)
    pane = stage.rig.start(f"{stage.rig.home / name}.sh", width=110, height=32)
    person = stack.enter_context(person_at(stage.rig, pane))
    return Member(name=name, client=CREW[name], stage=stage, pane=pane, person=person)
