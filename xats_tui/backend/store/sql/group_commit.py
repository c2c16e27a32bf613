"""Short transactions, carried out on the event loop and committed in groups.

Handing a statement to a thread, and taking turns with it at the interpreter, costs ten times what the statement costs.
So the statements of a short transaction run on the event loop, where they change pages in memory; what waits for the
disk, the commit, runs on the writer's thread.  Transactions that arrive during a commit share the next one.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from xats_tui.backend.store.sql.change_log import MARK
from xats_tui.backend.store.sql.precedence import HAS_TIME, Places
from xats_tui.backend.store.sql.quick_reads import LoopLimit
from xats_tui.backend.store.sql.transactions import Parameters, Row, Transaction
from xats_tui.backend.store.sql.writer import COMMIT, RowId, Writer, uninterrupted
from xats_tui.core.clock import Clock, to_wire
from xats_tui.core.events import Event

logger = logging.getLogger(__name__)

T = TypeVar("T")

Body = Callable[[Transaction], Coroutine[Any, Any, T]]
"""Statements of a short transaction.  It awaits nothing but the transaction, and may be carried out again."""

MAX_GROUP = 32
"""Maximum number of transactions that share a commit."""

MAX_RESTARTS = 4
"""Number of refused transactions that a group gets rid of; then each goes its own way."""

MAX_CHECKS = 20
"""Number of questions whether it may go on (`LoopLimit`) after which a group is ended: some 10 ms."""


class StepTransaction(Transaction):
    """A transaction whose statements are carried out one by one, on the thread that asks for them."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._direct = connection
        self.now = now
        self.events: list[Event] = []

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows."""
        return self._direct.execute(sql, parameters).fetchall()

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Carry out one statement for many rows."""
        for parameters in rows:
            self._direct.execute(sql, parameters)

    async def insert(self, sql: str, parameters: Parameters = ()) -> RowId:
        """Carry out an insertion."""
        inserted = RowId()
        inserted.learn(self._direct.execute(sql, parameters).lastrowid)
        return inserted

    async def carry_out(self) -> None:
        """Do nothing: all statements are carried out."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Member(Generic[T]):
    """One transaction with its outcome."""

    body: Body[T]
    asked_at: float
    done: asyncio.Future[None]
    group: "asyncio.Future[None] | None" = None
    """Done when its group is committed or given up; None before the group has begun."""
    events: Sequence[Event] = ()
    result: T | None = None
    error: Exception | None = None
    goes_alone: bool = False
    """True if nothing of it is stored, and it needs a transaction on the writer's thread."""


