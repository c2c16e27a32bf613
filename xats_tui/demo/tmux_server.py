"""A tmux server that belongs to one demo: its own socket and configuration, no key or setting of the user's.

It knows windows and their programs, not what they do.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from xats_tui.core.errors import StartError

TIMEOUT_S = 10.0
"""Seconds for a tmux command."""

OURS = ("XATS_", "TMUX", "CLAUDE", "CODEX_", "OPENCODE", "POKE_", "HEARTBEAT_", "CLEANUP_", "KEEP_ALIVE_")
"""What variables begin with that would lead to the user's own coordinator, tmux or agents, or tune ours."""

DASHBOARD_KEY = "F12"

ROOM = 'if -F "#{e|<:#{client_height},25}" "set -g status off" "set -g status on"'
"""The dashboard needs 24 rows: in a terminal that has no more there is no status line."""

CONFIGURATION = f"""
set -g default-terminal screen-256color
set -ga terminal-overrides ",*:RGB"
set -g default-shell /bin/sh
set -g mouse on
set -g escape-time 10
set -g set-titles off
setw -g automatic-rename off
setw -g allow-rename off
set -g status-style bg=colour236,fg=colour250
set -g status-left ""
set -g status-right " {DASHBOARD_KEY}: dashboard, ctrl+q there: end the demo "
set -g status-right-length 60
setw -g window-status-current-style bg=colour173,fg=colour16
setw -g window-status-format " #I #W "
setw -g window-status-current-format " #I #W "
bind -n {DASHBOARD_KEY} select-window -t :0
set-hook -g client-attached {{ {ROOM} }}
set-hook -g client-resized {{ {ROOM} }}
"""
"""No file of the user's is read; a click on the status line works, too."""


def environment(folder: Path, outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What programs of the demo are given: this server is the only one they find."""
    kept = {name: value for name, value in outside.items() if not name.startswith(OURS)}
    return {**kept, "TMUX_TMPDIR": str(folder), "COLORTERM": "truecolor"}


class TmuxServer:
    """The server of one demo, running from its first window on."""

    def __init__(self, folder: Path) -> None:
        self._configuration = folder / "tmux.conf"
        self._configuration.write_text(CONFIGURATION, encoding="utf-8")
        self._environment = environment(folder)

    def start(self, name: str, command: Sequence[str], folder: Path, columns: int, rows: int) -> int:
        """Open the first window; the pid of its program.

        Raises:
            StartError: tmux is missing or cannot start.
        """
        size = ["-x", str(columns), "-y", str(rows)]
        made = ["new-session", "-d", "-s", "demo", "-n", name, *size, "-c", str(folder), "-P", "-F", "#{pane_pid}"]
        return int(self.run("-f", str(self._configuration), *made, _in_one_word(command)))

    def open(self, name: str, command: Sequence[str], folder: Path) -> int:
        """Open another window behind the others; the pid of its program.

        Raises:
            StartError: tmux cannot do it.
        """
        made = ["new-window", "-d", "-a", "-t", "demo:{end}", "-n", name, "-c", str(folder), "-P", "-F", "#{pane_pid}"]
        return int(self.run(*made, _in_one_word(command)))

    def capture(self, window: str, *flags: str) -> str:
        """The visible screen of a window."""
        return self.run("capture-pane", "-p", "-t", f"demo:{window}", *flags)

    def attach(self) -> subprocess.Popen[bytes]:
        """Show the server in this terminal, which may be inside another tmux."""
        return subprocess.Popen(["tmux", "-u", "attach-session", "-t", "demo"], env=self._environment)

    def kill(self) -> None:
        """End the server and all that runs in it, if it is there."""
        with suppress(StartError):
            self.run("kill-server")

    def run(self, *arguments: str) -> str:
        """What a tmux command prints.

        Raises:
            StartError: it fails.
        """
        try:
            answer = subprocess.run(
                ["tmux", "-u", *arguments],
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except OSError as error:
            raise StartError(f"the demo needs tmux, which cannot be run ({error.strerror}): install tmux") from error
        except subprocess.TimeoutExpired:
            raise StartError("the tmux of the demo does not answer: try again") from None
        if answer.returncode:
            raise StartError(f"the tmux of the demo refuses: {answer.stderr.strip()}")
        return answer.stdout


def _in_one_word(command: Sequence[str]) -> str:
    """For tmux's shell, which the program takes the place of."""
    return f"exec {shlex.join(command)}"
