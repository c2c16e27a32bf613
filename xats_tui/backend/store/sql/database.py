"""One SQLite file with a single writer, a few readers, and listeners for committed changes.

Statements run on the thread of their connection; those of short transactions run on the event loop (`group_commit.py`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import aiosqlite
from msgspec import Struct, field

from xats_tui.backend.store.sql.claim import claimed
from xats_tui.backend.store.sql.faults import SENTENCES
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.backend.store.sql.group_commit import Body, GroupCommit
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.sql.precedence import Places
from xats_tui.backend.store.sql.quick_reads import SMALL_CACHE, QuickReads, quick_connection
from xats_tui.backend.store.sql.transactions import Make, Parameters, Reader, Row, Transaction
from xats_tui.backend.store.sql.writer import Told, Writer, on_thread, uninterrupted
from xats_tui.backend.store.upkeep.saved_copy import save
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError, StoreFault
from xats_tui.core.events import Event

logger = logging.getLogger(__name__)

READ_CONNECTIONS = 2
"""Connections for reading; more of them would only compete for the same two cores."""

BUSY_TIMEOUT_MS = 5_000
"""Time that a statement waits for another process's lock before it fails (the reference's value)."""

CACHED_STATEMENTS = 256
"""Prepared statements that a connection keeps; there are fewer different ones."""

MAX_SHARED_CHARS, MAX_SHARED_TEXTS = 64, 1_000
"""Length of a text up to which equal ones in kept rows are one object, and number of texts that are looked at."""

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)

SHRINK = "PRAGMA shrink_memory"

T = TypeVar("T")

Values = tuple[Any, ...]


class _Answer(Struct, Generic[T], frozen=True, kw_only=True):
    """The last answer to a query whose rows became objects."""

    objects: tuple[T, ...] = ()
    by_row: Mapping[Values, tuple[Values, T]] = field(default_factory=dict)
    """Objects by the values of their row, together with these values: the same strings as in the object."""
    parameters: Parameters = ()
    as_of: tuple[int, int] | None = None
    """The connection, and SQLite's number for the content that it saw; None if it was not asked for that."""


