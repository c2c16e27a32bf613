"""How the place of a coordinator goes from one process to the next with nobody turned away.

The heir is started, and gets ready while its predecessor still serves.  Then the predecessor stops and hands over the
socket that it listened on: who connects meanwhile waits in the socket's queue.  Neither side knows why this is done.
"""

import socket
import time

from xats_tui.runtime import pid_file
from xats_tui.runtime.headless_process import HeadlessCoordinator
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded

READY = b"r"
LISTENER = b"l"

READY_TIMEOUT_S = 20.0
"""Seconds for an heir to get ready: it has a second of imports before it, more on a busy machine."""
SERVING_TIMEOUT_S = 10.0
"""Seconds for an heir that has the socket to open the store and serve."""
POLL_INTERVAL_S = 0.01


class NoSuccessor(Exception):
    """The heir did not take the place; the text says why."""


class NoInheritedSocket(Exception):
    """The predecessor is gone, or there is none; the text says what was there instead."""


class SocketHandover:
    """A coordinator without a screen that is to go on where this process stops."""

    def __init__(self, loaded: Loaded, port: int) -> None:
        """Start it.

        Raises:
            NoSuccessor: no process can be started.
        """
        self._pid_path = loaded.settings.pid_path
        self._link, theirs = socket.socketpair()
        with theirs:
            flags = ["--port", str(port), "--heir-fd", str(theirs.fileno())]
            try:
                self._process = HeadlessCoordinator.started(loaded, flags, [theirs.fileno()])
            except OSError as error:
                self.close()
                raise NoSuccessor(f"no process can be started: {error.strerror}") from error

    def close(self) -> None:
        """Let go of it; one that has not been handed anything ends."""
        self._link.close()

    def wait_until_ready(self) -> None:
        """Wait until it could serve at once; it is ended if it takes too long.

        Raises:
            NoSuccessor: it cannot.
        """
        self._link.settimeout(READY_TIMEOUT_S)
        try:
            said = self._link.recv(1)
        except TimeoutError:
            self._process.process.kill()
            raise NoSuccessor(f"it was not ready within {READY_TIMEOUT_S:g} s") from None
        if said != READY:
            self._process.process.wait()
            raise NoSuccessor(self._process.complaint())

    def hand_over(self, listener: socket.socket) -> PidRecord:
        """Give it the listening socket of a coordinator that has stopped, and wait until it serves.

        Raises:
            NoSuccessor: it does not.
        """
        try:
            socket.send_fds(self._link, [LISTENER], [listener.fileno()])
        except OSError:  # it has ended
            self._process.process.wait()
        deadline = time.monotonic() + SERVING_TIMEOUT_S
        while (record := pid_file.running(self._pid_path)) is None or record.pid != self._process.pid:
            if self._process.has_ended():
                raise NoSuccessor(self._process.complaint())
            if time.monotonic() > deadline:
                raise NoSuccessor(f"pid {self._process.pid} does not serve yet")
            time.sleep(POLL_INTERVAL_S)
        return record


def inherited(descriptor: int) -> socket.socket:
    """The heir's side: the listening socket of the predecessor, as soon as that has stopped.

    Raises:
        NoInheritance: there will be none.
    """
    try:
        with socket.socket(fileno=descriptor) as link:
            link.sendall(READY)
            said, descriptors, _, _ = socket.recv_fds(link, 1, 1)
    except OSError as error:
        raise NoInheritedSocket(f"descriptor {descriptor} leads to nobody: {error.strerror}") from error
    if said != LISTENER or not descriptors:
        raise NoInheritedSocket("the process whose place this one was to take is gone")
    listener = socket.socket(fileno=descriptors[0])
    listener.setblocking(False)
    return listener
