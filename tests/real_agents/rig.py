"""Starts real agent programs in a tmux server of its own, with a scripted model on loopback behind them.

It knows how to install, start, type and look; what is worth looking at is for the scripts beside it.  Everything it
starts lives below one scratch folder and ends with it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.real_agents import client_files
from tests.real_agents.programs import PROGRAMS, Program, World
from tests.real_agents.scenes import CLIENTS
from xats_tui.commands.client.captures import KEPT

PROJECT = Path(__file__).parents[2]

NODE = "node@22"
"""What some programs run on; npm puts it beside them, so that it comes first on their path."""

GLANCE = 0.1
"""Seconds between two looks while waiting for a screen."""

DRAWN_WITHIN = 8.0
"""Seconds that a busy program has to show what was typed."""

LISTENS_WITHIN = 60.0
"""Seconds that the scripted model has to start, on a machine that is busy on purpose."""

KEEPING_THE_PANE = 'exec env -i TMUX="$TMUX" TMUX_PANE="$TMUX_PANE" "$@"'
"""Nothing of our environment reaches a pane but what tmux gives it."""


def squashed(text: str) -> str:
    """Text without white space and the borders of input boxes: as it was typed, however it is wrapped."""
    return re.sub(r"[\s┃│]+", "", text)


class NotSeen(Exception):
    """The screen did not come to show what was waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One captured screen and the tmux formats of that moment."""

    screen: str
    formats: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The screen without attributes."""
        return re.sub(r"\x1b\[[0-9;:]*m", "", self.screen)


class AgentPane:
    """One pane with an agent in it."""

    def __init__(self, rig: "Rig", pane_id: str) -> None:
        self._rig = rig
        self.pane_id = pane_id

    def type(self, text: str) -> None:
        """Send text as typed characters."""
        self._rig.tmux("send-keys", "-t", self.pane_id, "-l", text)

    def press(self, *keys: str) -> None:
        """Send keys by tmux's names, each for itself."""
        for key in keys:
            self._rig.tmux("send-keys", "-t", self.pane_id, key)
            time.sleep(GLANCE)

    def erase(self, characters: int) -> None:
        """Take back so many typed characters."""
        self._rig.tmux("send-keys", "-t", self.pane_id, "-N", str(characters), "BSpace")

    def beside(self, other: "AgentPane") -> None:
        """Move to the right of another pane."""
        self._rig.tmux("resize-window", "-t", other.pane_id, "-x", "221", "-y", "32")
        self._rig.tmux("join-pane", "-h", "-d", "-s", self.pane_id, "-t", other.pane_id)

    def paste(self, text: str) -> None:
        """Send text as a bracketed paste."""
        self._rig.tmux("set-buffer", "-b", "paste", "--", text)
        self._rig.tmux("paste-buffer", "-p", "-d", "-r", "-b", "paste", "-t", self.pane_id)

    def submit(self, text: str) -> None:
        """Type text and send it with Enter, a pause between: Codex takes a fast Enter for a newline."""
        self.type(text)
        self._await_drawn(text)
        time.sleep(0.6)
        self.press("Enter")

    def _await_drawn(self, text: str) -> None:
        """Wait until the screen shows the end of what was typed, but not for ever: not every program shows it."""
        end, until = squashed(text)[-16:], time.monotonic() + DRAWN_WITHIN
        while end not in squashed(self.look().text) and time.monotonic() < until:
            time.sleep(GLANCE)

    def resize(self, width: int, height: int) -> None:
        """Give the pane another size."""
        self._rig.tmux("resize-window", "-t", self.pane_id, "-x", str(width), "-y", str(height))

    def tmux(self, *arguments: str) -> str:
        """Run one tmux command with this pane as its target."""
        return self._rig.tmux(*arguments, "-t", self.pane_id)

    def look(self) -> Shot:
        """The screen now."""
        values = self._rig.tmux("display-message", "-p", "-t", self.pane_id, "\t".join(f"#{{{name}}}" for name in KEPT))
        formats = {name: int(v) if v.isdigit() else v for name, v in zip(KEPT, values.split("\t"), strict=True)}
        return Shot(screen=self._rig.tmux("capture-pane", "-p", "-e", "-t", self.pane_id), formats=formats)

    def wait_for(self, pattern: str, timeout: float = 20.0) -> Shot:
        """Look until the screen's text matches.

        Raises:
            NotSeen: it did not in time.
        """
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            shot = self.look()
            if re.search(pattern, shot.text, re.MULTILINE):
                return shot
            time.sleep(GLANCE)
        raise NotSeen(f"{pattern!r} on\n{self.look().text}")

    def settle(self, quiet: float = 0.8, timeout: float = 8.0) -> Shot:
        """Look until nothing has changed for `quiet` seconds, or time is up; the last look."""
        until = time.monotonic() + timeout
        shot, since = self.look(), time.monotonic()
        while time.monotonic() < until and time.monotonic() - since < quiet:
            time.sleep(GLANCE)
            newer = self.look()
            if newer != shot:
                shot, since = newer, time.monotonic()
        return shot