class Database:
    """The open database file."""

    def __init__(
        self,
        writer: Writer,
        readers: Sequence[aiosqlite.Connection],
        quick: sqlite3.Connection,
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
    ) -> None:
        self._writer = writer
        self._files = writer.files
        self._clock = clock
        self._publish = publish
        self._turn = Places(1)
        self._guard = writer.guard
        self._answers: dict[tuple[Make[Any], str], _Answer[Any]] = {}
        """The latest answer to each query whose rows become objects."""
        self._texts: dict[str, str] = {}
        """Short texts of rows, by themselves: names and ids stand in hundreds of rows, and are kept once."""
        self._group = GroupCommit(writer, self._turn, clock, publish, self._write)
        self._idle_readers = list(readers)
        self._reading = Places(len(readers))
        self._quick_connection = quick
        self.quick: Reader = QuickReads(quick, self)
        """Reads on the event loop: for queries that an index answers with few rows, or with one."""

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, clock: Clock, publish: Callable[[Iterable[Event]], None], *, alone: bool = True
    ) -> "AsyncIterator[Database]":
        """Open the file, creating or migrating it first; `publish` receives every committed event.

        With `alone=False`, for programs that only read, a coordinator may be writing to the file at the same time.

        Raises:
            UnusableStore: the file cannot be used; the message says why and what to do.
        """
        async with AsyncExitStack() as stack:
            if alone:
                stack.enter_context(claimed(path))
            await asyncio.to_thread(prepare, path, clock.now())
            connection = await stack.enter_async_context(_connected(path))
            readers = [await stack.enter_async_context(_connected(path, reading=True)) for _ in range(READ_CONNECTIONS)]
            writer = Writer(connection, DatabaseFiles(path), BUSY_TIMEOUT_MS)
            await writer.on_thread(lambda _: writer.files.begin())
            quick = stack.enter_context(quick_connection(path))
            database = cls(writer, readers, quick, clock, publish)
            stack.push_async_callback(database.save_at_the_end)
            stack.push_async_callback(database._group.close)
            yield database

    @property
    def path(self) -> Path:
        """Path of the file as it was given."""
        return self._files.path

    @property
    def trouble(self) -> str:
        """One sentence about a problem with the file or its disk; empty if none is known."""
        return self._files.trouble or (SENTENCES[self._guard.fault] if self._guard.fault else "")

    @property
    def is_lost(self) -> bool:
        """True if the files were removed or replaced, so that nothing can be stored until a restart."""
        return bool(self._files.trouble)

    def see_that_it_is_kept(self) -> None:
        """Raise if nothing can be stored at present.

        Raises:
            StoreError: the files were removed or replaced.
        """
        if self.is_lost:
            raise StoreError(self._files.trouble, StoreFault.REMOVED)

    async def look(self) -> None:
        """Check that the files are still there, so that `trouble` is up to date even while nothing is written."""
        async with self._turn:
            with suppress(StoreError, sqlite3.Error):
                await self._writer.look()

    async def release_memory(self) -> None:
        """Empty the page caches of all connections, one after another; pages that are in use come back."""
        self._quick_connection.execute(SHRINK)
        async with self._turn:
            await self._writer.on_thread(_shrink)
        async with AsyncExitStack() as stack:  # all of them at once: the one that was lent last is lent first
            readers = [await stack.enter_async_context(self._reader()) for _ in range(READ_CONNECTIONS)]
            for reader in readers:
                await on_thread(reader, _shrink)

    async def save(self, target: Path | None = None) -> Path:
        """Write everything that is stored into a new file, including what removed files held.

        Args:
            target: path of the new file; by default the database's own place if it is free, else a name beside it.

        Raises:
            StoreError: the file exists already, or cannot be written.
        """
        async with self._reader() as reader:
            return await on_thread(reader, partial(save, self._files, target, self._clock.now()))

    async def was_changed_outside(self) -> bool | None:
        """Return whether another program has changed the file since the last call; None while that cannot be told."""
        if self._group.has_begun and not self._writer.direct.in_transaction:
            # SQLite counts a transaction as over before its commit has reached the log: a statement would wait for
            # that at the connection, with the loop.  What another program has stored until now, the next group notes.
            await self._group.group_ended()
        if not self._turn.is_full:
            self._writer.outside.note()
        elif not self._group.has_begun:  # a thread has the connection, perhaps for long
            return None
        return self._writer.outside.take()

    async def save_at_the_end(self) -> None:
        """Save what would be lost with this process, if its files were removed."""
        await self.look()
        if not self.is_lost or self._files.is_safe:
            return
        try:
            logger.warning("the database was saved as %s", await self.save())
        except StoreError as error:
            logger.error("%s", error)

    async def watch(self, function: str, triggers: Iterable[str], hear: Callable[[Sequence[Told]], None]) -> None:
        """Pass the values that triggers report to `hear` as soon as their transaction is committed.

        Args:
            function: name of the SQL function for the triggers; it takes any number of arguments.
            triggers: `CREATE TEMP TRIGGER` statements that call the function; they see every write of this program.
            hear: called on the event loop, before anything else learns of the commit.
        """
        await self._writer.listen(function, triggers, hear)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows, as of the last commit."""
        async with self._reader() as reader:
            with self._guard:
                return list(await reader.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, as of the last commit."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """Return an object for each row, as of the last commit, built on the connection's thread.

        Rows that were in the last answer to the same SQL keep their objects: lists of hundreds are shown again and
        again, and few rows change.  A query that is repeated while nothing has been stored is not carried out.
        """
        async with self._reader() as reader:
            with self._guard:
                before = self._answers.get((make, sql), _Answer())
                answer = await on_thread(reader, partial(_objects, make, sql, parameters, before, self._texts))
        self._answers[make, sql] = answer
        return answer.objects

    async def transact(self, body: Body[T]) -> T:
        """Carry out a short transaction, together with others that wait; return its result once it is committed.

        Its statements run on the event loop, so they may read and change few rows, each found by an index.

        Args:
            body: awaits nothing but the statements of the transaction that it is given, and may be called again.

        Raises:
            StoreError: the database could not begin or commit.
        """
        return await self._group.transact(body)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` reads on the thread of a reading connection; it has the connection until it returns."""
        async with self._reader() as reader:
            with self._guard:
                return await on_thread(reader, work)

    async def write_whole(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out `work` in a transaction that begins and ends on the writer's thread; return its result.

        The event loop is not needed in between, so no other program waits for it at the lock.

        Raises:
            StoreError: the database could not begin or commit.
        """
        async with self._write(self._clock.monotonic()) as transaction:
            return await transaction.run_whole(work)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open a transaction that is committed when the block ends and rolled back when the block raises.

        Commit and rollback are never interrupted: after a cancellation, either everything is stored or nothing.
        Waiting for another process's lock takes at most `BUSY_TIMEOUT_MS`, including the wait for other writers here.

        Raises:
            StoreError: the database could not begin or commit.
        """
        async with self._write(self._clock.monotonic()) as transaction:
            yield transaction

    @asynccontextmanager
    async def _write(self, asked_at: float) -> AsyncIterator[Transaction]:
        """Open a transaction that was asked for at this monotonic time."""
        async with self._turn:
            self._bound_wait(asked_at)
            transaction = Transaction(self._writer, self._clock.now())
            try:
                yield transaction
                _, cancelled = await uninterrupted(transaction.commit())
            except BaseException:
                await uninterrupted(transaction.roll_back())
                raise
            if transaction.has_begun:
                self._writer.settle()
        self._publish(transaction.events)
        if cancelled is not None:
            raise cancelled

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[aiosqlite.Connection]:
        """Lend a reading connection exclusively."""
        async with self._reading:
            reader = self._idle_readers.pop()
            try:
                yield reader
            finally:
                self._idle_readers.append(reader)

    def _bound_wait(self, asked_at: float) -> None:
        """Shorten the lock timeout by the time already waited, so that waiting writers do not add up their timeouts."""
        waited_ms = int((self._clock.monotonic() - asked_at) * 1000)
        is_locked = self._guard.fault is StoreFault.LOCKED
        patience_ms = max(0, BUSY_TIMEOUT_MS - waited_ms) if is_locked else BUSY_TIMEOUT_MS
        self._writer.wait_for_locks(patience_ms)


@asynccontextmanager
async def _connected(path: Path, *, reading: bool = False) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    ) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            await connection.execute_fetchall(pragma)
        if reading:
            await connection.execute_fetchall("PRAGMA query_only=ON")
            await connection.execute_fetchall(SMALL_CACHE)
        yield connection


