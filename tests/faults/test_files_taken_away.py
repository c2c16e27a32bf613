"""A coordinator whose files are removed, replaced or overwritten: what it acknowledges is kept, or it refuses."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import XATS, clean_environment, daemon, end, kill, xats
from tests.conftest import url_of
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.writer import COMMIT, Statement
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Settings

Take = Callable[[Path], None]


def remove(*names: str) -> Take:
    """Remove files of a home."""

    def take(home: Path) -> None:
        for name in names:
            (home / name).unlink()

    return take


def replace(name: str) -> Take:
    """Put a copy in the place of a file, as a sync tool does."""

    def take(home: Path) -> None:
        shutil.copy(home / name, home / "copy")
        (home / "copy").replace(home / name)

    return take


def move(name: str) -> Take:
    """Give a file another name."""

    def take(home: Path) -> None:
        (home / name).rename(home / "moved")

    return take


def move_home(home: Path) -> None:
    home.rename(home.with_name("moved"))


def remove_home(home: Path) -> None:
    shutil.rmtree(home)


def move_and_link(home: Path) -> None:
    """Move the database to another disk, and put a link in its place."""
    elsewhere = home.with_name("elsewhere")
    elsewhere.mkdir()
    (home / "data.db").rename(elsewhere / "data.db")
    (home / "data.db").symlink_to(elsewhere / "data.db")


def cut(name: str) -> Take:
    """Empty a file that stays the same file."""
    return lambda home: os.truncate(home / name, 0)


def overwrite(home: Path) -> None:
    """Write an older state into the database that stays the same file, as `cp` does when a backup is brought back."""
    shutil.copyfile(home / "older", home / "data.db")


WAYS: dict[str, Take] = {
    "home removed": remove_home,
    "log removed": remove("data.db-wal", "data.db-shm"),
    "database removed": remove("data.db", "data.db-wal", "data.db-shm"),
    "only the database removed": remove("data.db"),
    "only the log removed": remove("data.db-wal"),
    "index removed": remove("data.db-shm"),
    "database moved": move("data.db"),
    "database moved and linked to": move_and_link,
    "log moved": move("data.db-wal"),
    "database replaced": replace("data.db"),
    "log replaced": replace("data.db-wal"),
    "home moved": move_home,
}

DESTRUCTIVE: dict[str, Take] = {
    "log cut off": cut("data.db-wal"),
    "database cut off": cut("data.db"),
    "database overwritten": overwrite,
}
"""Nothing brings back what was in the file."""


@asynccontextmanager
async def two_agents(url: str) -> AsyncIterator[tuple[Caller, Caller]]:
    async with callers() as connect:
        alice, bob = await connect(url), await connect(url)
        await alice.register("alice")
        await bob.register("bob")
        yield alice, bob


async def send(caller: Caller, body: str) -> dict[str, Any]:
    answer: dict[str, Any] = await caller.call("send_message", to_agent_name="bob", body=body, auto_poke=False)
    return answer


async def fill(caller: Caller) -> None:
    """Have so much written that SQLite merges its log into the database."""
    for number in range(12):
        schema = {"title": f"{number}", "description": os.urandom(60_000).hex()}
        assert "version" in await caller.call("register_contract", name=f"c{number}", schema=schema)


async def bodies(url: str) -> list[str]:
    async with callers() as connect:
        bob = await connect(url)
        await bob.register("bob")
        return [message["body"] for message in (await bob.call("get_inbox", since_event_id=0))["messages"]]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("take", WAYS.values(), ids=list(WAYS))
async def test_the_very_next_message_is_refused_in_one_sentence(settings: Settings, take: Take) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, bob):
        assert "message_id" in await send(alice, "before")
        take(settings.home)

        refused = await send(alice, "after")

        assert refused["error"] == "storage_unavailable"
        assert str(settings.home) in refused["detail"]
        assert "nothing more is stored: stop the coordinator" in refused["detail"]
        assert (await bob.call("echo", msg="there"))["msg"] == "there"
        await eventually(lambda: backend.notices.troubles != ())
        assert (await backend.operator.health()).unstored == refused["detail"]


@pytest.mark.parametrize("take", DESTRUCTIVE.values(), ids=list(DESTRUCTIVE))
async def test_a_file_that_is_overwritten_in_its_place_is_noticed(settings: Settings, take: Take) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, _):
        with closing(sqlite3.connect(settings.db_path)) as database:
            database.execute("VACUUM INTO ?", [str(settings.home / "older")])
        await fill(alice)
        assert "message_id" in await send(alice, "before")
        async with backend._database._turn:  # what happens in the middle of a write counts as part of it
            take(settings.home)

        assert (await send(alice, "after"))["error"] == "storage_unavailable"
        await eventually(lambda: any("is damaged, so nothing" in trouble.text for trouble in backend.notices.troubles))
        assert (settings.home / "data.db-wal").exists()


async def test_a_log_that_is_cut_off_in_the_middle_of_a_write_is_noticed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, _):
        await fill(alice)
        answer = writer._answer

        def cut_off(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[sqlite3.Row]:
            try:
                return answer(connection, statements)
            finally:
                if COMMIT in statements:
                    cut("data.db-wal")(settings.home)

        with monkeypatch.context() as patched:
            patched.setattr(writer, "_answer", cut_off)
            assert "message_id" in await send(alice, "before")

        assert (await send(alice, "after"))["error"] == "storage_unavailable"


async def test_an_older_state_is_noticed_when_the_log_had_been_merged(settings: Settings) -> None:
    """The database is valid then, and lacks what was stored last."""
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, _):
        with closing(sqlite3.connect(settings.db_path)) as database:
            database.execute("VACUUM INTO ?", [str(settings.home / "older")])
            await fill(alice)
            assert "message_id" in await send(alice, "before")
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        assert "message_id" in await send(alice, "also before")
        with closing(sqlite3.connect(settings.db_path)) as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        async with backend._database._turn:
            overwrite(settings.home)

        assert (await send(alice, "after"))["error"] == "storage_unavailable"
        await eventually(lambda: any("is damaged, so nothing" in trouble.text for trouble in backend.notices.troubles))


async def test_a_lost_log_is_not_merged_into_an_overwritten_database(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, _):
        with closing(sqlite3.connect(settings.db_path)) as database:
            database.execute("VACUUM INTO ?", [str(settings.home / "older")])
        assert "message_id" in await send(alice, "before")
        overwrite(settings.home)
        remove("data.db-wal")(settings.home)  # as SQLite does where a program opens the file while it is empty

        assert (await send(alice, "after"))["error"] == "storage_unavailable"
        await eventually(lambda: backend.notices.troubles != ())
        assert (settings.home / "data.db").read_bytes() == (settings.home / "older").read_bytes()


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("name", ["data.db", "data.db-wal", "data.db-shm", ""])
async def test_a_file_that_is_put_back_is_gone_on_with(settings: Settings, name: str) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, bob):
        file = settings.home / name
        file.rename(settings.home.parent / "away")
        assert (await send(alice, "lost"))["error"] == "storage_unavailable"
        await eventually(lambda: backend.notices.troubles != ())
        (settings.home.parent / "away").rename(file)

        async def is_taken() -> bool:
            return "message_id" in await send(alice, "after")

        async with asyncio.timeout(PATIENCE):
            while not await is_taken():
                await asyncio.sleep(0.05)
        assert (await backend.operator.health()).unstored == ""
        assert {message["body"] for message in (await bob.call("get_inbox"))["messages"]} == {"after"}
    with closing(sqlite3.connect(settings.db_path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_what_another_program_commits_is_no_trouble(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, two_agents(url_of(backend)) as (alice, _):
        with closing(sqlite3.connect(settings.db_path)) as database:
            database.execute("UPDATE agents SET model = ?", ["x" * 2_000_000])
            database.commit()
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")

        assert "message_id" in await send(alice, "after")


@pytest.mark.slow
@pytest.mark.parametrize("take", WAYS.values(), ids=list(WAYS))
async def test_what_was_stored_is_there_after_a_stop_and_a_start(tmp_path: Path, take: Take) -> None:
    home = tmp_path / "home"
    with daemon(home) as (process, port):
        async with two_agents(f"http://127.0.0.1:{port}/mcp") as (alice, _):
            assert "message_id" in await send(alice, "before")
            take(home)
            assert (await send(alice, "after"))["error"] == "storage_unavailable"
        end(process)
    found = list(home.glob("data.db.saved-*")) or [home / "data.db"]
    with daemon(home, "--db", str(found[0])) as (_, port):
        assert await bodies(f"http://127.0.0.1:{port}/mcp") == ["before"]


async def test_a_log_that_was_removed_is_merged_at_once_so_that_a_kill_loses_nothing(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        async with two_agents(f"http://127.0.0.1:{port}/mcp") as (alice, _):
            assert "message_id" in await send(alice, "before")
            remove("data.db-wal", "data.db-shm")(tmp_path)
            await eventually(lambda: "NOT STORED" in xats("status", XATS_HOME=str(tmp_path)).stdout)
        kill(process)
    with daemon(tmp_path) as (_, port):
        assert await bodies(f"http://127.0.0.1:{port}/mcp") == ["before"]


@pytest.mark.slow
async def test_status_says_it_first_and_save_writes_what_there_is(tmp_path: Path) -> None:
    with daemon(tmp_path) as (_, port):
        async with two_agents(f"http://127.0.0.1:{port}/mcp") as (alice, _):
            assert "message_id" in await send(alice, "before")
            replace("data.db")(tmp_path)
            await eventually(lambda: "NOT STORED" in xats("status", XATS_HOME=str(tmp_path)).stdout)

            status = xats("status", XATS_HOME=str(tmp_path)).stdout
            saved = xats("save", str(tmp_path / "saved.db"), XATS_HOME=str(tmp_path))
            again = xats("save", str(tmp_path / "saved.db"), XATS_HOME=str(tmp_path))

    assert status.split()[:2] == ["NOT", "STORED"]
    assert "was replaced by another file" in status
    assert (saved.returncode, again.returncode) == (0, 1)
    assert "--db" in saved.stdout
    assert "File exists" in again.stderr
    with closing(sqlite3.connect(tmp_path / "saved.db")) as database:
        assert database.execute("SELECT body FROM messages").fetchall() == [("before",)]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert (tmp_path / "saved.db").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".saved.db*"))


@pytest.mark.slow
async def test_pid_file_and_lock_that_were_removed_are_put_back(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        record = pid_file.running(tmp_path / "daemon.pid")
        for name in ("daemon.pid", "daemon.pid.lock"):
            (tmp_path / name).unlink()
        await eventually(lambda: pid_file.running(tmp_path / "daemon.pid") == record)
        (tmp_path / "daemon.pid").write_text('{"pid": 1, "port": 1}')
        await eventually(lambda: pid_file.running(tmp_path / "daemon.pid") == record)

        second = xats("daemon", "--port", "0", XATS_HOME=str(tmp_path))

        assert (second.returncode, second.stderr) == (1, f"xats-tui: daemon already running pid={process.pid}\n")
        assert port


@pytest.mark.slow
async def test_no_second_coordinator_starts_where_the_home_was_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(home) as (process, _):
        shutil.rmtree(home)
        second = xats("daemon", "--port", "0", XATS_HOME=str(home))

    assert second.returncode == 1
    already = f"daemon already running pid={process.pid}"  # if the first has taken the new folder's lock by then
    assert already in second.stderr or f"(pid {process.pid}) still runs, but its files were removed" in second.stderr


NAMES = {
    "a hard link": lambda folder: _hard_link(folder / "hard.db", folder / "shared.db"),
    "the same name": lambda folder: folder / "shared.db",
    "a link": lambda folder: _linked(folder / "link.db", folder / "shared.db"),
    "a folder that is a link": lambda folder: _linked(folder / "folder", folder) / "shared.db",
    "a relative path": lambda folder: Path(os.path.relpath(folder / "shared.db")),
    "a path with dots": lambda folder: folder / "home" / ".." / "shared.db",
}


def _linked(link: Path, target: Path) -> Path:
    link.symlink_to(target)
    return link


def _hard_link(link: Path, target: Path) -> Path:
    link.hardlink_to(target)
    return link


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_second_coordinator_of_one_database_is_refused_by_whatever_name_it_comes(
    tmp_path: Path, name: Callable[[Path], Path]
) -> None:
    with daemon(tmp_path / "home", "--db", str(tmp_path / "shared.db")) as (process, _):
        command = ("daemon", "--home", str(tmp_path / "other"), "--port", "0", "--db", str(name(tmp_path)))
        second = subprocess.run(
            [*XATS, *command], env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    assert second.returncode == 1
    assert f"is in use by another coordinator (pid {process.pid}: " in second.stderr
    assert "Traceback" not in second.stderr
