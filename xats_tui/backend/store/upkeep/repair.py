"""A damaged database, and the new file that takes its place: when that may be done, and how nothing is lost by it.

It does not know how rows are saved.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from xats_tui.backend.store.sql.files import INDEX, WAL
from xats_tui.backend.store.upkeep.salvage import Salvaged, complaint_of, salvage
from xats_tui.core.errors import UnusableStore

USERS_AT, USERS = 0x4000_0002, 510
"""Where SQLite locks a database, and for how many bytes, as long as anybody uses it
(https://www.sqlite.org/fileformat2.html#the_lock_byte_page)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What became of a damaged database."""

    complaint: str
    """What was wrong with it; empty if it was whole, and nothing was done."""
    kept: Path | None
    """Where the damaged file is now."""
    tables: tuple[Salvaged, ...]
    """What the new file has."""


def repair(path: Path, now: datetime) -> Repair:
    """Put what can be read of a damaged database into a new file in its place, and keep the damaged one beside it.

    Raises:
        UnusableStore: it is in use or cannot be read at all, or there is no room; it is left as it is.
    """
    try:
        with _alone(path) as file, tempfile.TemporaryDirectory(prefix=".repair-", dir=path.parent) as folder:
            copy, new = Path(folder, "damaged.db"), Path(folder, "new.db")
            _copy(file, path, copy)
            complaint = complaint_of(copy)
            if not complaint:
                return Repair(complaint="", kept=None, tables=())
            _copy(file, path, copy)  # the check may have changed it
            tables = salvage(copy, new, now)
            if still := complaint_of(new):
                raise UnusableStore(f"the new file would be damaged, too: {still}")
            return Repair(complaint=complaint, kept=_exchange(path, new, now), tables=tables)
    except UnusableStore as error:
        raise UnusableStore(f"the database {path} cannot be repaired: {error}; it is as it was") from error
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnusableStore(f"the database {path} cannot be repaired: {reason}; it is as it was") from error


@contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """The file, which nobody else uses during the block."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, USERS, USERS_AT)
        except BlockingIOError:
            raise UnusableStore("a coordinator or another program has it open; stop that first") from None
        yield file


def _copy(file: IO[bytes], path: Path, copy: Path) -> None:
    """Copy the database and its log.  To open it a second time and close it would give up the lock."""
    _beside(copy, INDEX).unlink(missing_ok=True)
    _beside(copy, WAL).unlink(missing_ok=True)
    file.seek(0)
    with copy.open("wb") as out:
        shutil.copyfileobj(file, out)
    with suppress(FileNotFoundError):
        shutil.copyfile(_beside(path, WAL), _beside(copy, WAL))


def _exchange(path: Path, new: Path, now: datetime) -> Path:
    """Keep the damaged files under another name and put the new one in their place: there always is a database."""
    kept = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}Z")
    new.chmod(0o600)
    os.link(path, kept)
    for ending in (WAL, INDEX):  # they would be taken for the new file's
        with suppress(FileNotFoundError):
            _beside(path, ending).rename(_beside(kept, ending))
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    return kept


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)
