"""A name in the kernel that shows that a coordinator runs, even when its files are gone.

The name is an abstract Unix socket (Linux only): it ends with its process and cannot be removed.  The kernel reports
the
owner of a name, so another user's process that takes the name first cannot keep a coordinator from starting.
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
"""Connections that may wait for the next `answer`."""

RETRY_S = 0.01

CREDENTIALS = struct.Struct("3i")
"""Pid, user and group of the process at the other end."""


class Beacon:
    """The kernel name of one coordinator, derived from the path of its pid file."""

    def __init__(self, path: Path) -> None:
        self._name = _name(path)
        self._socket: socket.socket | None = None

    def light(self, patience: float) -> bool:
        """Take the name; False if another process of this user keeps it for longer than `patience` seconds."""
        if sys.platform != "linux":
            return True
        deadline = time.monotonic() + patience
        while not self._take():
            if _owner(self._name) is None:
                return True  # another user's name proves nothing about us
            if time.monotonic() >= deadline:
                return False
            time.sleep(RETRY_S)
        return True

    def answer(self) -> None:
        """Accept and close waiting connections, so that the queue has room."""
        with suppress(OSError):
            while self._socket:
                self._socket.accept()[0].close()

    def close(self) -> None:
        """Give up the name."""
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
    """Return the pid of this user's coordinator for a pid file, even if the file is gone; None if there is none."""
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
    """Return the kernel name for a pid file, the same for every path that leads to the file."""
    place = f"{path.parent.resolve()}/{path.name}"
    return f"\0xats-tui/{os.geteuid()}/{hashlib.sha256(os.fsencode(place)).hexdigest()[:32]}"
