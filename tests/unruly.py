"""A stand-in for an agent's program that misbehaves: the screen and the keys of an idle Claude Code, and one habit.

Started as `unruly.py HABIT LOG`; every line of LOG is JSON: what came in, what was submitted.  A program that a test is
to stop needs a parent that does not mind, for tmux continues its own children: `unruly.py front PROGRAM…`.

Habits:
    good       submits what Enter submits
    asks       shows its idle input line while a command reads a line from the terminal
"""

import json
import os
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

PASTE = (b"\x1b[200~", b"\x1b[201~")

READS = """read line; echo '{"what": "read", "text": "a line"}' >> "$0"; sleep 1000"""


def show(text: str) -> None:
    """Write to the screen."""
    os.write(1, text.encode())


def keys() -> Iterator[str]:
    """What the terminal sends, as it comes."""
    while True:
        select.select([0], [], [])
        received = os.read(0, 65536)
        if not received:
            return
        for mark in PASTE:
            received = received.replace(mark, b"")
        yield received.decode("utf-8", "replace")


class Unruly:
    """The program."""

    def __init__(self, habit: str, log: str) -> None:
        self.habit = habit
        self.log = log
        self.line = ""
        self.history: list[str] = []

    def note(self, what: str, text: str) -> None:
        """Write down what happened."""
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "text": text, "at": time.time()}) + "\n")

    def draw(self) -> None:
        """The conversation, the input line between its rules, the footer."""
        columns, rows = os.get_terminal_size(1)
        top, rule = rows - 4, "─" * columns
        said = "".join(f"\x1b[{row};1H> {line}" for row, line in enumerate(self.history[-8:], 2))
        foot = "esc to clear" if self.line else "? for shortcuts"
        show(
            f"\x1b[H\x1b[2JClaude Code{said}\x1b[{top};1H{rule}\x1b[{top + 1};1H❯ {self.line}"
            f"\x1b[{top + 2};1H{rule}\x1b[{top + 3};1H  {foot}\x1b[{top + 1};{3 + len(self.line)}H"
        )

    def run(self) -> None:
        """Take keys until there are no more."""
        if self.habit == "asks":
            self.draw()
            subprocess.call(["bash", "-c", READS, self.log])
        tty.setraw(0)
        show("\x1b[?2004h")
        self.draw()
        for received in keys():
            self.note("input", received)
            for character in received:
                self.take(character)
            self.draw()

    def take(self, character: str) -> None:
        """One key."""
        if character == "\r":
            self.note("submitted", self.line)
            self.history.append(self.line)
            self.line = ""
        elif character == "\x15":
            self.line = ""
        elif character >= " ":
            self.line += character


def front(program: list[str]) -> None:
    """Start a program in a foreground group of its own, and wait for its end however long it stands still."""

    def take_the_terminal() -> None:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())

    subprocess.Popen(program, preexec_fn=take_the_terminal).wait()


def main() -> None:
    """Misbehave."""
    if sys.argv[1] == "front":
        front(sys.argv[2:])
        return
    before = termios.tcgetattr(0)
    try:
        Unruly(*sys.argv[1:3]).run()
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
