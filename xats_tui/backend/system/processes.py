"""Access to the process table: identity of a pid, programs on a tty, and the foreground program there."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from msgspec import Struct
from psutil import _psposix

from xats_tui.backend.system.key_readers import waiting_reader
from xats_tui.clients.programs import RELAYS, is_bare_shell, program_names, tells_nothing
from xats_tui.core.model.agents import START_TOLERANCE_S, SeenProcess

STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})


class Process(Struct, frozen=True, kw_only=True):
    """One running process."""

    pid: int
    started_at: float
    """Start time in seconds since the epoch."""
    name: str
    command: tuple[str, ...]
    """Argument vector; empty for a zombie."""
    tty: str | None
    """Name of the terminal without `/dev/`."""
    executable: str = ""
    """Path of the executable, if the argument vector does not identify the program."""
    folder: str = ""
    """Working directory, if the argument vector does not identify the program."""

    @property
    def seen(self) -> SeenProcess:
        """Pid and start time, which identify the process permanently."""
        return SeenProcess(self.pid, self.started_at)

    @property
    def names(self) -> list[str]:
        """Names that the process runs under."""
        return program_names(self.command, self.executable, self.folder) or [self.name]

    @property
    def command_line(self) -> str:
        """Arguments in one text, as `ps` shows them."""
        return " ".join(self.command) or self.name


class Route(Struct, frozen=True, kw_only=True):
    """A terminal whose keys reach a process."""

    tty: str
    """Name without `/dev/`."""
    in_front: bool
    """True if keys typed into the terminal reach the process now."""


class Belongings(Struct, frozen=True, kw_only=True):
    """Environment, TCP ports and terminal position of a running process."""

    environment: Mapping[str, str]
    listens_at: frozenset[int]
    connected_to: frozenset[int]
    """Remote ports of the process's connections."""
    is_in_front: bool
    """True if the process runs in the foreground of its terminal and is not stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundProcess:
    """State of the process bound to a pane; two equal values are the same program in the same place."""

    pid: int
    executable: str
    """Executable file: a process may replace its program and keep its pid and start time."""
    tty: str | None
    """Name of the terminal without `/dev/`."""
    group: int
    foreground: int
    """Process group that receives the terminal's keys."""
    relayed: bool = True
    """True if every program that relays keys to the process is in the foreground, too."""
    inner_tty: str | None = None
    """The process's own terminal, if another program relays keys from `tty` to it."""
    stopped: bool = field(default=False, compare=False)
    """True if the process is stopped until it is continued."""
    waits: bool = field(default=False, compare=False)
    """True if the process sleeps until something happens, as an idle program does."""
    reader: str | None = field(default=None, compare=False)
    """Name and pid of a program that it has started and that waits for a key at its terminal."""

    @property
    def in_front(self) -> bool:
        """True if keys typed into the terminal reach the process."""
        return self.group == self.foreground and self.relayed


