"""Lock on a database file, so that only one coordinator uses it.

The lock is on the file itself, because one file can have many names (links, relative paths, linked folders).  It uses
a byte that SQLite does not lock.
"""

import errno
import fcntl
import logging
import os
import shlex
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from xats_tui.core.errors import UnusableStore
from xats_tui.runtime import private_files

logger = logging.getLogger(__name__)

LOCK_BYTE = 0x4000_1000
"""Locked byte, behind SQLite's own lock bytes (https://www.sqlite.org/fileformat2.html#the_lock_byte_page)."""

TIMEOUT_S = 0.3
"""Time for an ending predecessor to release the lock."""
RETRY_S = 0.01

# An open file description lock: unlike a POSIX lock, it survives when this process closes the file elsewhere.
# Python offers it on Linux only; other systems lock a file beside the database.
OPEN_FILE_LOCK: int | None = getattr(fcntl, "F_OFD_SETLK", None)

WRITE_LOCK = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, LOCK_BYTE, 1, 0)
"""Lock request as a Linux `struct flock`."""

HELD = (errno.EAGAIN, errno.EACCES)
"""Error numbers for a lock that another process holds."""

MAX_COMMAND_CHARS = 100
"""Maximum characters of a command line in an error sentence."""


@contextmanager
def claimed(path: Path) -> Iterator[int]:
    """Hold the database file exclusively for the life of the block, creating it if needed; yield its descriptor.

    The block must outlive every connection, because closing the descriptor also releases SQLite's own locks.

    Raises:
        UnusableStore: another coordinator holds the file, or it cannot be opened.
    """
    try:
        private_files.make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnusableStore(
            f"the database {path} cannot be opened: {error.strerror}; name another with --db"
        ) from error
    try:
        with _locked(path, descriptor):
            yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path, descriptor: int) -> Iterator[None]:
    command = OPEN_FILE_LOCK
    if command is not None:
        _take(path, lambda: fcntl.fcntl(descriptor, command, WRITE_LOCK))
        yield
        return
    beside = path.resolve().with_name(f"{path.resolve().name}.lock")
    with open(beside, "a", opener=private_files.opened_for_owner) as lock:
        _take(path, lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB))
        yield


def _take(path: Path, lock: Callable[[], object]) -> None:
    """Take a lock, waiting briefly for an ending predecessor.

    Raises:
        UnusableStore: another process holds the lock.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            lock()
        except OSError as error:
            if error.errno not in HELD:
                logger.warning("cannot lock %s, so a second coordinator could open it too: %s", path, error)
                return
            if time.monotonic() >= deadline:
                holder = _holder(path)
                raise UnusableStore(
                    f"the database {path} is in use by another coordinator{holder}: stop it first, "
                    "or name another file with --db"
                ) from None
            time.sleep(RETRY_S)
        else:
            return


def _holder(path: Path) -> str:
    """Name the coordinator that has the database open, as ` (pid 4: xats-tui daemon)`; empty if none is found."""
    for process in psutil.process_iter():
        try:
            command = shlex.join(process.cmdline())
            if process.pid != os.getpid() and "xats" in command and _has_open(process, path):
                shown = "".join(sign if sign.isprintable() else "?" for sign in command)
                return f" (pid {process.pid}: {shown[:MAX_COMMAND_CHARS]})"
        except (psutil.Error, OSError):
            continue  # the process ended, or belongs to another user
    return ""


def _has_open(process: psutil.Process, path: Path) -> bool:
    wanted = path.stat()
    return any(os.path.samestat(wanted, Path(opened.path).stat()) for opened in process.open_files())
