"""A name that the kernel keeps for a coordinator, by which it is known to run also when its files are gone.

It is an abstract Unix socket (Linux only), which ends with its process and which nobody can remove.  The kernel tells
who has a name; a process of another user that takes it first keeps nobody from starting.
"""

import hashlib
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

BACKLOG = 128
"""Who may ask at once, until the next `answer`."""

RETRY_S = 0.01

CREDENTIALS = struct.Struct("3i")
"""Pid, user and group of the process at the other end."""


class Beacon:
    """The name of one coordinator, by the path of its pid file."""

    def __init__(self, path: Path) -> None:
        self._name = _name(path)
        self._socket: socket.socket | None = None

    def light(self, patience: float) -> bool:
        """Take the name; False if another process of this user keeps it for longer than so many seconds."""
        if sys.platform != "linux":
            return True
        deadline = time.monotonic() + patience
        while not self._take():
            if _owner(self._name) is None:
                return True  # another user's: it tells nothing
            if time.monotonic() >= deadline:
                return False
            time.sleep(RETRY_S)
        return True

    def answer(self) -> None:
        """Let those go who have asked, so that there is room for others."""
        with suppress(OSError):
            while self._socket:
                self._socket.accept()[0].close()

    def close(self) -> None:
        """Give the name up."""
        if self._socket:
            self._socket.close()

    def _take(self) -> bool:
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            name.bind(self._name)
            name.listen(BACKLOG)
        except OSError:
            name.close()
            return False
        self._socket = name
        return True


def owner(path: Path) -> int | None:
    """Return the process of this user that is the coordinator of a pid file, whatever has become of the file."""
    return _owner(_name(path)) if sys.platform == "linux" else None


def _owner(name: str) -> int | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as asking:
        try:
            asking.connect(name)
            credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        except OSError:
            return None
    pid, user, _ = CREDENTIALS.unpack(credentials)
    return int(pid) if user == os.geteuid() else None


def _name(path: Path) -> str:
    """Return the name in the kernel that stands for a pid file, by whatever way it is reached."""
    place = f"{path.parent.resolve()}/{path.name}"
    return f"\0xats-tui/{os.geteuid()}/{hashlib.sha256(os.fsencode(place)).hexdigest()[:32]}"
