"""The pid file: how a bridge, a dashboard or a script finds the coordinator of a home.

It is written after the coordinator listens and removed when it stops.  That a coordinator *runs* is told by a lock on
the file beside it, held open for the life of the process: a pid alone may have been given to another program.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LOCK_PATIENCE = 0.3
"""Seconds for which a held lock may be that of somebody who only looks (`is_running`), and so is tried again."""
LOCK_RETRY = 0.01

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on that cannot be connected to everywhere, with the one that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PidRecord:
    """What the pid file says of the running coordinator."""

    pid: int
    port: int
    """The port that was really taken, also when 0 was asked for."""
    host: str = "127.0.0.1"
    started_at: str = ""
    """ISO 8601 in UTC."""
    version: str = ""
    screen: bool = False
    """Whether a dashboard runs in the same process."""

    @property
    def url(self) -> str:
        """Where its MCP endpoint is."""
        return endpoint(self.host, self.port)


def endpoint(host: str, port: int) -> str:
    """The MCP endpoint of a coordinator that listens there; one that listens everywhere is met on loopback."""
    reachable = EVERYWHERE.get(host, host)
    bracketed = f"[{reachable}]" if ":" in reachable else reachable
    return f"http://{bracketed}:{port}/mcp"


class AlreadyRunning(Exception):
    """Another process holds the lock of this pid file; its record, if it could be read."""

    def __init__(self, record: PidRecord | None) -> None:
        pid = record.pid if record else "unknown"
        super().__init__(f"daemon already running pid={pid}")
        self.record = record


def read(path: Path) -> PidRecord | None:
    """The record in the pid file; None if there is none or it is not one of ours."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        record = PidRecord(**{name: fields[name] for name in PidRecord.__dataclass_fields__ if name in fields})
    except (OSError, ValueError, TypeError):
        return None
    return record if isinstance(record.pid, int) and isinstance(record.port, int) else None


def is_running(path: Path) -> bool:
    """Whether some process holds the lock of this pid file."""
    try:
        with _lock_path(path).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Be the one coordinator of this pid file for the life of the block; the pid file is gone afterwards.

    Raises:
        AlreadyRunning: another process is.
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as lock:
        if not _taken(lock, LOCK_PATIENCE):
            raise AlreadyRunning(read(path))
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                path.unlink()


@contextmanager
def starting(path: Path) -> Iterator[bool]:
    """Be the one that starts a coordinator for this pid file, for the life of the block; False if another one is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path.with_name(path.name + ".starting"), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as lock:
        yield _taken(lock, 0)


def write(path: Path, record: PidRecord) -> None:
    """Put the record there in one step, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    draft.replace(path)


def _taken(lock: IO[str], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOCK_RETRY)
        else:
            return True


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
