"""Transactions: all or nothing, one at a time, and facts only after the commit."""

import asyncio
import sqlite3
import tracemalloc
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.fakes import FakeClock, Published
from tests.patience import PATIENCE
from xats_tui.backend.store.sql import database as module
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.backend.store.sql.transactions import Row, Transaction
from xats_tui.core.errors import StoreError
from xats_tui.core.events import AgentChanged

ADD_TASK = (
    "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 't', 'x', 'pending', '[]', '')"
)
COUNT = "SELECT count(*) AS n FROM tasks"


async def task_count(reader: Database | Transaction) -> int:
    row = await reader.fetch_one(COUNT)
    assert row is not None
    return int(row["n"])


async def test_a_block_that_raises_leaves_no_trace_and_publishes_nothing(
    database: Database, published: Published
) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as tx:
            await tx.execute(ADD_TASK, ("one",))
            tx.record(AgentChanged(agent_id="a"))
            raise RuntimeError

    assert await task_count(database) == 0
    assert published.events == []


async def test_events_leave_after_the_commit_in_their_order(database: Database, published: Published) -> None:
    async with database.write() as tx:
        tx.record(AgentChanged(agent_id="a"))
        tx.record(AgentChanged(agent_id="b"))
        assert published.events == []

    assert published.events == [AgentChanged(agent_id="a"), AgentChanged(agent_id="b")]


async def test_what_an_event_speaks_of_can_be_read_when_it_is_published(path: Path) -> None:
    seen_by_listener: list[int] = []

    def listen(events: object) -> None:
        with closing(sqlite3.connect(path)) as other:
            seen_by_listener.append(other.execute(COUNT).fetchone()[0])

    async with Database.opened(path, FakeClock(), listen) as opened, opened.write() as tx:
        await tx.execute(ADD_TASK, ("one",))

    assert seen_by_listener == [1]


async def test_a_reader_sees_only_what_was_committed(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute(ADD_TASK, ("one",))
        assert await task_count(tx) == 1
        assert await task_count(database) == 0
    assert await task_count(database) == 1


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreError, match="readonly"):
        await database.fetch_all(ADD_TASK, ("one",))


async def test_concurrent_writers_take_turns(database: Database) -> None:
    async def add_one_more() -> None:
        async with database.write() as tx:
            count = await task_count(tx)
            await asyncio.sleep(0)
            await tx.execute(ADD_TASK, (f"task {count}",))

    await asyncio.gather(*(add_one_more() for _ in range(30)))

    assert await task_count(database) == 30


async def test_a_refused_statement_rolls_back_what_came_before_it(database: Database) -> None:
    with pytest.raises(StoreError, match="UNIQUE"):
        async with database.write() as tx:
            await tx.execute(ADD_TASK, ("one",))
            await tx.execute(ADD_TASK, ("one",))

    assert await task_count(database) == 0


async def test_a_refused_statement_without_an_answer_is_told_at_the_commit(
    database: Database, published: Published
) -> None:
    reached = False
    with pytest.raises(StoreError, match="UNIQUE"):
        async with database.write() as tx:
            tx.record(AgentChanged(agent_id="a"))
            await tx.execute_many(ADD_TASK, [("one",), ("one",)])
            reached = True

    assert reached
    assert await task_count(database) == 0
    assert published.events == []


async def test_nothing_comes_of_a_transaction_whose_failure_was_overlooked(database: Database) -> None:
    with pytest.raises(StoreError):
        async with database.write() as tx:
            await tx.execute(ADD_TASK, ("one",))
            with suppress(StoreError):
                await tx.fetch_one("SELECT * FROM nothing")
            await tx.execute(ADD_TASK, ("two",))

    assert await task_count(database) == 0


async def test_statements_without_an_answer_go_to_the_thread_together_with_the_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = count_ways(monkeypatch)
    async with database.write() as tx:
        await tx.execute(ADD_TASK, ("one",))
        await tx.execute_many(ADD_TASK, [("two",), ("three",)])

    assert ways == [len(["BEGIN", "one", "two and three", "moment", "COMMIT"])]
    assert await task_count(database) == 3


