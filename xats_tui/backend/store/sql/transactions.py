"""Write transactions and their statements, which run on the thread of their connection.

Handing a statement to that thread takes longer than most statements take, so statements without an answer are queued
until the next statement with one.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from xats_tui.backend.store.sql.change_log import MARK
from xats_tui.backend.store.sql.writer import BEGIN, COMMIT, RowId, Statement, Writer
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event

T = TypeVar("T")

Row = sqlite3.Row
Parameters = Sequence[Any]
Make = Callable[[Row], T]


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

    def __init__(self, writer: Writer, now: datetime) -> None:
        self._writer = writer
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
        self._under_way = True
        result = await self._writer.carry_out_whole(work)
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
            await self._writer.give_up()

    async def _carry_out(self, *last: Statement) -> list[Row]:
        """Run the queued statements and then `last`; return the rows of the last statement."""
        if self._failed:
            raise StoreError("a statement of this transaction has failed before")
        statements, self._waiting = (*self._waiting, *last), []
        self._under_way = True
        try:
            return await self._writer.carry_out(statements)
        except BaseException:
            self._failed = True
            raise
