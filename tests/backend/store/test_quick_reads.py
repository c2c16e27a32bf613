"""Reads on the event loop: as of the last commit, and never long."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock, Published
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Parameters, Row
from xats_tui.core.errors import StoreError

ADD_TASK = (
    "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 't', 'x', 'pending', '[]', '')"
)
COUNT = "SELECT count(*) AS n FROM tasks"
COUNT_FAR = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i) AS n FROM n"


class CountedDatabase(Database):
    """Counts what is read on its threads."""

    asked = 0

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        self.asked += 1
        return await super().fetch_all(sql, parameters)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[CountedDatabase]:
    async with CountedDatabase.opened(tmp_path / "data.db", FakeClock(), Published()) as opened:
        assert isinstance(opened, CountedDatabase)
        yield opened


async def number(database: Database, sql: str, *parameters: int) -> int:
    row = await database.quick.fetch_one(sql, parameters)
    assert row is not None
    return int(row["n"])


async def test_a_short_read_takes_no_thread_and_sees_what_was_committed(database: CountedDatabase) -> None:
    async with database.write() as tx:
        await tx.fetch_all(ADD_TASK, ("one",))
        assert await number(database, COUNT) == 0
    assert await number(database, COUNT) == 1
    assert database.asked == 0


async def test_a_long_read_is_finished_on_a_thread(database: CountedDatabase) -> None:
    assert await number(database, COUNT_FAR, 20_000) == 20_000
    assert database.asked == 1
    assert await number(database, COUNT_FAR, 10) == 10
    assert database.asked == 1


async def test_it_cannot_write(database: CountedDatabase) -> None:
    with pytest.raises(StoreError, match="readonly"):
        await database.quick.fetch_all(ADD_TASK, ("one",))