def count_ways(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record how many statements go to the writer's thread each time."""
    ways: list[int] = []
    carry_out = writer.carried_out

    def count(connection: sqlite3.Connection, statements: Sequence[writer.Statement], files: DatabaseFiles) -> object:
        ways.append(len(statements))
        return carry_out(connection, statements, files)

    monkeypatch.setattr(writer, "carried_out", count)
    return ways


async def test_a_transaction_in_which_nothing_is_asked_needs_no_lock(path: Path, database: Database) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with database.write():
            pass


async def test_the_writer_works_on_after_a_failure(database: Database) -> None:
    with pytest.raises(StoreError):
        async with database.write() as tx:
            await tx.execute("INSERT INTO nothing VALUES (1)")
    async with database.write() as tx:
        await tx.execute(ADD_TASK, ("one",))

    assert await task_count(database) == 1


async def test_a_cancelled_writer_leaves_all_or_nothing(database: Database, published: Published) -> None:
    async def write_two(number: int) -> None:
        async with database.write() as tx:
            await tx.execute(ADD_TASK, (f"{number} a",))
            await task_count(tx)  # the first statement is carried out before this is answered
            await tx.execute(ADD_TASK, (f"{number} b",))
            tx.record(AgentChanged(agent_id=str(number)))

    finished = 0
    for number in range(60):
        writing = asyncio.create_task(write_two(number))
        await asyncio.sleep(number * 0.00005)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        count = await task_count(database)
        assert count in (2 * finished, 2 * finished + 2)
        assert len(published.events) == count // 2
        finished = count // 2

    assert 0 < finished < 60, "neither every writer nor none was cancelled in time"


async def test_a_writer_that_is_cancelled_while_it_waits_for_its_turn_writes_nothing(database: Database) -> None:
    async def write_one() -> None:
        async with database.write() as tx:
            await tx.execute(ADD_TASK, ("late",))

    async with database.write() as tx:
        waiting = asyncio.create_task(write_one())
        await asyncio.sleep(0)
        waiting.cancel()
        await tx.execute(ADD_TASK, ("one",))
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await task_count(database) == 1


async def test_a_cancelled_reader_gives_its_connection_back(database: Database) -> None:
    for _ in range(module.READ_CONNECTIONS + 1):
        reading = asyncio.create_task(database.fetch_all(COUNT))
        await asyncio.sleep(0)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading

    async with asyncio.timeout(PATIENCE):
        assert await task_count(database) == 0


async def test_another_process_that_holds_the_lock_too_long_is_a_store_error(
    path: Path, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRAGMAS", (*module.PRAGMAS[:-1], "PRAGMA busy_timeout=50"))
    async with Database.opened(path, FakeClock(), published) as opened:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                async with opened.write() as tx:
                    await tx.execute(ADD_TASK, ("one",))
            assert await task_count(opened) == 0  # reading goes on
        async with opened.write() as tx:
            await tx.execute(ADD_TASK, ("one",))


async def test_the_loop_is_free_while_a_statement_waits_for_a_lock(path: Path, database: Database) -> None:
    async def write() -> None:
        async with database.write() as tx:
            await tx.execute(ADD_TASK, ("one",))

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        assert [await task_count(database) for _ in range(3)] == [0, 0, 0]
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing

    assert await task_count(database) == 1


async def test_everything_in_a_transaction_happened_at_one_instant(path: Path, published: Published) -> None:
    clock = FakeClock()
    async with Database.opened(path, clock, published) as opened, opened.write() as tx:
        started = tx.now
        clock.advance(5)
        assert tx.now == started


ADD_EVENT = "INSERT INTO events (from_team, to_team, event_type, payload, created_at) VALUES ('t', 't', 'x', '', '')"
ADD_MESSAGE = (
    "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, body, sent_at) "
    "VALUES (?, ?, 't', 't', 'a', '', '')"
)


async def test_a_row_that_is_still_to_be_inserted_can_be_referred_to(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = count_ways(monkeypatch)
    async with database.write() as tx:
        await tx.insert(ADD_EVENT)
        second = await tx.insert(ADD_EVENT)
        await tx.execute(ADD_MESSAGE, ("m", second))

    assert ways == [len(["BEGIN", "first", "second", "message", "moment", "COMMIT"])]
    row = await database.fetch_one("SELECT event_id FROM messages")
    assert row is not None
    assert row["event_id"] == second.number == 2


async def test_the_number_of_a_row_is_known_once_what_waits_was_carried_out(database: Database) -> None:
    async with database.write() as tx:
        first = await tx.insert(ADD_EVENT)
        await tx.carry_out()
        assert first.number == 1


async def test_a_row_that_comes_again_is_the_same_object(database: Database) -> None:
    async def titles() -> tuple[list[str], ...]:
        return await database.fetch_objects(title_of, "SELECT id, title FROM tasks ORDER BY id")

    async with database.write() as tx:
        await tx.execute_many(ADD_TASK, [("one",), ("two",)])
    before = await titles()
    async with database.write() as tx:
        await tx.execute("UPDATE tasks SET title = 'y' WHERE id = 'two'")
        await tx.execute(ADD_TASK, ("zzz",))
    after = await titles()

    assert before == (["x"], ["x"])
    assert after == (["x"], ["y"], ["x"])
    assert after[0] is before[0]


async def test_a_query_is_repeated_only_if_something_was_stored_by_whomever(database: Database, path: Path) -> None:
    made = list[str]()

    def title(row: Row) -> str:
        made.append(row["id"])
        return str(row["title"])

    async def titles(limit: int = 9) -> tuple[str, ...]:
        return await database.fetch_objects(title, "SELECT *, randomblob(4) FROM tasks ORDER BY id LIMIT ?", (limit,))

    async with database.write() as tx:
        await tx.execute_many(ADD_TASK, [("one",), ("two",)])
    for _ in range(5):
        assert await titles() == ("x", "x")
    assert len(made) == 2 * len(["the first time", "the second, with SQLite's number of the content"])
    assert await titles(1) == ("x",)

    await titles(), await titles()
    async with database.write() as tx:
        await tx.execute("UPDATE tasks SET title = 'ours' WHERE id = 'one'")
    assert await titles() == ("ours", "x")

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE tasks SET title = 'theirs' WHERE id = 'two'")
    assert await titles() == ("ours", "theirs")


async def test_rows_that_are_read_again_and_again_are_kept_once(database: Database) -> None:
    async def read() -> None:
        await database.fetch_objects(tuple, "SELECT id, title FROM tasks ORDER BY id")

    async with database.write() as tx:
        await tx.execute_many(ADD_TASK, [(f"{number:0500}",) for number in range(200)])
    tracemalloc.start()
    try:
        await read()
        at_first, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        async with database.write() as tx:
            await tx.execute("UPDATE tasks SET title = 'y' WHERE id = '0'")
        await read()
        now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert at_first > 200 * 500
    assert most < 1.5 * at_first
    assert now < 1.2 * at_first


async def test_equal_names_and_ids_of_kept_rows_are_one_object(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute_many(ADD_TASK, [("one",), ("two",)])

    (_, title), (_, other) = await database.fetch_objects(tuple, "SELECT id, title || 'y' FROM tasks ORDER BY id")

    assert title == "xy"
    assert title is other


async def test_of_rows_that_have_gone_few_texts_are_kept(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute_many(ADD_TASK, [(f"{number:060}",) for number in range(5_000)])
    tracemalloc.start()
    try:
        for beginning in ("0", "9", "9"):  # the thread keeps its last question until the next one
            await database.fetch_objects(tuple, "SELECT id FROM tasks WHERE id > ?", (beginning,))
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most > 5_000 * 100
    assert kept < 5_000 * 100


def title_of(row: Row) -> list[str]:
    """Return a new list for a task: equal lists are not identical."""
    return [row["title"]]


async def test_what_triggers_tell_is_heard_at_the_commit_before_the_events_and_never_after_a_rollback(
    path: Path,
) -> None:
    heard: list[object] = []
    async with Database.opened(path, FakeClock(), lambda events: heard.extend(events)) as database:
        trigger = "CREATE TEMP TRIGGER added AFTER INSERT ON main.tasks BEGIN SELECT told(new.id, 7); END"
        await database.watch("told", [trigger], heard.append)
        with suppress(RuntimeError):
            async with database.write() as tx:
                await tx.fetch_all(ADD_TASK, ("one",))
                raise RuntimeError
        async with database.write() as tx:
            await tx.fetch_all(ADD_TASK, ("two",))
            tx.record(AgentChanged(agent_id="a"))
            assert heard == []

    assert heard == [(("two", 7),), AgentChanged(agent_id="a")]
