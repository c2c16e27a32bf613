"""Copy of a database whose files were removed, made from what SQLite still holds open.

It runs on the thread of a connection.
"""

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from xats_tui.backend.store.sql.files import INDEX, WAL, DatabaseFiles
from xats_tui.core.errors import StoreError
from xats_tui.runtime import private_files


def save(files: DatabaseFiles, target: Path | None, now: datetime, connection: sqlite3.Connection) -> Path:
    """Write everything that a connection can read into a new file, and return its path.

    Args:
        files: files of the database.
        target: path of the new file; by default the database's own place if it is free, else a name beside it.
        now: time for the name beside it.
        connection: connection that reads the database.

    Raises:
        StoreError: the file exists already, or cannot be written; no partial file is left.
    """
    wanted = target or (files.path if files.place_is_free else _beside(files.path, now))
    draft = wanted.with_name(f".{wanted.name}.{os.getpid()}")
    try:
        private_files.make_folder(wanted.parent)
        _copy(connection, draft)
        if wanted == files.path:
            files.clear_place()
        os.link(draft, wanted)  # unlike a rename, this never replaces an existing file
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"the database cannot be saved as {wanted}: {reason}") from error
    finally:
        for ending in ("", WAL, INDEX):
            with suppress(OSError):
                draft.with_name(draft.name + ending).unlink()
    files.is_safe = True
    return wanted


def _copy(connection: sqlite3.Connection, draft: Path) -> None:
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(draft)) as copy:
        connection.backup(copy)
    with draft.open("rb") as written:
        os.fsync(written.fileno())


def _beside(path: Path, now: datetime) -> Path:
    return path.with_name(f"{path.name}.saved-{now:%Y%m%dT%H%M%S}Z")
