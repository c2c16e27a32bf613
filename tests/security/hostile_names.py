"""A machine full of traps, and calls that name them: sockets, pids, panes, patterns, URLs, tokens, ids, names.

It knows the tools' schemas as they are listed and which values are traps; nothing of what a tool does with them.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.bad_input.values import NASTY
from tests.stand_ins.hostile_sockets import Ordering, listening
from tests.tmux_server import STAND_IN, TmuxServer, tmux_server

SECRET = "sk-not-a-real-key-0123456789"
SECRET_NAMES = ("CODEX_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XATS_FUZZ_TOKEN", "AWS_SECRET_ACCESS_KEY")

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"

RARELY = 0.02
"""Share of calls with names that take the longest time, so that thousands of calls can be made in minutes."""

GOOD = ("bob", "carol", "dave", "fuzz")

Make = Callable[[], Any]


class Traps:
    """Everything on the machine that is dangerous to name."""

    def __init__(self, folder: Path, tmux: TmuxServer) -> None:
        self.folder, self.tmux = folder, tmux
        self.order = Ordering(folder)
        """Command that a server orders tmux to run."""
        self.typed = folder / "typed"
        """File that a shell creates if it executes a name."""
        self.heard: list[bytes] = []
        """Data that servers received."""
        self.sockets: list[str] = []
        self.slow_sockets: list[str] = []
        self.ports: list[int] = []
        self.slow_ports: list[int] = []
        self.pids: list[int] = [1, 2, os.getpid(), 2**22, 2**31 - 1, 2**31, 2**63, 2**64]
        self.panes = [
            "%0",
            "%1",
            "%999999",
            "%",
            "%1;kill-server",
            "%1 -t %0",
            "%\n%0",
            "%-1",
            "@1",
            "$1",
            "!",
            "{last}",
        ]

    @property
    def tokens(self) -> tuple[str, ...]:
        """Names of variables, and what is none."""
        return (*SECRET_NAMES, "PATH", "HOME", "XATS_TOKEN", "LD_PRELOAD", "no such", "A\nB", "=", "")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of agents, teams, contracts; commands for a shell that should read one."""
        made = f"touch {self.typed}"
        commands = (
            f"$({made})",
            f"`{made}`",
            f"x; {made}",
            f"x\n{made}",
            f"' {made} '",
            f"#({made})",
            f"\x1b[201~\r{made}\r",
        )
        paths = (str(self.folder / "canary"), f"../{self.folder}/canary", "/etc/passwd", ".hidden", "a/b", "CON")
        return (*commands, *paths, *(name for name in NASTY if len(name) < 100), *GOOD * 8)


@contextmanager
def set_traps(folder: Path, tmux: TmuxServer) -> Iterator[Traps]:
    """Lay everything out for the life of the block."""
    traps = Traps(folder, tmux)
    with ExitStack() as stack:
        _lay_sockets(traps, stack)
        _lay_servers(traps, stack)
        person = tmux.new_pane(f"exec {sys.executable} {STAND_IN} person")
        shell = tmux.new_pane("PS1='shell> ' exec bash --norc")
        traps.pids += [person.pid, shell.pid, int(tmux.run("display-message", "-p", "#{pid}"))]
        traps.panes += [person.pane_id, shell.pane_id]
        yield traps


def _lay_sockets(traps: Traps, stack: ExitStack) -> None:
    own = Path(traps.tmux.socket).parent
    for place in (traps.folder, own):
        stack.enter_context(listening(place / "orders", traps.order))
        (place / "link").symlink_to(place / "orders")
        (place / "good-link").symlink_to(traps.tmux.socket)
        os.mkfifo(place / "pipe")
        (place / "file").touch()
        full = stack.enter_context(socket.socket(socket.AF_UNIX))
        full.bind(str(place / "full"))
        full.listen(0)
        for name in ("orders", "link", "good-link", "pipe", "file", "full", "nothing", "a\nb", "x" * 300, ".", ".."):
            traps.sockets.append(str(place / name))
    named = subprocess.Popen(["sleep", "1000"], env={**os.environ, "TMUX": f"{traps.folder / 'orders'},1,0"})
    stack.callback(named.wait)
    stack.callback(named.kill)
    traps.pids.append(named.pid)
    traps.sockets += ["/", "//", "/dev/null", "/dev/ptmx", "/proc/self/fd/0", "/proc/self/environ", traps.tmux.socket]
    traps.sockets += [f"{own}/../{own.name}/default", "/nowhere/at/all", "/" + "x" * 4000, "here", "~/default", ""]
    elsewhere = traps.folder / "hung"
    elsewhere.mkdir()
    hung = stack.enter_context(tmux_server(elsewhere))
    pid = int(hung.run("display-message", "-p", "#{pid}"))
    os.kill(pid, signal.SIGSTOP)
    stack.callback(os.kill, pid, signal.SIGCONT)
    traps.slow_sockets.append(hung.socket)


