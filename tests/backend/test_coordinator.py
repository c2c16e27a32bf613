"""The coordinator as a whole: it starts or says why not, stops in time, and loses nothing in between."""

import asyncio
import os
import socket
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.backend.api.plain_http import browsing
from tests.conftest import url_of
from tests.mcp_caller import callers
from tests.patience import eventually
from xats_tui import __version__
from xats_tui.backend.api.listener import listen
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.upkeep import memory
from xats_tui.core.errors import StartError
from xats_tui.core.records import replace
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Settings, load


async def test_w6_it_stops_with_streams_open(settings: Settings) -> None:
    async with callers() as connect, Coordinator.running(settings) as backend:
        clients = [await connect(url_of(backend)) for _ in range(3)]
        for number, client in enumerate(clients):
            await client.register(f"agent-{number}")
    assert not settings.pid_path.exists()


async def test_a_call_under_way_gets_its_answer_when_it_stops(settings: Settings) -> None:
    async with callers() as connect:
        async with Coordinator.running(settings) as backend:
            alice = await connect(url_of(backend))
            await alice.register("alice")
            session = backend.sessions.of_agent(alice.agent_id)
            assert session is not None
            before = session.last_call_at
            lock = sqlite3.connect(settings.db_path)
            lock.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(alice.call("task_add", title="late"))
            await eventually(lambda: session.last_call_at != before)
            asyncio.get_running_loop().call_later(0.2, lock.close)
        assert "task_id" in await waiting


async def test_it_releases_memory_again_and_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[str] = []
    monkeypatch.setattr(memory, "TIDY_INTERVAL_S", 0.0)
    monkeypatch.setattr(memory, "trim", lambda: trims.append("trim"))
    async with Coordinator.running(settings):
        await eventually(lambda: len(trims) > 1)


async def test_the_pid_file_says_where_it_listens_and_goes_with_it(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend:
        record = pid_file.read(settings.pid_path)
        assert record is not None
        assert (record.port, record.version, record.screen) == (backend.port, __version__, False)
        assert stat.S_IMODE(settings.pid_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700

    assert not settings.pid_path.exists()


async def test_a_second_coordinator_of_a_home_is_refused_and_harms_nothing(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        with pytest.raises(StartError, match="already running pid="):
            async with Coordinator.running(settings):
                pass
        assert settings.pid_path.exists()
        assert (await http.get("/health")).status_code == 200


async def test_a_database_that_cannot_be_used_is_a_start_error_and_leaves_no_pid_file(settings: Settings) -> None:
    settings.home.mkdir()
    settings.db_path.write_bytes(b"not a database, but long enough to be looked at " * 50)

    with pytest.raises(StartError, match="not a database"):
        async with Coordinator.running(settings):
            pass
    assert not settings.pid_path.exists()


async def test_a_home_that_is_a_file_is_a_start_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    with pytest.raises(StartError, match="cannot use"):
        async with Coordinator.running(Settings(home=tmp_path / "home", port=0)):
            pass


@asynccontextmanager
async def three_ports_in_a_row() -> AsyncIterator[list[socket.socket]]:
    """Three neighbouring ports, all taken."""
    while True:
        taken = [listen("127.0.0.1", 0, asked_for=False)]
        first = taken[0].getsockname()[1]
        try:
            for port in (first + 1, first + 2):
                neighbour = socket.socket()
                taken.append(neighbour)
                neighbour.bind(("127.0.0.1", port))
                neighbour.listen()
        except OSError:
            for one in taken:
                one.close()
            continue
        try:
            yield taken
        finally:
            for one in taken:
                one.close()
        return


async def test_a_port_that_is_taken_gives_way_to_one_of_the_next_two(settings: Settings) -> None:
    async with three_ports_in_a_row() as taken:
        first = taken[0].getsockname()[1]
        taken[2].close()
        async with Coordinator.running(replace(settings, port=first)) as backend:
            assert backend.port == first + 2


async def test_when_all_three_are_taken_any_other_is_taken(settings: Settings) -> None:
    async with three_ports_in_a_row() as taken:
        first = taken[0].getsockname()[1]
        async with Coordinator.running(replace(settings, port=first)) as backend:
            assert backend.port not in range(first, first + 3)
            record = pid_file.running(settings.pid_path)
            assert record is not None
            assert record.port == backend.port


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
async def test_a_port_that_was_asked_for_is_that_one_or_none_and_its_holder_is_named(
    tmp_path: Path, source: str
) -> None:
    with listen("127.0.0.1", 0, asked_for=False) as taken:
        port = taken.getsockname()[1]
        if source == "file":
            (tmp_path / "config.toml").write_text(f"port = {port}\n")
        flags = {"home": str(tmp_path), "port": port if source == "flag" else None}
        loaded = load(flags, {"XATS_PORT": str(port)} if source == "environment" else {})
        sentence = rf"port {port} on 127.0.0.1 is taken by pid {os.getpid()} \(.*\): name another"
        with pytest.raises(StartError, match=sentence):
            async with Coordinator.running(loaded.settings, loaded=loaded):
                pass
    assert not loaded.settings.pid_path.exists()


def test_an_address_that_is_not_of_this_machine_is_refused_with_its_reason() -> None:
    with pytest.raises(StartError, match=r"on 192\.0\.2\.1 cannot be used \(Cannot assign requested address\)"):
        listen("192.0.2.1", 9100, asked_for=True)


async def test_everything_is_still_there_after_a_restart(settings: Settings) -> None:
    async with callers() as connect, Coordinator.running(settings) as backend:
        alice, bob = await connect(url_of(backend)), await connect(url_of(backend))
        for caller, name in ((alice, "alice"), (bob, "bob")):
            await caller.register(name)
        await alice.call("send_message", to_agent_name="bob", body="kept", auto_poke=False)
        await alice.call("task_add", title="kept")
        await alice.call("register_contract", name="api", schema={"title": "kept"})
    async with callers() as connect, Coordinator.running(settings) as backend:
        back = await connect(url_of(backend))
        assert (await back.register("bob"))["agent_id"] == bob.agent_id
        assert [message["body"] for message in (await back.call("get_inbox"))["messages"]] == ["kept"]
        assert [task["title"] for task in (await back.call("task_list"))["tasks"]] == ["kept"]
        assert (await back.call("get_contract", name="api"))["schema"] == {"title": "kept"}
