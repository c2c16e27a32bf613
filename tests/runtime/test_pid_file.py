"""The pid file: one coordinator a home, found by whoever looks, never mistaken for another program."""

import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import AlreadyRunning, PidRecord

HOLD = """
import os, sys
from pathlib import Path
from xats_tui.runtime import pid_file
path = Path(sys.argv[1])
with pid_file.held(path):
    pid_file.write(path, pid_file.PidRecord(pid=os.getpid(), port=9100))
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_what_is_written_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "daemon.pid"
    record = PidRecord(pid=1, port=9101, started_at="2026-11-22T14:25:02.875Z", version="0.1.0", screen=True)
    with pid_file.held(path):
        pid_file.write(path, record)
        assert pid_file.read(path) == record
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert pid_file.read(path) is None


def test_a_second_coordinator_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with holder(path) as first:
        assert pid_file.is_running(path)
        refused = pytest.raises(AlreadyRunning, match=rf"^daemon already running pid={first.pid}$")
        with refused, pid_file.held(path):
            pytest.fail("both hold the same pid file")
        first.communicate()
    assert not pid_file.is_running(path)


def test_a_killed_coordinator_does_not_run_although_its_pid_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with holder(path) as process:
        process.kill()
    record = pid_file.read(path)
    assert record is not None
    assert record.pid == process.pid
    assert pid_file.running(path) is None
    with pid_file.held(path):
        assert pid_file.is_running(path)
        assert pid_file.read(path) is None, "the next one does not pass for the one that was killed"


def test_the_pid_of_another_living_program_is_no_coordinator(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    path.write_text(f'{{"pid": {os.getpid()}, "port": 9100}}')
    assert not pid_file.is_running(path)
    assert pid_file.running(path) is None


def test_a_foreign_pid_beside_a_running_coordinator_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with holder(path) as coordinator:
        assert pid_file.running(path) == PidRecord(pid=coordinator.pid, port=9100)
        assert pid_file.contradiction(path) == ""
        pid_file.write(path, PidRecord(pid=os.getpid(), port=9100))
        assert pid_file.running(path) is None
        assert f"names process {os.getpid()}, but the running coordinator is {coordinator.pid}" in (
            pid_file.contradiction(path)
        )
        coordinator.communicate()
    assert pid_file.contradiction(path) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "{}", '{"pid": "1", "port": 2}', '{"pid": 1}', "\udcff"])
def test_a_pid_file_that_is_not_one_of_ours_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "daemon.pid"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert pid_file.read(path) is None


def test_a_record_of_the_reference_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    path.write_text('{"pid": 12, "port": 9102, "unknown": true}')
    record = pid_file.read(path)
    assert record is not None
    assert (record.pid, record.url) == (12, "http://127.0.0.1:9102/mcp")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1/mcp"),
        ("::1", "http://[::1]:1/mcp"),
        ("0.0.0.0", "http://127.0.0.1:1/mcp"),
        ("::", "http://[::1]:1/mcp"),
    ],
)
def test_the_endpoint_can_be_connected_to(host: str, url: str) -> None:
    assert pid_file.endpoint(host, 1) == url


def test_somebody_who_only_looks_does_not_keep_a_coordinator_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with (tmp_path / "daemon.pid.lock").open("w") as onlooker:
        fcntl.flock(onlooker, fcntl.LOCK_SH)
        leaving = threading.Timer(0.05, fcntl.flock, (onlooker, fcntl.LOCK_UN))
        leaving.start()
        with pid_file.held(path):
            leaving.join()
            assert pid_file.is_running(path)


def test_of_many_that_would_start_a_coordinator_one_may(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    assert pid_file.starter(path) is None
    with pid_file.starting(path) as first, pid_file.starting(path) as second:
        assert (first, second) == (True, False)
        assert pid_file.starter(path) == os.getpid()
    assert pid_file.starter(path) is None
    with pid_file.starting(path) as third:
        assert third
