"""The pid file: the way for a bridge, a dashboard or a script to find the coordinator of a home.

The coordinator writes it once it listens and removes it when it stops.  A lock on a file beside it, held for the life
of
the process, proves that a coordinator runs: a pid alone may have been given to another program.  The lock file names
its holder, so that a pid file written by somebody else is not believed.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from xats_tui.runtime import private_files
from xats_tui.runtime.coordinator_beacon import Beacon, owner

LOCK_TIMEOUT_S = 0.3
"""Time to retry a held lock: `is_running` takes it for a moment, too."""
LOCK_RETRY_S = 0.01

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Listening addresses that are no destination, each with the address to connect to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PidRecord:
    """The contents of the pid file."""

    pid: int
    port: int
    """The port in use, also when 0 was asked for."""
    host: str = "127.0.0.1"
    started_at: str = ""
    """ISO 8601 in UTC."""
    version: str = ""
    screen: bool = False
    """True if a dashboard runs in the same process."""
    terminal: str = ""
    """Location of that dashboard: `tmux pane %3, /dev/pts/7`."""
    hook_key: str = field(default="", repr=False)
    """Opens the door for hooks of this coordinator, and nothing else; it ends with the process, so a program that has
    its port later learns nothing from it.
    """

    @property
    def url(self) -> str:
        """URL of its MCP endpoint."""
        return endpoint(self.host, self.port)


def endpoint(host: str, port: int) -> str:
    """Return the MCP endpoint of a coordinator on this address; one on all addresses is reached through loopback."""
    reachable = EVERYWHERE.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    return f"http://{bracketed}:{port}/mcp"


class AlreadyRunning(Exception):
    """Another process is the coordinator of this pid file."""

    def __init__(self, pid: int | None, sentence: str = "") -> None:
        super().__init__(sentence or f"daemon already running pid={pid or 'unknown'}")


class Holding:
    """The lock and the contents of a pid file, while this process is the coordinator."""

    def __init__(self, path: Path, lock: IO[str], beacon: Beacon) -> None:
        self._path = path
        self._lock = lock
        self._beacon = beacon
        self._record: PidRecord | None = None

    @property
    def is_in_place(self) -> bool:
        """True if the lock file at its path is the one that this process holds."""
        try:
            return os.path.samestat(os.fstat(self._lock.fileno()), _lock_path(self._path).stat())
        except OSError:
            return False

    def write(self, record: PidRecord) -> None:
        """Write the record to the pid file, now and whenever the file is restored."""
        write(self._path, record)
        self._record = record

    def restore(self) -> str:
        """Restore a removed pid file and lock; return one sentence if that fails, else empty."""
        self._beacon.answer()
        folder, me = self._path.parent, os.getpid()
        # A missing folder is not created again: whoever moved it may put it back, and would find another in its place.
        if not folder.is_dir():
            return (
                f"{folder} was moved or removed, so new clients cannot find the coordinator: put it back, or stop the "
                f"coordinator with kill {me} and start it again"
            )
        if not self.is_in_place and not self._take_again():
            other = _named_in(_lock_path(self._path))
            return f"another coordinator (pid {other}) has taken {folder}: stop this one with kill {me}"
        if self._record and read(self._path) != self._record:
            write(self._path, self._record)
        return ""

    def remove(self) -> None:
        """Remove the pid file, if it belongs to this process."""
        if self.is_in_place:
            self._path.unlink(missing_ok=True)

    def release(self) -> None:
        """Release the lock, so that another process can become the coordinator."""
        self._lock.close()

    def _take_again(self) -> bool:
        lock = _open(_lock_path(self._path))
        if not _taken(lock, 0):
            lock.close()
            return False
        self._lock.close()
        self._lock = lock
        return True


def read(path: Path) -> PidRecord | None:
    """Return the record in the pid file, true or not; None if there is none or it is not ours."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        record = PidRecord(**{name: fields[name] for name in PidRecord.__dataclass_fields__ if name in fields})
    except (OSError, ValueError, TypeError):
        return None
    return record if isinstance(record.pid, int) and isinstance(record.port, int) else None


def running(path: Path) -> PidRecord | None:
    """Return the record of the running coordinator; None if none runs, or if the lock file names another process."""
    record = read(path)
    if record is None or not is_running(path):
        return None
    return record if _named_in(_lock_path(path)) in (None, record.pid) else None


def contradiction(path: Path) -> str:
    """Return one sentence if the pid file is missing, or names another process than the coordinator; else empty."""
    record, holder = read(path), _named_in(_lock_path(path))
    if not is_running(path):
        return _astray(path)
    if record is None or holder in (None, record.pid):
        return ""
    return f"{path} names process {record.pid}, but the running coordinator is {holder}: stop it with kill {holder}"


def is_running(path: Path) -> bool:
    """Return whether a process holds the lock of this pid file."""
    return _is_locked(_lock_path(path))


def starter(path: Path) -> int | None:
    """Return the pid of the process that is about to start a coordinator for this pid file, if there is one.

    A coordinator that is told to stop meanwhile makes room for that process.
    """
    turn = _turn_path(path)
    return _named_in(turn) if _is_locked(turn) else None


@contextmanager
def held(path: Path, patience: float = LOCK_TIMEOUT_S) -> Iterator[Holding]:
    """Be the only coordinator of this pid file inside the block; there is no pid file before and after it.

    Args:
        path: the pid file.
        patience: seconds to wait for a predecessor to stop.

    Raises:
        AlreadyRunning: another process is the coordinator.
        OSError: the folder cannot be written to.
    """
    with ExitStack() as stack:
        lock, beacon = _opened(_lock_path(path)), Beacon(path)
        holding = Holding(path, lock, beacon)
        stack.callback(holding.release)
        if not _taken(lock, patience):
            raise AlreadyRunning(_named_in(_lock_path(path)))
        stack.callback(beacon.close)
        if not beacon.light(patience):
            raise AlreadyRunning(None, _astray(path))
        path.unlink(missing_ok=True)  # left by a killed coordinator
        stack.callback(holding.remove)
        yield holding


@contextmanager
def starting(path: Path, patience: float = 0) -> Iterator[bool]:
    """Hold the right to start a coordinator inside the block; False if another process holds it."""
    with _opened(_turn_path(path)) as turn:
        yield _taken(turn, patience)


def write(path: Path, record: PidRecord) -> None:
    """Write the record atomically, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # an older draft may be a link, or still open in another program
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(record)) + "\n")
    draft.replace(path)


def _opened(path: Path) -> IO[str]:
    private_files.make_folder(path.parent)
    return _open(path)


def _open(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")


def _astray(path: Path) -> str:
    """Return one sentence if a coordinator of this pid file runs without its lock file; else empty."""
    pid = owner(path)
    if pid is None:
        return ""
    return (
        f"the coordinator of {path.parent} (pid {pid}) still runs, but its files were removed: stop it with "
        f"kill {pid}, so that it saves its data, and start it again"
    )


def _taken(lock: IO[str], patience: float) -> bool:
    """Take the lock and write our pid into it; return whether that worked."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOCK_RETRY_S)
        else:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            return True


def _is_locked(path: Path) -> bool:
    try:
        with path.open("r") as lock:
            # Shared: two processes that only look must not take each other for the coordinator.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _named_in(path: Path) -> int | None:
    """Return the pid of the process that took this lock last."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _turn_path(path: Path) -> Path:
    return path.with_name(path.name + ".starting")
