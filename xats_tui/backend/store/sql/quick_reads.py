"""Reads that take microseconds, on the event loop: handing them to a thread takes longer than carrying them out.

In a write-ahead log a reader waits for no writer and for no disk but that of pages which the system has not in memory.
A read that turns out to be long, or meets an error, is repeated on a thread.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from xats_tui.backend.store.sql.transactions import Make, Parameters, Reader, Row

T = TypeVar("T")

CHECKED_OPERATIONS = 10_000
"""Operations of SQLite's virtual machine after which a statement is asked whether it may go on."""

MAX_CHECKS = 3
"""Number of such questions after which a read is ended: some 2 ms."""


# The system has the file in memory, too.  With 2 MB each, the caches of all readers grew for minutes under load.
SMALL_CACHE = "PRAGMA cache_size=-800"
"""Statement that limits the pages which a reading connection keeps, in KiB."""


class LoopLimit:
    """Ends statements for which the event loop has waited long enough."""

    def __init__(self, connection: sqlite3.Connection, max_checks: int) -> None:
        """Allow the statements of a connection this number of questions whether they may go on."""
        self._connection = connection
        self._max_checks = max_checks
        self._checks = 0

    def impose(self) -> None:
        """Limit the statements from now on."""
        self.start()
        self._connection.set_progress_handler(self._must_end, CHECKED_OPERATIONS)

    def lift(self) -> None:
        """Let statements take as long as they need."""
        self._connection.set_progress_handler(None, 0)

    def start(self) -> None:
        """Count from the beginning."""
        self._checks = 0

    def _must_end(self) -> int:
        self._checks += 1
        return int(self._checks > self._max_checks)


class QuickReads:
    """Reader for queries that an index answers with few rows."""

    def __init__(self, connection: sqlite3.Connection, threads: Reader) -> None:
        """Take a connection of its own, and the reader that a long read is left to."""
        self._connection = connection
        self._threads = threads
        self._limit = LoopLimit(connection, MAX_CHECKS)
        self._limit.impose()

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows, as of the last commit."""
        self._limit.start()
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error:
            return await self._threads.fetch_all(sql, parameters)

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """Return one object for each row."""
        return tuple(map(make, await self.fetch_all(sql, parameters)))


@contextmanager
def quick_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection for `QuickReads`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only=ON")
        connection.execute(SMALL_CACHE)
        connection.execute("PRAGMA busy_timeout=0")  # what has to wait, waits on a thread
        yield connection
