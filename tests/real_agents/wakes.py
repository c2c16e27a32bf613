"""Wakes of the real programs: `python -m tests.real_agents.wakes --programs DIR [--client NAME] [--pairs]`.

Each agent runs in a tmux pane, behind its own `xats-tui mcp`, with the scripted model in place of a hosted one; the
coordinator is a process of its own.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS, clean_environment
from tests.mcp_caller import Caller, callers
from tests.real_agents.rig import AgentPane, Rig, install, running_rig
from tests.real_agents.scenes import ASK_SHELL, CLIENTS, PROMPT, READY
from xats_tui import pid_file
from xats_tui.backend.clock import from_wire
from xats_tui.backend.processes import Processes, normal_tty
from xats_tui.programs import program_names

PATIENCE = 40.0
"""Seconds for an agent to do something: these machines are shared."""

PROGRAM = {"claude-code": "claude", "codex": "codex", "opencode": "opencode"}
"""What the process of each client is called."""

CODEX_SERVER = """\
[mcp_servers.xats]
command = "{command}"
args = {arguments}
default_tools_approval_mode = "approve"
"""
"""For its configuration: the coordinator's tools need no approval, shell commands do."""

DONE_TO_WOKEN = 2.0
"""Seconds from the model's answer to the wake of an agent that was busy."""

