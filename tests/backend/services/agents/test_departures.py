"""Programs that end without a word, noticed by their processes: with real ones that are killed."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes import FakeClock, Notified, Published
from tests.patience import PATIENCE
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.services.agents.departures import Departures
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import sessions as sessions_store
from xats_tui.backend.store.agents import AgentRow
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Processes
from xats_tui.core.events import AgentChanged, SessionChanged
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.labels import CUSTOM


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def sessions(published: Published) -> McpSessions:
    return McpSessions(FakeClock(), published)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "data.db", FakeClock(), Published()) as opened:
        yield opened


@pytest.fixture
def departures(database: Database, sessions: McpSessions, published: Published) -> Departures:
    return Departures(database, sessions, Processes(), FakeClock(), published)


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def seen(process: subprocess.Popen[bytes]) -> SeenProcess:
    return SeenProcess(process.pid, psutil.Process(process.pid).create_time())


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(PATIENCE)


async def registered(database: Database, name: str, process: SeenProcess | None = None) -> str:
    """The id of an agent, with the process of its user interface."""
    pid, started_at = (process.pid, process.started_at) if process else (None, None)
    row = AgentRow(
        team="t",
        name=name,
        role="r",
        client=CUSTOM,
        client_name=None,
        model="m",
        ui_pid=pid,
        ui_started_at=started_at,
    )
    async with database.write() as tx:
        return (await agents_store.register(tx, row, name)).agent_id


async def test_a_caller_without_a_stream_has_left_when_its_process_is_killed(
    departures: Departures, sessions: McpSessions, program: subprocess.Popen[bytes]
) -> None:
    session = sessions.open("S", "script 1", Notified())
    session.last_call_at = FakeClock().now()
    sessions.identify(session, "A", process=seen(program))
    await departures.look()
    assert sessions.is_connected("A")

    end(program)
    await departures.look()
    assert not sessions.is_connected("A")


async def test_that_a_program_has_ended_is_told_to_whoever_shows_it(
    departures: Departures, database: Database, published: Published, program: subprocess.Popen[bytes]
) -> None:
    agent_id = await registered(database, "alice", seen(program))
    await departures.look()
    assert published.events == []

    end(program)
    for _ in range(2):
        await departures.look()
    assert published.events == [AgentChanged(agent_id=agent_id)]


async def test_after_a_restart_only_those_count_as_there_that_somebody_can_come_back_as(
    departures: Departures,
    database: Database,
    sessions: McpSessions,
    published: Published,
    program: subprocess.Popen[bytes],
) -> None:
    ids = [await registered(database, name) for name in ("living", "killed", "unknown", "ended")]
    peers = (seen(program), SeenProcess(2**22 + 1, 1.0), None)
    async with database.write() as tx:
        for agent_id, peer in zip(ids, peers, strict=False):
            await sessions_store.add(tx, f"of {agent_id}", {})
            await sessions_store.identify(tx, f"of {agent_id}", agent_id, (), peer, None)
    await departures.remember()

    assert [sessions.has_left(agent_id) for agent_id in ids] == [False, True, False, True]
    assert SessionChanged(session_id="S") not in published.events
