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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("@anthropic-ai/claude-code", "@openai/codex", "opencode-ai")

FORMATS = (
    "cursor_x",
    "cursor_y",
    "cursor_flag",
    "alternate_on",
    "pane_in_mode",
    "pane_dead",
    "pane_current_command",
    "pane_title",
    "pane_width",
    "pane_height",
)

GLANCE = 0.1
"""Seconds between two looks while waiting for a screen."""


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

    def paste(self, text: str) -> None:
        """Send text as a bracketed paste."""
        self._rig.tmux("set-buffer", "-b", "paste", "--", text)
        self._rig.tmux("paste-buffer", "-p", "-d", "-r", "-b", "paste", "-t", self.pane_id)

    def submit(self, text: str) -> None:
        """Type text and send it with Enter, a pause between: Codex takes a fast Enter for a newline."""
        self.type(text)
        time.sleep(0.6)
        self.press("Enter")

    def resize(self, width: int, height: int) -> None:
        """Give the pane another size."""
        self._rig.tmux("resize-window", "-t", self.pane_id, "-x", str(width), "-y", str(height))

    def tmux(self, *arguments: str) -> str:
        """Run one tmux command with this pane as its target."""
        return self._rig.tmux(*arguments, "-t", self.pane_id)

    def look(self) -> Shot:
        """The screen now."""
        values = self._rig.tmux(
            "display-message", "-p", "-t", self.pane_id, "\t".join(f"#{{{name}}}" for name in FORMATS)
        )
        formats = {name: int(v) if v.isdigit() else v for name, v in zip(FORMATS, values.split("\t"), strict=True)}
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
    ) -> AgentPane:
        """Start a client in a new pane of that size, under a shell that is left when it exits."""
        self.configure(theme, trusted=trusted)
        variables = {
            "HOME": str(self.home),
            "PATH": self.path,
            "TERM": "tmux-256color",
            "PS1": "$ ",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self.port}",
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "IS_SANDBOX": "1",
            **(environment or {}),
        }
        size = ("-x", str(width), "-y", str(height))
        shell = ["env", "-i", *(f"{key}={value}" for key, value in variables.items() if value), "bash", "--norc", "-i"]
        pane_id = self.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", *size, "-c", str(self.project), *shell)
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-t", pane_id, *size)
        pane = AgentPane(self, pane_id)
        pane.wait_for(r"^\$")
        pane.submit(f"{client} {arguments}".strip())
        return pane

    def end(self, pane: AgentPane) -> None:
        """Close a pane and what runs in it."""
        self.tmux("kill-pane", "-t", pane.pane_id)

    @property
    def path(self) -> str:
        """Where the programs are found."""
        return f"{self.programs / 'node_modules/.bin'}:{os.environ['PATH']}"

    def configure(self, theme: str = "dark", *, trusted: bool = True) -> None:
        """Write the configuration of every client."""
        project = str(self.project)
        claude = {
            "hasCompletedOnboarding": True,
            "theme": theme,
            "customApiKeyResponses": {"approved": ["dummy"], "rejected": []},
            "projects": {
                project: {"hasTrustDialogAccepted": trusted, "hasCompletedProjectOnboarding": True},
            },
        }
        (self.home / ".claude.json").write_text(json.dumps(claude))
        codex = CODEX_CONFIG.format(port=self.port)
        if trusted:
            codex += f'[projects."{project}"]\ntrust_level = "trusted"\n'
        codex += self.extra_codex
        (self.home / ".codex").mkdir(exist_ok=True)
        (self.home / ".codex/config.toml").write_text(codex)
        opencode = {
            "model": "local/m1",
            "provider": {
                "local": {
                    "npm": "@ai-sdk/openai-compatible",
                    "name": "local",
                    "options": {"baseURL": f"http://127.0.0.1:{self.port}/v1", "apiKey": "x"},
                    "models": {"m1": {"name": "m1"}},
                }
            },
            "permission": {"bash": "ask", "edit": "ask"},
            **self.extra_opencode,
        }
        (self.project / "opencode.json").write_text(json.dumps(opencode))
        (self.project / "tui.json").write_text(json.dumps({"theme": theme if theme != "dark" else "opencode"}))


DRAWING = """\
────────────────────────────────────────────────────────────
❯\u00a0
────────────────────────────────────────────────────────────
  ? for shortcuts
› Ask Codex to do anything

  gpt-5 default · ~/proj
 Do you want to proceed?
 ❯ 1. Yes
   2. No
 Esc to cancel
  Press enter to confirm or esc to cancel
  ┃
  ┃  △ Permission required   enter confirm
  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
• Working (3s • esc to interrupt)
"""
"""What an agent may print: parts of screens that are not its own."""

CODEX_CONFIG = """\
model = "gpt-5"
model_provider = "local"
check_for_update_on_startup = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:{port}/v1"
wire_api = "responses"
"""


@contextmanager
def running_rig(programs: Path, scratch: Path) -> Iterator[Rig]:
    """A rig whose model server listens; whatever it started has ended when this is left."""
    (scratch / "proj").mkdir(parents=True)
    (scratch / "proj/drawing.txt").write_text(DRAWING)
    port = free_port()
    model = [sys.executable, str(Path(__file__).with_name("scripted_model.py")), "--port", str(port)]
    server = subprocess.Popen([*model, "--log", str(scratch / "model.jsonl")], stdin=subprocess.DEVNULL)
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


def install(programs: Path) -> None:
    """Fetch the three programs from npm into a folder, if they are not there (about 1.1 GB)."""
    if not (programs / "node_modules/.bin/opencode").exists():
        programs.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", str(programs), *PACKAGES], check=True)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(GLANCE)
    raise NotSeen("the scripted model does not listen")
