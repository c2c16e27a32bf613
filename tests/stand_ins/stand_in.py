"""A stand-in for a coding agent's screen: a tiny line editor with a prompt, for tests that type into real panes.

It takes bracketed pastes, keeps a draft, and prints `took N: TEXT` for every line.  Lines typed to it change how
it behaves: `/busy SECONDS` prints a spinner for so long, `/swallow` ignores Enter from then on.
"""

import argparse
import os
import select
import sys
import termios
import time
import tty

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"


class Editor:
    """The line, and what has been submitted."""

    def __init__(self, prompt: str, out: int) -> None:
        self.prompt = prompt
        self.out = out
        self.draft = ""
        self.taken = 0
        self.swallowing = False
        self.pasting = False

    def show(self, text: str) -> None:
        """Write to the screen."""
        os.write(self.out, text.encode())

    def take(self, received: bytes) -> None:
        """Handle what the terminal sent."""
        while received:
            if received.startswith((PASTE_START, PASTE_END)):
                self.pasting = received.startswith(PASTE_START)
                received = received[len(PASTE_START) :]
                continue
            character, received = received[:1], received[1:]
            if character in (b"\r", b"\n") and not self.pasting:
                self.enter()
            elif character in (b"\x7f", b"\x08"):
                self.draft = self.draft[:-1]
                self.show("\b \b")
            elif character == b"\x15":
                self.show("\r\x1b[K" + self.prompt)
                self.draft = ""
            elif character == b"\x04":
                raise SystemExit
            else:
                self.draft += character.decode("latin-1")
                os.write(self.out, character)

    def enter(self) -> None:
        """Submit the line."""
        if self.swallowing:
            return
        line, self.draft = self.draft, ""
        if line.startswith("/busy"):
            self.show("\r\n")
            self.work(float(line.split()[1]))
        elif line == "/swallow":
            self.swallowing = True
            self.show("\r\n")
        else:
            self.taken += 1
            self.show(f"\r\ntook {self.taken}: {line}\r\n")
        self.show(self.prompt)

    def work(self, seconds: float) -> None:
        """Look busy."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for frame in "|/-\\":
                self.show(f"\r{frame} working")
                time.sleep(0.05)
        self.show("\r\x1b[K")


def main() -> None:
    """Edit lines until end of file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    name = parser.parse_args().name
    before = termios.tcgetattr(0)
    tty.setraw(0)
    editor = Editor(f"{name}> ", sys.stdout.fileno())
    try:
        editor.show("\x1b[?2004h" + editor.prompt)
        while True:
            select.select([0], [], [])
            received = os.read(0, 4096)
            if not received:
                return
            editor.take(received)
    finally:
        editor.show("\x1b[?2004l\r\n")
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
