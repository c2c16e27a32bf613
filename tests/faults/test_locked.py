"""A database that another program holds: calls wait for so long and no longer, and everything goes on afterwards."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.conftest import url_of
from tests.mcp_caller import callers
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql import database, migrations
from xats_tui.core.errors import StartError
from xats_tui.runtime.settings import Settings

PATIENCE_MS = 250

REFUSED = "the database is locked by another program; try again, or stop that program"


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of what a coordinator has."""
    assert database.BUSY_TIMEOUT_MS == migrations.TIMEOUT_MS == 20 * PATIENCE_MS
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", PATIENCE_MS)
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS[:-1], f"PRAGMA busy_timeout={PATIENCE_MS}"))
    monkeypatch.setattr(migrations, "TIMEOUT_MS", PATIENCE_MS)


@contextmanager
def locked(path: Path, mode: str = "NORMAL") -> Iterator[None]:
    """Another program holds the database; in the mode EXCLUSIVE nobody can read it either."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"PRAGMA locking_mode={mode}")
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.slow
async def test_those_who_wait_together_are_refused_together_and_go_on_afterwards(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, callers() as connect:
        agents = [await connect(url_of(backend)) for _ in range(6)]
        for number, agent in enumerate(agents):
            await agent.register(f"agent-{number}")
        with locked(settings.db_path):
            started = time.monotonic()
            answers = await asyncio.gather(*(agent.call("task_add", title="lost") for agent in agents))
            waited = time.monotonic() - started
            assert {answer["error"] for answer in answers} == {"storage_unavailable"}
            assert {answer["detail"][: len(REFUSED)] for answer in answers} == {REFUSED}
            assert PATIENCE_MS / 1000 <= waited < len(agents) * PATIENCE_MS / 1000
            await eventually(lambda: [trouble.subject for trouble in backend.notices.troubles] == ["database"])
        answers = await asyncio.gather(*(agent.call("task_add", title="kept") for agent in agents))
        assert all("task_id" in answer for answer in answers)
        assert len((await agents[0].call("task_list"))["tasks"]) == len(agents)
        await eventually(lambda: backend.notices.troubles == ())


@pytest.mark.slow
async def test_who_asks_while_it_is_locked_waits_as_long_as_the_first(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, callers() as connect:
        alice = await connect(url_of(backend))
        await alice.register("alice")
        with locked(settings.db_path):
            assert (await alice.call("task_add", title="lost"))["error"] == "storage_unavailable"
            waiting = asyncio.create_task(alice.call("task_add", title="kept"))
            await asyncio.wait({waiting}, timeout=PATIENCE_MS / 1000 / 2)
            assert not waiting.done()
        assert "task_id" in await waiting


@pytest.mark.slow
async def test_at_the_start_it_is_one_sentence(settings: Settings) -> None:
    async with Coordinator.running(settings):
        pass
    with (
        locked(settings.db_path, "EXCLUSIVE"),
        pytest.raises(StartError, match=r"data\.db is locked by another program: stop that one"),
    ):
        async with Coordinator.running(settings):
            pass
    async with Coordinator.running(settings):
        pass
