"""Stage for the scripts in this folder: a rig, its own coordinator, registered agents, and waiting.

A scene is a coroutine that says what it saw, or raises `Unmet`; `report` prints a line for each.
"""

import argparse
import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVarTuple

from tests.commands.processes import XATS, clean_environment
from tests.mcp_caller import Caller, callers
from tests.real_agents.programs import NEWER, PROGRAMS, Program
from tests.real_agents.rig import AgentPane, Rig, install, running_rig, squashed
from tests.real_agents.scenes import CLIENTS
from xats_tui.backend.system.processes import Processes, normal_tty
from xats_tui.clients.claude_code.spec import SPEC as CLAUDE_CODE
from xats_tui.clients.programs import program_names
from xats_tui.clients.setup.json_hooks import hook_entry
from xats_tui.clients.setup.own_command import hook_line
from xats_tui.core.clock import from_wire
from xats_tui.runtime import pid_file

PATIENCE = 120.0
"""Seconds for an agent to do something: these machines are shared, and busy on purpose now and then."""

PROMPTS = 5
"""How often a prompt is repeated: the tools of a client may come later than its input line."""

CODEX_SERVER = """\
[mcp_servers.xats]
command = "{command}"
args = {arguments}
default_tools_approval_mode = "approve"
"""
"""For its configuration: the coordinator's tools need no approval, shell commands do."""

CLAUDE_FLAGS = "--mcp-config mcp.json --allowedTools mcp__xats --settings hooks.json"

HOOK_EVENTS = ("SessionStart", "UserPromptSubmit", "PermissionRequest", "Notification", "Stop", "SessionEnd")

FRONT = f"{sys.executable} {Path(__file__).with_name('front.py')}"
"""Starts a program that is going to be stopped."""

BUSY_LOOP = "while True: pass"


