"""The one seam to the process table: who a pid is, what runs on a tty, and who is in front there.

It knows processes and ttys, not panes or agents.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from psutil import _psposix

from xats_tui.clients.programs import RELAYS, is_bare_shell, program_names, tells_nothing
from xats_tui.core.model.agents import START_TOLERANCE_S, SeenProcess

STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})


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
    executable: str = ""
    """The file that it runs, where the argument vector does not tell what that is."""
    folder: str = ""
    """Its working directory, likewise."""

    @property
    def seen(self) -> SeenProcess:
        """What names it for ever."""
        return SeenProcess(self.pid, self.started_at)

    @property
    def names(self) -> list[str]:
        """The names that it runs under."""
        return program_names(self.command, self.executable, self.folder) or [self.name]

    @property
    def command_line(self) -> str:
        """The arguments in one text, as `ps` shows them."""
        return " ".join(self.command) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A terminal through which a process is typed to."""

    tty: str
    """Without `/dev/`."""
    in_front: bool
    """What is typed into it reaches the process."""


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
class BoundProcess:
    """The process that was bound to a pane, as it is now; two that are equal are one program in one place."""

    pid: int
    executable: str
    """The file that runs: a process may give way to another program and keep its pid and its start."""
    tty: str | None
    """Without `/dev/`."""
    group: int
    foreground: int
    """The group that its terminal sends keys to."""
    relayed: bool = True
    """Whatever hands on to it what is typed is in front, too."""
    inner_tty: str | None = None
    """Its own terminal, if another program hands on to it what is typed into `tty`."""
    stopped: bool = field(default=False, compare=False)
    """It stands still until it is continued."""
    waits: bool = field(default=False, compare=False)
    """It sleeps until something happens, as a program does that has nothing left to do."""

    @property
    def in_front(self) -> bool:
        """What is typed into its terminal reaches it."""
        return self.group == self.foreground and self.relayed


class Processes:
    """The processes of this machine."""

    async def by_pid(self, pid: int) -> Process | None:
        """The process of that pid, if it lives."""
        return await asyncio.to_thread(_by_pid, pid)

    async def on_tty(self, tty: str) -> tuple[Process, ...]:
        """The processes that are typed to through `tty`: it is their terminal, or that of `script` or `sudo` above."""
        return await asyncio.to_thread(_on_tty, tty)

    async def routes(self, pid: int) -> tuple[Route, ...]:
        """The terminal of a process, then those of whatever hands on to it what is typed into them."""
        return await asyncio.to_thread(_routes, pid)

    async def all(self) -> tuple[Process, ...]:
        """Every process that has a terminal."""
        return await asyncio.to_thread(_all_with_tty)

    async def occupant(self, pid: int, started_at: float | None, tty: str = "") -> BoundProcess | None:
        """The process that was seen under this pid as it is now; a reused pid is another process.

        One that is typed to through another terminal, `tty`, is on that one.
        """
        return await asyncio.to_thread(_occupant, pid, started_at, tty)

    async def living(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Those of the processes that still live; quicker than one by one."""
        return await asyncio.to_thread(lambda: frozenset(filter(_lives, seen)))

    async def at_work(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Those of the living that have not given way to a shell which reads what is typed."""
        return await asyncio.to_thread(lambda: frozenset(filter(_is_at_work, seen)))

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
        return process_of(psutil.Process(pid))
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def _lives(seen: SeenProcess) -> bool:
    try:
        process = psutil.Process(seen.pid)
        same = abs(process.create_time() - seen.started_at) <= START_TOLERANCE_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False


def _is_at_work(seen: SeenProcess) -> bool:
    try:
        return _lives(seen) and not is_bare_shell(psutil.Process(seen.pid).cmdline())
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OSError):
        return False


def _all_with_tty() -> tuple[Process, ...]:
    _forget_terminals()
    found = []
    for process in psutil.process_iter():
        try:
            if process.terminal():
                found.append(process_of(process))
        except (psutil.Error, OSError):
            continue  # it ended while it was looked at
    return tuple(found)


def _on_tty(tty: str) -> tuple[Process, ...]:
    there = _all_with_tty()
    found = [process for process in there if process.tty == tty]
    inner: set[str | None] = set()
    for relay in filter(_is_relay, found):
        with suppress(psutil.Error, OSError):
            inner |= {normal_tty(child.terminal()) for child in psutil.Process(relay.pid).children(recursive=True)}
    return tuple(found + [process for process in there if process.tty in inner - {tty, None}])


def _routes(pid: int) -> tuple[Route, ...]:
    _forget_terminals()
    found: list[Route] = []
    with suppress(psutil.Error, OSError, ValueError, OverflowError, subprocess.SubprocessError):
        process = psutil.Process(pid)
        while tty := normal_tty(process.terminal()):
            in_front = os.getpgid(process.pid) == _foreground_group(process.pid)
            found.append(Route(tty=tty, in_front=in_front and all(one.in_front for one in found)))
            above = next((one for one in process.parents() if normal_tty(one.terminal()) != tty), None)
            if above is None or not _is_relay(process_of(above)):
                break
            process = above
    return tuple(found)


def _is_relay(process: Process) -> bool:
    return not RELAYS.isdisjoint(process.names)


def _forget_terminals() -> None:
    """Have psutil name the terminals anew: it does so once, and a pane opened since would have none."""
    _psposix.get_terminal_map.cache_clear()  # type: ignore[attr-defined]  # its memoize; tests hold us to it


def process_of(process: psutil.Process) -> Process:
    """A living process as it is now.

    Raises:
        psutil.Error: it has ended, or is another user's.
    """
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            raise psutil.ZombieProcess(process.pid)
        command = tuple(process.cmdline())
        unclear = tells_nothing(program_names(command))
        return Process(
            pid=process.pid,
            started_at=process.create_time(),
            name=process.name(),
            command=command,
            tty=normal_tty(process.terminal()),
            executable=_if_allowed(process.exe) if unclear else "",
            folder=_if_allowed(process.cwd) if unclear else "",
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


def _occupant(pid: int, started_at: float | None, tty: str) -> BoundProcess | None:
    _forget_terminals()
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            status, begun = process.status(), process.create_time()
            if status == psutil.STATUS_ZOMBIE or (started_at and abs(begun - started_at) > START_TOLERANCE_S):
                return None
            own = normal_tty(process.terminal())
            through = next((one for one in _routes(pid) if one.tty == tty), None) if tty not in ("", own) else None
            return BoundProcess(
                pid=pid,
                executable=_if_allowed(process.exe),
                tty=through.tty if through else own,
                group=os.getpgid(pid),
                foreground=_foreground_group(pid),
                relayed=through is None or through.in_front,
                inner_tty=own if through else None,
                stopped=status in STOPPED,
                waits=status == psutil.STATUS_SLEEPING,
            )
    except (psutil.Error, OSError, ValueError, OverflowError, subprocess.SubprocessError):
        return None


def _if_allowed(read: Callable[[], str]) -> str:
    """What only a process's owner may read of it; nothing for others."""
    try:
        return read()
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
