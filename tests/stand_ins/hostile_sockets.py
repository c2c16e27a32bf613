"""Servers at the place of a tmux socket that are no tmux, and order their clients about.

It knows tmux's protocol as far as an order to run a program goes.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MSG_SHELL = 209
HEADER = struct.Struct("=IHHII")
PROTOCOL = 8


class Ordering:
    """Orders every tmux client that connects to run a program, which leaves a trace."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "ran"
        self._order = folder / "order"
        self._order.write_text(f"#!/bin/sh\n: > {self.trace}\n")
        self._order.chmod(0o755)

    def __call__(self, connection: socket.socket) -> None:
        """Serve one client."""
        connection.recv(65536)
        body = os.fsencode(self._order) + b"\0"
        connection.sendall(HEADER.pack(MSG_SHELL, HEADER.size + len(body), 0, PROTOCOL, os.getpid()) + body)
        while connection.recv(65536):
            pass


@contextmanager
def listening(address: Path | tuple[str, int], serve: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    """A socket whose clients are served so, each on a thread: a Unix socket, or one on TCP."""
    server = socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)
    server.bind(str(address) if isinstance(address, Path) else address)
    server.listen(64)

    def handle(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            serve(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
