"""One SQLite file: a single writer, a few readers, and who is told of what was committed.

It knows nothing of the tables.  Every statement runs on the thread of its connection, never on the event loop.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import StoreFault
from xats_tui.backend.events import Event
from xats_tui.backend.store.faults import SENTENCES, Guard
from xats_tui.backend.store.migrations import prepare
from xats_tui.backend.store.transactions import Make, Parameters, Row, Transaction, on_thread

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

T = TypeVar("T")

Values = tuple[Any, ...]
Told = tuple[Any, ...]
"""What a trigger tells of a row."""


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
        self._guard = Guard()
        self._patience_ms = BUSY_TIMEOUT_MS
        self._objects: dict[tuple[Make[Any], str], Mapping[Values, Any]] = {}
        """What was made of each row of the last answers."""
        self._listeners: list[tuple[list[Told], Callable[[Sequence[Told]], None]]] = []
        """What triggers have told in the transaction under way, and who is to hear it."""
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

    @property
    def trouble(self) -> str:
        """One sentence about what is wrong with the file or its disk; empty if nothing is known of."""
        return SENTENCES[self._guard.fault] if self._guard.fault else ""

    async def watch(self, function: str, triggers: Iterable[str], hear: Callable[[Sequence[Told]], None]) -> None:
        """Have `hear` told, as soon as a transaction is committed, what triggers have passed to an SQL function.

        Args:
            function: the name of the function, which takes as many arguments as it is given.
            triggers: `CREATE TEMP TRIGGER` statements that call it; they see whatever this program writes.
            hear: is called on the event loop before anybody can know of the commit.
        """
        told: list[Told] = []
        await self._writer.create_function(function, -1, lambda *values: told.append(values))
        for trigger in triggers:
            await self._writer.execute_fetchall(trigger)
        self._listeners.append((told, hear))

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer, as of the last commit."""
        reader = await self._idle_readers.get()
        try:
            with self._guard:
                return list(await reader.execute_fetchall(sql, parameters))
        finally:
            self._idle_readers.put_nowait(reader)

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer, as of the last commit."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """What a function makes of each row of the answer, as of the last commit, on the thread of a connection.

        For a row that was in the last answer to the same SQL it is the same object: lists of hundreds, which are
        shown again and again, differ in a few rows.
        """
        reader = await self._idle_readers.get()
        try:
            with self._guard:
                before = self._objects.get((make, sql), {})
                objects, by_row = await on_thread(reader, partial(_objects, make, sql, parameters, before))
        finally:
            self._idle_readers.put_nowait(reader)
        self._objects[make, sql] = by_row
        return objects

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        Commit and rollback are never interrupted: a cancelled caller leaves either all of it or nothing.  A lock of
        another process is waited for as long as `BUSY_TIMEOUT_MS`, the wait for one's turn included.

        Raises:
            StoreError: the database could not begin or commit.
        """
        asked_at = self._clock.monotonic()
        async with self._turn:
            await self._bound_wait(asked_at)
            transaction = Transaction(self._writer, self._guard, self._clock.now())
            try:
                yield transaction
                _, cancelled = await _uninterrupted(transaction.commit())
            except BaseException:
                await _uninterrupted(transaction.roll_back())
                for told, _ in self._listeners:
                    told.clear()
                raise
            if transaction.has_begun:
                self._guard.settle()
            for told, hear in self._listeners:
                if told:
                    hear(tuple(told))
                    told.clear()
        self._publish(transaction.events)
        if cancelled:
            raise asyncio.CancelledError

    async def _bound_wait(self, asked_at: float) -> None:
        """While a lock goes on, those who wait for their turn do not add up their patience."""
        waited_ms = int((self._clock.monotonic() - asked_at) * 1000)
        is_locked = self._guard.fault is StoreFault.LOCKED
        patience_ms = max(0, BUSY_TIMEOUT_MS - waited_ms) if is_locked else BUSY_TIMEOUT_MS
        if patience_ms != self._patience_ms:
            with self._guard:
                await self._writer.execute_fetchall(f"PRAGMA busy_timeout={patience_ms}")
            self._patience_ms = patience_ms


@asynccontextmanager
async def _connected(path: Path, *, reading: bool = False) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            await connection.execute_fetchall(pragma)
        if reading:
            await connection.execute_fetchall("PRAGMA query_only=ON")
        yield connection


def _objects(
    make: Make[T], sql: str, parameters: Parameters, before: Mapping[Values, T], connection: sqlite3.Connection
) -> tuple[tuple[T, ...], Mapping[Values, T]]:
    """What is made of each row, in their order and by row, on the thread of the connection."""
    objects: list[T] = []
    by_row: dict[Values, T] = {}
    for row in connection.execute(sql, parameters).fetchall():
        values = tuple(row)
        known = before.get(values)
        by_row[values] = make(row) if known is None else known
        objects.append(by_row[values])
    return tuple(objects), by_row


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
