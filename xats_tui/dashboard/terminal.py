"""Terminal of the dashboard: location, closing, restoring its state, questions.

It does not know the dashboard.  The dashboard is drawn on stderr, so stderr is the terminal.
"""

import os
import select
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress

from xats_tui.screens.widgets.format import one_line

GIVEN_BACK = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[0m"
"""Sequences for: first screen, visible cursor, no mouse, no bracketed paste, plain keys, plain text."""

# A terminal whose window is blocked may accept no output for ever.
LAST_OUTPUT_TIMEOUT_S = 1.0
"""Seconds for the terminal to accept output."""

GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


TMUX_TIMEOUT_S = 2.0
"""Seconds for tmux to list its panes."""


def window_of(tty: str) -> str:
    """Return the tmux window of a terminal as `session work, window 2 (editor)`; empty if tmux shows none."""
    formats = "#{pane_tty}\t#{session_name}, window #{window_index} (#{window_name})"
    try:
        listed = subprocess.run(
            ["tmux", "list-panes", "-a", "-F", formats],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TMUX_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    places = dict(line.split("\t", 1) for line in listed.stdout.splitlines() if "\t" in line)
    return f"session {one_line(places[tty])}" if tty in places else ""


class DashboardTerminal:
    """A terminal with its state from before the dashboard."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._attributes = termios.tcgetattr(descriptor)

    def whereabouts(self, environment: Mapping[str, str] = os.environ) -> str:
        """Return its location for a person: `tmux pane %3, /dev/pts/7`."""
        pane = environment.get("TMUX_PANE", "")
        places = [f"tmux pane {pane}"] if pane and environment.get("TMUX") else []
        with suppress(OSError):
            places.append(os.ttyname(self._descriptor))
        return ", ".join(places)

    def is_gone(self, within: float) -> bool:
        """Return whether the window was closed, now or within this many seconds."""
        # A signal may not arrive: a parent process (such as make) can keep SIGHUP to itself.
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return any(event & GONE for _, event in poll.poll(int(within * 1000)))

    def give_back(self) -> None:
        """Restore the state that a shell expects."""
        with suppress(termios.error, OSError):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._attributes)
        self._write(GIVEN_BACK)

    def forget_typed(self) -> None:
        """Discard the keys that were pressed before a question was visible."""
        with suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    def say(self, text: str) -> None:
        """Write a line, if the terminal still accepts output."""
        self._write(f"{text}\n".encode())

    def ask(self, prompt: str) -> str:
        """Return the line typed as an answer.

        Raises:
            EOFError: the terminal has no reader any more.
        """
        try:
            self._write(prompt.encode())
            line = sys.stdin.readline()
        except OSError:
            line = ""
        if not line:
            raise EOFError
        return line.strip().lower()

    def _write(self, data: bytes) -> None:
        """Write to the terminal from a thread of its own."""
        # Not through `sys.stderr`: a dashboard that its terminal blocks may hold its lock.

        def write() -> None:
            with suppress(OSError):
                os.write(self._descriptor, data)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(LAST_OUTPUT_TIMEOUT_S)
