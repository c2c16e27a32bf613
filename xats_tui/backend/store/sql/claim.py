"""The claim on a database file: one coordinator uses it, by whatever name it was reached.

The lock is on the file itself, for the same file has many names: links, relative paths, folders that are links.  It is
on a byte that SQLite does not lock.
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
"""The byte that is locked, behind those of SQLite (https://www.sqlite.org/fileformat2.html#the_lock_byte_page)."""

TIMEOUT_S = 0.3
"""Time for a predecessor that is just ending to let go."""
RETRY_S = 0.01

# A lock of the open file, which no other close of that file in this process gives up, as it does those of POSIX.
# Where there is none (Python names it on Linux only), the lock is on a file beside the database.
OPEN_FILE_LOCK: int | None = getattr(fcntl, "F_OFD_SETLK", None)

WRITE_LOCK = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, LOCK_BYTE, 1, 0)
"""What is asked for, as Linux lays it out."""

HELD = (errno.EAGAIN, errno.EACCES)
"""What a lock that another has is refused with."""

MAX_COMMAND_CHARS = 100
"""What a sentence shows of a command line."""


@contextmanager
def claimed(path: Path) -> Iterator[int]:
    """Make the file if there is none, and have it alone for the life of the block; gives its descriptor.

    The block has to outlive every connection: to close the descriptor gives up the locks of SQLite as well.

    Raises:
        UnusableStore: another coordinator has it, or it cannot be opened.
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
    """Take a lock, from a predecessor that is just ending, too.

    Raises:
        UnusableStore: another process has it.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            lock()
        except OSError as error:
            if error.errno not in HELD:
                logger.warning("no lock can be had on %s, so a second coordinator is not kept out: %s", path, error)
                return
            if time.monotonic() >= deadline:
                holder = _holder(path)
                raise UnusableStore(
                    f"the database {path} is in use by another coordinator{holder}: stop that first, "
                    "or name another file with --db"
                ) from None
            time.sleep(RETRY_S)
        else:
            return


def _holder(path: Path) -> str:
    """Name the coordinator that has a database open: ` (pid 4: xats-tui daemon)`; empty if none is found."""
    for process in psutil.process_iter():
        try:
            command = shlex.join(process.cmdline())
            if process.pid != os.getpid() and "xats" in command and _has_open(process, path):
                shown = "".join(sign if sign.isprintable() else "?" for sign in command)
                return f" (pid {process.pid}: {shown[:MAX_COMMAND_CHARS]})"
        except (psutil.Error, OSError):
            continue  # it has ended, or is another user's
    return ""


def _has_open(process: psutil.Process, path: Path) -> bool:
    wanted = path.stat()
    return any(os.path.samestat(wanted, Path(opened.path).stat()) for opened in process.open_files())
