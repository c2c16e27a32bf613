"""PastReader: a reader of the store as it was at a moment, for the queries of the present.

It has a connection of its own that cannot write to the file, so nothing of the past can be changed.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import aiosqlite

from xats_tui.backend.store.past import views
from xats_tui.backend.store.sql.change_log import TABLES
from xats_tui.backend.store.sql.faults import Guard
from xats_tui.backend.store.sql.transactions import Make, Parameters, Row, T
from xats_tui.backend.store.sql.writer import on_thread
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Moment

MAX_STEP_CHANGES = 2_000
"""Number of changes between two moments up to which only the tables that they name are copied again."""

BUSY_TIMEOUT_MS = 5_000


class PastReader:
    """The store at a moment; positioned by `at`, one caller at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = Guard(str)
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._connection: aiosqlite.Connection | None = None
        self._shown: int | None = None
        """Number of the moment that the temporary tables hold."""

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        await self._stack.aclose()
        self._connection = self._shown = None

    @asynccontextmanager
    async def at(self, moment: Moment) -> AsyncIterator["PastReader"]:
        """Show this moment for the life of the block; other callers wait.

        Raises:
            Refusal: `no_past` if the log no longer reaches back so far.
            StoreError: the file cannot be read.
        """
        async with self._turn:
            with self._guard:
                connection = await self._opened()
                await on_thread(connection, partial(_move, before=self._shown, now=moment.number))
            self._shown = moment.number
            yield self

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows as they were."""
        assert self._connection
        with self._guard:
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row as it was."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        """Return an object for each row."""
        return tuple(map(make, await self.fetch_all(sql, parameters)))

    async def _opened(self) -> aiosqlite.Connection:
        if self._connection is None:
            where = f"{self._path.absolute().as_uri()}?mode=ro"
            connection = await self._stack.enter_async_context(aiosqlite.connect(where, isolation_level=None, uri=True))
            connection.row_factory = sqlite3.Row
            for statement in (f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}", *views.DEFINITIONS):
                await connection.execute_fetchall(statement)
            self._connection = connection
        return self._connection


def _move(connection: sqlite3.Connection, before: int | None, now: int) -> None:
    """Bring the temporary tables to a moment; runs on the connection's thread."""
    if before == now:
        return
    connection.execute("BEGIN")  # all of it from one state of the file
    try:
        changed = _changed_between(connection, before, now)
        for statement in ("DELETE FROM temp.here", "DELETE FROM temp.unread", "DELETE FROM temp.open_wakes"):
            connection.execute(statement)
        if not connection.execute(views.GO_THERE, (now,)).rowcount:
            raise Refusal("no_past", detail="the log no longer reaches back so far")
        connection.execute(views.FIND_UNREAD)
        connection.execute(views.FIND_OPEN)
        for logged in TABLES:
            if changed is None or logged.kind in changed:
                for statement in views.copy(logged):
                    connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _changed_between(connection: sqlite3.Connection, before: int | None, now: int) -> set[str] | None:
    """Return the kinds that changed between two moments; None for any kind, if there are too many changes to look."""
    if before is None:
        return None
    ends = connection.execute(
        "SELECT min(change_id), max(change_id), count(*) FROM main.moments WHERE moment IN (?, ?)", (before, now)
    ).fetchone()
    first, last, known = ends
    if known < 2 or last - first > MAX_STEP_CHANGES:
        return None
    rows = connection.execute(
        "SELECT DISTINCT kind FROM main.changes WHERE change_id > ? AND change_id <= ?", (first, last)
    )
    return {kind for (kind,) in rows}
