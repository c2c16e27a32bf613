"""The change log: it names every column, sees every writer, and tells the past of old files, too."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.store import messages, tasks
from xats_tui.backend.store.messages import Outgoing
from xats_tui.backend.store.past import agent_states, moments
from xats_tui.backend.store.past.agent_states import LoggedState
from xats_tui.backend.store.past.reader import PastReader
from xats_tui.backend.store.sql.change_log import TABLES, WAKE_COLUMNS, WAKE_IDENTITY
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.migrations import MIGRATIONS, prepare
from xats_tui.backend.store.upkeep import retention
from xats_tui.backend.store.upkeep.salvage import salvage
from xats_tui.core.errors import Refusal, StoreError
from xats_tui.core.model.activity import Moment
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace

NOW = FakeClock().now()

NOT_SHOWN = {"agents": {"last_processed_event_id", "channel_session_id"}}
"""Columns of the reference that this program neither reads nor writes."""


async def add(database: Database, task_id: str) -> Moment:
    """Put a task on the board; return the moment after it."""
    async with database.write() as tx:
        await tasks.add(tx, tasks.NewTask(id=task_id, team="t", title=task_id, description=None, depends_on=()))
    return await now(database)


async def now(database: Database) -> Moment:
    found = await moments.newest(database)
    assert found is not None
    return found


async def board(past: Past, moment: Moment) -> dict[str, str]:
    return {entry.task.id: entry.task.status.value for entry in await past.tasks(moment, 10)}


def test_an_entry_has_every_column_of_its_table(tmp_path: Path) -> None:
    prepare(tmp_path / "data.db", FakeClock().now())
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        for one in TABLES:
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({one.table})")}
            assert set(one.columns) == columns - NOT_SHOWN.get(one.table, set())
        wakes = {row[1] for row in connection.execute("PRAGMA table_info(message_delivery_status)")}
        assert {*WAKE_COLUMNS, *WAKE_IDENTITY} == wakes


async def test_what_another_program_changes_is_logged_too(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:
        past, before = Past(database), await add(database, "one")
        with closing(sqlite3.connect(database.path)) as other:
            other.execute("UPDATE tasks SET status = 'completed'")
            other.commit()
        await add(database, "two")
        assert await board(past, before) == {"one": "pending"}
        assert await board(past, await now(database)) == {"one": "completed", "two": "pending"}
        await past.close()


async def test_a_step_passes_over_changes_of_agents_states(tmp_path: Path) -> None:
    state = LoggedState(agent_id="A", state=PaneState.IDLE, reason="", since=NOW, source="", online=True)
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:
        past, begun = Past(database), await now(database)
        first = await add(database, "one")
        for each in (PaneState.BUSY, PaneState.IDLE, PaneState.DIALOG):
            async with database.write() as tx:
                await agent_states.keep(tx, [replace(state, state=each)])
        quiet, last = await now(database), await add(database, "two")
        assert quiet.number == first.number + 3

        back = [await past.step(last, -1), await past.step(quiet, -1)]
        on = [await past.step(begun, 1), await past.step(first, 1), await past.step(last, 1)]

        assert back == [quiet, begun]
        assert on == [first, last, None]
        assert await past.step(begun, -1) is None
        await past.close()


async def test_an_old_file_is_shown_as_it_was_when_its_log_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "data.db", FakeClock()
    module = "xats_tui.backend.store.sql.migrations"
    with monkeypatch.context() as patched:
        patched.setattr(f"{module}.MIGRATIONS", MIGRATIONS[:9])
        patched.setattr(f"{module}.LATEST", 9)
        prepare(path, clock.now())
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "INSERT INTO tasks (id, team, title, status, depends_on, created_at) "
                "VALUES ('old', 't', 'old', 'pending', '[]', '2026-01-01T00:00:00.000Z')"
            )
            connection.commit()
    async with Database.opened(path, clock, lambda events: None) as database:
        past, began = Past(database), await now(database)
        async with database.write() as tx:
            await tasks.complete(tx, "old", None)
        assert await board(past, began) == {"old": "pending"}
        with pytest.raises(Refusal, match="no_past"):
            await past.moment(began.at - timedelta(seconds=1))
        await past.close()


async def test_a_moment_is_found_by_its_time_even_if_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Database.opened(tmp_path / "data.db", clock, lambda events: None) as database:
        clock.advance(10)
        first = await add(database, "one")
        clock.advance(-5)
        await add(database, "two")
        clock.advance(60)
        last = await add(database, "three")
        for moment in (first, last):
            found = await moments.at(database, moment.at)
            assert found is not None and found.at == moment.at
        assert (await moments.at(database, last.at - timedelta(seconds=1))) != last


async def test_the_log_is_cut_off_at_its_old_end_and_tells_the_rest_as_before(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Database.opened(tmp_path / "data.db", clock, lambda events: None) as database:
        past, kept = Past(database), []
        for number in range(6):
            clock.advance(60)
            kept.append(await add(database, f"T{number}"))
            async with database.write() as tx:
                await tasks.complete(tx, f"T{number}", None)
        told = [await board(past, moment) for moment in kept[4:]]
        while True:
            async with database.write() as tx:
                if await retention.prune_changes(tx, kept[3].at, 2) < 2:
                    break
        first, _ = await past.span()
        assert first.at <= kept[3].at < kept[4].at
        assert first.number > kept[1].number
        await past.close()
        assert [await board(past, moment) for moment in kept[4:]] == told
        with pytest.raises(Refusal, match="no_past"):
            await board(past, kept[1])
        await past.close()


async def test_nothing_can_be_written_through_the_past(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:
        moment = await add(database, "one")
        past = PastReader(database.path)
        async with past.at(moment) as reader:
            with pytest.raises((StoreError, sqlite3.OperationalError)):
                await reader.fetch_all("DELETE FROM main.tasks")
        await past.close()


async def test_a_message_that_was_sent_later_is_not_there_yet(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:
        past, before = Past(database), await add(database, "one")
        async with database.write() as tx:
            letter = Outgoing(
                id="M",
                from_team="t",
                to_team="t",
                from_agent_id="A",
                recipients=("B",),
                to_role=None,
                subject=None,
                body="hello",
                need_reply=True,
            )
            await messages.add(tx, letter)
        assert await past.stream(before, 10) == ()
        assert [message.body for message in await past.stream(await now(database), 10)] == ["hello"]
        await past.close()


async def test_the_log_of_a_repaired_file_begins_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Database.opened(tmp_path / "data.db", clock, lambda events: None) as database:
        await add(database, "one")
        copy = await database.save(tmp_path / "copy.db")
    salvage(copy, tmp_path / "new.db", clock.now())
    async with Database.opened(tmp_path / "new.db", clock, lambda events: None) as database:
        past, repaired = Past(database), await add(database, "two")
        async with database.write() as tx:
            await tasks.complete(tx, "one", None)
        first, _ = await past.span()
        assert first == repaired
        assert await board(past, repaired) == {"one": "pending", "two": "pending"}
        await past.close()
