"""Access to the files at home: only for their owner, and the token is written nowhere."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.backend.api.plain_http import INITIALIZE, JSON_OR_STREAM, call
from tests.commands.processes import daemon
from tests.patience import PATIENCE
from xats_tui.backend.store.sql.migrations import REFERENCE_TABLES
from xats_tui.runtime import private_files

TOKEN = "correct-horse-battery"


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """Return files in a folder that others could read or write, by name."""
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


@pytest.mark.slow
@pytest.mark.usefixtures("no_umask")
def test_w30_a_careless_umask_opens_nothing(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "down" / "home"
    with daemon(home, "--log-file", str(tmp_path / "logs" / "log"), "--db", str(tmp_path / "db" / "data.db")) as (
        _,
        port,
    ):
        assert httpx2.post(f"http://127.0.0.1:{port}/mcp", json=INITIALIZE, headers=JSON_OR_STREAM).status_code == 200
        assert {path.name for path in (tmp_path / "db").iterdir()} == {"data.db", "data.db-wal", "data.db-shm"}
        assert open_to_others(tmp_path) == {}


@pytest.mark.slow
def test_w30_a_home_and_a_database_that_others_can_read_are_closed_to_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with closing(sqlite3.connect(home / "data.db")) as reference:
        for statement in REFERENCE_TABLES:
            reference.execute(statement)
        reference.execute("PRAGMA journal_mode=WAL")
        reference.execute("INSERT INTO tasks VALUES ('t', 'red', 'x', '', 'pending', '[]', '', '', '', '', '')")
        reference.commit()
        (home / "xats-tui.log").touch(mode=0o644)
        for file in home.iterdir():
            file.chmod(0o644)
        with daemon(home):
            assert stat.S_IMODE(home.stat().st_mode) == 0o700
            assert open_to_others(home) == {}


def test_the_home_of_a_person_is_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = tmp_path / "person"
    person.mkdir()
    person.chmod(0o755)
    monkeypatch.setenv("HOME", str(person))
    private_files.make_home(person)

    assert stat.S_IMODE(person.stat().st_mode) == 0o755


@pytest.mark.parametrize("replace", [False, True])
def test_a_text_that_cannot_be_written_leaves_no_file(tmp_path: Path, replace: bool) -> None:
    with pytest.raises(UnicodeEncodeError):
        private_files.write(tmp_path / "wake.md", "half a character: \ud83d", replace=replace)

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    os.mkfifo(path)
    link = tmp_path / "link.md"
    link.symlink_to(path)
    for given in (path, link):
        with pytest.raises(OSError, match="not a regular file"):
            private_files.write(given, "text", replace=True)
        with pytest.raises(OSError, match="not a regular file"):
            private_files.write_pieces(given, ["text"], replace=True)

    assert path.is_fifo()
    assert sorted(tmp_path.iterdir()) == [link, path]


def test_the_token_and_the_mail_are_never_logged(tmp_path: Path) -> None:
    wrong = TOKEN + "-nearly"
    bearer = JSON_OR_STREAM | {"authorization": f"Bearer {TOKEN}"}
    with daemon(tmp_path, "--log-level", "DEBUG", "--token", TOKEN) as (_, port):
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", verify=False, timeout=PATIENCE) as http:
            session = {"mcp-session-id": http.post("/mcp", json=INITIALIZE, headers=bearer).headers["mcp-session-id"]}
            register = call("register_agent", client="custom", model="m", name="alice")
            letter = call("send_message", to_agent_name="alice", body="for-your-eyes-only")
            for message in (register, letter, call("get_inbox")):
                assert http.post("/mcp", json=message, headers=bearer | session).status_code == 200
            by_query = http.post(f"/mcp?token={TOKEN}", json=INITIALIZE, headers=JSON_OR_STREAM)
            refused = http.post(f"/mcp?token={wrong}", json=INITIALIZE, headers=JSON_OR_STREAM)
            assert (by_query.status_code, refused.status_code) == (200, 401)
        log = (tmp_path / "xats-tui.log").read_text()

    assert TOKEN not in log
    assert "for-your-eyes-only" not in log
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
