"""tmux server of a demo, with its own socket and configuration.

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
"""Prefixes of variables that lead to the user's own coordinator, tmux or agents, or that tune the coordinator."""

DASHBOARD_KEY = "F12"

# The dashboard needs 24 rows: a terminal without a spare row gets no status line, one with two the guide as well.
ROOM = (
    'if -F "#{e|<:#{client_height},25}" "set -g status off"'
    ' { if -F "#{&&:#{@guide},#{e|>:#{client_height},25}}" "set -g status 2" "set -g status on" }'
)
"""Command that shows or hides the status lines by the terminal's height."""

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
set -g status-format[1] "#[bg=colour236,fg=colour222] #{{@guide}}"
setw -g window-status-current-style bg=colour173,fg=colour16
setw -g window-status-format " #I #W "
setw -g window-status-current-format " #I #W "
bind -n {DASHBOARD_KEY} select-window -t :0
set-hook -g client-attached {{ {ROOM} }}
set-hook -g client-resized {{ {ROOM} }}
"""
"""Configuration of the server; no file of the user's is read."""


def environment(folder: Path, outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for programs of the demo, in which this is the only tmux server."""
    kept = {name: value for name, value in outside.items() if not name.startswith(OURS)}
    return {**kept, "TMUX_TMPDIR": str(folder), "COLORTERM": "truecolor"}


class TmuxServer:
    """Server of a demo; it runs from its first window on."""

    def __init__(self, folder: Path) -> None:
        self._configuration = folder / "tmux.conf"
        self._configuration.write_text(CONFIGURATION, encoding="utf-8")
        self._environment = environment(folder)

    def start(self, name: str, command: Sequence[str], folder: Path, columns: int, rows: int) -> int:
        """Open the first window and return the pid of its program.

        Raises:
            StartError: tmux is missing or cannot start.
        """
        size = ["-x", str(columns), "-y", str(rows)]
        made = ["new-session", "-d", "-s", "demo", "-n", name, *size, "-c", str(folder), "-P", "-F", "#{pane_pid}"]
        return int(self.run("-f", str(self._configuration), *made, _in_one_word(command)))

    def open(self, name: str, command: Sequence[str], folder: Path) -> int:
        """Open another window behind the others and return the pid of its program.

        Raises:
            StartError: tmux refuses.
        """
        made = ["new-window", "-d", "-a", "-t", "demo:{end}", "-n", name, "-c", str(folder), "-P", "-F", "#{pane_pid}"]
        return int(self.run(*made, _in_one_word(command)))

    def capture(self, window: str, *flags: str) -> str:
        """Return the visible screen of a window."""
        return self.run("capture-pane", "-p", "-t", f"demo:{window}", *flags)

    def attach(self) -> subprocess.Popen[bytes]:
        """Show the server in this terminal, which may be inside another tmux."""
        return subprocess.Popen(["tmux", "-u", "attach-session", "-t", "demo"], env=self._environment)

    def guide(self, line: str) -> None:
        """Show this line below the windows, where there is room; an empty one takes no room."""
        with suppress(StartError):  # the server may have ended
            self.run("set", "-g", "@guide", line, ";", "set-hook", "-R", "-g", "client-resized")

    def kill(self) -> None:
        """End the server and everything in it, if it runs."""
        with suppress(StartError):
            self.run("kill-server")

    def run(self, *arguments: str) -> str:
        """Return the output of a tmux command.

        Raises:
            StartError: the command fails.
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
            raise StartError("the demo's tmux does not answer: try again") from None
        if answer.returncode:
            raise StartError(f"the demo's tmux refuses: {answer.stderr.strip()}")
        return answer.stdout


def _in_one_word(command: Sequence[str]) -> str:
    """Return the command as one word for tmux's shell, which it replaces."""
    return f"exec {shlex.join(command)}"
