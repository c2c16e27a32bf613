"""`xats-tui pre-register-codex-pane`: JSON and an exit code for everything that a launcher may meet."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.operating import completed
from tests.commands.processes import daemon, xats
from xats_tui.runtime import pid_file

PANE = ("pre-register-codex-pane", "--pane", "%7", "--agent-id", "0aa0b2b0-0000-4000-8000-000000000001")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a coordinator that runs and wants a token."""
    folder = tmp_path_factory.mktemp("home")
    with daemon(folder, "--token", "hush"):
        yield folder


def told(run: subprocess.CompletedProcess[str], code: int) -> dict[str, object]:
    """Return the JSON on stderr of a failed run, after checking that it printed nothing else."""
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    said: dict[str, object] = json.loads(run.stderr)
    return said


def test_the_pane_is_announced_and_the_answer_printed(home: Path) -> None:
    server = str(home / f"tmux-{os.getuid()}" / "work")  # where this coordinator's tmux has its sockets
    run = xats(*PANE, "--ttl", "60", "--home", str(home), "--token", "hush", TMUX=f"{server},1,0")

    assert (run.returncode, run.stderr) == (0, "")
    answer = json.loads(run.stdout)
    assert answer.keys() == {"ok", "expires_at"} and answer["ok"] is True
    with closing(sqlite3.connect(home / "data.db")) as database:
        rows = database.execute("SELECT pane_id, tmux_socket, expires_at FROM codex_pane_pre_registrations").fetchall()
    assert rows == [("%7", server, answer["expires_at"])]


def test_the_coordinator_is_found_as_the_launchers_of_old_expect(home: Path) -> None:
    record = pid_file.read(home / "daemon.pid")
    assert record is not None
    environment = {"CROSS_AGENT_TEAMS_MCP_TOKEN": "hush", "CROSS_AGENT_TEAMS_MCP_HOST": "127.0.0.1"}
    by_file = completed(*PANE, "--pid-file", str(home / "daemon.pid"), **environment)
    by_port = completed(*PANE, "--port", str(record.port), "--home", str(home / "nowhere"), **environment)

    assert (by_file.returncode, by_port.returncode) == (0, 0), by_file.stderr + by_port.stderr


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("arguments", [PANE[:1], PANE[:3], (PANE[0], *PANE[3:])])
def test_what_is_missing_is_told_by_the_usage(arguments: tuple[str, ...]) -> None:
    run = completed(*arguments)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("usage: ") and "--pane" in run.stderr and "--agent-id" in run.stderr


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("ttl", ["0", "-5", "soon", "1.5", ""])
def test_a_bad_ttl_is_told(home: Path, ttl: str) -> None:
    run = completed(*PANE, "--ttl", ttl, "--home", str(home), "--token", "hush")

    assert told(run, 2) == {"ok": False, "error": "invalid_ttl"}


def test_no_port_is_told(tmp_path: Path) -> None:
    said = told(completed(*PANE, "--home", str(tmp_path)), 1)

    assert said["ok"] is False and said["error"] == "daemon_port_unresolved" and said["detail"]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("token", ["hush", "wrong"])
def test_no_connection_is_told(home: Path, token: str) -> None:
    where = ("--port", "1") if token == "hush" else ()
    said = told(completed(*PANE, *where, "--home", str(home), "--token", token), 1)

    assert said["ok"] is False and said["error"] == "cli_failed" and said["detail"]


@pytest.mark.slow
def test_a_refusal_of_the_tool_is_told_in_its_words(home: Path) -> None:
    run = completed(PANE[0], "--pane", "7", *PANE[3:], "--home", str(home), "--token", "hush")

    assert "pane_id" in str(told(run, 1)["raw"])
