"""Files at home and in the folder of contracts, when somebody else has had a hand in them.

Modes of all files: tests/runtime/test_private_files.py.  Forged pid files: tests/runtime/test_pid_file.py.
"""

import asyncio
import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.processes import daemon, xats
from tests.conftest import Sql
from tests.patience import PATIENCE, eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import StartError
from xats_tui.core.records import replace
from xats_tui.dashboard import takeover
from xats_tui.runtime import pid_file, private_files
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Settings, load

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that belong to somebody else")

SOMEBODY = 65534
"""The user that is nobody."""


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


# The pid file


def test_nobody_is_killed_because_a_pid_file_names_it(tmp_path: Path, victim: subprocess.Popen[bytes]) -> None:
    pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=victim.pid, port=1, version="0.0.0"))

    with takeover.taken(load({"home": tmp_path}, {}), also_a_dashboard=True) as place:
        assert place.note == ""

    assert victim.poll() is None


@pytest.mark.parametrize("name", ["daemon.pid", "daemon.pid.new"])
def test_a_link_in_place_of_the_pid_file_leads_nowhere(name: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / name).symlink_to(precious)

    pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=1, port=1))

    assert precious.read_text() == "mine"
    assert not (tmp_path / "daemon.pid").is_symlink()


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "daemon.pid.lock").symlink_to(precious)

    with pytest.raises(OSError, match="symbolic links"), pid_file.held(tmp_path / "daemon.pid"):
        pytest.fail("it was followed")

    assert precious.read_text() == "mine"


# The home


@as_root
def test_a_home_that_belongs_to_somebody_else_is_not_used(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)

    with pytest.raises(PermissionError, match="belongs to another user"):
        private_files.make_home(tmp_path)


@as_root
async def test_a_database_that_belongs_to_somebody_else_is_not_used(settings: Settings) -> None:
    settings.home.mkdir()
    settings.db_path.touch()
    os.chown(settings.db_path, SOMEBODY, SOMEBODY)

    with pytest.raises(StartError):
        async with Coordinator.running(settings):
            pytest.fail("it was used")


@as_root
@pytest.mark.slow
def test_a_home_that_belongs_to_somebody_else_is_told_in_one_sentence(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)

    refused = xats("daemon", "--home", str(tmp_path), "--port", "0")

    assert refused.returncode in (1, 2), refused
    assert f"{tmp_path} belongs to another user" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o755])
def test_a_home_that_others_may_use_is_closed_also_behind_a_link(mode: int, tmp_path: Path) -> None:
    real, home = tmp_path / "real", tmp_path / "home"
    real.mkdir()
    real.chmod(mode)
    home.symlink_to(real)

    private_files.make_home(home)

    assert stat.S_IMODE(real.stat().st_mode) == 0o700


@pytest.mark.slow
def test_nothing_in_a_home_behind_a_link_is_open_to_others(tmp_path: Path) -> None:
    real, home = tmp_path / "real", tmp_path / "home"
    real.mkdir()
    (real / "data.db").touch()
    (real / "data.db").chmod(0o644)
    home.symlink_to(real)

    with daemon(home):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (real, *real.iterdir())}
        assert set(modes.values()) == {0}, modes


# The folder of contracts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of contracts."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    return folder


def a_pipe(path: Path) -> None:
    """Create a pipe, which would be read forever."""
    os.mkfifo(path)


def a_device(path: Path) -> None:
    """Create a link to an endless device."""
    path.symlink_to("/dev/zero")


def a_way_out(path: Path) -> None:
    """A file that the program may read and the writer of the folder may not."""
    secret = path.parent.parent / "secret.json"
    secret.write_text('{"title": "SECRET"}')
    path.symlink_to(secret)


def a_way_out_by_a_folder(path: Path) -> None:
    """The same, one floor up."""
    (path.parent.parent / "private").mkdir()
    (path.parent.parent / "private" / "x.schema.json").write_text('{"title": "SECRET"}')
    path.with_name("team").symlink_to(path.parent.parent / "private")


@pytest.mark.parametrize("put", [a_pipe, a_device, a_way_out, a_way_out_by_a_folder])
async def test_the_folder_of_contracts_leads_nowhere_else(
    put: Callable[[Path], None], settings: Settings, folder: Path, sql: Sql
) -> None:
    put(folder / "odd.schema.json")
    own = replace(settings, contracts=folder)
    async with asyncio.timeout(PATIENCE), Coordinator.running(own) as backend:
        (folder / "good.schema.json").write_text(json.dumps({"title": "good"}))
        await eventually(lambda: bool(sql("SELECT 1 FROM contracts WHERE name = 'good'")))
        assert sql("SELECT name FROM contracts") == [("good",)]
        await eventually(lambda: bool(backend.notices.troubles) or put is a_pipe)
