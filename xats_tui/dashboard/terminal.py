"""The terminal that the dashboard is shown in: where it is, whether it is still there, how it is given back, questions.

It does not know the dashboard.  The screen is drawn on stderr, so that is the terminal.
"""

import os
import select
import sys
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress

GIVEN_BACK = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[0m"
"""The first screen, a cursor, no mouse, no bracketed paste, plain keys, plain text."""

LAST_OUTPUT_TIMEOUT_S = 1.0
"""Seconds for a terminal to take what is said to it: one whose window is held up may take nothing for ever."""

GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class DashboardTerminal:
    """The terminal as it was before the dashboard."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._attributes = termios.tcgetattr(descriptor)

    def whereabouts(self, environment: Mapping[str, str] = os.environ) -> str:
        """Where a person finds it: `tmux pane %3, /dev/pts/7`."""
        pane = environment.get("TMUX_PANE", "")
        places = [f"tmux pane {pane}"] if pane and environment.get("TMUX") else []
        with suppress(OSError):
            places.append(os.ttyname(self._descriptor))
        return ", ".join(places)

    def is_gone(self, within: float) -> bool:
        """Whether its window was closed, now or within so many seconds.

        Nobody may tell: whoever started this program, make for one, can keep SIGHUP to itself.
        """
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return any(event & GONE for _, event in poll.poll(int(within * 1000)))

    def give_back(self) -> None:
        """Leave it as a shell expects it, unless it takes nothing any more."""
        with suppress(termios.error, OSError):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._attributes)
        self._write(GIVEN_BACK)

    def forget_typed(self) -> None:
        """Drop the keys that were pressed before a question was there to be answered."""
        with suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    def say(self, text: str) -> None:
        """Write a line, if anybody can still see it."""
        self._write(f"{text}\n".encode())

    def ask(self, prompt: str) -> str:
        """The line that is typed in answer.

        Raises:
            EOFError: nobody is there to answer.
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
        """Past `sys.stderr`, whose lock may be held by a screen that its terminal holds up."""

        def write() -> None:
            with suppress(OSError):
                os.write(self._descriptor, data)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(LAST_OUTPUT_TIMEOUT_S)
