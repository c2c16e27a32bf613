"""Who connects to this coordinator: the process that has it open, and those above it.

That is what a caller can show and nobody else: the operating system says it, not the caller.  Linux keeps a table of
connections; elsewhere the processes of this user are asked for theirs.
"""

import asyncio
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from xats_tui.backend.processes import Process, process_of

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Of the connections of this machine, which only Linux has."""

ESTABLISHED = "01"
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

    async def may_speak_for(self, pid: int, port: int) -> bool:
        """Whether what connects from a port of this machine belongs to the user that the process belongs to.

        Yes also where that cannot be told: the process is gone, or the system says of no connection whose it is.
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

    def _owner(self, port: int, likely: Collection[int]) -> int | None:
        """The process that has the connection open."""
        candidates = (*likely, os.getpid(), *sorted(psutil.pids(), reverse=True))
        if not TABLES[0].exists():
            return next((pid for pid in candidates if self._connects(pid, port)), None)
        row = self._row(port)
        return next((pid for pid in candidates if _has_open(pid, row[INODE])), None) if row else None

    def _may_speak_for(self, pid: int, port: int) -> bool:
        row = self._row(port)
        try:
            return row is None or int(row[USER]) == psutil.Process(pid).uids().real
        except (psutil.Error, OSError, ValueError, OverflowError):
            return True

    def _row(self, port: int) -> list[str] | None:
        """What Linux says of the connection from a port to ours."""
        return next((row for row in _rows() if _port(row[LOCAL]) == port and _port(row[REMOTE]) == self._port), None)

    def _connects(self, pid: int, port: int) -> bool:
        """Whether one of a process's own connections leads from a port to ours."""
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except (psutil.Error, OSError, ValueError, OverflowError):
            return False
        return any(one.raddr and (one.laddr.port, one.raddr.port) == (port, self._port) for one in connections)


def _rows() -> Iterator[list[str]]:
    for table in filter(Path.exists, TABLES):
        for line in table.read_text().splitlines()[1:]:
            row = line.split()
            if row[STATE] == ESTABLISHED:
                yield row


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _has_open(pid: int, inode: str) -> bool:
    try:
        with os.scandir(f"/proc/{pid}/fd") as descriptors:
            return any(os.readlink(one.path) == f"socket:[{inode}]" for one in descriptors)  # noqa: PTH115  # of thousands
    except OSError:
        return False
