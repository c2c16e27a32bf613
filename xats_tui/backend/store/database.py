"""One SQLite file: a single writer, a few readers, and transactions that end one way or the other.

It knows nothing of the tables.  Every statement runs on the thread of its connection, never on the event loop.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import aiosqlite

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import StoreError
from xats_tui.backend.events import Event
from xats_tui.backend.store.migrations import prepare

logger = logging.getLogger(__name__)

READERS = 2
"""Connections for reading: more would only queue for the same two cores."""

BUSY_TIMEOUT_MS = 5_000
"""How long a statement waits for another process's lock before it fails (the reference's value)."""

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)

Row = sqlite3.Row
Parameters = Sequence[Any]


class Reader(Protocol):
    """Whatever can be asked for rows."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer."""
        ...

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer."""
        ...


class Transaction:
    """One open write transaction; made by `Database.write()` only."""

    def __init__(self, connection: aiosqlite.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        """The instant that everything in this transaction happened at."""
        self.events: list[Event] = []
        """What will be a fact once this has been committed."""

    def record(self, event: Event) -> None:
        """Publish `event` after the commit; never if it fails."""
        self.events.append(event)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer; for `INSERT` and `UPDATE` those of `RETURNING`."""
        with _StoreErrors():
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement that has no answer."""
        await self.fetch_all(sql, parameters)

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for many rows."""
        with _StoreErrors():
            cursor = await self._connection.executemany(sql, rows)
            await cursor.close()

    async def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """Insert one row and return its rowid."""
        with _StoreErrors():
            row = await self._connection.execute_insert(sql, parameters)
        assert row is not None  # last_insert_rowid() always has a row
        return int(row[0])


class Database:
    """The open file."""

    def __init__(
        self,
        writer: aiosqlite.Connection,
        readers: Sequence[aiosqlite.Connection],
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._publish = publish
        self._turn = asyncio.Lock()
        self._idle_readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, clock: Clock, publish: Callable[[Iterable[Event]], None]
    ) -> "AsyncIterator[Database]":
        """Open the file, making or migrating it first; `publish` hears of every committed event.

        Raises:
            UnusableStore: the file cannot be used, with the reason and what to do.
        """
        await asyncio.to_thread(prepare, path, clock.now())
        async with AsyncExitStack() as stack:
            writer = await stack.enter_async_context(_connected(path))
            readers = [await stack.enter_async_context(_connected(path, reading=True)) for _ in range(READERS)]
            yield cls(writer, readers, clock, publish)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer, as of the last commit."""
        reader = await self._idle_readers.get()
        try:
            with _StoreErrors():
                return list(await reader.execute_fetchall(sql, parameters))
        finally:
            self._idle_readers.put_nowait(reader)

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer, as of the last commit."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        Begin, commit and rollback are never interrupted: a cancelled caller leaves either all of it or nothing.

        Raises:
            StoreError: the database could not begin or commit.
        """
        async with self._turn:
            transaction = Transaction(self._writer, self._clock.now())
            cancelled = False
            try:
                with _StoreErrors():
                    _, cancelled = await _uninterrupted(self._writer.execute_fetchall("BEGIN IMMEDIATE"))
                if cancelled:
                    raise asyncio.CancelledError
                yield transaction
                with _StoreErrors():
                    _, cancelled = await _uninterrupted(self._writer.execute_fetchall("COMMIT"))
            except BaseException:
                if self._writer.in_transaction:
                    await _uninterrupted(self._writer.rollback())
                raise
        self._publish(transaction.events)
        if cancelled:
            raise asyncio.CancelledError


@asynccontextmanager
async def _connected(path: Path, *, reading: bool = False) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            await connection.execute_fetchall(pragma)
        if reading:
            await connection.execute_fetchall("PRAGMA query_only=ON")
        yield connection


async def _uninterrupted(work: Coroutine[Any, Any, Any]) -> tuple[Any, bool]:
    """The result of `work`, which runs to its end, and whether the caller was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    return task.result(), cancelled


class _StoreErrors:
    """Turns sqlite3's exceptions into ours, so that nobody above the store needs to know them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            logger.warning("the database refused a statement: %s", error)
            raise StoreError(str(error)) from error
