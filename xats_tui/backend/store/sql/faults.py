"""Database faults: SQLite's error codes (https://www.sqlite.org/rescode.html) with a sentence that says what to do."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from shlex import quote

from xats_tui.core.errors import StoreError, StoreFault

logger = logging.getLogger(__name__)

FAULTS = {
    sqlite3.SQLITE_FULL: StoreFault.FULL,
    sqlite3.SQLITE_IOERR: StoreFault.FULL,
    sqlite3.SQLITE_BUSY: StoreFault.LOCKED,
    sqlite3.SQLITE_LOCKED: StoreFault.LOCKED,
    sqlite3.SQLITE_CORRUPT: StoreFault.DAMAGED,
    sqlite3.SQLITE_NOTADB: StoreFault.DAMAGED,
}
"""Faults by SQLite's primary result code."""

PRIMARY_CODE_MASK = 0xFF
"""Bits of an extended result code that hold the primary code."""

SENTENCES = {
    StoreFault.FULL: "the disk of the database is full or cannot be written; free some space and try again",
    StoreFault.LOCKED: "the database is locked by another program; try again, or stop that program",
    StoreFault.DAMAGED: "the database is damaged; stop the coordinator and run `xats-tui repair`",
}


def fault_of(error: BaseException) -> StoreFault | None:
    """Return the fault of the database, or None if only the statement was wrong."""
    return FAULTS.get(getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE_MASK)


def start_sentence(path: Path, error: Exception) -> str:
    """Explain why a database cannot be opened, and what to do about it."""
    match fault_of(error):
        case StoreFault.DAMAGED:
            way = f"`xats-tui repair --db {quote(str(path))}` saves what can be read; or name another file with --db"
            return f"the database {path} is damaged ({error}): {way}"
        case StoreFault.LOCKED:
            return f"the database {path} is locked by another program: stop that one, or name another file with --db"
        case StoreFault.FULL:
            return f"the disk of the database {path} is full or cannot be written ({error}): free some space first"
    return f"the database {path} cannot be used: {error}; name another file with --db, or move this one away"


class Guard:
    """Context manager that turns sqlite3 exceptions into `StoreError`."""

    def __init__(self, files_trouble: Callable[[], str]) -> None:
        """Take a function that describes removed files, because that explains every other error."""
        self._files_trouble = files_trouble
        self.fault: StoreFault | None = None
        """Latest fault that has not been seen to be resolved since."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        fault = fault_of(error)
        if fault is None or fault is not self.fault:  # log a lasting fault once
            logger.warning("the database refused a statement: %s", error)
        if trouble := self._files_trouble():
            raise StoreError(trouble, StoreFault.REMOVED) from error
        self.fault = fault or self.fault
        raise StoreError(f"{SENTENCES[fault]} ({error})" if fault else str(error), fault) from error

    def settle(self) -> None:
        """Clear the fault after a successful write, which proves that there is room and no lock; damage remains."""
        if self.fault is not StoreFault.DAMAGED:
            self.fault = None
