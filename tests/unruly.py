"""A stand-in for an agent's program that misbehaves: the screen and the keys of an idle Claude Code, and one habit.

Started as `unruly.py HABIT LOG`; every line of LOG is JSON: what came in, what was submitted.  A program that a test is
to stop needs a parent that does not mind, for tmux continues its own children: `unruly.py front PROGRAM…`.

Habits; a habit lasts until the file LOG.good is there:
    good       submits what Enter submits
    asks       shows its idle input line while a command reads a line from the terminal
    late       takes half a minute to draw a hint
    swallows   ignores all keys, and draws nothing
    ignores    ignores all keys, and draws what it had drawn
    deaf       ignores Enter
    completes  takes Enter for a wish to complete a word
    clears     clears its line at Enter
    opens      opens a dialog at Enter, which a second one would answer
    letter     is typed a letter into as Enter is lost
    ends       ends at Enter
    changes    gives way to a command that reads a line, as soon as a hint stands in its line
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

READS_A_KEY = """read -s -n1 key; echo '{"what": "read", "text": "a key"}' >> "$0"; sleep 1000"""
READS = """read line; echo '{"what": "read", "text": "a line"}' >> "$0"; sleep 1000"""
READERS = {"asks": READS, "asks for a key": READS_A_KEY}
"""Commands that wait for input behind the idle screen, by habit."""


def show(text: str) -> None:
    """Write to the screen."""
    os.write(1, text.encode())


def keys() -> Iterator[str]:
    """Yield the terminal's input as it arrives."""
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
        self.log = log
        self.line = ""
        self.dialog = ""
        self.history: list[str] = []
        self._habit = habit
        self._cooked = termios.tcgetattr(0)

    @property
    def habit(self) -> str:
        """Current reaction."""
        return "good" if Path(f"{self.log}.good").exists() else self._habit

    def note(self, what: str, text: str) -> None:
        """Write down what happened."""
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "text": text, "at": time.time()}) + "\n")

    def draw(self) -> None:
        """The conversation, the input line between its rules, the footer; or a dialog in their place."""
        columns, rows = os.get_terminal_size(1)
        top, rule = rows - 4, "─" * columns
        said = "".join(f"\x1b[{row};1H> {line}" for row, line in enumerate(self.history[-8:], 2))
        show(f"\x1b[H\x1b[2JClaude Code{said}\x1b[{top};1H{rule}")
        if self.dialog:
            show(f"\r\n Do you want to {self.dialog}?\r\n ❯ 1. Yes\r\n   2. No\r\n Esc to cancel")
            return
        foot = "esc to clear" if self.line else "? for shortcuts"
        show(
            f"\x1b[{top + 1};1H❯ {self.line}\x1b[{top + 2};1H{rule}\x1b[{top + 3};1H  {foot}"
            f"\x1b[{top + 1};{3 + len(self.line)}H"
        )

    def run(self) -> None:
        """Take keys until there are no more."""
        if self.habit in READERS:
            self.draw()
            subprocess.call(["bash", "-c", READERS[self.habit], self.log])
        tty.setraw(0)
        show("\x1b[?2004h")
        self.draw()
        for received in keys():
            self.note("input", received)
            if self.habit == "changes" and "[xats]" in received:
                self.give_way(received)
            if self.habit == "late" and "[xats]" in received:
                self.wait(30)
            if self.habit not in ("swallows", "ignores"):
                for character in received:
                    self.take(character)
            if self.habit != "swallows":
                self.draw()

    def take(self, character: str) -> None:
        """One key."""
        if character == "\r":
            self.enter()
        elif character == "\x15":
            self.line = ""
        elif character >= " ":
            self.line += character

    def enter(self) -> None:
        """Submit the line, or do something else."""
        if self.dialog:
            self.note("approved", self.dialog)
            self.dialog = ""
        elif self.habit == "deaf":
            self.note("enter", self.line)
        elif self.habit == "completes":
            self.line += " @src/completed.py"
        elif self.habit == "clears":
            self.line = ""
        elif self.habit == "opens":
            self.dialog = "delete everything"
        elif self.habit == "letter":
            self.line = f"u{self.line}"
        elif self.habit == "ends":
            sys.exit()
        else:
            self.note("submitted", self.line)
            self.history.append(self.line)
            self.line = ""

    def give_way(self, received: str) -> None:
        """Become a shell that reads a line, with the screen as it is."""
        self.line += received
        self.draw()
        termios.tcsetattr(0, termios.TCSADRAIN, self._cooked)
        os.execvp("bash", ["bash", "-c", READS, self.log])

    def wait(self, seconds: float) -> None:
        """Do nothing for so long, or until it is good again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.habit != "good":
            time.sleep(0.02)


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
