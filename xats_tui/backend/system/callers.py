"""Identification of callers: the process behind a connection to this coordinator, and its parents.

The operating system names the process, so a caller cannot forge it.  Linux has a table of all connections; elsewhere
this user's processes are searched for theirs.
"""

import asyncio
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from xats_tui.backend.system.processes import Process, forget_terminals, process_of
from xats_tui.core.model.agents import SeenProcess

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Tables of this machine's connections; only Linux has them."""

ESTABLISHED = "01"
SOCKET = "socket:["
"""Beginning of the link of a descriptor that is a socket; the inode and a bracket follow."""

LOCAL, REMOTE, STATE, USER, INODE = 1, 2, 3, 7, 9
"""Positions of fields in a row of a table."""


class Callers:
    """The programs that connect to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def line(self, port: int | None, likely: Collection[int] = ()) -> tuple[Process, ...]:
        """Return the process that connects from a local port, and its parents, nearest first.

        Args:
            port: port that the connection comes from; None if it is not on this machine.
            likely: pids to look at first.

        Returns:
            An empty tuple if the process cannot be determined.
        """
        return await asyncio.to_thread(self._line, port, likely) if port is not None else ()

    async def owners(self, ports: Collection[int]) -> Mapping[int, SeenProcess]:
        """Return the processes that connect from these ports, as far as they can be determined, in one pass."""
        return await asyncio.to_thread(self._owners, ports)

    async def may_speak_for(self, pid: int, port: int) -> bool:
        """Return whether the connection from a local port belongs to the same user as process `pid`.

        The answer is True if that cannot be determined, because the process is gone or the system does not list the
        owners of connections.  It is False if the system lists the owners but this connection is gone: otherwise a
        caller could be believed by hanging up at once.
        """
        return await asyncio.to_thread(self._may_speak_for, pid, port)

    def _line(self, port: int, likely: Collection[int]) -> tuple[Process, ...]:
        found: list[Process] = []
        forget_terminals()  # the caller's may have been opened a moment ago
        with suppress(psutil.Error, OSError):
            if (pid := self._owner(port, likely)) is not None:
                peer = psutil.Process(pid)
                above = () if pid == os.getpid() else peer.parents()  # our own call has no parents that matter
                found.extend(process_of(one) for one in (peer, *above))  # up to the first unreadable one
        return tuple(found)

    def _owners(self, ports: Collection[int]) -> Mapping[int, SeenProcess]:
        wanted = {row[INODE]: _port(row[LOCAL]) for row in _rows() if _port(row[REMOTE]) == self._port}
        found: dict[int, SeenProcess] = {}
        for pid in psutil.pids():
            opened = wanted.keys() & set(_inodes(pid))
            held = {wanted[one] for one in opened} if TABLES[0].exists() else self._ports_of(pid)
            with suppress(psutil.Error, OSError):
                for port in held & set(ports):
                    found[port] = SeenProcess(pid, psutil.Process(pid).create_time())
        return found

    def _owner(self, port: int, likely: Collection[int]) -> int | None:
        """Return the pid that has the connection open."""
        candidates = (*likely, os.getpid(), *sorted(psutil.pids(), reverse=True))
        if not TABLES[0].exists():
            return next((pid for pid in candidates if port in self._ports_of(pid)), None)
        row = self._row(port)
        return next((pid for pid in candidates if row[INODE] in _inodes(pid)), None) if row else None

    def _may_speak_for(self, pid: int, port: int) -> bool:
        try:
            owner = psutil.Process(pid).uids().real
            row = self._row(port)
            return int(row[USER]) == owner if row else not TABLES[0].exists()
        except (psutil.Error, OSError, ValueError, OverflowError):
            return True

    def _row(self, port: int) -> list[str] | None:
        """Return Linux's table row of the connection from a local port to ours."""
        return next((row for row in _rows() if _port(row[LOCAL]) == port and _port(row[REMOTE]) == self._port), None)

    def _ports_of(self, pid: int) -> set[int]:
        """Return the local ports of a process's own connections to our port."""
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except (psutil.Error, OSError, ValueError, OverflowError):
            return set()
        return {one.laddr.port for one in connections if one.raddr and one.raddr.port == self._port}


def _rows() -> Iterator[list[str]]:
    for table in filter(Path.exists, TABLES):
        for line in table.read_text().splitlines()[1:]:
            row = line.split()
            if row[STATE] == ESTABLISHED:
                yield row


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _inodes(pid: int) -> Iterator[str]:
    """Yield the inodes of a process's open sockets; none for another user's process."""
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
        for one in descriptors:
            opened = os.readlink(one.path)  # noqa: PTH115  # Path is too slow for thousands
            if opened.startswith(SOCKET):
                yield opened[len(SOCKET) : -1]