EXCHANGED = 20
"""Messages that a pair exchanges."""


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

    async def join(self, client: str, name: str) -> AgentPane:
        """Start an agent and have its model register it."""
        wire(self.rig, client, self.home)
        arguments = (
            "--mcp-config mcp.json --allowedTools mcp__xats --settings hooks.json" if client == "claude-code" else ""
        )
        pane = self.rig.start(CLIENTS[client], arguments=arguments, width=110, height=32)
        wire(self.rig, client, self.home)
        await asyncio.to_thread(pane.wait_for, READY[client], PATIENCE)
        await asyncio.to_thread(pane.settle, 1.5, 15.0)
        fields: dict[str, Any] = {"client": client, "model": "m", "name": name, "team": "t"}
        if client != "codex":
            fields["ui_pid"] = await ui_pid(self.rig, pane, PROGRAM[client])
        pane.submit(f"CALL register_agent {json.dumps(fields)}")
        try:
            await self.agent(name, 8)
        except Unmet:
            pane.press("Enter")  # a program that was not ready yet has swallowed the first
            await self.agent(name)
        await asyncio.to_thread(pane.settle, 1.5, 15.0)
        self.panes[name] = pane
        return pane

    async def agent(self, name: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The agent as the coordinator lists it, once it does."""

        async def listed() -> dict[str, Any] | None:
            agents = (await self.operator.call("list_agents"))["agents"]
            return next((agent for agent in agents if agent["name"] == name), None)

        found: dict[str, Any] = await seen(listed, f"{name} is registered", timeout)
        return found

    async def send(self, name: str, body: str = "SAY thanks") -> str:
        """Send a message to an agent; its id."""
        sent = await self.operator.call("send_message", to_agent_name=name, to_team="t", body=body)
        return str(sent["message_id"])

    async def status(self, message_id: str) -> dict[str, Any]:
        """What is known of a message's wake."""
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


async def seen(look: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """What `look` brings, as soon as it brings something."""
    give_up_at = time.monotonic() + timeout
    while True:
        found = look()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        if time.monotonic() > give_up_at:
            raise Unmet(f"not seen in {timeout:g} s: {what}")
        await asyncio.sleep(0.1)


def wire(rig: Rig, client: str, home: Path, *arguments: str) -> None:
    """Give a client `xats-tui mcp` as its MCP server, with these arguments, and Claude Code the hooks."""
    command = [*XATS, "mcp", "--home", str(home), *arguments]
    servers = {"mcpServers": {"xats": {"command": command[0], "args": command[1:]}}}
    (rig.project / "mcp.json").write_text(json.dumps(servers))
    hook = {"hooks": [{"type": "command", "command": f"{' '.join(XATS)} hook --home {home}"}]}
    events = ("SessionStart", "UserPromptSubmit", "PermissionRequest", "Notification", "Stop", "SessionEnd")
    (rig.project / "hooks.json").write_text(json.dumps({"hooks": {event: [hook] for event in events}}))
    rig.extra_codex = CODEX_SERVER.format(command=command[0], arguments=json.dumps(command[1:]))
    rig.extra_opencode = {"mcp": {"xats": {"type": "local", "command": command, "enabled": True}}}
    del client


async def ui_pid(rig: Rig, pane: AgentPane, program: str) -> int:
    """The pid of the program that shows itself in a pane."""
    tty = normal_tty(rig.tmux("display-message", "-p", "-t", pane.pane_id, "#{pane_tty}")) or ""
    shown = [one.pid for one in await Processes().on_tty(tty) if program in program_names(one.command)]
    if not shown:
        raise Unmet(f"no {program} on {tty}")
    return min(shown)


async def idle_agent_is_woken_and_answers(stage: Stage, client: str, pane: AgentPane) -> str:
    """idle → woken, and the model reads its mail and answers."""
    body = 'CALL send_message {"to_agent_name":"tester","body":"pong","need_reply":false}'
    message_id = await stage.send(client, body)
    status = await stage.until(message_id, "seen")

    async def answered() -> bool:
        inbox = await stage.operator.call("get_inbox")
        return any(message["body"] == "pong" for message in inbox["messages"])

    await seen(answered, "the answer")
    return f"{status['transport']}, submitted after {between(status, 'queued', 'submitted'):.2f} s"


async def draft_is_untouched(stage: Stage, client: str, pane: AgentPane) -> str:
    """draft → untouched, delivered after it is cleared (Codex: delivered beside it)."""
    pane.type("half a thought")
    await asyncio.sleep(3)
    message_id = await stage.send(client)
    if client == "codex":
        await stage.until(message_id, "seen")
        expect("half a thought" in pane.look().text, "the draft is still there")
        pane.press("C-u")
        return "woken beside the draft, which stayed"
    await asyncio.sleep(2)
    status = await stage.status(message_id)
    expect("typed" not in status["evidence"] and "half a thought" in pane.look().text, f"untouched: {status}")
    reason = str(status["detail"])
    pane.press("C-u")
    await stage.until(message_id, "seen")
    return reason


async def dialog_is_not_answered(stage: Stage, client: str, pane: AgentPane) -> str:
    """dialog → not answered, delivered after a human answers."""
    pane.submit(ASK_SHELL[client])
    await asyncio.to_thread(pane.wait_for, PROMPT[client], PATIENCE)
    await asyncio.sleep(3)
    message_id = await stage.send(client)
    await asyncio.sleep(2)
    expect(bool(re.search(PROMPT[client], pane.look().text)), "the dialog is still open")
    status = await stage.status(message_id)
    expect("typed" not in status["evidence"], f"nothing was typed: {status}")
    pane.press("Escape")
    await stage.until(message_id, "seen")
    return str(status["detail"])


async def busy_agent_is_woken_when_it_is_done(stage: Stage, client: str, pane: AgentPane) -> str:
    """busy → delivered within 2 s of going idle."""
    pane.submit("WAIT 8")
    await asyncio.sleep(2)
    message_id = await stage.send(client)
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits while busy: {first}")
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    took = from_wire(status["evidence"]["submitted"]).timestamp() - turn_ended(stage)
    expect(took < DONE_TO_WOKEN, f"woken {took:.2f} s after the model had answered")
    return f"{first['detail']}; then {status['transport']}, {took:.2f} s after the model had answered"


def turn_ended(stage: Stage) -> float:
    """When the model ended its latest wait, which ends the agent's turn, in seconds since the epoch."""
    lines = (stage.home.parent / "model.jsonl").read_text().splitlines()
    return max(float(entry["at"]) for entry in map(json.loads, lines) if entry.get("waited"))


def leave_copy_mode(stage: Stage, pane: AgentPane) -> None:
    """As a person does."""
    if pane.look().formats["pane_in_mode"]:
        stage.rig.tmux("send-keys", "-t", pane.pane_id, "-X", "cancel")


async def copy_mode_is_waited_for(stage: Stage, client: str, pane: AgentPane) -> str:
    """copy mode → delivered after leaving it (Codex: at once, nothing is typed)."""
    pane.tmux("copy-mode")
    await asyncio.sleep(1)
    message_id = await stage.send(client)
    await asyncio.sleep(2)
    status = await stage.status(message_id)
    leave_copy_mode(stage, pane)
    if client != "codex":
        expect("typed" not in status["evidence"], f"nothing was typed: {status}")
    await stage.until(message_id, "seen")
    return str(status["detail"])


async def burst_is_one_hint(stage: Stage, client: str, pane: AgentPane) -> str:
    """burst of 5 → one hint."""
    message_ids = await asyncio.gather(*(stage.send(client, f"SAY {n}") for n in range(5)))
    for message_id in message_ids:
        await stage.until(message_id, "seen")
    agent = await stage.agent(client)
    statuses = [await stage.status(message_id) for message_id in message_ids]
    hints = {status["evidence"]["submitted"] for status in statuses if "submitted" in status["evidence"]}
    expect(len(hints) == 1, f"one hint for {agent['name']}: {sorted(hints)}")
    return "one hint"


async def kill_changes_nothing(stage: Stage, client: str, pane: AgentPane) -> str:
    """coordinator killed while a wake waits → delivered after the restart."""
    if client == "codex":
        pane.submit("WAIT 12")  # typed into by nobody, so copy mode does not hold it up
    else:
        pane.tmux("copy-mode")
    await asyncio.sleep(2)
    message_id = await stage.send(client)
    status = await stage.status(message_id)
    expect("submitted" not in status["evidence"], f"it waits: {status}")
    stage.coordinator.send_signal(signal.SIGKILL)
    stage.coordinator.wait()
    await stage.start_coordinator()
    leave_copy_mode(stage, pane)
    await stage.until(message_id, "seen", 60)
    return "delivered after the restart"


async def shell_is_not_typed_into(stage: Stage, client: str, pane: AgentPane) -> str:
    """exited to a shell → nothing typed, failed with the reason."""
    if client == "codex":
        pane.submit("/quit")
    else:
        pane.press("C-c", "C-c", "C-d" if client == "opencode" else "C-c")
    await asyncio.to_thread(pane.wait_for, r"\$ *$", PATIENCE)
    pane.submit("clear")
    await asyncio.to_thread(pane.settle, 1.5, 10.0)
    message_id = await stage.send(client)

    async def over() -> dict[str, Any] | None:
        status = await stage.status(message_id)
        return status if status["detail"] else None

    status = await seen(over, "a verdict")
    await asyncio.sleep(2)
    expect("[xats]" not in pane.look().text, "nothing was typed")
    expect("submitted" not in status["evidence"], f"nothing was submitted: {status}")
    return f"{status['wake_status']}: {status['detail']}"


async def reused_pane_is_not_typed_into(stage: Stage, client: str, pane: AgentPane) -> str:
    """pane reused by another program → nothing typed."""
    pane.submit("clear; cat")
    await asyncio.to_thread(pane.settle, 1.5, 10.0)
    message_id = await stage.send(client)
    await asyncio.sleep(3)
    status = await stage.status(message_id)
    expect("[xats]" not in pane.look().text, "nothing was typed")
    expect("submitted" not in status["evidence"], f"nothing was submitted: {status}")
    return f"{status['wake_status']}: {status['detail']}"


SCENES = (
    idle_agent_is_woken_and_answers,
    draft_is_untouched,
    dialog_is_not_answered,
    busy_agent_is_woken_when_it_is_done,
    copy_mode_is_waited_for,
    burst_is_one_hint,
    kill_changes_nothing,
    shell_is_not_typed_into,
    reused_pane_is_not_typed_into,
)


async def exchange(stage: Stage, one: str, other: str) -> str:
    """Two different agents exchange messages: each of them wakes the other, and is woken by the answer."""
    answer = f"CALL send_message {json.dumps({'to_agent_name': one, 'body': 'SAY thanks'})}"
    question = f"CALL send_message {json.dumps({'to_agent_name': other, 'body': answer})}"
    took = []
    for said in range(1, EXCHANGED, 2):
        await stage.send(one, question)
        await seen(partial(_said, stage.home, said), f"message {said}")
        began = time.monotonic()
        await seen(partial(_all_seen, stage.home, said + 1), f"answer {said + 1}")
        took.append(time.monotonic() - began)
    return f"{count_messages(stage.home)} messages, none unseen, an answer read after {sum(took) / len(took):.2f} s"


def count_messages(home: Path) -> int:
    """How many messages the agents have sent each other."""
    return _count(
        home, "SELECT count(*) FROM messages m JOIN agents s ON s.agent_id = m.from_agent_id WHERE s.name <> 'tester'"
    )


def unread(home: Path) -> int:
    """How many messages have not been in an answer to their recipient's get_inbox."""
    return _count(home, "SELECT count(*) FROM message_delivery_status WHERE seen_at IS NULL")


def _said(home: Path, number: int) -> bool:
    return count_messages(home) >= number


def _all_seen(home: Path, number: int) -> bool:
    return _said(home, number) and unread(home) == 0


def _count(home: Path, query: str) -> int:
    with sqlite3.connect(f"file:{home / 'data.db'}?mode=ro", uri=True) as database:
        return int(database.execute(query).fetchone()[0])


def between(status: dict[str, Any], first: str, then: str) -> float:
    """Seconds between two rungs of a wake's evidence."""
    return (from_wire(status["evidence"][then]) - from_wire(status["evidence"][first])).total_seconds()


def expect(holds: bool, what: str) -> None:
    """Say what was not so."""
    if not holds:
        raise Unmet(what)


@asynccontextmanager
async def staged(programs: Path) -> AsyncIterator[Stage]:
    """A rig with a coordinator; gone when the block ends."""
    scratch = Path(tempfile.mkdtemp(prefix="xats-real-")) / "h"
    with running_rig(programs, scratch) as rig:
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


async def play(programs: Path, clients: list[str], wanted: str, pairs: bool) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in clients:
        async with staged(programs) as stage:
            pane = await stage.join(client, client)
            for scene in SCENES:
                if wanted in scene.__name__:
                    unmet += await report(f"{client}: {(scene.__doc__ or '').rstrip('.')}", scene(stage, client, pane))
                    await asyncio.to_thread(pane.settle, 2.5, 20.0)
    for one, other in combinations(clients, 2) if pairs else ():
        async with staged(programs) as stage:
            await stage.join(one, one)
            await stage.join(other, other)
            unmet += await report(f"{one} and {other}", exchange(stage, one, other))
    return unmet


async def report(name: str, scene: Awaitable[str]) -> int:
    """Run one scene and say what it showed; 1 if it was not what it should."""
    try:
        line, unmet = f"ok      {name}: {await scene}", 0
    except Exception as error:
        line, unmet = f"UNMET   {name}: {error}", 1
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.wakes", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (1.1 GB)")
    parser.add_argument("--client", choices=sorted(CLIENTS), action="append", help="only this one; may be repeated")
    parser.add_argument("--scene", default="", help="only scenes with this in their name")
    parser.add_argument("--pairs", action="store_true", help="also each two of them exchanging messages")
    arguments = parser.parse_args()
    os.environ.pop("TMUX", None)
    install(arguments.programs)
    clients = arguments.client or sorted(CLIENTS)
    unmet = asyncio.run(play(arguments.programs, clients, arguments.scene, arguments.pairs))
    sys.stdout.write("all scenes showed what they should\n" if not unmet else f"{unmet} scenes did not\n")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
