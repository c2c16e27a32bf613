"""A system that lets a process open few files: the limit is raised where it can be, and told where it cannot."""

import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.processes import XATS, clean_environment
from tests.mcp_bridge.host import bridge
from tests.screens.looking import slow
from xats_tui.backend.api.connection_limits import most_connections
from xats_tui.backend.system import open_files
from xats_tui.core.errors import StartError

PROGRAM = shlex.join(XATS)

TOO_LOW = "xats-tui: this process may have {} files open at once, and a coordinator needs 128: allow more: `ulimit -n"


def started(limits: str, *arguments: str, wrapper: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a shell that sets limits first."""
    line = f"{limits}; exec {wrapper} {PROGRAM} {shlex.join(arguments)}"
    return subprocess.run(
        ["sh", "-c", line],
        env=clean_environment() | {"TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("files", [64, slow(32), slow(127)])
def test_a_limit_that_is_too_low_is_one_sentence_and_nothing_is_left(tmp_path: Path, files: int) -> None:
    run = started(f"ulimit -n {files}", "daemon", "--home", str(tmp_path), "--port", "0")

    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(TOO_LOW.format(files)) and run.stderr.count("\n") == 1
    assert not (tmp_path / "data.db").exists()


@pytest.mark.slow
def test_the_dashboard_says_the_same_sentence(tmp_path: Path) -> None:
    wrapper = f"{sys.executable} -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'"

    run = started("ulimit -n 64", "--home", str(tmp_path), "--port", "0", wrapper=wrapper)

    assert run.returncode == 1
    assert TOO_LOW.format(64) in run.stdout and "Traceback" not in run.stdout


@pytest.mark.slow
async def test_an_agent_hears_why_no_coordinator_could_be_started(tmp_path: Path) -> None:
    async with bridge(tmp_path, "--port", "0", wrapper=("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")) as host:
        await host.shake_hands()
        assert "a coordinator needs 128" in str(await host.request("tools/call", name="whoami", arguments={}))


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limits of a system that is played: soft and hard, as `resource` takes and gives them."""
    now = [256, 4096]

    def put(_: int, wanted: tuple[int, int]) -> None:
        if wanted[1] != now[1] or (now[1] == resource.RLIM_INFINITY and wanted[0] > open_files.MAX_FILES_ON_MACOS):
            raise ValueError("current limit exceeds maximum limit")
        now[:] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: (now[0], now[1]))
    monkeypatch.setattr(resource, "setrlimit", put)
    return now


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (256, 4096, 4096),
        (64, 2000, 2000),
        (1024, 2**30, 2**20),
        (256, resource.RLIM_INFINITY, 10_240),
        (2**21, 2**21, 2**21),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, resource.RLIM_INFINITY),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_goes(limits: list[int], soft: int, hard: int, after: int) -> None:
    limits[:] = soft, hard

    assert open_files.raise_limit() == ""

    assert limits == [after, hard]


def test_few_files_are_told_with_what_they_are_enough_for(limits: list[int]) -> None:
    limits[:] = 64, 256

    told = open_files.raise_limit()

    assert told.startswith("256 at once, enough for some 42 agents: allow more: `ulimit -n 4096`")
    limits[:] = 64, 127
    with pytest.raises(StartError):
        open_files.raise_limit()


@pytest.mark.parametrize(("files", "connections"), [(128, 64), (256, 128), (1024, 824), (20_000, 4000)])
def test_connections_leave_files_for_everything_else(limits: list[int], files: int, connections: int) -> None:
    limits[:] = files, files

    assert most_connections() == connections
