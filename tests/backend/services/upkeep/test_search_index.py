"""The search index follows what is stored, and goes on after a batch that the database refused."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.backend.store.search.library import Library
from tests.fakes import Published, SkippingClock
from tests.patience import PATIENCE
from xats_tui.backend.services.upkeep.search_index import SearchIndex
from xats_tui.backend.store.search.indexing import Indexer, percent
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.events import HistoryPruned


@asynccontextmanager
async def running(index: SearchIndex) -> AsyncIterator[None]:
    task = asyncio.create_task(index.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def filled(database: Database) -> None:
    """Wait until the index has every message."""
    async with asyncio.timeout(PATIENCE):
        while await database.read(percent) < 100:
            await asyncio.sleep(0.01)


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with Database.opened(tmp_path / "data.db", SkippingClock(), Published()) as database:
        yield Library(database)


async def test_what_is_stored_before_and_after_its_start_is_indexed(library: Library) -> None:
    await library.hay(500)
    index = SearchIndex(library.database, SkippingClock())
    async with running(index):
        await filled(library.database)
        await library.hay(500)
        index.hear(HistoryPruned())
        await filled(library.database)
    await library.fill()

    await library.check()


async def test_a_batch_that_the_database_refuses_is_tried_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await library.hay(500)
    take, tries = Indexer.take_batch, list[int]()

    def refused_at_first(indexer: Indexer, connection: sqlite3.Connection, most: int = 200) -> bool:
        tries.append(1)
        has_more = take(indexer, connection, most)
        if len(tries) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        return has_more

    monkeypatch.setattr(Indexer, "take_batch", refused_at_first)
    async with running(SearchIndex(library.database, SkippingClock())):
        await filled(library.database)
    await library.fill()

    await library.check()
    assert await library.database.fetch_one("SELECT 1 FROM search_words WHERE word = 'hay'") is not None
