"""Handover of the listening socket from one coordinator process to its successor, without refusing a connection.

The successor starts and gets ready while the predecessor still serves.  Then the predecessor stops and sends its
listening socket; clients that connect meanwhile wait in the socket's queue.
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
"""Time for a successor to get ready: its imports take a second, more on a busy machine."""
SERVING_TIMEOUT_S = 10.0
"""Time for a successor that has the socket to open the store and serve."""
POLL_INTERVAL_S = 0.01


class NoSuccessor(Exception):
    """The successor did not take over; the text says why."""


class NoInheritedSocket(Exception):
    """The predecessor is gone, or never was; the text says what was found instead."""


class SocketHandover:
    """A headless coordinator that is to take over from this process."""

    def __init__(self, loaded: Loaded, port: int) -> None:
        """Start the successor.

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
        """Close the link; a successor without a socket then ends."""
        self._link.close()

    def wait_until_ready(self) -> None:
        """Wait until the successor could serve at once; kill it if it takes too long.

        Raises:
            NoSuccessor: it cannot serve.
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
        """Send the listening socket of a stopped coordinator, and wait until the successor serves.

        Raises:
            NoSuccessor: it does not serve.
        """
        try:
            socket.send_fds(self._link, [LISTENER], [listener.fileno()])
        except OSError:  # the successor has ended
            self._process.process.wait()
        deadline = time.monotonic() + SERVING_TIMEOUT_S
        while (record := pid_file.running(self._pid_path)) is None or record.pid != self._process.pid:
            if self._process.has_ended():
                raise NoSuccessor(self._process.complaint())
            if time.monotonic() > deadline:
                raise NoSuccessor(f"pid {self._process.pid} does not serve after {SERVING_TIMEOUT_S:g} s")
            time.sleep(POLL_INTERVAL_S)
        return record


def inherited(descriptor: int) -> socket.socket:
    """Tell the predecessor that this process is ready, and return its listening socket once it has stopped.

    Raises:
        NoInheritedSocket: the predecessor sends none.
    """
    try:
        with socket.socket(fileno=descriptor) as link:
            link.sendall(READY)
            said, descriptors, _, _ = socket.recv_fds(link, 1, 1)
    except OSError as error:
        raise NoInheritedSocket(f"descriptor {descriptor} leads to no coordinator: {error.strerror}") from error
    if said != LISTENER or not descriptors:
        raise NoInheritedSocket("the coordinator that this process was to replace has ended")
    listener = socket.socket(fileno=descriptors[0])
    listener.setblocking(False)  # asyncio accepts no other sockets
    return listener
