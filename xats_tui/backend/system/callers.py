"""Who connects to this coordinator: the process that has it open, and those above it.

That is what a caller can show and nobody else: the operating system says it, not the caller.  Linux keeps a table of
connections; elsewhere the processes of this user are asked for theirs.
"""

import asyncio
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from xats_tui.backend.system.processes import Process, process_of
from xats_tui.core.model.agents import SeenProcess

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Of the connections of this machine, which only Linux has."""

ESTABLISHED = "01"
SOCKET = "socket:["
"""How the link of a descriptor begins that is a socket; the rest is its inode and a bracket."""

LOCAL, REMOTE, STATE, USER, INODE = 1, 2, 3, 7, 9
"""Fields of a row."""


class Callers:
    """The programs that connect to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def line(self, port: int | None, likely: Collection[int] = ()) -> tuple[Process, ...]:
        """The process that connects from a port of this machine and those above it, the nearest first.

        Args:
            port: where the connection comes from; None if that is not this machine.
            likely: pids that are looked at first.

        Returns:
            Nothing where that cannot be told.
        """
        return await asyncio.to_thread(self._line, port, likely) if port is not None else ()

    async def owners(self, ports: Collection[int]) -> Mapping[int, SeenProcess]:
        """The processes that connect from these ports, as far as that can be told; many are found in one go."""
        return await asyncio.to_thread(self._owners, ports)

    async def may_speak_for(self, pid: int, port: int) -> bool:
        """Whether what connects from a port of this machine belongs to the user that the process belongs to.

        Yes also where that cannot be told: the process is gone, or the system says of no connection whose it is.  No
        where the system says it of each, and this one is gone by now: whoever hangs up at once would be believed.
        """
        return await asyncio.to_thread(self._may_speak_for, pid, port)

    def _line(self, port: int, likely: Collection[int]) -> tuple[Process, ...]:
        found: list[Process] = []
        with suppress(psutil.Error, OSError):
            if (pid := self._owner(port, likely)) is not None:
                peer = psutil.Process(pid)
                above = () if pid == os.getpid() else peer.parents()  # this very program calls: nobody stands behind
                found.extend(process_of(one) for one in (peer, *above))  # as far as it can be looked at
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
        """The process that has the connection open."""
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
        """What Linux says of the connection from a port to ours."""
        return next((row for row in _rows() if _port(row[LOCAL]) == port and _port(row[REMOTE]) == self._port), None)

    def _ports_of(self, pid: int) -> set[int]:
        """The ports from which a process's own connections lead to ours."""
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
    """The sockets that a process has open; none of another user's."""
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
        for one in descriptors:
            opened = os.readlink(one.path)  # noqa: PTH115  # of thousands
            if opened.startswith(SOCKET):
                yield opened[len(SOCKET) : -1]
