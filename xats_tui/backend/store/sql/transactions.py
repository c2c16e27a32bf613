"""Write transactions and their statements, which run on the thread of their connection.

Handing a statement to that thread takes longer than most statements take, so statements without an answer are queued
until the next statement with one.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import aiosqlite

from xats_tui.backend.store.sql.change_log import MARK
from xats_tui.backend.store.sql.faults import Guard
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event

T = TypeVar("T")

Row = sqlite3.Row
Parameters = Sequence[Any]
Make = Callable[[Row], T]


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
    rows: Sequence[Parameters] = ((),)
    inserted: RowId | None = None
    """Receives the rowid that the statement inserts."""


BEGIN = Statement("BEGIN IMMEDIATE")
COMMIT = Statement("COMMIT")


class Reader(Protocol):
    """Source of rows: the database, or an open transaction."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows."""
        ...

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row."""
        ...

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """Return one object for each row, built from that row alone."""
        ...


class Transaction:
    """One open write transaction; made by `Database.write()` only.

    If a statement without an answer fails, the error is raised by the next statement with an answer, or by the commit;
    in either case nothing of the transaction remains.
    """

    def __init__(self, connection: aiosqlite.Connection, guard: Guard, files: DatabaseFiles, now: datetime) -> None:
        self._connection = connection
        self._guard = guard
        self._files = files
        self._waiting: list[Statement] = [BEGIN]
        self._under_way = False
        self._failed = False
        """True if queued statements may be lost, so that the transaction cannot be continued."""
        self._is_over = False
        self.now = now
        """Time of everything in this transaction."""
        self.events: list[Event] = []
        """Events to publish after the commit."""

    def record(self, event: Event) -> None:
        """Publish `event` after a successful commit."""
        self.events.append(event)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows; for `INSERT` and `UPDATE` the rows of `RETURNING`."""
        return await self._carry_out(Statement(sql, (parameters,)))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """Return one object for each row."""
        return tuple(map(make, await self.fetch_all(sql, parameters)))

    async def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Queue a statement that has no answer."""
        await self.execute_many(sql, (parameters,))

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Queue one statement for many rows."""
        self._waiting.append(Statement(sql, tuple(rows)))

    async def insert(self, sql: str, parameters: Parameters = ()) -> RowId:
        """Queue an insertion; its rowid is known once it was carried out, at the latest after the commit."""
        inserted = RowId()
        self._waiting.append(Statement(sql, (parameters,), inserted))
        return inserted

    async def run_whole(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Begin, carry out `work` and commit, all in one go on the thread of the connection; return its result."""
        self._waiting = []
        with self._guard:
            self._under_way = True
            result = await on_thread(self._connection, partial(_whole, work=work, files=self._files))
        self._is_over = True
        return result

    async def carry_out(self) -> None:
        """Carry out the queued statements."""
        if self._waiting:
            await self._carry_out()

    @property
    def has_begun(self) -> bool:
        """True if the database was asked for anything."""
        return self._under_way

    async def commit(self) -> None:
        """Commit; called by `Database.write()`."""
        if not self._is_over and (self._under_way or self._waiting != [BEGIN]):
            await self._carry_out(Statement(MARK, ((to_wire(self.now),),)), COMMIT)

    async def roll_back(self) -> None:
        """Roll everything back; called by `Database.write()`."""
        if self._under_way:
            await on_thread(self._connection, roll_back)

    async def _carry_out(self, *last: Statement) -> list[Row]:
        """Run the queued statements and then `last`; return the rows of the last statement."""
        if self._failed:
            raise StoreError("a statement of this transaction has failed before")
        statements, self._waiting = (*self._waiting, *last), []
        self._under_way = True
        try:
            with self._guard:
                return await on_thread(self._connection, partial(carried_out, statements=statements, files=self._files))
        except BaseException:
            self._failed = True
            raise


async def on_thread(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` on the connection's thread and return its result."""
    # aiosqlite 0.22 has no public way to do this; tests pin the private one.
    result: T = await connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]
    return result


def direct(connection: aiosqlite.Connection) -> sqlite3.Connection:
    """Return the connection itself, for statements on the caller's thread; nobody else may use it meanwhile."""
    itself: sqlite3.Connection = connection._conn
    return itself


async def uninterrupted(work: Coroutine[Any, Any, T]) -> tuple[T, bool]:
    """Run `work` to its end; return its result and whether the caller was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    return task.result(), cancelled


def carried_out(connection: sqlite3.Connection, statements: Sequence[Statement], files: DatabaseFiles) -> list[Row]:
    """Run statements on their connection's thread; return the rows of the last statement.

    Raises:
        StoreError: the files were changed by another program, so that a commit would be lost.
    """
    files.check()  # before each statement, as `note` below would hide changes by another program
    try:
        return _answer(connection, statements)
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
        connection.execute(COMMIT.sql)
        return result
    finally:
        files.note()


def _answer(connection: sqlite3.Connection, statements: Iterable[Statement]) -> list[Row]:
    answer: list[Row] = []
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
