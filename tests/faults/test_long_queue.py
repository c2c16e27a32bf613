"""Thousands of wakes that are due at the start: calls are answered before the queue is through."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import url_of
from tests.faults.files import AT, NOW
from tests.mcp_caller import callers
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes import attempts
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.sql.transactions import Parameters, Row
from xats_tui.runtime.settings import Settings

LATER = "2099-01-01T12:00:00.000Z"

MANY = 1500


def queue_up(path: Path, agents: int, wakes: int) -> None:
    """A database with so many wakes that are due, spread over so many agents without a pane."""
    path.parent.mkdir(exist_ok=True)
    prepare(path, NOW)
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO agents (agent_id, team, role, name, registered_at, last_seen_at) "
            "VALUES (?, 'red', 'default', ?, ?, ?)",
            [(f"A{number}", f"ann{number}", AT, AT) for number in range(agents)],
        )
        database.executemany(
            "INSERT INTO events (event_id, from_team, to_team, event_type, payload, created_at) "
            "VALUES (?, 'red', 'red', 'message_sent', '{}', ?)",
            [(number, AT) for number in range(1, wakes + 1)],
        )
        database.executemany(
            "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, sent_at) "
            "VALUES (?, ?, 'red', 'red', 'B', ?, 'x', ?)",
            [(f"m{number}", number, f"A{number % agents}", AT) for number in range(1, wakes + 1)],
        )
        database.executemany(
            "INSERT INTO message_delivery_status "
            "(message_id, agent_id, wake_status, updated_at, recipient_message_id, due_at, expires_at) "
            "VALUES (?, ?, 'retrying', ?, ?, ?, ?)",
            [(f"m{number}", f"A{number % agents}", AT, f"m{number}", AT, LATER) for number in range(1, wakes + 1)],
        )


def untried(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (count,) = database.execute("SELECT count(*) FROM message_delivery_status WHERE attempts = 0").fetchone()
    return int(count)


@pytest.mark.slow
async def test_few_of_thousands_that_wait_go_before_a_call(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_up(settings.db_path, MANY, MANY)
    asked = 0
    fetch_all = Database.fetch_all

    async def counted(self: Database, sql: str, parameters: Parameters = ()) -> list[Row]:
        nonlocal asked
        asked += 1
        return await fetch_all(self, sql, parameters)

    monkeypatch.setattr(Database, "fetch_all", counted)
    async with Coordinator.running(settings) as backend, callers() as connect:
        caller = await connect(url_of(backend))
        before = asked
        await caller.register("caller")
        assert "messages" in await caller.call("get_inbox")

        assert asked - before < MANY
        assert untried(settings.db_path) > 0

        await eventually(lambda: untried(settings.db_path) == 0)


@pytest.mark.slow
async def test_thousands_that_wait_for_one_agent_are_written_down_between_calls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MAX_WAKES_AT_ONCE", 5)
    queue_up(settings.db_path, 1, MANY)
    async with Coordinator.running(settings) as coordinator, callers() as connect:
        caller = await connect(url_of(coordinator))
        await eventually(lambda: untried(settings.db_path) < MANY)
        await caller.register("caller")

        assert untried(settings.db_path) > 0

        await eventually(lambda: untried(settings.db_path) == 0)
