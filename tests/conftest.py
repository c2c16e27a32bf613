"""Common fixtures: settings with their own home, a running coordinator, clients, a tmux server."""

import gc
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession
from mcp_types import CallToolResult

from tests.mcp_caller import Caller, callers
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql import database
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.core.clock import to_wire
from xats_tui.runtime.settings import Settings

Connect = Callable[..., Awaitable[Caller]]
"""`await connect()` is a client of the `backend` fixture; `await connect(url=…)` of another coordinator."""

Sql = Callable[..., list[tuple[Any, ...]]]

PutTmux = Callable[[str], None]

QUIET_MS = 150
"""Quiet time of a pane: long enough to be observed, short enough to wait for."""


JOURNEYS = Path(__file__).parent
"""Its tests, those beside this file, take long and mostly wait: at the end of a run nothing is left to fill that."""

SHARING = (
    "tests/wire/",
    "tests/bad_input/",
    "tests/commands/test_launch.py",
    "tests/commands/test_operator_commands.py",
    "tests/commands/test_pre_register_codex_pane.py",
    "tests/test_packaging.py",
)
"""Test files that share a process with a slow start: a single worker runs them all and starts it once."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for reference cycles seldom, and never in what stays: that took a quarter of a screen test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, keep together what shares a process, leave further variants to the long run."""
    items.sort(key=lambda item: item.path.parent != JOURNEYS)
    begun: set[str] = set()
    for item in items:
        for place in SHARING:
            if item.nodeid.startswith(place):
                item.add_marker(pytest.mark.xdist_group(place))
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("first_variant_quick") and test in begun:
            item.add_marker(pytest.mark.slow)
        if not item.get_closest_marker("slow"):  # else no variant would be quick
            begun.add(test)


@pytest.fixture(scope="session", autouse=True)
def new_databases_are_copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have a new database be a copy of an empty one: making it step by step is most of a coordinator's start."""
    empty = tmp_path_factory.mktemp("empty") / "data.db"
    prepare(empty, datetime.now(UTC))

    def prepare_copy(path: Path, now: datetime) -> None:
        with suppress(OSError):  # left to `prepare`, which has a sentence for it
            if not path.stat().st_size:
                shutil.copyfile(empty, path)
                with closing(sqlite3.connect(path)) as connection, connection:
                    connection.execute("UPDATE moments SET at = ?", (to_wire(now),))
        prepare(path, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "prepare", prepare_copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_client_lists_the_tools_unasked() -> Iterator[None]:
    """The SDK's client lists them before its first answer, for output schemas, which no tool has (`test_kit.py`)."""

    async def valid(session: ClientSession, name: str, result: CallToolResult) -> None:
        del session, name, result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientSession, "validate_tool_result", valid)
        yield


@pytest.fixture(autouse=True)
def own_tmux_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test finds the tmux server of whoever runs it."""
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("TMUX_PANE", raising=False)
    with short_folder() as folder:
        monkeypatch.setenv("TMUX_TMPDIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def own_claude_folder(monkeypatch: pytest.MonkeyPatch, own_tmux_folder: Path) -> Path:
    """No test sees the Claude Codes of whoever runs it."""
    folder = own_tmux_folder / "claude"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def tmux(own_tmux_folder: Path) -> Iterator[TmuxServer]:
    """A tmux server that the coordinator of this test finds as its default one."""
    with tmux_server(own_tmux_folder) as server:
        yield server


@pytest.fixture
def put_tmux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PutTmux:
    """Has whatever is started find this shell script as its tmux; `$REAL` is the true one."""
    real = shutil.which("tmux")
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(script: str) -> None:
        program = folder / "tmux"
        program.write_text(f"#!/bin/sh\nREAL={real}\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of their own, any free port, and short waits."""
    return Settings(home=tmp_path / "home", port=0, quiet_ms=QUIET_MS)


@pytest.fixture
async def backend(settings: Settings) -> AsyncIterator[Coordinator]:
    """A running coordinator."""
    async with Coordinator.running(settings) as running:
        yield running


@pytest.fixture
async def connect(backend: Coordinator) -> AsyncIterator[Connect]:
    """Connects clients of the MCP SDK to the coordinator."""
    async with callers() as connect_to:

        async def connect(url: str | None = None, mode: str = "legacy") -> Caller:
            caller: Caller = await connect_to(url or url_of(backend), mode)
            return caller

        yield connect


@pytest.fixture
async def caller(connect: Connect) -> Caller:
    """A client that has not registered."""
    return await connect()


@pytest.fixture
def register(connect: Connect) -> Connect:
    """Connects a client and registers it: `await register("bob", team="red")`."""

    async def register(name: str, **fields: object) -> Caller:
        caller = await connect()
        answer = await caller.register(name, **fields)
        assert "agent_id" in answer, answer
        return caller

    return register


@pytest.fixture
def sql(settings: Settings) -> Sql:
    """Reads and changes the database behind the coordinator's back: `sql("SELECT …", parameter)`."""

    def run(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(settings.db_path, timeout=5)) as connection, connection:
            return connection.execute(statement, parameters).fetchall()

    return run


def url_of(backend: Coordinator) -> str:
    """Its MCP endpoint."""
    return f"http://127.0.0.1:{backend.port}/mcp"
