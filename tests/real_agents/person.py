"""A person at a terminal: a tmux client of its own on one agent's session, whose keys arrive one by one.

tmux tells when a client was last active, as it does not for keys that a command sends.
"""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.real_agents.rig import AgentPane, Rig

KEYS = {
    "Enter": b"\r",
    "Escape": b"\x1b",
    "Up": b"\x1b[A",
    "Down": b"\x1b[B",
    "C-c": b"\x03",
    "C-d": b"\x04",
    "C-u": b"\x15",
    "BSpace": b"\x7f",
}

BETWEEN_KEYS_S = 0.08
"""A quick typist."""

AFTER_ESCAPE_S = 0.7
"""Longer than tmux waits for the rest of a sequence (escape-time): Escape and a quick key are that key with Alt."""


class Person:
    """Somebody who types."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def type(self, text: str, pause: float = BETWEEN_KEYS_S) -> None:
        """Type text, key by key."""
        for character in text:
            os.write(self._terminal, character.encode())
            time.sleep(pause)

    def paste(self, text: str) -> None:
        """Paste text as a terminal does."""
        os.write(self._terminal, b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        for key in keys:
            os.write(self._terminal, KEYS[key])
            time.sleep(AFTER_ESCAPE_S if key == "Escape" else BETWEEN_KEYS_S)

    def submit(self, text: str) -> None:
        """Type a line and send it."""
        self.type(text)
        time.sleep(0.6)
        self.press("Enter")


@contextmanager
def person_at(rig: Rig, pane: AgentPane, width: int = 110, height: int = 32) -> Iterator[Person]:
    """A person whose terminal shows a pane, for the life of the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    session = rig.tmux("display-message", "-p", "-t", pane.pane_id, "#{session_id}")
    command = ["tmux", "-u", "-S", str(rig.home / "tmux.sock"), "attach-session", "-t", session]
    environment = {key: value for key, value in os.environ.items() if key not in ("TMUX", "TMUX_PANE")}
    client = subprocess.Popen(
        command,
        env=environment | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    reader = threading.Thread(target=_drain, args=(ours,), daemon=True)
    reader.start()
    try:
        time.sleep(0.5)
        yield Person(ours)
    finally:
        client.terminate()
        client.wait(10)
        reader.join(5)
        os.close(ours)


def _drain(terminal: int) -> None:
    """Read what the terminal shows, so that tmux never waits."""
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass
