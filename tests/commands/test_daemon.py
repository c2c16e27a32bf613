"""The coordinator without a screen: how it starts, what keeps it from starting, how it ends."""

import json
import os
import platform
import signal
import socket
import sqlite3
import stat
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.commands.processes import XATS, clean_environment, daemon, end, xats
from tests.patience import PATIENCE
from xats_tui import __version__
from xats_tui.runtime import pid_file


def daemon_refuses(home: Path, *arguments: str) -> str:
    """The one sentence with which a daemon does not start."""
    run = xats("daemon", "--home", str(home), *arguments)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("xats-tui: ")
    assert run.stderr.count("\n") == 1
    return run.stderr.removeprefix("xats-tui: ").strip()


@pytest.mark.slow
def test_it_prints_where_it_listens_and_nothing_else(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE) as response:
            health = json.load(response)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.wait(PATIENCE) == 0
    assert (health["ok"], health["version"]) == (True, __version__)
    assert not (tmp_path / "daemon.pid").exists()


def reserved(pid: int) -> list[int]:
    """Return the ends of the address space that a process keeps for further arenas of glibc, 64 MB each."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    fields = [(line.split()[0].partition("-")[2], *line.split()[1:]) for line in maps]
    ends = [int(end, 16) for end, modes, _, _, inode, *name in fields if (modes, inode, name) == ("---p", "0", [])]
    return [end for end in ends if end % (64 << 20) == 0]


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other arenas")
def test_its_threads_allocate_from_one_arena(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, _):
        assert reserved(process.pid) == []


@pytest.mark.slow
def test_what_it_leaves_in_its_home_is_readable_by_the_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(home):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {"data.db", "daemon.pid", "xats-tui.log"} <= modes.keys()
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


@pytest.mark.slow
def test_a_second_one_of_the_same_home_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, _):
        assert daemon_refuses(tmp_path, "--port", "0") == f"daemon already running pid={process.pid}"
        assert pid_file.is_running(tmp_path / "daemon.pid")


@pytest.mark.slow
def test_a_killed_one_does_not_keep_the_next_from_starting(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        end(process)
    with daemon(tmp_path, port=port) as (_, again):
        assert again == port


def test_a_port_that_was_asked_for_and_is_taken_is_told_with_its_holder(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} on 127.0.0.1 is taken by pid {os.getpid()} " in daemon_refuses(
            tmp_path, "--port", str(port)
        )
    assert not (tmp_path / "daemon.pid").exists()


@pytest.mark.slow
def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "data.db").write_bytes(b"no database at all" * 100)
    assert "data.db" in daemon_refuses(tmp_path, "--port", "0")
    assert (tmp_path / "data.db").read_bytes() == b"no database at all" * 100


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "data.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    assert "newer" in daemon_refuses(tmp_path, "--port", "0")


@pytest.mark.slow
def test_a_database_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data.db").mkdir()
    assert "data.db" in daemon_refuses(tmp_path, "--port", "0")


@pytest.mark.slow
def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    assert "192.0.2.1" in daemon_refuses(tmp_path, "--host", "192.0.2.1", "--token", "s")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_a_client_that_keeps_its_stream_open(tmp_path: Path, number: signal.Signals) -> None:
    with daemon(tmp_path) as (process, _):
        bridge = subprocess.Popen(
            [*XATS, "mcp", "--home", str(tmp_path)],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with bridge:
            assert bridge.stdin is not None
            assert bridge.stdout is not None
            bridge.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n')
            bridge.stdin.flush()
            assert b'"tools"' in bridge.stdout.readline()
            process.send_signal(number)
            assert process.wait(PATIENCE) == 0
            bridge.stdin.close()


@pytest.mark.slow
def test_told_twice_it_ends_at_once(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, _):
        process.send_signal(signal.SIGSTOP)  # both are there when it looks
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        assert process.wait(PATIENCE) in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    with daemon(tmp_path):
        pass


@pytest.mark.slow
def test_an_heir_without_a_predecessor_says_so(tmp_path: Path) -> None:
    assert daemon_refuses(tmp_path, "--heir-fd", "77").startswith("descriptor 77 leads to no coordinator")