class Rig:
    """A scratch folder with a home, a project, a tmux server, a model server, and the programs."""

    def __init__(self, programs: Path, scratch: Path, port: int) -> None:
        self.programs = programs
        self.home = scratch
        self.project = scratch / "proj"
        self.port = port
        self._socket = scratch / "tmux.sock"
        self.extra_codex = ""
        """Added to Codex's configuration."""
        self.extra_opencode: dict[str, Any] = {}
        """Added to opencode's configuration."""
        self._written: dict[Path, str] = {}
        """Files last written by `configure` and `prepare`."""
        self._done: set[tuple[str, ...]] = set()
        """Commands that `prepare` has run."""

    def tmux(self, *arguments: str) -> str:
        """Run one command on the private tmux server."""
        environment = {key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE")}
        command = ["tmux", "-u", "-S", str(self._socket), "-f", "/dev/null", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=10, check=True)
        return done.stdout.removesuffix("\n")

    def start(
        self,
        client: str,
        *,
        width: int = 100,
        height: int = 30,
        theme: str = "dark",
        environment: Mapping[str, str] | None = None,
        arguments: str = "",
        trusted: bool = True,
        folder: Path | None = None,
    ) -> AgentPane:
        """Start a client in a new pane of that size, under a shell that is left when it exits; None is the project."""
        self.configure(theme, trusted=trusted)
        size = ("-x", str(width), "-y", str(height))
        shell = ["sh", "-c", KEEPING_THE_PANE, "sh", *self._assignments(environment or {}), "bash", "--norc", "-i"]
        pane_id = self.tmux(
            "new-session", "-d", "-P", "-F", "#{pane_id}", *size, "-c", str(folder or self.project), *shell
        )
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-t", pane_id, *size)
        pane = AgentPane(self, pane_id)
        pane.wait_for(r"^\$")
        pane.submit(f"{client} {arguments}".strip())
        return pane

    def start_codex_daemon(self) -> None:
        """Start Codex's app-server if it does not run: a window that waits too long for it does without."""
        self.configure()
        self.run("codex", "app-server", "daemon", "start")

    def _assignments(self, environment: Mapping[str, str]) -> list[str]:
        """The variables of a pane, as `env` takes them; an empty one is left out."""
        variables = {"HOME": str(self.home), "PATH": self.path, "TERM": "tmux-256color", "PS1": "$ "}
        variables |= {**client_files.ENVIRONMENT, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.port}", **environment}
        return [f"{key}={value}" for key, value in variables.items() if value]

    def end(self, pane: AgentPane) -> None:
        """Close a pane and what runs in it."""
        self.tmux("kill-pane", "-t", pane.pane_id)

    def prepare(self, program: Program) -> None:
        """Write a program's configuration, and run what it needs before its first start; nothing the second time."""
        world = World(home=self.home, project=self.project, port=self.port)
        for path, content in program.files(world).items():
            self._write(self.home / path, json.dumps(content))
        if program.before and program.before not in self._done:
            self._done.add(program.before)
            self.run(*(self.filled(word) for word in program.before), environment=self.variables(program))

    def variables(self, program: Program) -> dict[str, str]:
        """The variables that a program wants."""
        return {name: self.filled(value) for name, value in program.environment.items()}

    def filled(self, text: str) -> str:
        """Put the port of the model and the home into a text of a program's."""
        return text.replace("{port}", str(self.port)).replace("{home}", str(self.home))

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a program to its end in the project, with the variables of a pane; its output."""
        variables = dict(one.split("=", 1) for one in self._assignments(environment or {}))
        done = subprocess.run(
            command,
            env=variables,
            cwd=self.project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LISTENS_WITHIN,
            check=False,
        )
        if done.returncode:
            raise NotSeen(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    @property
    def path(self) -> str:
        """Search path of the programs."""
        return f"{self.programs / 'node_modules/.bin'}:{os.environ['PATH']}"

    def configure(self, theme: str = "dark", *, trusted: bool = True) -> None:
        """Write the configuration of every client; what a client has changed since in a file of ours stays."""
        files = {
            self.home / ".claude.json": client_files.claude_state(self.project, theme, trusted=trusted),
            self.home / ".claude/settings.json": client_files.claude_settings(),
            self.home / ".codex/config.toml": client_files.codex(self.port, self.project if trusted else None)
            + self.extra_codex,
            self.project / "opencode.json": client_files.opencode(self.port, self.extra_opencode),
            self.project / "tui.json": client_files.opencode_screen(theme),
        }
        for path, text in files.items():
            self._write(path, text)

    def _write(self, path: Path, text: str) -> None:
        if self._written.get(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self._written[path] = text


@contextmanager
def running_rig(programs: Path, scratch: Path, *, lean: bool = False) -> Iterator[Rig]:
    """A rig whose model server listens, its log without whole requests if `lean`; all has ended when this is left."""
    (scratch / "proj").mkdir(parents=True)
    (scratch / "proj/drawing.txt").write_text(client_files.DRAWING)
    port = free_port()
    log = str(scratch / "model.jsonl")
    model = [sys.executable, "-m", "tests.real_agents.scripted_model", "--port", str(port), "--log", log]
    flags = ["--lean"] if lean else []
    server = subprocess.Popen([*model, *flags], cwd=PROJECT, stdin=subprocess.DEVNULL)
    rig = Rig(programs, scratch, port)
    try:
        _await_port(port)
        yield rig
    finally:
        subprocess.run(["tmux", "-S", str(scratch / "tmux.sock"), "kill-server"], capture_output=True, check=False)
        server.terminate()
        server.wait(10)
        end_daemons(scratch)
        shutil.rmtree(scratch, ignore_errors=True)


def end_daemons(home: Path) -> None:
    """Codex and Claude Code leave daemons behind; they are known by the home that only this rig has given them."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HOME") == str(home):
                process.kill()


def install(programs: Path, clients: Iterable[str] = CLIENTS) -> None:
    """Fetch programs from npm into a folder, if they are not there (about 2.7 GB for all)."""
    folder = programs / "node_modules"
    wanted = [one for client in clients for one in PROGRAMS[client].packages]
    missing = [one for one in wanted if not (folder / re.sub(r"(?<=.)@[\d.]+$", "", one)).exists()]
    if missing:
        programs.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", str(programs), *missing, NODE], check=True)
    for package in missing:  # npm may have left out what their makers want run
        manifest = folder / re.sub(r"(?<=.)@[\d.]+$", "", package) / "package.json"
        script = json.loads(manifest.read_text()).get("scripts", {}).get("postinstall")
        if script:
            subprocess.run(script, shell=True, cwd=manifest.parent, check=True)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_port(port: int) -> None:
    until = time.monotonic() + LISTENS_WITHIN
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(GLANCE)
    raise NotSeen("the scripted model does not listen")
