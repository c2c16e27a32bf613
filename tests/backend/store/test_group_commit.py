"""Short transactions: all or nothing each, although they share a commit."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeClock, Published
from xats_tui.backend.store.sql import group_commit, quick_reads, writer
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.backend.store.sql.group_commit import Body
from xats_tui.backend.store.sql.transactions import Row, Transaction
from xats_tui.backend.store.sql.writer import COMMIT, Statement, carried_out
from xats_tui.core.errors import Refusal, StoreError
from xats_tui.core.events import AgentChanged

ADD_TASK = (
    "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 't', 'x', 'pending', '[]', '')"
)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The commits of groups that were asked for; 0 in it lets none succeed."""
    asked: list[int] = []

    def count(connection: sqlite3.Connection, statements: Sequence[Statement], files: DatabaseFiles) -> list[Row]:
        if statements == (COMMIT,):
            if 0 in asked:
                raise sqlite3.OperationalError("database or disk is full")
            asked.append(1)
        return carried_out(connection, statements, files)

    monkeypatch.setattr(writer, "carried_out", count)
    return asked


def adding(task_id: str, error: Exception | None = None) -> Body[str]:
    """A transaction that adds a task, and then fails if it is told to."""

    async def add(tx: Transaction) -> str:
        await tx.execute(ADD_TASK, (task_id,))
        tx.record(AgentChanged(agent_id=task_id))
        if error is not None:
            raise error
        return task_id

    return add


