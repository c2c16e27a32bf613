"""What is wrong with the database when SQLite refuses: each fault with the sentence that says what to do.

It knows SQLite's codes (https://www.sqlite.org/rescode.html), and nothing of what was asked for.
"""

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
"""By SQLite's primary result code."""

PRIMARY_CODE_MASK = 0xFF
"""The bits of an extended result code that are its primary one."""

SENTENCES = {
    StoreFault.FULL: "the disk of the database is full or cannot be written; make room and try again",
    StoreFault.LOCKED: "the database is locked by another program; try again, and end that program if it goes on",
    StoreFault.DAMAGED: "the database is damaged; stop the coordinator and run `xats-tui repair`",
}


def fault_of(error: BaseException) -> StoreFault | None:
    """What is wrong, if it is not merely a statement that cannot be carried out."""
    return FAULTS.get(getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE_MASK)


def start_sentence(path: Path, error: Exception) -> str:
    """Why a database cannot be opened, and what to do about it."""
    match fault_of(error):
        case StoreFault.DAMAGED:
            way = f"`xats-tui repair --db {quote(str(path))}` saves what can be read; or name another file with --db"
            return f"the database {path} is damaged ({error}): {way}"
        case StoreFault.LOCKED:
            return f"the database {path} is locked by another program: end that first, or name another file with --db"
        case StoreFault.FULL:
            return f"the disk of the database {path} is full or cannot be written ({error}): make room first"
    return f"the database {path} cannot be used: {error}; name another file with --db, or move this one away"


class Guard:
    """Turns sqlite3's exceptions into ours, so that nobody above the store needs to know them; `with` it is entered."""

    def __init__(self, files_trouble: Callable[[], str]) -> None:
        """Name what tells whether files were taken away, which explains everything else."""
        self._files_trouble = files_trouble
        self.fault: StoreFault | None = None
        """What was wrong last, and has not been seen to be in order since."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        fault = fault_of(error)
        if fault is None or fault is not self.fault:  # a fault that lasts is logged once
            logger.warning("the database refused a statement: %s", error)
        if trouble := self._files_trouble():
            raise StoreError(trouble, StoreFault.REMOVED) from error
        self.fault = fault or self.fault
        raise StoreError(f"{SENTENCES[fault]} ({error})" if fault else str(error), fault) from error

    def settle(self) -> None:
        """Something was written: there is room, and no lock.  Damage does not go away."""
        if self.fault is not StoreFault.DAMAGED:
            self.fault = None
