"""A stand-in for Claude Code: writes the same session file, and takes messages at the same kind of socket.

It is a process of its own, told what to do over a socket beside its files.  As the real one it answers nothing to a
message: an idle session begins a turn, a busy one reads it at the next request, one with a dialog when that is closed.
"""

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

REPEATS_DROPPED_FOR = 30.0
"""Seconds within which a message with the same text has no effect, as was seen with 2.1.332."""

STARTS_WITHIN = 20.0
"""Seconds for the process to be ready."""


class Session:
    """The process's part: its file, its inbox, its turns."""

    def __init__(self, folder: Path, socket_path: Path, *, inbox: bool) -> None:
        self.file = folder / "sessions" / f"{os.getpid()}.json"
        self.socket = socket_path
        self.token = secrets.token_hex(16)
        self.read: list[str] = []
        """The messages that its model has read."""
        self.queue: list[str] = []
        self.taken: dict[str, float] = {}
        """The messages that were taken, with their times."""
        self.bad_tokens = 0
        self.bytes = 0
        """Number of bytes that came to the inbox."""
        self.drops = False
        """It takes messages without effect, as one that holds or refuses them."""
        self.turn_s = 0.3
        self.begun_at = 0.0
        """Time of its newest turn, in seconds since the epoch."""
        self.bridge: asyncio.subprocess.Process | None = None
        self.reads = False
        """Its model reads its inbox in each turn, through the bridge."""
        stat = Path("/proc/self/stat").read_text()
        self.fields: dict[str, Any] = {
            "pid": os.getpid(),
            "sessionId": secrets.token_hex(8),
            "cwd": str(Path.cwd()),
            "procStart": stat.rpartition(")")[2].split()[19],
            "version": "2.1.332",
            "kind": "interactive",
            "status": "idle",
            "statusUpdatedAt": round(time.time() * 1000),
        }
        if inbox:
            self.fields["messagingSocketPath"] = str(socket_path)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.write()

    def write(self) -> None:
        """Write the file in place, as the real one does."""
        self.file.write_text(json.dumps(self.fields))

    def become(self, status: str, waiting_for: str = "") -> None:
        """Take on a state."""
        self.fields |= {"status": status, "statusUpdatedAt": round(time.time() * 1000)}
        self.fields.pop("waitingFor", None)
        if waiting_for:
            self.fields["waitingFor"] = waiting_for
        self.write()

    def take(self, text: str) -> None:
        """Get a message."""
        now = time.monotonic()
        if self.drops or now - self.taken.get(text, -REPEATS_DROPPED_FOR) < REPEATS_DROPPED_FOR:
            return
        self.taken[text] = now
        self.queue.append(text)
        self.begin()

    def begin(self) -> None:
        """Begin a turn with what is queued, if the session is idle."""
        if self.queue and self.fields["status"] == "idle":
            self.read += self.queue
            self.queue.clear()
            self.begun_at = time.time()
            self.become("busy")
            asyncio.get_running_loop().call_later(self.turn_s / 2, self.call, "get_inbox")
            asyncio.get_running_loop().call_later(self.turn_s, self.end)

    def end(self) -> None:
        """End the turn, unless a dialog has opened meanwhile."""
        if self.fields["status"] == "busy":
            self.call("task_list")  # what was fetched counts as read at the next call
            self.become("idle")
            self.begin()

    def call(self, tool: str) -> None:
        """Have the model call a tool without arguments, if it reads its inbox."""
        if self.reads and self.bridge and self.bridge.stdin:
            call = {"name": tool, "arguments": {}}
            message = {"jsonrpc": "2.0", "id": secrets.token_hex(4), "method": "tools/call", "params": call}
            self.bridge.stdin.write(json.dumps(message).encode() + b"\n")

    async def inbox(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection's messages."""
        trusted = False
        with suppress(ConnectionError):
            while line := await reader.readline():
                self.bytes += len(line)
                message = json.loads(line)
                if message["type"] == "auth":
                    trusted = message["token"] == self.token
                    self.bad_tokens += not trusted
                elif trusted and message["type"] == "user" and message["msgV"] == 1:
                    self.take(message["message"]["content"])
        writer.close()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey the test, and say what was seen."""
        order = json.loads(await reader.readline())
        match order["do"]:
            case "become":
                self.become(order["status"], order.get("waiting_for", ""))
                self.begin()
            case "set":
                self.fields |= order["fields"]
                self.write()
            case "behave":
                self.reads = order.get("reads", self.reads)
                self.drops, self.turn_s = order.get("drops", self.drops), order.get("turn_s", self.turn_s)
        seen = {
            "begun_at": self.begun_at,
            "read": self.read,
            "queue": self.queue,
            "bad_tokens": self.bad_tokens,
            "bytes": self.bytes,
        }
        writer.write(json.dumps({**seen, "token": self.token, "fields": self.fields}).encode() + b"\n")
        await writer.drain()
        writer.close()


class ClaudeCode:
    """A running stand-in, as a test sees it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, sockets: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.folder = folder
        self.file = folder / "sessions" / f"{self.pid}.json"
        self.socket = sockets / f"{self.pid}.sock"
        self._control = sockets / f"{self.pid}.control"

    def tell(self, do: str = "look", **fields: Any) -> Mapping[str, Any]:
        """Have it do something; what it has seen so far."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(STARTS_WITHIN)
            connection.connect(str(self._control))
            connection.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer

    def become(self, status: str, waiting_for: str = "") -> None:
        """Take on a state."""
        self.tell("become", status=status, waiting_for=waiting_for)

    @property
    def read(self) -> list[str]:
        """The messages that its model has read."""
        return list(self.tell()["read"])

    @property
    def token(self) -> str:
        """The key of its inbox."""
        return str(self.tell()["token"])

    @property
    def session_id(self) -> str:
        """Its session now."""
        return str(self.tell()["fields"]["sessionId"])


@contextmanager
def claude_code(folder: Path, sockets: Path, *arguments: str) -> Iterator[ClaudeCode]:
    """A stand-in whose configuration folder is that one, until the block ends."""
    environment = {**os.environ, "CLAUDE_CONFIG_DIR": str(folder)}
    command = [sys.executable, "-m", "tests.stand_ins.claude_code", "--sockets", str(sockets), *arguments]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield ClaudeCode(process, folder, sockets)
    finally:
        process.kill()
        process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()


async def run(arguments: argparse.Namespace) -> None:
    """Be it until killed."""
    sockets, pid = arguments.sockets, os.getpid()
    session = Session(Path(os.environ["CLAUDE_CONFIG_DIR"]), sockets / f"{pid}.sock", inbox=not arguments.sandboxed)
    if not arguments.sandboxed:
        await asyncio.start_unix_server(session.inbox, session.socket)
        session.socket.chmod(0o600)
    await asyncio.start_unix_server(session.control, sockets / f"{pid}.control")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if arguments.bridge:
        await connect(session, arguments.bridge, arguments.name)
    await asyncio.Event().wait()


async def connect(session: Session, command: list[str], name: str) -> None:
    """Start a bridge as an MCP server, and register through it."""
    inbox = {"CLAUDE_CODE_MESSAGING_SOCKET": str(session.socket), "CLAUDE_CODE_MESSAGING_TOKEN": session.token}
    own = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": session.fields["sessionId"], **inbox}
    pipe = asyncio.subprocess.PIPE
    bridge = await asyncio.create_subprocess_exec(*command, env={**os.environ, **own}, stdin=pipe, stdout=pipe)
    assert bridge.stdin and bridge.stdout
    client = {"name": "claude-code", "version": "2.1.332"}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    fields = {"name": name, "team": "t", "client": "claude-code", "model": "m", "ui_pid": os.getpid()}
    call = {"name": "register_agent", "arguments": fields}
    for number, (method, params) in enumerate([("initialize", hello), ("tools/call", call)]):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        bridge.stdin.write(json.dumps(message).encode() + b"\n")
        while json.loads(await bridge.stdout.readline()).get("id") != number:
            pass
    session.bridge = bridge
    asyncio.get_running_loop().create_task(_drained(bridge))  # it ends with the process


async def _drained(bridge: asyncio.subprocess.Process) -> None:
    assert bridge.stdout
    while await bridge.stdout.readline():
        pass


def main() -> None:
    """Parse, and run until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=Path, required=True)
    parser.add_argument("--sandboxed", action="store_true", help="have no inbox")
    parser.add_argument("--name", default="bob")
    parser.add_argument("--dangerously-skip-permissions", action="store_true")
    parser.add_argument("--settings", default="")
    parser.add_argument("--bridge", nargs=argparse.REMAINDER, default=[])
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
