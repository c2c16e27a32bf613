"""The command line: what a newcomer reads, and one sentence and an exit code for everything that is wrong."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.operating import completed
from tests.commands.processes import UNCOUNTED, XATS, clean_environment, xats
from tests.patience import PATIENCE
from xats_tui import __version__
from xats_tui.runtime import pid_file


def assert_refused(run: subprocess.CompletedProcess[str], code: int, sentence: str) -> None:
    assert (run.returncode, run.stdout) == (code, "")
    assert run.stderr.startswith(f"xats-tui: {sentence}")
    assert run.stderr.count("\n") == 1


def test_help_tells_a_newcomer_what_the_program_and_each_command_is_for() -> None:
    for arguments in (["--help"], ["daemon", "--help"], ["mcp", "--help"], ["config", "--help"]):
        run = completed(*arguments)
        assert run.returncode == 0
        assert "--port N" in run.stdout
        assert all(ord(character) < 128 for character in run.stdout)
    assert "Without a command, it opens the dashboard" in completed("--help").stdout


def test_the_version_is_told() -> None:
    run = xats("--version")
    assert (run.returncode, run.stdout) == (0, f"xats-tui {__version__}\n")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "arguments",
    [["--nope"], ["nope"], ["daemon", "--nope"], ["config", "more"], ["--port"], ["--takeover", "daemon"]],
)
def test_a_wrong_command_line_is_told_in_one_sentence(arguments: list[str]) -> None:
    run = completed(*arguments)
    assert_refused(run, 2, "")
    assert run.stderr.endswith("; see `xats-tui --help`\n")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "arguments", [["--port", "abc", "daemon"], ["daemon", "--port", "abc"], ["mcp", "--port", "abc"]]
)
def test_a_bad_value_is_told_wherever_the_flag_stands(tmp_path: Path, arguments: list[str]) -> None:
    assert_refused(xats(*arguments, "--home", str(tmp_path)), 1, "port must be a number from 0 to 65535, not 'abc'")


def test_a_home_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_refused(xats("daemon", "--home", str(tmp_path / "file")), 1, "the log file ")


def test_the_dashboard_without_a_terminal_names_the_command_that_needs_none(tmp_path: Path) -> None:
    assert_refused(xats("--home", str(tmp_path)), 1, "the dashboard needs a terminal; `xats-tui daemon` runs")


def test_config_shows_every_value_with_its_source_but_not_the_token(tmp_path: Path) -> None:
    run = completed("config", "--home", str(tmp_path), "--token", "hush", "--json", XATS_PORT="9333")
    shown = json.loads(run.stdout)
    assert shown["port"] == {"value": 9333, "source": "environment XATS_PORT"}
    assert shown["db"] == {"value": str(tmp_path / "data.db"), "source": "default"}
    table = completed("config", "--home", str(tmp_path), "--token", "hush", XATS_PORT="9333").stdout
    assert "environment XATS_PORT" in table
    assert "hush" not in run.stdout + table


def test_a_flag_after_the_command_comes_before_the_same_flag_before_it(tmp_path: Path) -> None:
    run = completed("--port", "1001", "--home", str(tmp_path), "config", "--port", "1002", "--json")
    shown = json.loads(run.stdout)
    assert (shown["port"]["value"], shown["home"]["value"]) == (1002, str(tmp_path))


def test_looking_at_the_settings_leaves_no_trace(tmp_path: Path) -> None:
    assert completed("config", "--home", str(tmp_path / "home")).returncode == 0
    assert not (tmp_path / "home").exists()


IMPORTED = """
import sys
from xats_tui.__main__ import main
sys.argv = ["xats-tui", *sys.argv[1:]]
code = main()
print(*(name for name in sys.modules if "." not in name), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--version"], {"textual", "rich", "aiosqlite", "libtmux", "mcp", "uvicorn", "httpx2", "asyncio"}),
        (["config"], {"textual", "rich", "aiosqlite", "libtmux", "mcp", "uvicorn", "httpx2", "asyncio"}),
        (["mcp"], {"textual", "rich", "aiosqlite", "libtmux", "mcp", "uvicorn", "starlette"}),
    ],
)
def test_a_command_imports_only_what_it_needs(tmp_path: Path, arguments: list[str], unwanted: set[str]) -> None:
    with pid_file.held(tmp_path / "daemon.pid"):  # so that the bridge starts no coordinator
        run = subprocess.run(
            [sys.executable, "-c", IMPORTED, *arguments, "--home", str(tmp_path)],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    imported = set(run.stderr.split())
    assert "xats_tui" in imported
    assert not imported & unwanted


@pytest.mark.parametrize(
    "delay", [0.06, 0.15, *(pytest.param(late, marks=pytest.mark.slow) for late in (0.1, 0.2, 0.3))]
)
def test_an_interrupt_while_the_program_is_still_imported_prints_no_traceback(tmp_path: Path, delay: float) -> None:
    with subprocess.Popen(
        [*XATS, "daemon", "--home", str(tmp_path), "--port", "0"],
        env=clean_environment() | UNCOUNTED,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a worker of pytest-xdist ignores it
    ) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=PATIENCE)
    if b"/xats_tui/" in complaint or not complaint:  # else Python had not come to us yet, and says so in its own way
        assert complaint == b""
        assert process.returncode in (-signal.SIGINT, 130, 0)
