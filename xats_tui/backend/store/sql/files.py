"""Check that the files of an open database are still the files that the next start will find.

SQLite keeps removed or replaced files open, and everything it commits then is lost when the process ends.  Only the
thread of the writing connection checks, because only that thread knows which changes are its own.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from xats_tui.core.errors import StoreError, StoreFault

WAL, INDEX = "-wal", "-shm"
"""Endings of SQLite's write-ahead log and of its index."""

NEWEST = "SELECT moment, at FROM moments ORDER BY moment DESC LIMIT 1"
"""The newest moment that is stored, by which an older state of the database is known."""

WAY_OUT = "stop the coordinator, which saves its data, or run `xats-tui save`; then start it again"


class Mark(Struct, frozen=True, kw_only=True):
    """Identity, size and modification time of a file at one moment."""

    device: int
    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "Mark | None":
        """Read the mark of a file, or None if the file does not exist."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(device=status.st_dev, inode=status.st_ino, size=status.st_size, changed_ns=status.st_mtime_ns)

    def is_same_file(self, other: "Mark") -> bool:
        """Return whether both marks belong to one file, even if its content changed."""
        return (self.device, self.inode) == (other.device, other.inode)


class DatabaseFiles:
    """The database file, its log and the log's index."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """Path as it was given; links are followed at each check, as the next start will follow them."""
        self._beside = path.resolve()
        self._marks: dict[Path, Mark] = {}
        self._damaged: Mapping[Path, Mark | None] = {}
        """Marks of the files when they were last found to be damaged."""
        self._newest: tuple[int, str] | None = None
        """The newest moment that this process has stored."""
        self.trouble = ""
        """One sentence if the files are not those that were opened; empty if all is well."""
        self.has_lost_its_log = False
        """True if only the log is missing and the database itself is in its place and whole."""
        self.is_safe = False
        """True if everything was saved to a file since then, so that nothing is lost when the process ends."""

    def begin(self) -> None:
        """Record the files as they are now as the opened files."""
        found = {path: Mark.of(path) for path in (self.path, self._named(WAL), self._named(INDEX))}
        self._marks = {path: mark for path, mark in found.items() if mark}

    def note(self) -> None:
        """Record the files' current content as correct: this process has just written to them."""
        for path, mark in self._marks.items():
            found = Mark.of(path)
            # SQLite overwrites its log from the beginning and never cuts it off
            is_cut_off = found is not None and path == self._named(WAL) and found.size < mark.size
            if found and found.is_same_file(mark) and not is_cut_off:
                self._marks[path] = found

    @contextmanager
    def committing(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Commit a transaction in this block, and remember its moment."""
        newest = connection.execute(NEWEST).fetchone()
        yield
        self._newest = newest and tuple(newest)

    @property
    def place_is_free(self) -> bool:
        """True if no other program's file stands in place of the database or its log."""
        beside = (self._named(WAL), self._named(INDEX))
        return Mark.of(self.path) is None and all(Mark.of(path) is None or self._is_ours(path) for path in beside)

    def clear_place(self) -> None:
        """Remove the log and index of the removed database, or SQLite would use them with the new file."""
        for path in (self._named(WAL), self._named(INDEX)):
            if self._is_ours(path):
                path.unlink()

    def check(self) -> None:
        """Check that the files are the opened ones and hold what this process wrote.

        Raises:
            StoreError: the files were removed, replaced or damaged; nothing must be written.
        """
        problem = self._problem()
        self.trouble = f"{problem}, so nothing more is stored: {WAY_OUT}" if problem else ""
        if problem:
            raise StoreError(self.trouble, StoreFault.REMOVED)
        self.has_lost_its_log = self.is_safe = False

    def merge_lost_log(self, connection: sqlite3.Connection) -> None:
        """Write what only a missing log holds into the database, or the next kill would lose it.

        On the writer's thread, in no transaction.
        """
        if self.has_lost_its_log and not self.is_safe:
            ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.is_safe = not busy
            self.note()

    def _is_ours(self, path: Path) -> bool:
        found, mark = Mark.of(path), self._marks.get(path)
        return found is not None and mark is not None and found.is_same_file(mark)

    def _problem(self) -> str:
        found = {path: Mark.of(path) for path in self._marks}
        for path, mark in self._marks.items():
            now = found[path]
            if now is None or not now.is_same_file(mark):
                # An overwritten database must not be mixed with what the log of the old one holds.
                self.has_lost_its_log = path != self.path and found[self.path] == self._marks[self.path]
                what = "replaced by another file" if now else "removed"
                return f"{path.name} was {what} while the coordinator runs (in {path.parent})"
        # The next start looks for the log beside the file that a link leads to.
        self.has_lost_its_log = self.path.resolve() != self._beside
        if self.has_lost_its_log:
            return f"{self.path.name} was moved, and a link put in its place (in {self.path.parent})"
        contents = {path: mark for path, mark in found.items() if path != self._named(INDEX)}
        if contents.items() <= self._marks.items():
            return ""
        return self._damage(contents)

    def _damage(self, contents: Mapping[Path, Mark | None]) -> str:
        """Check files that another program wrote to; SQLite's own tools may do so without damage."""
        if contents != self._damaged and not self._is_whole():
            self._damaged = contents
        if contents == self._damaged:
            return f"{self.path.name} was written to by another program (in {self.path.parent}) and is damaged"
        self.begin()
        return ""

    def _is_whole(self) -> bool:
        found = Mark.of(self._beside)
        if found is None or not found.size:
            return False  # SQLite would remove the log of an empty file, as `cp` leaves it for a moment
        try:
            with closing(sqlite3.connect(f"{self._beside.as_uri()}?mode=rw", uri=True)) as connection:
                is_valid = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
                return is_valid and (self._newest is None or self._holds(connection, self._newest))
        except sqlite3.Error:
            return False

    def _holds(self, connection: sqlite3.Connection, newest: tuple[int, str]) -> bool:
        """Return whether a moment is stored: an older state of the database may be valid, too."""
        return connection.execute("SELECT 1 FROM moments WHERE (moment, at) = (?, ?)", newest).fetchone() is not None

    def _named(self, ending: str) -> Path:
        return self._beside.with_name(self._beside.name + ending)
