"""What was read once does not stay in memory."""

import _sqlite3
import asyncio
import ctypes
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.patience import eventually
from xats_tui.backend.services.upkeep import memory
from xats_tui.backend.store.sql.database import READ_CONNECTIONS, Database

ADD_TASK = "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 't', ?, 'pending', '[]', '')"
TASKS, TITLE = 500, "x" * 2000


def sqlite_bytes() -> int:
    """Return the memory that SQLite has, of all connections of this process."""
    try:
        used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    except (AttributeError, OSError):
        pytest.skip("this Python does not tell where its SQLite is")
    used.restype = ctypes.c_int64
    return int(used())


async def test_what_was_read_once_leaves_memory_and_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trims: list[str] = []
    monkeypatch.setattr(memory, "TIDY_INTERVAL_S", 0.0)
    monkeypatch.setattr(memory, "trim", lambda: trims.append("trim"))
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:

        async def read() -> int:
            return len(await database.fetch_all("SELECT title FROM tasks"))

        async with database.write() as tx:
            await tx.execute_many(ADD_TASK, [(str(number), TITLE) for number in range(TASKS)])
        await asyncio.gather(*(read() for _ in range(READ_CONNECTIONS)))
        await database.quick.fetch_all("SELECT title FROM tasks LIMIT 100")
        full = sqlite_bytes()
        releasing = asyncio.create_task(memory.release_regularly(database))
        try:
            await eventually(lambda: len(trims) > 1)
        finally:
            releasing.cancel()
            with suppress(asyncio.CancelledError):
                await releasing

        assert sqlite_bytes() < full - 2 * TASKS * len(TITLE)
        assert await read() == TASKS