class Unmet(Exception):
    """A scene showed something else than it should."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs."""

    rig: Rig
    home: Path
    coordinator: subprocess.Popen[str]
    connect: Callable[[str], Awaitable[Caller]]
    operator: Caller
    panes: dict[str, AgentPane] = field(default_factory=dict)
    """By the agents' names."""
    set_up: set[str] = field(default_factory=set)
    """Clients that have our server in their files."""
    hook_limit_s: int | None = None
    """Seconds after which Claude Code ends its `PermissionRequest` hook; None for what `setup` writes."""
    slowness: float = 1.0
    """Times that anything may take longer on a machine that is busy on purpose."""

    @property
    def environment(self) -> dict[str, str]:
        """For the coordinator: the rig's home and its tmux server."""
        return clean_environment() | {"HOME": str(self.rig.home), "TMUX": f"{self.rig.home / 'tmux.sock'},1,0"}

    async def start_coordinator(self) -> None:
        """Start it (again), and connect the sender of the scenes."""
        command = [*XATS, "daemon", "--home", str(self.home), "--port", "0"]
        log = (self.home / "stdout").open("a")
        self.coordinator = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, text=True)
        record = await seen(lambda: self._record(), "the coordinator listens")
        self.operator = await self.connect(record.url)
        await self.operator.register("tester", team="t")

    def _record(self) -> pid_file.PidRecord | None:
        record = pid_file.read(self.home / "daemon.pid")
        return record if record and record.pid == self.coordinator.pid else None

    async def join(self, client: str, name: str, *, stoppable: bool = False, folder: Path | None = None) -> AgentPane:
        """Start an agent in a folder, the project if None, and have its model register it."""
        pane = await self.open(client, stoppable=stoppable, folder=folder)
        fields: dict[str, Any] = {"name": name, "team": "t", "model": "m"}
        if client in CLIENTS:
            fields["client"] = client
        if PROGRAMS[client].names_folder:
            fields["project_dir"] = str(folder or self.rig.project)
        if client in ("claude-code", "opencode"):
            fields["ui_pid"] = (await ui_pids(self.rig, pane, CLIENTS[client]))[0]
        await insist(pane, f"CALL register_agent {json.dumps(fields)}", partial(self.agent, name))
        await asyncio.to_thread(pane.settle, 1.5, 15.0)
        self.panes[name] = pane
        return pane

    async def open(self, client: str, *, stoppable: bool = False, folder: Path | None = None) -> AgentPane:
        """Start a client with our server, and wait until it takes input."""
        program = PROGRAMS[client]
        await asyncio.to_thread(self._set_up, client)
        command = f"{FRONT} {program.command}" if stoppable else program.command
        arguments = CLAUDE_FLAGS if client == "claude-code" else program.arguments
        environment = self.rig.variables(program)
        pane = self.rig.start(
            command, arguments=arguments, environment=environment, width=110, height=32, folder=folder
        )
        await asyncio.to_thread(greet, pane, program)
        return pane

    def _set_up(self, client: str) -> None:
        wire(self.rig, client, self.home, hook_limit_s=self.hook_limit_s)
        self.rig.prepare(PROGRAMS[client])
        if client == "codex":
            self.rig.start_codex_daemon()
        if client in NEWER and client not in self.set_up:
            self.set_up.add(client)
            self.rig.run(*XATS, "setup", client, "--yes", "--home", str(self.home))

    async def agent(self, name: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The agent as the coordinator lists it, once it does."""

        async def listed() -> dict[str, Any] | None:
            agents = (await self.operator.call("list_agents"))["agents"]
            return next((agent for agent in agents if agent["name"] == name), None)

        found: dict[str, Any] = await seen(listed, f"{name} is registered", timeout)
        return found

    async def send(self, name: str, body: str = "SAY thanks", **fields: Any) -> str:
        """Send a message to an agent; its id."""
        sent = await self.operator.call("send_message", to_agent_name=name, to_team="t", body=body, **fields)
        return str(sent["message_id"])

    async def status(self, message_id: str) -> dict[str, Any]:
        """Return the delivery status of a message."""
        (status,) = (await self.operator.call("get_delivery_status", message_id=message_id))["statuses"]
        return dict(status)

    async def until(self, message_id: str, step: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The status once there is evidence of that step."""

        async def reached() -> dict[str, Any] | None:
            status = await self.status(message_id)
            return status if step in status["evidence"] else None

        try:
            found: dict[str, Any] = await seen(reached, f"evidence of {step}", timeout)
        except Unmet as error:
            raise Unmet(f"{error}; {await self.status(message_id)}") from None
        return found

    def asked(self, since: float = 0.0) -> list[dict[str, Any]]:
        """The requests of agents to the model since then (seconds since the epoch), side questions left out."""
        log = self.rig.home / "model.jsonl"
        entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [entry for entry in entries if entry.get("tools") and entry["at"] >= since]

    def said(self, since: float) -> list[str]:
        """The texts that began turns since then, or joined them."""
        return [text for entry in self.asked(since) if not entry["results"] for text in entry["texts"]]

    def count(self, query: str, *values: object) -> int:
        """The number that a query to the coordinator's database gives."""
        return int(self.rows(query, *values)[0][0])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a query to the coordinator's database gives."""
        with sqlite3.connect(f"file:{self.home / 'data.db'}?mode=ro", uri=True) as database:
            return list(database.execute(query, values))


def greet(pane: AgentPane, program: Program) -> None:
    """Answer what a program asks at its start, until it takes input."""
    greetings = dict(program.greetings)
    while True:
        pane.wait_for("|".join([program.ready, *greetings]), PATIENCE)
        shown = pane.settle(1.5, 15.0).text
        asked = next((pattern for pattern in greetings if re.search(pattern, shown)), None)
        if asked is None:
            return
        pane.press(greetings.pop(asked))


async def insist(pane: AgentPane, prompt: str, effect: Callable[[float], Awaitable[object]]) -> None:
    """Prompt until there is an effect, for which `effect` waits so many seconds.

    A program that was not ready yet has lost the Enter, or its tools were not there when the model wanted one.
    """
    for _ in range(PROMPTS):
        await asyncio.to_thread(pane.submit, prompt)
        for seconds in (10.0, 20.0):
            with suppress(Unmet):
                await effect(seconds)
                return
            if squashed(prompt)[-16:] not in squashed("".join(pane.look().text.splitlines()[-8:])):
                break
            pane.press("Enter")
        pane.press("C-u")
    raise Unmet(f"{prompt!r} had no effect:\n{pane.look().text}")


async def seen(look: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """Call `look` until it returns something, and return that."""
    give_up_at = time.monotonic() + timeout
    while True:
        found = look()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        if time.monotonic() > give_up_at:
            raise Unmet(f"not seen in {timeout:g} s: {what}")
        await asyncio.sleep(0.1)


def expect(holds: bool, what: str) -> None:
    """Say what was not so."""
    if not holds:
        raise Unmet(what)


def between(status: dict[str, Any], first: str, then: str) -> float:
    """Seconds between two rungs of a wake's evidence."""
    return (from_wire(status["evidence"][then]) - from_wire(status["evidence"][first])).total_seconds()


def wire(rig: Rig, client: str, home: Path, *arguments: str, hook_limit_s: int | None = None) -> None:
    """Give a client `xats-tui mcp` as its MCP server, with these arguments, and Claude Code the hooks."""
    command = [*XATS, "mcp", "--home", str(home), *arguments]
    servers = {"mcpServers": {"xats": {"command": command[0], "args": command[1:]}}}
    (rig.project / "mcp.json").write_text(json.dumps(servers))
    hook = [*XATS, "hook", "--home", str(home)]
    hooks = {event: hook_entry(CLAUDE_CODE, event, hook_line(hook, CLAUDE_CODE, event)) for event in HOOK_EVENTS}
    if hook_limit_s is not None:
        hooks["PermissionRequest"]["timeout"] = hook_limit_s
    events = {event: [{"hooks": [hook]}] for event, hook in hooks.items()}
    (rig.project / "hooks.json").write_text(json.dumps({"hooks": events}))
    rig.extra_codex = CODEX_SERVER.format(command=command[0], arguments=json.dumps(command[1:]))
    rig.extra_opencode = {"mcp": {"xats": {"type": "local", "command": command, "enabled": True}}}
    del client


async def ui_pids(rig: Rig, pane: AgentPane, program: str) -> list[int]:
    """The pids of the program that shows itself in a pane; npm puts a wrapper around some."""
    tty = normal_tty(rig.tmux("display-message", "-p", "-t", pane.pane_id, "#{pane_tty}")) or ""
    shown = [one.pid for one in await Processes().on_tty(tty) if program in program_names(one.command)]
    if not shown:
        raise Unmet(f"no {program} on {tty}")
    return sorted(shown)


@asynccontextmanager
async def staged(programs: Path, *, lean: bool = False) -> AsyncIterator[Stage]:
    """A rig with a coordinator; gone when the block ends."""
    scratch = Path(tempfile.mkdtemp(prefix="xats-real-")) / "h"
    with running_rig(programs, scratch, lean=lean) as rig:
        home = scratch / "xats"
        home.mkdir()
        async with callers() as connect:
            stage = Stage(rig=rig, home=home, coordinator=None, connect=connect, operator=None)  # type: ignore[arg-type]
            await stage.start_coordinator()
            try:
                yield stage
            finally:
                stage.coordinator.terminate()
                stage.coordinator.wait(10)


@contextmanager
def busy_loops(number: int) -> Iterator[None]:
    """So many processes that do nothing but keep a processor busy, for the life of the block."""
    with ExitStack() as stack:
        for _ in range(number):
            loop = subprocess.Popen([sys.executable, "-c", BUSY_LOOP], stdin=subprocess.DEVNULL)
            stack.callback(loop.wait)
            stack.callback(loop.kill)
        yield


async def report(name: str, scene: Awaitable[str]) -> int:
    """Run one scene and say what it showed; 1 if it was not what it should."""
    try:
        line, unmet = f"ok      {name}: {await scene}", 0
    except Exception as error:
        line, unmet = f"UNMET   {name}: {error!s}", 1
    say(line)
    return unmet


Around = TypeVarTuple("Around")


async def play_each(
    scenes: Iterable[Callable[[*Around], Awaitable[str]]], matching: str, client: str, pane: AgentPane, *around: *Around
) -> int:
    """Run the scenes whose name matches in one window, which rests in between; how many were not as meant."""
    unmet = 0
    for scene in scenes:
        if re.search(matching, scene.__name__):
            unmet += await report(f"{client}: {title(scene)}", scene(*around))
            await asyncio.to_thread(pane.settle, 2.5, 20.0)
    return unmet


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def title(scene: Callable[..., object]) -> str:
    """The first line of what a scene says of itself."""
    return (scene.__doc__ or "").splitlines()[0].rstrip(".")


def script_arguments(module: str, description: str | None, clients: Iterable[str] = CLIENTS) -> argparse.ArgumentParser:
    """The arguments that every script here takes; `clients` are those that it can play with."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument(
        "--programs", type=Path, required=True, help="where the npm packages are, or go (2.7 GB for all)"
    )
    parser.add_argument("--client", choices=sorted(clients), action="append", help="only this one; may be repeated")
    parser.set_defaults(clients=sorted(clients))
    parser.add_argument("--scene", default="", help="only scenes whose name matches")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="play under so many busy loops")
    return parser


def run_script(parser: argparse.ArgumentParser, play: Callable[[argparse.Namespace], Awaitable[int]]) -> int:
    """Parse, install what is missing, play, count; the exit code."""
    arguments = parser.parse_args()
    os.environ.pop("TMUX", None)
    arguments.client = arguments.client or arguments.clients
    install(arguments.programs, arguments.client)

    async def played() -> int:
        return await play(arguments)

    unmet = asyncio.run(played())
    say("all scenes showed what they should" if not unmet else f"{unmet} scenes did not")
    return 1 if unmet else 0
