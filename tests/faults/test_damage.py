"""A database that is damaged is refused with the way out, and what can be read of it is saved."""

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import xats
from tests.conftest import Connect, Sql
from tests.faults.files import NOW, PAGE, Damage, add_message, cut_off, filled, overwritten, peppered, rows
from tests.patience import PATIENCE, eventually
from tests.screens.looking import slow
from tests.screens.sample.clock import NOW as FILLED_AT
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.upkeep.repair import repair
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import StartError, StoreError, StoreFault, UnusableStore
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.attention import concerns
from xats_tui.screens.data.refresh import Refresh
from xats_tui.screens.data.snapshot import Slice, Snapshot

MESSAGES = 2000

DAMAGES = (
    slow(overwritten(0, 100), MESSAGES, id="the first bytes"),
    slow(overwritten(0, PAGE), MESSAGES, id="the first page"),
    pytest.param(overwritten(0.5, 10 * PAGE), MESSAGES - 1200, id="ten pages in the middle"),
    slow(cut_off(0.5), MESSAGES // 4, id="its second half is missing"),
    slow(peppered(20), MESSAGES - 1200, id="twenty places"),
)
"""Damages, with the minimum number of messages that remain readable; a page holds up to sixty."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database with messages in it."""
    path = tmp_path_factory.mktemp("whole") / "data.db"
    filled(path, MESSAGES)
    return path.read_bytes()


@pytest.fixture
def path(settings: Settings) -> Path:
    """Return the path of the coordinator's database."""
    settings.home.mkdir(mode=0o700)
    return settings.db_path


@pytest.mark.parametrize(("damage", "readable"), DAMAGES)
async def test_it_is_refused_at_the_start_and_saved_by_the_repair(
    damage: Damage, readable: int, whole: bytes, path: Path, settings: Settings
) -> None:
    damaged = damage(whole)
    path.write_bytes(damaged)

    with pytest.raises(StartError, match=r"is damaged .*: `xats-tui repair --db .*data.db` saves"):
        async with Coordinator.running(settings):
            pass
    assert path.read_bytes() == damaged
    done = repair(path, NOW)

    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    saved = {table.table: table.saved for table in done.tables}
    assert readable <= saved["messages"] <= MESSAGES
    assert rows(path, "SELECT count(*) FROM messages") == [(saved["messages"],)]
    assert len(rows(path, "SELECT id FROM messages WHERE body = 'body of ' || id")) >= readable
    assert done.kept is not None
    assert done.kept.read_bytes() == damaged
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in path.parent.glob("data.db*")} == {0}
    async with Coordinator.running(settings) as backend:
        assert (await backend.operator.health()).troubles == ()


@pytest.mark.slow
def test_nothing_in_it_speaks_of_what_is_lost(whole: bytes, path: Path) -> None:
    path.write_bytes(cut_off(0.5)(whole))

    repair(path, NOW)

    assert rows(path, "SELECT * FROM messages WHERE event_id NOT IN (SELECT event_id FROM events)") == []
    lost = "SELECT * FROM message_delivery_status WHERE recipient_message_id NOT IN (SELECT id FROM messages)"
    assert rows(path, lost) == []


def test_a_number_that_was_given_is_not_given_again(path: Path) -> None:
    filled(path, 10)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM message_delivery_status")
        database.execute("DELETE FROM messages")
        database.execute("DELETE FROM events")
    path.write_bytes(overwritten(0, 100)(path.read_bytes()))
    repair(path, NOW)

    with closing(sqlite3.connect(path)) as database, database:
        number = database.execute(
            "INSERT INTO events (from_team, to_team, event_type, payload, created_at) "
            "VALUES ('red', 'red', 'x', '{}', '') RETURNING event_id"
        ).fetchone()
    assert number == (11,)


@pytest.mark.slow
def test_what_was_not_merged_yet_is_saved_too(whole: bytes, path: Path) -> None:
    path.write_bytes(whole)
    copied = path.with_name("copied.db")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        with database:
            add_message(database, MESSAGES + 1)
        copied.write_bytes(overwritten(0.5, PAGE)(path.read_bytes()))
        copied.with_name("copied.db-wal").write_bytes(path.with_name("data.db-wal").read_bytes())

    done = repair(copied, NOW)

    assert rows(copied, f"SELECT body FROM messages WHERE event_id = {MESSAGES + 1}") == [
        (f"body of m{MESSAGES + 1:06}",)
    ]
    assert done.kept is not None
    assert done.kept.with_name(f"{done.kept.name}-wal").exists()