def _shrink(connection: sqlite3.Connection) -> None:
    connection.execute(SHRINK)


def _objects(
    make: Make[T],
    sql: str,
    parameters: Parameters,
    before: _Answer[T],
    texts: dict[str, str],
    connection: sqlite3.Connection,
) -> _Answer[T]:
    """Return the objects of all rows in order; runs on the connection's thread."""
    as_of: tuple[int, int] | None = None
    if parameters == before.parameters:
        # Asked for before the rows are read: what is stored in between makes the next query read them again.
        as_of = id(connection), connection.execute("PRAGMA data_version").fetchone()[0]
        if as_of == before.as_of:
            return before
    objects: list[T] = []
    by_row: dict[Values, tuple[Values, T]] = {}
    rows = connection.execute(sql, parameters)
    for row in rows:  # one by one: copies of what is known already are dropped at once
        known = before.by_row.get(tuple(row))
        if known is None:
            values = tuple([_shared(texts, value) for value in row])
            known = values, make(Row(rows, values))
        by_row[known[0]] = known
        objects.append(known[1])
    return _Answer(objects=tuple(objects), by_row=by_row, parameters=parameters, as_of=as_of)


def _shared(texts: dict[str, str], value: Any) -> Any:
    """Return the object among these texts that is equal to a short text; other values as they are."""
    # Python's own table of texts (sys.intern) would double for this: 2 MB.
    if type(value) is not str or len(value) > MAX_SHARED_CHARS:
        return value
    if len(texts) >= MAX_SHARED_TEXTS:
        texts.clear()
    return texts.setdefault(value, value)