async def together(*calls: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def stored(database: Database) -> list[str]:
    return [row["id"] for row in await database.fetch_all("SELECT id FROM tasks ORDER BY id")]


async def test_those_that_wait_together_share_a_commit(database: Database, commits: list[int]) -> None:
    answers = await together(*(database.transact(adding(name)) for name in "abc"))

    assert answers == ["a", "b", "c"]
    assert await stored(database) == ["a", "b", "c"]
    assert len(commits) == 1


async def test_an_answer_comes_after_its_commit_and_so_do_its_events(
    path: Path, database: Database, published: Published
) -> None:
    def committed() -> int:
        with closing(sqlite3.connect(path)) as other:
            count: int = other.execute("SELECT count(*) FROM tasks").fetchone()[0]
            return count

    async def look(tx: Transaction) -> None:
        await adding("a")(tx)
        assert (committed(), published.events) == (0, [])

    await database.transact(look)

    assert (committed(), published.events) == (1, [AgentChanged(agent_id="a")])


async def test_one_that_is_refused_leaves_no_trace_and_harms_no_other(
    database: Database, published: Published, commits: list[int]
) -> None:
    refusal = Refusal("no")
    answers = await together(
        database.transact(adding("a")), database.transact(adding("b", refusal)), database.transact(adding("c"))
    )

    assert answers == ["a", refusal, "c"]
    assert await stored(database) == ["a", "c"]
    assert published.events == [AgentChanged(agent_id="a"), AgentChanged(agent_id="c")]
    assert len(commits) == 1


async def test_many_that_are_refused_do_not_keep_the_others_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_RESTARTS", 1)
    answers = await together(
        *(database.transact(adding(name, Refusal("no"))) for name in "abc"), database.transact(adding("d"))
    )

    assert [type(answer) for answer in answers] == [Refusal, Refusal, Refusal, str]
    assert await stored(database) == ["d"]


async def test_a_statement_that_fails_fails_its_own_transaction_alone(database: Database, published: Published) -> None:
    answers = await together(*(database.transact(adding(name)) for name in ("a", "a", "b")))

    assert [type(answer) for answer in answers] == [str, StoreError, str]
    assert "UNIQUE" in str(answers[1])
    assert await stored(database) == ["a", "b"]
    assert len(published.events) == 2


async def test_a_commit_that_fails_fails_all_of_its_transactions(
    database: Database, published: Published, commits: list[int]
) -> None:
    commits.append(0)
    answers = await together(*(database.transact(adding(name)) for name in "ab"))
    assert [type(answer) for answer in answers] == [StoreError, StoreError]
    assert (await stored(database), published.events) == ([], [])

    commits.clear()
    await database.transact(adding("c"))
    assert await stored(database) == ["c"]


async def test_a_refusal_for_what_another_has_not_stored_in_the_end_is_none(
    database: Database, commits: list[int]
) -> None:
    async def refuse(tx: Transaction) -> None:
        if await tx.fetch_all("SELECT 1 FROM tasks"):
            raise Refusal("taken")

    commits.append(0)
    answers = await together(database.transact(adding("a")), database.transact(refuse))

    assert [type(answer) for answer in answers] == [StoreError, StoreError]


async def test_what_cannot_even_be_rolled_back_fails_and_harms_nothing_later(
    database: Database, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    commits.append(0)
    with monkeypatch.context() as patched:
        patched.setattr(writer, "roll_back", fail)
        answers = await together(database.transact(adding("a")), database.transact(adding("b")))
    assert [type(answer) for answer in answers] == [StoreError, StoreError]

    commits.clear()
    await together(*(database.transact(adding(name)) for name in "cd"))
    assert await stored(database) == ["c", "d"]


async def test_a_cancelled_one_leaves_all_or_nothing(database: Database, published: Published) -> None:
    finished = 0
    for number in range(40):
        writing = asyncio.create_task(database.transact(adding(str(number))))
        await asyncio.sleep(number * 0.00005)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        count = len(await stored(database))
        assert count in (finished, finished + 1)
        assert len(published.events) == count
        finished = count

    assert 0 < finished < 40, "neither every writer nor none was cancelled in time"


async def test_a_lock_of_another_process_is_waited_for_while_the_loop_is_free(path: Path, database: Database) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = [asyncio.create_task(database.transact(adding(name))) for name in "ab"]
        assert [await stored(database) for _ in range(3)] == [[], [], []]
        assert not any(one.done() for one in writing)
        other.execute("ROLLBACK")
        assert await together(*writing) == ["a", "b"]

    assert await stored(database) == ["a", "b"]


async def test_what_takes_too_long_is_done_on_the_thread(
    database: Database, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_reads, "CHECKED_OPERATIONS", 100)

    async def count(tx: Transaction) -> int:
        await tx.execute(ADD_TASK, ("a",))
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        (row,) = await tx.fetch_all(f"{numbers} SELECT max(i) AS last FROM n")
        return int(row["last"])

    assert await together(database.transact(count), database.transact(adding("b"))) == [5000, "b"]
    assert await stored(database) == ["a", "b"]
    assert commits == []


async def test_one_that_waits_for_something_else_is_an_error(database: Database) -> None:
    async def sleep(tx: Transaction) -> None:
        await tx.execute(ADD_TASK, ("a",))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="has waited"):
        await database.transact(sleep)
    assert await stored(database) == []


async def test_what_triggers_tell_of_a_refused_one_is_not_heard(path: Path) -> None:
    heard: list[Any] = []
    async with Database.opened(path, FakeClock(), Published()) as database:
        trigger = "CREATE TEMP TRIGGER added AFTER INSERT ON main.tasks BEGIN SELECT told(new.id); END"
        await database.watch("told", [trigger], heard.append)
        await together(database.transact(adding("a", Refusal("no"))), database.transact(adding("b")))

    assert heard == [(("b",),)]


async def test_a_long_transaction_gets_its_turn_among_many_short_ones(database: Database) -> None:
    busy = True

    async def keep_busy(name: str) -> None:
        number = 0
        while busy:
            await database.transact(adding(f"{name} {number}"))
            number += 1

    others = [asyncio.create_task(keep_busy(name)) for name in "abc"]
    for number in range(5):
        async with database.write() as tx:
            await tx.fetch_all(ADD_TASK, (f"long {number}",))
    busy = False
    await together(*others)

    assert len([name for name in await stored(database) if name.startswith("long")]) == 5
