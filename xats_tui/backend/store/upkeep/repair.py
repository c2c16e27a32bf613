"""Replacement of a damaged database by a new file, without losing the damaged one."""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from msgspec import Struct

from xats_tui.backend.store.search.indexing import start_again
from xats_tui.backend.store.sql.claim import claimed
from xats_tui.backend.store.sql.files import INDEX, WAL
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.upkeep.salvage import Salvaged, complaint_of, salvage
from xats_tui.core.errors import UnusableStore

USERS_AT, USERS = 0x4000_0002, 510
"""Offset and length of the bytes that SQLite locks while any program uses a database
(https://www.sqlite.org/fileformat2.html#the_lock_byte_page).
"""


class Repair(Struct, frozen=True, kw_only=True):
    """Result of a repair."""

    complaint: str
    """SQLite's complaint about the database; empty if it was whole and nothing was done."""
    kept: Path | None
    """New path of the damaged file."""
    tables: tuple[Salvaged, ...]
    """Rows saved in the new file, by table."""


def repair(path: Path, now: datetime) -> Repair:
    """Replace a damaged database by a new file with all readable rows, and keep the damaged file beside it.

    Raises:
        UnusableStore: the database is in use or unreadable, or there is no room; it is left unchanged.
    """
    try:
        with _alone(path) as file, tempfile.TemporaryDirectory(prefix=".repair-", dir=path.parent) as folder:
            copy, new = Path(folder, "damaged.db"), Path(folder, "new.db")
            _copy(file, path, copy)
            complaint = complaint_of(copy)
            if not complaint:
                return Repair(complaint="", kept=None, tables=())
            _copy(file, path, copy)  # the check may have changed the copy
            tables = salvage(copy, new, now)
            if still := complaint_of(new):
                raise UnusableStore(f"the new file would be damaged, too: {still}")
            return Repair(complaint=complaint, kept=_exchange(path, new, now), tables=tables)
    except UnusableStore as error:
        raise UnusableStore(f"the database {path} cannot be repaired: {error}; nothing was changed") from error
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnusableStore(f"the database {path} cannot be repaired: {reason}; nothing was changed") from error


def empty_search_index(path: Path, now: datetime) -> None:
    """Empty the full-text index of a database; the coordinator fills it again in the background.

    Raises:
        UnusableStore: a coordinator uses the database, or it cannot be opened or written.
    """
    with claimed(path):
        prepare(path, now)
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                start_again(connection)
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise UnusableStore(f"the search index of {path} cannot be emptied: {error}") from error


@contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """Open the file and lock out every other program during the block."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, USERS, USERS_AT)
        except BlockingIOError:
            raise UnusableStore("a coordinator or another program has it open: stop it first") from None
        yield file


def _copy(file: IO[bytes], path: Path, copy: Path) -> None:
    """Copy the database and its log."""
    _beside(copy, INDEX).unlink(missing_ok=True)
    _beside(copy, WAL).unlink(missing_ok=True)
    # read through `file`: opening the database a second time and closing it would release the lock
    file.seek(0)
    with copy.open("wb") as out:
        shutil.copyfileobj(file, out)
    with suppress(FileNotFoundError):
        shutil.copyfile(_beside(path, WAL), _beside(copy, WAL))


def _exchange(path: Path, new: Path, now: datetime) -> Path:
    """Keep the damaged files under another name and put the new file in their place; a database exists at all times."""
    kept = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}Z")
    new.chmod(0o600)
    os.link(path, kept)
    for ending in (WAL, INDEX):  # SQLite would apply these to the new file
        with suppress(FileNotFoundError):
            _beside(path, ending).rename(_beside(kept, ending))
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    return kept


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)
