"""The files of a database that is open: whether they are still those that the next start will find.

SQLite goes on with files that were removed or replaced, for it holds them open; what it commits then is lost when the
process ends.  Only the thread of the writing connection looks, for only it knows what changed by its own hand.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from xats_tui.core.errors import StoreError, StoreFault

WAL, INDEX = "-wal", "-shm"
"""How the files end in which SQLite keeps what is not in the database yet, and where it is in there."""

WAY_OUT = "stop the coordinator, which then saves what it has, or run `xats-tui save`; then start it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a file was when it was looked at."""

    device: int
    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "Mark | None":
        """Look at a file; None if it is not there."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(device=status.st_dev, inode=status.st_ino, size=status.st_size, changed_ns=status.st_mtime_ns)

    def is_same_file(self, other: "Mark") -> bool:
        """Tell whether both are marks of one file, whatever has been written into it between them."""
        return (self.device, self.inode) == (other.device, other.inode)


class DatabaseFiles:
    """The database, its log and the index of that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """As it was named; links are followed at each look, as the next start will follow them."""
        self._beside = path.resolve()
        self._marks: dict[Path, Mark] = {}
        self._damaged: Mapping[Path, Mark | None] = {}
        """The files as they were when they were found to be damaged last."""
        self.trouble = ""
        """One sentence if the files are not those that were opened; empty if they are."""
        self.has_lost_its_log = False
        """Whether that is all that is wrong: the database itself is in its place, and whole."""
        self.is_safe = False
        """Whether everything has been written into a file since then, so that nothing is lost with this process."""

    def begin(self) -> None:
        """Take the files as they are now for those that were opened."""
        found = {path: Mark.of(path) for path in (self.path, self._named(WAL), self._named(INDEX))}
        self._marks = {path: mark for path, mark in found.items() if mark}

    def note(self) -> None:
        """Take what is in the files now for right: this process has just written to them."""
        for path, mark in self._marks.items():
            found = Mark.of(path)
            if found and found.is_same_file(mark):
                self._marks[path] = found

    @property
    def place_is_free(self) -> bool:
        """Whether no file of anybody else stands where the database was, or its log."""
        beside = (self._named(WAL), self._named(INDEX))
        return Mark.of(self.path) is None and all(Mark.of(path) is None or self._is_ours(path) for path in beside)

    def clear_place(self) -> None:
        """Remove log and index of the database that was taken away: they would be taken for those of its successor."""
        for path in (self._named(WAL), self._named(INDEX)):
            if self._is_ours(path):
                path.unlink()

    def check(self) -> None:
        """See that the files are those that were opened, and hold what was written into them.

        Raises:
            StoreError: they are not; nothing must be written.
        """
        problem = self._problem()
        self.trouble = f"{problem}, so nothing more is stored: {WAY_OUT}" if problem else ""
        if problem:
            raise StoreError(self.trouble, StoreFault.REMOVED)
        self.has_lost_its_log = self.is_safe = False

    def _is_ours(self, path: Path) -> bool:
        found, mark = Mark.of(path), self._marks.get(path)
        return found is not None and mark is not None and found.is_same_file(mark)

    def _problem(self) -> str:
        found = {path: Mark.of(path) for path in self._marks}
        for path, mark in self._marks.items():
            now = found[path]
            if now is None or not now.is_same_file(mark):
                self.has_lost_its_log = path != self.path  # which comes first
                what = "replaced by another file" if now else "removed"
                return f"{path.name} was {what} while the coordinator runs (in {path.parent})"
        self.has_lost_its_log = False
        contents = {path: mark for path, mark in found.items() if path != self._named(INDEX)}
        if contents.items() <= self._marks.items():
            return ""
        return self._damage(contents)

    def _damage(self, contents: Mapping[Path, Mark | None]) -> str:
        """Read files through into which another program has written; SQLite's own programs may."""
        if contents != self._damaged and not self._is_whole():
            self._damaged = contents
        if contents == self._damaged:
            return f"{self.path.name} was written to by another program (in {self.path.parent}) and is damaged"
        self.note()
        return ""

    def _is_whole(self) -> bool:
        try:
            with closing(sqlite3.connect(f"{self._beside.as_uri()}?mode=rw", uri=True)) as connection:
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.Error:
            return False

    def _named(self, ending: str) -> Path:
        return self._beside.with_name(self._beside.name + ending)
