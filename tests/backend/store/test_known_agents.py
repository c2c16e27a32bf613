"""Agents in memory are those of the last commit, whoever has changed them and how."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from tests.fakes import FakeClock, Published
from tests.patience import PATIENCE
from xats_tui.backend.store import agents as store
from xats_tui.backend.store.agents import AgentRow
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.files import DatabaseFiles
from xats_tui.backend.store.sql.known_agents import KnownAgents
from xats_tui.backend.store.sql.transactions import Make, Parameters, Row
from xats_tui.backend.store.sql.writer import OutsideChanges, Statement, carried_out
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.labels import CUSTOM

T = TypeVar("T")


class CountedDatabase(Database):
    """Counts what is asked of it besides transactions."""

    asked = 0

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        self.asked += 1
        return await super().fetch_all(sql, parameters)

    async def fetch_objects(self, make: Make[T], sql: str, parameters: Parameters = ()) -> tuple[T, ...]:
        self.asked += 1
        return await super().fetch_objects(make, sql, parameters)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(tmp_path: Path, clock: FakeClock) -> AsyncIterator[CountedDatabase]:
    async with CountedDatabase.opened(tmp_path / "data.db", clock, Published()) as opened:
        assert isinstance(opened, CountedDatabase)
        opened.quick = opened  # so that these reads are counted too
        async with opened.write() as tx:
            for name in ("alice", "bob"):
                registration = AgentRow(team="red", name=name, role="dev", client=CUSTOM, client_name=None, model="m")
                await store.register(tx, registration, name.upper())
        yield opened


@pytest.fixture
async def known(database: CountedDatabase) -> KnownAgents:
    known = KnownAgents(database)
    await known.watch()
    database.asked = 0
    return known


async def learn(known: KnownAgents) -> Agent:
    """Have alice known."""
    alice = await known.by_id("ALICE")
    assert alice is not None
    return alice


async def test_who_is_known_is_not_read_again(known: KnownAgents, database: CountedDatabase) -> None:
    alice = await learn(known)
    assert await known.by_id("ALICE") is alice
    assert await known.by_name("red", "alice") is alice
    assert database.asked == 1


async def test_names_are_byte_exact_and_of_one_team(known: KnownAgents) -> None:
    await learn(known)
    assert await known.by_name("red", "Alice") is None
    assert await known.by_name("blue", "alice") is None


async def test_nobody_is_known_before_changes_are_told(database: CountedDatabase) -> None:
    known = KnownAgents(database)
    await learn(known)
    async with database.write() as tx:
        await tx.execute("UPDATE agents SET role = 'qa'")
    assert (await learn(known)).role == "qa"


async def test_a_call_is_noted_without_reading_the_agent_again(
    known: KnownAgents, database: CountedDatabase, clock: FakeClock
) -> None:
    before = await learn(known)
    clock.advance(180)
    async with database.write() as tx:
        await store.touch(tx, "ALICE")
    after = await learn(known)
    assert after.last_seen_at - before.last_seen_at == timedelta(minutes=3)
    assert database.asked == 1
    assert after == await store.by_id(database, "ALICE")


@pytest.mark.parametrize("look_up", [lambda known: known.by_id("ALICE"), lambda known: known.by_name("red", "alice")])
async def test_an_agent_is_as_another_program_has_left_it(
    look_up: Callable[[KnownAgents], Awaitable[Agent]], known: KnownAgents, database: CountedDatabase
) -> None:
    await learn(known)
    with closing(sqlite3.connect(database.path)) as outside, outside:
        outside.execute("UPDATE agents SET role = 'qa'")
    assert (await look_up(known)).role == "qa"


async def test_an_agent_is_as_another_program_has_left_it_while_the_writer_works(
    known: KnownAgents, database: CountedDatabase
) -> None:
    await learn(known)
    async with database.write() as tx:
        with closing(sqlite3.connect(database.path)) as outside, outside:
            outside.execute("UPDATE agents SET role = 'qa'")
        assert (await learn(known)).role == "qa"
        await store.touch(tx, "ALICE")
    assert (await learn(known)).role == "qa"


async def test_a_team_is_as_another_program_has_left_it(known: KnownAgents, database: CountedDatabase) -> None:
    await learn(known)
    with closing(sqlite3.connect(database.path)) as outside, outside:
        outside.execute("UPDATE agents SET role = 'qa'")
    assert [agent.role for agent in await known.of_team("red")] == ["qa", "qa"]
    asked = database.asked
    async with database.write() as tx:
        await store.touch(tx, "ALICE")
    await known.of_team("red")
    assert database.asked == asked, "the coordinator's own commits are told by triggers"


async def test_a_team_is_as_another_program_has_left_it_while_the_writer_works(
    known: KnownAgents, database: CountedDatabase
) -> None:
    await known.of_team("red")
    async with database.write() as tx:
        with closing(sqlite3.connect(database.path)) as outside, outside:
            outside.execute("UPDATE agents SET role = 'qa'")
        assert [agent.role for agent in await known.of_team("red")] == ["qa", "qa"]
        await store.touch(tx, "ALICE")


async def test_a_team_is_as_another_program_has_left_it_while_groups_are_committed(
    known: KnownAgents, database: CountedDatabase
) -> None:
    async def touched() -> None:
        while True:
            await database.transact(partial(store.touch, agent_id="ALICE"))

    def renamed(role: str) -> None:
        with closing(sqlite3.connect(database.path, timeout=5)) as outside, outside:
            outside.execute("UPDATE agents SET role = ?", (role,))

    touching = asyncio.create_task(touched())
    try:
        for number in range(20):
            await known.of_team("red")
            await asyncio.to_thread(renamed, role := f"tester {number}")
            assert [agent.role for agent in await known.of_team("red")] == [role, role]
    finally:
        touching.cancel()
        with suppress(asyncio.CancelledError):
            await touching


async def test_a_look_up_waits_for_a_commit_without_holding_up_others(
    known: KnownAgents, database: CountedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, stored, may_return = await learn(known), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slowly(connection: sqlite3.Connection, statements: Sequence[Statement], files: DatabaseFiles) -> list[Row]:
        answer = carried_out(connection, statements, files)
        loop.call_soon_threadsafe(stored.set)
        may_return.wait(PATIENCE)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(writer, "carried_out", slowly)
        committing = asyncio.create_task(database.transact(partial(store.touch, agent_id="BOB")))
        await stored.wait()
        patched.setattr(OutsideChanges, "note", lambda self: pytest.fail("it would wait at the connection"))
        looking, before = asyncio.create_task(known.by_id("ALICE")), database.asked
        await asyncio.sleep(0)
        assert not looking.done()
    may_return.set()
    await committing
    assert await looking == alice
    assert database.asked == before


COLUMNS = ("role", "client", "model", "tmux_pane_id", "claude_ui_pid", "delivery_kind", "host_session", "name", "team")


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_change_of_any_column_is_seen_once_it_is_committed(
    column: str, known: KnownAgents, database: CountedDatabase
) -> None:
    before = await learn(known)
    async with database.write() as tx:
        value = "codex" if column == "client" else "7"
        await tx.fetch_all(f"UPDATE agents SET {column} = ? WHERE agent_id = 'ALICE'", (value,))
        assert await known.by_id("ALICE") == before
    after = await known.by_id("ALICE")
    assert after == await store.by_id(database, "ALICE") != before


async def test_one_that_is_renamed_is_found_by_its_new_name_alone(
    known: KnownAgents, database: CountedDatabase
) -> None:
    await learn(known)
    async with database.write() as tx:
        await tx.execute("UPDATE agents SET name = 'alicia' WHERE agent_id = 'ALICE'")
    assert await known.by_name("red", "alice") is None
    assert await known.by_name("red", "alicia") is not None


async def test_one_that_has_left_is_known_no_more(known: KnownAgents, database: CountedDatabase) -> None:
    alice = await learn(known)
    async with database.write() as tx:
        await store.depart(tx, alice)
    assert await known.by_id("ALICE") is None
    assert await known.by_name("red", "alice") is None


async def test_what_was_rolled_back_has_not_happened(known: KnownAgents, database: CountedDatabase) -> None:
    before = await learn(known)
    with suppress(RuntimeError):
        async with database.write() as tx:
            await tx.fetch_all("UPDATE agents SET role = 'qa'")
            raise RuntimeError
    async with database.write() as tx:
        await store.touch(tx, "BOB")
    assert await known.by_id("ALICE") is before


async def test_what_was_read_before_a_change_is_not_remembered_after_it(
    known: KnownAgents, database: CountedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, changed = asyncio.Event(), asyncio.Event()
    by_id = store.by_id

    async def slowly(reader: Database, agent_id: str) -> Agent | None:
        found = await by_id(reader, agent_id)
        read.set()
        await changed.wait()
        return found

    monkeypatch.setattr(store, "by_id", slowly)
    reading = asyncio.create_task(known.by_id("ALICE"))
    await read.wait()
    async with database.write() as tx:
        await tx.execute("UPDATE agents SET role = 'qa'")
    changed.set()
    old = await reading
    assert old is not None
    assert old.role == "dev"
    assert (await learn(known)).role == "qa"


async def names(known: KnownAgents, team: str = "red") -> list[str]:
    return [agent.name for agent in await known.of_team(team)]


async def test_a_team_is_read_once_and_knows_of_each_call(
    known: KnownAgents, database: CountedDatabase, clock: FakeClock
) -> None:
    assert await names(known) == ["alice", "bob"]
    clock.advance(180)
    async with database.write() as tx:
        await store.touch(tx, "ALICE")
    alice, _ = await known.of_team("red")
    assert alice.last_seen_at == clock.now()
    assert await learn(known) is alice
    assert database.asked == 1


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("DELETE FROM agents WHERE name = 'bob'", ["alice"]),
        ("UPDATE agents SET team = 'blue' WHERE name = 'alice'", ["bob"]),
        (
            "INSERT INTO agents (agent_id, team, role, name, registered_at, last_seen_at) "
            "SELECT 'EVE', team, role, 'eve', registered_at, last_seen_at FROM agents LIMIT 1",
            ["alice", "bob", "eve"],
        ),
    ],
)
async def test_a_team_is_as_of_the_last_commit(
    change: str, after: list[str], known: KnownAgents, database: CountedDatabase
) -> None:
    before = await names(known)
    async with database.write() as tx:
        await tx.fetch_all(change)
        assert await names(known) == before
    assert await names(known) == after


async def test_a_call_that_comes_while_its_agent_is_read_is_not_forgotten(
    known: KnownAgents, database: CountedDatabase, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = store.of_team

    async def slow(reader: Database, team: str) -> tuple[Agent, ...]:
        agents = await read(reader, team)
        clock.advance(180)
        async with database.write() as tx:
            await store.touch(tx, "ALICE")
        return agents

    monkeypatch.setattr(store, "of_team", slow)
    await known.of_team("red")
    assert (await learn(known)).last_seen_at == clock.now()