class Processes:
    """The processes of this machine."""

    async def by_pid(self, pid: int) -> Process | None:
        """Return the living process with this pid."""
        return await asyncio.to_thread(_by_pid, pid)

    async def on_tty(self, tty: str) -> tuple[Process, ...]:
        """Return the processes that keys on `tty` reach: on it, or below a relay such as `script` or `sudo` on it."""
        return await asyncio.to_thread(_on_tty, tty)

    async def routes(self, pid: int) -> tuple[Route, ...]:
        """Return the terminal of a process, followed by the terminals that relay keys to it."""
        return await asyncio.to_thread(_routes, pid)

    async def all(self) -> tuple[Process, ...]:
        """Return every process that has a terminal."""
        return await asyncio.to_thread(_all_with_tty)

    async def occupant(self, pid: int, started_at: float | None, tty: str = "") -> BoundProcess | None:
        """Return the state of a process that was seen before, or None if the pid was reused.

        If keys reach the process through another terminal, `tty`, its state is given for that terminal.
        """
        return await asyncio.to_thread(_occupant, pid, started_at, tty)

    async def living(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Return the processes that are still alive, faster than one by one."""
        return await asyncio.to_thread(lambda: frozenset(filter(_lives, seen)))

    async def at_work(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Return the living processes that have not been replaced by an interactive shell."""
        return await asyncio.to_thread(lambda: frozenset(filter(_is_at_work, seen)))

    async def belongings(self, pid: int) -> Belongings | None:
        """Return a process's environment and connections; None if it ended or belongs to another user."""
        return await asyncio.to_thread(_belongings, pid)

    async def environment(self, pid: int) -> Mapping[str, str]:
        """Return a process's environment; an empty one if it ended or belongs to another user."""
        return await asyncio.to_thread(_environment, pid)

    async def working_in(self, folder: str, pids: Collection[int]) -> frozenset[int]:
        """Return those of these processes that belong to this user and work in that folder."""
        return await asyncio.to_thread(_working_in, folder, pids)

    async def listeners(self, pid: int | None = None) -> Mapping[int, int]:
        """Return the TCP ports at which processes of this user listen, each with the pid.

        With a `pid`, only that process is looked at, or its children if it does not listen itself.
        """
        return await asyncio.to_thread(_listeners, pid)


def normal_tty(tty: str | None) -> str | None:
    """Return a tty's name without `/dev/`, or None for no tty (`?` or blank)."""
    name = (tty or "").strip().removeprefix("/dev/")
    return None if name in {"", "?", "??"} else name


def _by_pid(pid: int) -> Process | None:
    forget_terminals()
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
    forget_terminals()
    found = []
    for process in psutil.process_iter():
        try:
            if process.terminal():
                found.append(process_of(process))
        except (psutil.Error, OSError):
            continue  # the process ended meanwhile
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
    forget_terminals()
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


def forget_terminals() -> None:
    """Make psutil read the list of terminals again; its cached list misses panes opened since."""
    _psposix.get_terminal_map.cache_clear()  # type: ignore[attr-defined]  # psutil's private memoize; tests pin it


def process_of(process: psutil.Process) -> Process:
    """Read the current state of a living process.

    Raises:
        psutil.Error: the process ended, or belongs to another user.
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


def _environment(pid: int) -> Mapping[str, str]:
    try:
        return psutil.Process(pid).environ()
    except (psutil.Error, OSError, ValueError):
        return {}


def _working_in(folder: str, pids: Collection[int]) -> frozenset[int]:
    found = set()
    for pid in pids:
        with suppress(psutil.Error, OSError, ValueError):
            process = psutil.Process(pid)
            is_own = process.uids().real == os.getuid()
            if is_own and _is_folder(folder, process.cwd()):
                found.add(pid)
    return frozenset(found)


def _is_folder(named: str, folder: str) -> bool:
    path = Path(named)
    return path.is_absolute() and path.samefile(folder)


def _listeners(pid: int | None) -> Mapping[int, int]:
    try:
        if pid is None:
            return _listening(psutil.process_iter())
        top = psutil.Process(pid)
        return _listening([top]) or _listening(top.children(recursive=True))
    except (psutil.Error, OSError, ValueError, OverflowError):
        return {}


def _listening(processes: Iterable[psutil.Process]) -> Mapping[int, int]:
    found: dict[int, int] = {}
    for process in processes:
        with suppress(psutil.Error, OSError):
            if process.uids().real == os.getuid():
                listening = [one for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
                found |= {one.laddr.port: process.pid for one in listening}
    return found


def _occupant(pid: int, started_at: float | None, tty: str) -> BoundProcess | None:
    forget_terminals()
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            status, begun = process.status(), process.create_time()
            if status == psutil.STATUS_ZOMBIE or (started_at and abs(begun - started_at) > START_TOLERANCE_S):
                return None
            own = normal_tty(process.terminal())
            through = next((one for one in _routes(pid) if one.tty == tty), None) if tty not in ("", own) else None
            group = os.getpgid(pid)
            return BoundProcess(
                pid=pid,
                executable=_if_allowed(process.exe),
                tty=through.tty if through else own,
                group=group,
                foreground=_foreground_group(pid),
                relayed=through is None or through.in_front,
                inner_tty=own if through else None,
                stopped=status in STOPPED,
                waits=status == psutil.STATUS_SLEEPING,
                reader=waiting_reader(pid, group, own) if own else None,
            )
    except (psutil.Error, OSError, ValueError, OverflowError, subprocess.SubprocessError):
        return None


def _if_allowed(read: Callable[[], str]) -> str:
    """Return a value that only the process's owner may read, or an empty string for other users."""
    try:
        return read()
    except psutil.AccessDenied:
        return ""


def _foreground_group(pid: int) -> int:
    """Return the foreground process group of the terminal of `pid`, from /proc/PID/stat field 8 or from `ps`."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        after_name: Sequence[str] = stat.read_text().rpartition(")")[2].split()
        return int(after_name[5])
    answer = subprocess.run(
        ["ps", "-o", "tpgid=", "-p", str(pid)], capture_output=True, text=True, timeout=3, check=True
    )
    return int(answer.stdout)
