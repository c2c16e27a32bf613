"""Check of the database's integrity, without writing a byte of it.

Reading a database in WAL mode creates files beside it.  So a database that a coordinator has open is read with its
existing files; any other is read as it is, or as a copy if a killed coordinator has left a log beside it.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote

from xats_tui.backend.store.search.indexing import percent
from xats_tui.backend.store.sql.migrations import LATEST
from xats_tui.doctor.finding import Case, Finding, ok, problem
from xats_tui.runtime import pid_file

MEGABYTE = 1_000_000


def database(case: Case) -> Iterator[Finding]:
    """Check the integrity of the database and the version of its schema."""
    settings = case.loaded.settings
    path = settings.db_path
    if not path.exists():
        yield ok("database", f"{path.name} does not exist yet; the first start makes it")
        return
    try:
        complaint, version, indexed = _read(path, in_use=pid_file.is_running(settings.pid_path))
    except (sqlite3.Error, OSError) as error:
        yield problem("database", f"{path} cannot be read: {error}", _remedy(path))
        return
    size = f"{path.stat().st_size / MEGABYTE:.1f} MB"
    if complaint != "ok":
        yield problem("database", f"{path} is damaged: {complaint}", _remedy(path))
    elif version > LATEST:
        found = f"{path} was written by a newer xats-tui (schema {version}, this one knows {LATEST})"
        yield problem("database", found, "install that version, or name another file with --db")
    elif version < LATEST:
        yield ok(
            "database", f"{path.name}: intact, {size}, brought from schema {version} to {LATEST} at the next start"
        )
    else:
        yield ok("database", f"{path.name}: intact, {size}, schema {version}, search index {indexed} %")


def _read(path: Path, *, in_use: bool) -> tuple[str, int, int]:
    """Return the result of SQLite's check, the schema version, and the percentage that the search index has."""
    log = path.with_name(path.name + "-wal")
    if in_use:
        return _checked(f"{path.as_uri()}?mode=ro")
    if not log.exists():
        return _checked(f"{path.as_uri()}?mode=ro&immutable=1")
    with tempfile.TemporaryDirectory(prefix="xats-") as folder:
        for file in (path, log):
            shutil.copy(file, folder)
        return _checked(f"{Path(folder, path.name).as_uri()}?mode=rw")


def _checked(uri: str) -> tuple[str, int, int]:
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
        (complaint,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        indexed = percent(connection) if version == LATEST else 0
    return str(complaint), int(version), indexed


def _remedy(path: Path) -> str:
    move = f"mv {quote(str(path))} {quote(str(path) + '.damaged')}"
    repair = f"xats-tui repair --db {quote(str(path))}"
    return f"stop the coordinator and save what can be read ({repair}), or move the file away ({move})"