def _lay_servers(traps: Traps, stack: ExitStack) -> None:
    def keep(connection: socket.socket) -> None:
        connection.settimeout(5)
        with suppress(OSError):
            traps.heard.append(connection.recv(65536))

    def answers(text: bytes) -> Callable[[socket.socket], None]:
        def serve(connection: socket.socket) -> None:
            keep(connection)
            connection.sendall(text)

        return serve

    def drips(connection: socket.socket) -> None:
        keep(connection)
        while True:
            connection.sendall(b"H")
            time.sleep(0.1)

    def waits(connection: socket.socket) -> None:
        keep(connection)
        while connection.recv(65536):
            pass

    redirect = b"HTTP/1.1 307 M\r\nLocation: ws://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n"
    garbage = os.urandom(4096)
    for serve, ports in (
        (keep, traps.ports),
        (answers(garbage), traps.ports),
        (drips, traps.slow_ports),
        (waits, traps.slow_ports),
    ):
        ports.append(stack.enter_context(_on_tcp(serve)))
    traps.ports.append(stack.enter_context(_on_tcp(answers(redirect % traps.ports[0]))))
    stack.enter_context(listening(traps.folder / "unix", answers(garbage)))
    traps.ports.append(1)


@contextmanager
def _on_tcp(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with listening(("127.0.0.1", 0), serve) as server:
        yield int(server.getsockname()[1])


class Calls:
    """Makes up calls by the schemas of the tools; the same seed makes the same calls."""

    def __init__(self, seed: int, traps: Traps, port: int, tools: Sequence[Mapping[str, Any]]) -> None:
        self._random = random.Random(seed)
        self._traps = traps
        self._port = port
        self._tools = tools
        self.seen: list[str] = [THREAD]
        """Ids that answers have named."""
        self._made = self._makers()

    def next(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """A tool, its arguments and what the call says beside them."""
        (tool,) = self._random.choices(self._tools, [WEIGHTS.get(str(tool["name"]), 2) for tool in self._tools])
        schema = tool["inputSchema"]
        required = set(schema.get("required") or ())
        arguments = {
            name: self._value(name, field)
            for name, field in (schema.get("properties") or {}).items()
            if name in required or self._random.random() < 0.4
        }
        if tool["name"] == "register_agent" and self._random.random() < 0.9:
            client = str(arguments.get("client"))
            arguments = {name: value for name, value in arguments.items() if OF_CLIENT.get(name, client) == client}
        meta = {key: self._meta(key) for key in META if self._random.random() < 0.15}
        return str(tool["name"]), arguments, meta

    def _value(self, name: str, schema: Mapping[str, Any]) -> Any:
        if self._random.random() < 0.03:
            return self._any()
        if options := schema.get("enum"):
            return self._random.choice(options)
        for option in schema.get("anyOf") or ():
            if options := option.get("enum"):
                return self._random.choice(options)
        if make := self._made.get(name):
            return make()
        kinds = {schema.get("type"), *(option.get("type") for option in schema.get("anyOf") or ())}
        if "array" in kinds:
            return [self._text() for _ in range(self._random.randrange(4))]
        if "integer" in kinds or "number" in kinds:
            return self._random.choice([0, 1, 2, 50, 600, -1, 2**63])
        if "boolean" in kinds:
            return self._random.random() < 0.5
        return self._any() if "object" in kinds else self._text()

    def _makers(self) -> dict[str, Make]:
        traps, pick = self._traps, self._random.choice
        many: dict[str, Make] = {
            "tmux_socket": self._socket,
            "process_pattern": lambda: pick(PATTERNS),
            "tmux_pane_id": lambda: pick(traps.panes),
            "pane_id": lambda: pick(traps.panes),
            "ui_tty": lambda: pick(["/dev/pts/0", "pts/1", "/dev/tty", "?", "../../etc/passwd", "/dev/null"]),
            "tty": lambda: pick(["/dev/pts/0", "pts/1", "?", ""]),
            "ws_url": lambda: self._url("ws"),
            "base_url": lambda: self._url("http"),
            "auth_token_ref": lambda: pick(traps.tokens),
            "thread_id": lambda: pick([THREAD, *traps.names]),
            "delivery": self._delivery,
            "project_dir": lambda: pick(["/", "/etc", "..", str(traps.folder), "~", "\0"]),
            "cwd": lambda: pick(["/", "/etc", "..", str(traps.folder), "a\nb"]),
            "schema": lambda: {
                "$ref": pick([f"file://{traps.folder}/canary", "file:///etc/passwd", "http://127.0.0.1:1/x"])
            },
        }
        pids = ("ui_pid", "claude_ui_pid")
        names = ("name", "team", "to_team", "to_agent_name", "role", "client_name", "title_contains", "contract_name")
        return many | dict.fromkeys(pids, lambda: pick(traps.pids)) | dict.fromkeys(names, lambda: pick(traps.names))

    def _socket(self) -> str:
        slow = self._random.random() < RARELY
        return self._random.choice(self._traps.slow_sockets if slow else self._traps.sockets)

    def _url(self, scheme: str) -> str:
        slow = self._random.random() < RARELY
        port = self._random.choice(self._traps.slow_ports if slow else [*self._traps.ports, self._port])
        host = self._random.choice(["127.0.0.1", "localhost", "[::1]", "127.0.0.1@example.com", "169.254.169.254"])
        sockets = [f"unix:{path}" for path in (*self._traps.sockets, self._traps.folder / "unix")]
        if scheme == "ws" and self._random.random() < 0.3:
            return self._random.choice(sockets)
        return f"{scheme}://{host}:{port}{self._random.choice(['', '/', '/mcp', '/operator/agents', '/?token=x'])}"

    def _delivery(self) -> dict[str, Any]:
        kind = self._random.choice(["none", "claude-channel", "codex-appserver", "opencode-server", "shell"])
        address = {
            "thread_id": THREAD,
            "ws_url": self._url("ws"),
            "auth_token_ref": self._random.choice(self._traps.tokens),
        }
        return {"kind": kind, "base_url": self._url("http"), "channel_session_id": self._text(), **address}

    def _meta(self, key: str) -> Any:
        match key:
            case "xats/tmux_socket":
                return self._socket()
            case "xats/ui":
                return {"pid": self._random.choice(self._traps.pids), "pane": self._random.choice(self._traps.panes)}
            case "threadId":
                return THREAD
        return self._text()

    def _text(self) -> str:
        return str(self._random.choice((*self._traps.names, *self.seen)))

    def _any(self) -> Any:
        return self._random.choice(
            [None, True, 0, -1, 2**70, 0.5, "", self._text(), [], {}, [self._text()], {"a": [self._text()]}]
        )


WEIGHTS = {
    "detect_tmux_pane": 8,
    "bind_runtime_identity": 8,
    "pre_register_codex_pane": 4,
    "register_agent": 8,
    "register_claude_self": 4,
    "register_codex_self": 6,
    "unregister_self": 0.2,
    "echo": 0.2,
}
"""Weights of the tools; the others have 2."""

OF_CLIENT = {
    "client_name": "custom",
    "channel_session_id": "claude-code",
    "thread_id": "codex",
    "ws_url": "codex",
    "auth_token_ref": "codex",
    "base_url": "opencode",
    "session_id": "opencode",
    "claude_ui_pid": "nobody's",
}
"""Arguments that another client's registration does not take."""

META = ("xats/tmux_socket", "xats/ui", "xats/host_session", "xats/launch", "xats/channel", "xats/call_id", "threadId")

PATTERNS = (
    ".",
    "stand_in",
    "bash",
    "sleep",
    "(",
    "(a+)+$",
    "(?:.{9999}){400}",
    r"(\w|\w\w)+\d$",
    "[",
    "x" * 501,
    "$(id)",
)


def snapshot(folder: Path) -> Mapping[str, tuple[int, int, int, str]]:
    """Everything below a folder: kind and mode, size, time, where it leads."""
    found = {}
    for path in sorted(folder.rglob("*")):
        seen = path.lstat()
        found[str(path)] = (
            seen.st_mode,
            seen.st_size,
            seen.st_mtime_ns,
            str(path.readlink()) if path.is_symlink() else "",
        )
    return found


def ids_in(answer: str) -> list[str]:
    """Ids that an answer names, for later calls."""
    with suppress(ValueError, TypeError, KeyError):
        found = json.loads(answer)
        return [str(value) for key, value in found.items() if key.endswith("_id") or key == "id"]
    return []
