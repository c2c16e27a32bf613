"""A transaction, which ends one way or the other, and its statements, each run on the thread of its connection.

It knows nothing of the tables.  The way to that thread and back takes longer than most statements: those of a
transaction that have no answer wait for the next that has.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import aiosqlite

from xats_tui.backend.store.sql.faults import Guard
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event

T = TypeVar("T")

Row = sqlite3.Row
Parameters = Sequence[Any]
Make = Callable[[Row], T]


class RowId:
    """The rowid of a row; a parameter of statements that come after its insertion, which may still be waiting."""

    def __init__(self) -> None:
        self._number: int | None = None

    @property
    def number(self) -> int:
        """The rowid, once the insertion was carried out: at the commit at the latest."""
        assert self._number is not None
        return self._number

    def learn(self, number: int | None) -> None:
        """Take the number that the row has got; for the thread of the connection."""
        self._number = number

    def __conform__(self, protocol: object) -> int:
        """What sqlite3 binds for it."""
        return self.number


class Statement(NamedTuple):
    """SQL that is run for rows of parameters, one after the other."""

    sql: str
    rows: Sequence[Parameters] = ((),)
    inserted: RowId | None = None
    """Learns the number of the row that the statement inserts."""


BEGIN = Statement("BEGIN IMMEDIATE")
COMMIT = Statement("COMMIT")


class Reader(Protocol):
    """Whatever can be asked for rows."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer."""
        ...

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer."""
        ...

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """What a function makes of each row of the answer, and of nothing else."""
        ...


class Transaction:
    """One open write transaction; made by `Database.write()` only.

    A statement without an answer is refused, if it is, with the next one that has an answer, or at the commit; nothing
    of the transaction remains then, either way.
    """

    def __init__(self, connection: aiosqlite.Connection, guard: Guard, files: DatabaseFiles, now: datetime) -> None:
        self._connection = connection
        self._guard = guard
        self._files = files
        self._waiting: list[Statement] = [BEGIN]
        self._under_way = False
        self._failed = False
        """Whether what waited may be lost: nothing more comes of this transaction."""
        self.now = now
        """The instant that everything in this transaction happened at."""
        self.events: list[Event] = []
        """What will be a fact once this has been committed."""

    def record(self, event: Event) -> None:
        """Publish `event` after the commit; never if it fails."""
        self.events.append(event)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of the answer; for `INSERT` and `UPDATE` those of `RETURNING`."""
        return await self._carry_out(Statement(sql, (parameters,)))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of the answer."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """What a function makes of each row of the answer."""
        return tuple(map(make, await self.fetch_all(sql, parameters)))

    async def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement that has no answer."""
        await self.execute_many(sql, (parameters,))

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for many rows."""
        self._waiting.append(Statement(sql, tuple(rows)))

    async def insert(self, sql: str, parameters: Parameters = ()) -> RowId:
        """Insert one row; its number is known once the statement was carried out, at the commit at the latest."""
        inserted = RowId()
        self._waiting.append(Statement(sql, (parameters,), inserted))
        return inserted

    async def carry_out(self) -> None:
        """Have carried out what waits."""
        if self._waiting:
            await self._carry_out()

    @property
    def has_begun(self) -> bool:
        """Whether the database has been asked for anything."""
        return self._under_way

    async def commit(self) -> None:
        """Make it all true; for `Database.write()`."""
        if self._under_way or self._waiting != [BEGIN]:
            await self._carry_out(COMMIT)

    async def roll_back(self) -> None:
        """Leave nothing of it, whatever has become of it; for `Database.write()`."""
        if self._under_way:
            await on_thread(self._connection, _roll_back)

    async def _carry_out(self, *last: Statement) -> list[Row]:
        """Run what waits, and then this; the rows that the last statement answers."""
        if self._failed:
            raise StoreError("a statement of this transaction has failed before")
        statements, self._waiting = (*self._waiting, *last), []
        self._under_way = True
        try:
            with self._guard:
                return await on_thread(self._connection, partial(_carry_out, statements=statements, files=self._files))
        except BaseException:
            self._failed = True
            raise


async def on_thread(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """What a function makes of a connection on its thread; aiosqlite 0.22 says nowhere how, and tests hold us to it."""
    result: T = await connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]
    return result


def _carry_out(connection: sqlite3.Connection, statements: Sequence[Statement], files: DatabaseFiles) -> list[Row]:
    """Run statements on the thread of their connection; the rows that the last one answers.

    Raises:
        StoreError: the files are not as they were left, so that a commit would be lost.
    """
    files.check()  # each time: what is noted below must not hide what another program did since the last commit
    try:
        return _answer(connection, statements)
    except sqlite3.DatabaseError:
        files.check()  # a log that was cut off looks like a disk that cannot be read
        raise
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


def _roll_back(connection: sqlite3.Connection) -> None:
    """Only its own thread knows whether a connection has begun: what it was told before may still be waiting."""
    if connection.in_transaction:
        connection.rollback()
