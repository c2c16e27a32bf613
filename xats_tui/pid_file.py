"""The pid file: how a bridge, a dashboard or a script finds the coordinator of a home.

It is written after the coordinator listens and removed when it stops.  That a coordinator *runs* is told by a lock on
the file beside it, held open for the life of the process: a pid alone may have been given to another program.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path


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
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/mcp"


class AlreadyRunning(Exception):
    """Another process holds the lock of this pid file; its record, if it could be read."""

    def __init__(self, record: PidRecord | None) -> None:
        pid = record.pid if record else "unknown"
        super().__init__(f"daemon already running pid={pid}")
        self.record = record


def read(path: Path) -> PidRecord | None:
    """The record in the pid file; None if there is none or it is not one of ours."""
    try:
        fields = json.loads(path.read_text())
        return PidRecord(**{name: fields[name] for name in PidRecord.__dataclass_fields__ if name in fields})
    except (OSError, ValueError, TypeError):
        return None


def is_running(path: Path) -> bool:
    """Whether some process holds the lock of this pid file."""
    try:
        with _lock_path(path).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(read(path)) from None
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                path.unlink()


def write(path: Path, record: PidRecord) -> None:
    """Put the record there in one step, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(record)) + "\n")
    draft.replace(path)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
