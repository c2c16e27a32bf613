"""The writing connection: statements on its thread, the end of what failed, and what tells of changes."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from xats_tui.backend.store.sql.faults import Guard
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.core.errors import StoreError

T = TypeVar("T")

Told = tuple[Any, ...]
"""Values that a trigger reports about a row."""


class RowId:
    """Rowid of an inserted row, usable as a parameter of later statements even while the insertion is still queued."""

    def __init__(self) -> None:
        self._number: int | None = None

    @property
    def number(self) -> int:
        """The rowid; known once the insertion was carried out, at the latest after the commit."""
        assert self._number is not None
        return self._number

    def learn(self, number: int | None) -> None:
        """Set the number; called on the connection's thread."""
        self._number = number

    def __conform__(self, protocol: object) -> int:
        """Return the value that sqlite3 binds for this parameter."""
        return self.number


class Statement(NamedTuple):
    """One SQL statement with a sequence of parameter rows."""

    sql: str
    rows: Sequence[Sequence[Any]] = ((),)
    inserted: RowId | None = None
    """Receives the rowid that the statement inserts."""


BEGIN = Statement("BEGIN IMMEDIATE")
COMMIT = Statement("COMMIT")


class TriggerReports:
    """Reports of triggers about changed rows, passed on once their transaction is committed."""

    def __init__(self) -> None:
        self._listeners: list[tuple[list[Told], Callable[[Sequence[Told]], None]]] = []

    def listen(self, told: list[Told], hear: Callable[[Sequence[Told]], None]) -> None:
        """Pass what triggers append to `told` to `hear` after each commit."""
        self._listeners.append((told, hear))

    def clear(self) -> None:
        """Drop all reports: the transaction was rolled back."""
        for told, _ in self._listeners:
            told.clear()

    def deliver(self) -> None:
        """Pass all reports on: the transaction is committed."""
        for told, hear in self._listeners:
            if told:
                hear(tuple(told))
                told.clear()


class OutsideChanges:
    """Compares the number that SQLite changes with each commit of another connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        """The connection of every change of ours; it does not count its own commits."""
        self._version: int | None = None
        self._is_seen = False

    def note(self) -> None:
        """Read the number, while no thread uses the connection.

        In a write transaction it then holds until the end, as nobody else can commit.
        """
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        self._is_seen |= self._version not in (None, version)
        self._version = version

    def take(self) -> bool:
        """Return whether a change was noted since the last call."""
        is_seen, self._is_seen = self._is_seen, False
        return is_seen


class Writer:
    """The writing connection of a database; only the holder of the one turn to write uses it."""

    def __init__(self, connection: aiosqlite.Connection, files: DatabaseFiles, busy_timeout_ms: int) -> None:
        """Take the connection with the timeout that it has, and the files that are checked before each statement."""
        self._connection = connection
        self._busy_timeout_ms = busy_timeout_ms
        self.files = files
        self.guard = Guard(lambda: files.trouble)
        self.reports = TriggerReports()
        self.outside = OutsideChanges(self.direct)

    @property
    def direct(self) -> sqlite3.Connection:
        """The connection itself, for statements on the caller's thread."""
        itself: sqlite3.Connection = self._connection._conn
        return itself

    async def on_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the connection's thread and return its result."""
        return await on_thread(self._connection, work)

    async def carry_out(self, statements: Sequence[Statement]) -> list[sqlite3.Row]:
        """Run statements; return the rows of the last one.

        Raises:
            StoreError: the database refused a statement, or its files were changed by another program.
        """
        with self.guard:
            return await self.on_thread(partial(carried_out, statements=statements, files=self.files))

    async def carry_out_whole(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction of its own; return its result.

        Raises:
            StoreError: as `carry_out` does.
        """
        with self.guard:
            return await self.on_thread(partial(_whole, work=work, files=self.files))

    def settle(self) -> None:
        """End a transaction that is committed."""
        self.guard.settle()
        self.reports.deliver()

    async def give_up(self) -> None:
        """End a transaction that failed; called once more, it does nothing."""
        await self.on_thread(self._given_up)

    async def look(self) -> None:
        """Check the files.

        Raises:
            StoreError: they are not those that were opened.
        """
        await self.on_thread(self._looked)

    def wait_for_locks(self, busy_timeout_ms: int) -> None:
        """Set how long statements wait for another process's lock."""
        if busy_timeout_ms != self._busy_timeout_ms:
            self.direct.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")  # touches no file
            self._busy_timeout_ms = busy_timeout_ms

    async def listen(self, function: str, triggers: Iterable[str], hear: Callable[[Sequence[Told]], None]) -> None:
        """Pass the values with which triggers call an SQL function to `hear` after each commit."""
        told: list[Told] = []
        await self._connection.create_function(function, -1, lambda *values: told.append(values))
        for trigger in triggers:
            await self._connection.execute_fetchall(trigger)
        self.reports.listen(told, hear)

    def _looked(self, connection: sqlite3.Connection) -> None:
        try:
            self.files.check()
        except StoreError:
            self._given_up(connection)
            raise

    def _given_up(self, connection: sqlite3.Connection) -> None:
        """Leave nothing of a transaction, and save what was stored before if only the log that holds it is lost."""
        self.reports.clear()
        with suppress(sqlite3.Error):  # else the next transaction cannot begin, and is given up in its turn
            roll_back(connection)
            self.files.merge_lost_log(connection)


async def on_thread(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` on the connection's thread and return its result."""
    # aiosqlite 0.22 has no public way to do this; tests pin the private one.
    result: T = await connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]
    return result


async def uninterrupted(work: Coroutine[Any, Any, T]) -> tuple[T, asyncio.CancelledError | None]:
    """Run `work` to its end; return its result, and the cancellation of the caller meanwhile, to be raised again.

    A new one would not do: anyio knows its own by their text, and lets others end more than what was cancelled.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    return task.result(), cancelled


def carried_out(
    connection: sqlite3.Connection, statements: Sequence[Statement], files: DatabaseFiles
) -> list[sqlite3.Row]:
    """Run statements on their connection's thread; return the rows of the last statement.

    Raises:
        StoreError: the files were changed by another program, so that a commit would be lost.
    """
    files.check()  # before each statement, as `note` below would hide changes by another program
    try:
        if statements[-1] != COMMIT:
            return _answer(connection, statements)
        _answer(connection, statements[:-1])
        with files.committing(connection):
            return _answer(connection, (COMMIT,))
    except sqlite3.DatabaseError:
        files.check()  # a truncated log looks like an unreadable disk
        raise
    finally:
        files.note()


def _whole(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], files: DatabaseFiles) -> T:
    """Run `work` in a transaction on its connection's thread, checked as in `carried_out`; return its result."""
    files.check()
    try:
        connection.execute(BEGIN.sql)
        result = work(connection)
        with files.committing(connection):
            connection.execute(COMMIT.sql)
        return result
    finally:
        files.note()


def _answer(connection: sqlite3.Connection, statements: Iterable[Statement]) -> list[sqlite3.Row]:
    answer: list[sqlite3.Row] = []
    for sql, rows, inserted in statements:
        for parameters in rows:
            cursor = connection.execute(sql, parameters)
            answer = cursor.fetchall()
            if inserted is not None:
                inserted.learn(cursor.lastrowid)
    return answer


def roll_back(connection: sqlite3.Connection) -> None:
    """Roll back on the connection's thread, the only one that knows whether the queued BEGIN was carried out."""
    if connection.in_transaction:
        connection.rollback()