@pytest.mark.slow
async def test_garbage_in_the_log_beside_it_harms_nothing(whole: bytes, path: Path, settings: Settings) -> None:
    path.write_bytes(whole)
    path.with_name("data.db-wal").write_bytes(overwritten(0, 5 * PAGE)(b""))

    async with Coordinator.running(settings):
        assert rows(path, "SELECT count(*) FROM messages") == [(MESSAGES,)]


@pytest.mark.parametrize(
    "content", [b"once upon a time " * 1000, b"SQLite format 3\0", b"\0" * 8192], ids=["text", "short", "empty"]
)
def test_what_cannot_be_read_at_all_is_left_as_it_is(content: bytes, path: Path) -> None:
    path.write_bytes(content)

    with pytest.raises(UnusableStore, match="nothing of it can be read; nothing was changed"):
        repair(path, NOW)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Another program has the database open."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode=WAL').fetchall(); "
        "c.execute('SELECT * FROM agents').fetchall(); print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield
        process.communicate()


@pytest.mark.slow
def test_one_that_is_in_use_is_not_repaired(whole: bytes, path: Path) -> None:
    path.write_bytes(whole)
    with in_use(path):
        path.write_bytes(overwritten(0.5, PAGE)(path.read_bytes()))
        with pytest.raises(UnusableStore, match="has it open: stop it first"):
            repair(path, NOW)
    assert not list(path.parent.glob("*.damaged-*"))


@pytest.mark.slow
def test_the_command_says_what_was_saved_and_leaves_alone_what_is_whole(whole: bytes, path: Path) -> None:
    path.write_bytes(overwritten(0, PAGE)(whole))
    told = xats("repair", "--db", str(path))
    again = xats("repair", "--json", "--db", str(path))

    assert (told.returncode, told.stderr) == (0, "")
    assert f"{path} was damaged: file is not a database\n" in told.stdout
    assert "  messages  2,000 saved: all\n" in told.stdout
    assert f"the damaged file is kept as {path}.damaged-" in told.stdout
    assert (again.returncode, json.loads(again.stdout)["complaint"]) == (0, "")


@pytest.mark.slow
def test_the_command_says_in_a_sentence_that_there_is_none(tmp_path: Path) -> None:
    run = xats("repair", "--home", str(tmp_path / "nowhere"))

    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "there is no database" in run.stderr


async def test_a_screen_that_cannot_be_reloaded_says_why() -> None:
    class Damaged(FixedSource):
        async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
            raise StoreError("the database is damaged; run `xats-tui repair`", StoreFault.DAMAGED)

    delivered: asyncio.Queue[Snapshot] = asyncio.Queue()
    reloading = asyncio.create_task(Refresh(Damaged(FILLED), SystemClock(), delivered.put_nowait).run())
    async with asyncio.timeout(PATIENCE):
        snapshot = await delivered.get()
    reloading.cancel()

    first = concerns(snapshot, FILLED_AT)[0]
    assert (first.subject, first.reason) == ("database", "the database is damaged; run `xats-tui repair`")


async def test_damage_that_is_met_while_it_runs_is_told_to_all_and_ends_nothing(
    backend: Coordinator, register: Connect, sql: Sql, settings: Settings
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await alice.call("send_message", to_agent_name="bob", body="x" * 50_000, auto_poke=False)
    sql("PRAGMA wal_checkpoint(TRUNCATE)")
    (root,) = sql("SELECT rootpage FROM sqlite_master WHERE name = 'messages'")
    with settings.db_path.open("r+b") as file:
        file.seek((root[0] - 1) * PAGE)
        file.write(b"\xff" * PAGE)

    answer = await bob.call("get_inbox")
    assert answer["error"] == "storage_unavailable"
    # The look at the files may notice it first, with a sentence of its own; both name the damage and a way out.
    assert "is damaged" in answer["detail"]
    assert "stop the coordinator" in answer["detail"]
    assert (await alice.call("echo", msg="still here"))["msg"] == "still here"
    await eventually(lambda: [trouble.subject for trouble in backend.notices.troubles] == ["database"])
