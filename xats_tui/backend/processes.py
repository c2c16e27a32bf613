"""The one seam to the process table: who a pid is, what runs on a tty, and who is in front there.

It knows processes and ttys, not panes or agents.
"""

import asyncio
import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from psutil import _psposix

from xats_tui.backend.model.agents import SeenProcess

START_TOLERANCE = 1.0
"""Seconds by which two readings of one process's start may differ: the kernel counts in clock ticks."""

STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})

CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One running process."""

    pid: int
    started_at: float
    """Seconds since the epoch."""
    name: str
    command: tuple[str, ...]
    """The argument vector; empty for a zombie."""
    tty: str | None
    """Without `/dev/`."""

    @property
    def command_line(self) -> str:
        """The arguments in one text, as `ps` shows them."""
        return " ".join(self.command) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """The environment, the TCP ports and the place in its terminal of a running process."""

    environment: Mapping[str, str]
    listens_at: frozenset[int]
    connected_to: frozenset[int]
    """The remote ports of its connections."""
    is_in_front: bool
    """It runs in the foreground of its terminal and is not stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """The process that was bound to a pane, as it is now; two that are equal are one program in one place."""

    pid: int
    executable: str
    """The file that runs: a process may give way to another program and keep its pid and its start."""
    tty: str | None
    """Without `/dev/`."""
    group: int
    foreground: int
    """The group that its terminal sends keys to."""
    stopped: bool = field(default=False, compare=False)
    """It stands still until it is continued."""

    @property
    def in_front(self) -> bool:
        """What is typed into its terminal reaches it."""
        return self.group == self.foreground


class Processes:
    """The processes of this machine."""

    async def by_pid(self, pid: int) -> Process | None:
        """The process of that pid, if it lives."""
        return await asyncio.to_thread(_by_pid, pid)

    async def on_tty(self, tty: str) -> tuple[Process, ...]:
        """The processes whose terminal is `tty`."""
        return tuple(process for process in await self.all() if process.tty == tty)

    async def all(self) -> tuple[Process, ...]:
        """Every process that has a terminal."""
        return await asyncio.to_thread(_all_with_tty)

    async def occupant(self, pid: int, started_at: float | None) -> Occupant | None:
        """The process that was seen under this pid as it is now; a reused pid is another process."""
        return await asyncio.to_thread(_occupant, pid, started_at)

    async def living(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Those of the processes that still live; quicker than one by one."""
        return await asyncio.to_thread(lambda: frozenset(filter(_lives, seen)))

    async def may_speak_for(self, pid: int, port: int) -> bool:
        """Whether what connects from a port of this machine belongs to the user that the process belongs to.

        Yes also where that cannot be told: the process is gone, or the system says of no connection whose it is.
        """
        return await asyncio.to_thread(_may_speak_for, pid, port)

    async def belongings(self, pid: int) -> Belongings | None:
        """What a process has open and was given; None if it has ended or is another user's."""
        return await asyncio.to_thread(_belongings, pid)


def normal_tty(tty: str | None) -> str | None:
    """A tty's name without `/dev/`; None for none (`?` or blank)."""
    name = (tty or "").strip().removeprefix("/dev/")
    return None if name in {"", "?", "??"} else name


def _by_pid(pid: int) -> Process | None:
    _forget_terminals()
    try:
        return _process(psutil.Process(pid))
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def _lives(seen: SeenProcess) -> bool:
    try:
        process = psutil.Process(seen.pid)
        same = abs(process.create_time() - seen.started_at) <= START_TOLERANCE
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False


def _may_speak_for(pid: int, port: int) -> bool:
    try:
        return _user_behind(port) in (None, psutil.Process(pid).uids().real)
    except (psutil.Error, OSError, ValueError, OverflowError):
        return True


def _user_behind(port: int) -> int | None:
    """The user who has a connection from this port; field 8 of its row in /proc/net/tcp, which only Linux has."""
    for table in filter(Path.exists, CONNECTIONS):
        for fields in map(str.split, table.read_text().splitlines()[1:]):
            if fields[3] == ESTABLISHED and int(fields[1].rpartition(":")[2], 16) == port:
                return int(fields[7])
    return None


def _all_with_tty() -> tuple[Process, ...]:
    _forget_terminals()
    found = []
    for process in psutil.process_iter():
        try:
            if process.terminal():
                found.append(_process(process))
        except (psutil.Error, OSError):
            continue  # it ended while it was looked at
    return tuple(found)


def _forget_terminals() -> None:
    """Have psutil name the terminals anew: it does so once, and a pane opened since would have none."""
    _psposix.get_terminal_map.cache_clear()  # type: ignore[attr-defined]  # its memoize; tests hold us to it


def _process(process: psutil.Process) -> Process:
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(process.pid)
        return Process(
            pid=process.pid,
            started_at=process.create_time(),
            name=process.name(),
            command=tuple(process.cmdline()),
            tty=normal_tty(process.terminal()),
        )


def _belongings(pid: int) -> Belongings | None:
    try:
        process = psutil.Process(pid)
        connections = process.net_connections("tcp")
        return Belongings(
            environment=process.environ(),
            listens_at=frozenset(one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN),
            connected_to=frozenset(one.raddr.port for one in connections if one.raddr),
            is_in_front=process.status() not in STOPPED and os.getpgid(pid) == _foreground_group(pid),
        )
    except (psutil.Error, OSError, ValueError, subprocess.SubprocessError):
        return None


def _occupant(pid: int, started_at: float | None) -> Occupant | None:
    _forget_terminals()
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            status, begun = process.status(), process.create_time()
            if status == psutil.STATUS_ZOMBIE or (started_at and abs(begun - started_at) > START_TOLERANCE):
                return None
            return Occupant(
                pid=pid,
                executable=_executable(process),
                tty=normal_tty(process.terminal()),
                group=os.getpgid(pid),
                foreground=_foreground_group(pid),
                stopped=status in STOPPED,
            )
    except (psutil.Error, OSError, ValueError, OverflowError, subprocess.SubprocessError):
        return None


def _executable(process: psutil.Process) -> str:
    try:
        return process.exe()
    except psutil.AccessDenied:
        return ""


def _foreground_group(pid: int) -> int:
    """The foreground process group of the terminal of `pid`: field 8 of /proc/PID/stat, or what `ps` says."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        after_name: Sequence[str] = stat.read_text().rpartition(")")[2].split()
        return int(after_name[5])
    answer = subprocess.run(
        ["ps", "-o", "tpgid=", "-p", str(pid)], capture_output=True, text=True, timeout=3, check=True
    )
    return int(answer.stdout)