class GroupCommit:
    """The short transactions of a database."""

    def __init__(
        self,
        writer: Writer,
        turn: Places,
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
        alone: Callable[[float], AbstractAsyncContextManager[Transaction]],
    ) -> None:
        """Take the parts of a database.

        Args:
            writer: the writing connection, used only by the holder of `turn`.
            turn: the turn of the one writer.
            clock: time of the transactions.
            publish: receives the events of committed transactions.
            alone: opens a transaction on the writer's thread; takes the monotonic time when it was asked for.
        """
        self._writer = writer
        self._turn = turn
        self._clock = clock
        self._publish = publish
        self._alone = alone
        self._limit = LoopLimit(writer.direct, MAX_CHECKS)
        self._waiting: list[_Member[Any]] = []
        self._running: asyncio.Task[None] | None = None
        self._group: asyncio.Future[None] | None = None
        """The group that is being carried out or was the last one."""
        self.has_begun = False
        """True while the turn is ours and `Writer.outside` is up to date as of the beginning of a group."""

    async def transact(self, body: Body[T]) -> T:
        """Carry out `body` in a transaction, and return its result once it is committed.

        After a cancellation, either everything is stored or nothing.

        Raises:
            StoreError: the database could not begin or commit; nothing of this transaction is stored.
        """
        done = asyncio.get_running_loop().create_future()
        member: _Member[T] = _Member(body=body, asked_at=self._clock.monotonic(), done=done)
        self._waiting.append(member)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        try:
            await done
        except asyncio.CancelledError:
            while member.group is not None and not member.group.done():  # it may be stored already
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({member.group})
            raise
        if member.goes_alone:
            async with self._alone(member.asked_at) as tx:
                return await body(tx)
        if member.error is not None:
            raise member.error
        return member.result  # type: ignore[return-value]  # without an error there is a result

    async def group_ended(self) -> None:
        """Wait for the end of the group that is being carried out."""
        if self._group is not None and not self._group.done():
            await asyncio.wait({self._group})

    async def close(self) -> None:
        """Wait until every transaction is committed or given up."""
        while self._running is not None:
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        """Commit groups until no transaction waits."""
        HAS_TIME.set(False)
        try:
            while self._waiting:
                async with self._turn:
                    taken, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
                    await self._commit_together([member for member in taken if not member.done.done()])
        finally:
            self._running = None
            for member in self._waiting:  # only if this task was cancelled
                member.done.cancel()

    async def _commit_together(self, members: list[_Member[Any]]) -> None:
        """Carry out and commit the members; each gets its outcome."""
        self._group = group = asyncio.get_running_loop().create_future()
        for member in members:
            member.group = group
        try:
            self.has_begun = self._carried_out(members)
            if self.has_begun:
                await uninterrupted(self._commit(members))
        except Exception as error:
            logger.exception("a group of transactions was given up")
            _fail(members, error)
        finally:
            self.has_begun = False
            group.set_result(None)
            for member in members:
                if not member.done.done():
                    member.done.set_result(None)

    def _carried_out(self, members: Sequence[_Member[Any]]) -> bool:
        """Carry out the statements of all members; return whether a transaction is open that is to be committed."""
        connection, has_changed = self._writer.direct, False
        self._writer.wait_for_locks(0)  # a lock is waited for on the thread
        self._limit.impose()
        try:
            has_changed = self._without_refused(connection, members)
        except sqlite3.Error:
            _part(members)
        finally:
            self._limit.lift()
            if not has_changed:
                self._undo(connection)
        return has_changed

    def _without_refused(self, connection: sqlite3.Connection, members: Sequence[_Member[Any]]) -> bool:
        """Carry out the members until none has to be undone; return whether any is left that is not refused."""
        left = list(members)
        for _ in range(MAX_RESTARTS):
            refused = self._refused(connection, left)
            if refused is None:
                return any(member.error is None for member in left)
            self._undo(connection)
            left.remove(refused)
        _part(members)
        return False

    def _undo(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        self._writer.reports.clear()

    def _refused(self, connection: sqlite3.Connection, members: Sequence[_Member[Any]]) -> "_Member[Any] | None":
        """Carry out the members in one transaction, up to one that has to be undone; return that one."""
        connection.execute("BEGIN IMMEDIATE")
        self._writer.outside.note()  # from now on nobody else can commit
        now = self._clock.now()
        for member in members:
            tx, before = StepTransaction(connection, now), connection.total_changes
            member.error = None
            try:
                member.result = _driven(member.body(tx))
                member.events = tx.events
            except sqlite3.Error:
                raise
            except Exception as error:
                member.error = error
                if connection.total_changes != before:
                    return member
        connection.execute(MARK, (to_wire(now),))  # all of the group happens at one moment
        return None

    async def _commit(self, members: Sequence[_Member[Any]]) -> None:
        try:
            await self._writer.carry_out((COMMIT,))
        except Exception as error:
            _fail(members, error)
            await self._writer.give_up()
            return
        self._writer.settle()
        for member in members:
            if member.error is None:
                self._publish(member.events)


def _fail(members: Sequence[_Member[Any]], error: Exception) -> None:
    """Let all members fail, also those refused: perhaps for what another one has not stored in the end."""
    for member in members:
        member.error = error


def _part(members: Sequence[_Member[Any]]) -> None:
    """Let each member go its own way, also those refused, for the same reason."""
    for member in members:
        member.goes_alone = True


def _driven(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that awaits nothing to its end; return its result."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a short transaction has waited for something")
