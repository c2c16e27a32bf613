"""Takeover by a dashboard: only a process that is proved to be a coordinator is stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.processes import daemon
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui import __version__
from xats_tui.core.errors import StartError
from xats_tui.dashboard.takeover import TIMEOUTS, Timeouts, taken
from xats_tui.dashboard.terminal import window_of
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded, load

INCUMBENT = """
import json, os, signal, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xats_tui.runtime import pid_file

path, fields = Path(sys.argv[1]), json.loads(sys.argv[2])
if fields.pop("deaf"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"ok": True, "version": fields["version"]}).encode())

    def log_message(self, *_):
        pass

with pid_file.held(path), HTTPServer(("127.0.0.1", 0), Health) as server:
    pid_file.write(path, pid_file.PidRecord(pid=os.getpid(), port=server.server_port, **fields))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@contextmanager
def incumbent(home: Path, *, deaf: bool = False, version: str = __version__, **fields: object) -> Iterator[PidRecord]:
    """A process that passes for a coordinator; `deaf` to SIGTERM if need be."""
    path = home / "daemon.pid"
    arguments = json.dumps({"deaf": deaf, "version": version, **fields})
    process = subprocess.Popen(
        [sys.executable, "-c", INCUMBENT, str(path), arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline()
        record = pid_file.read(path)
        assert record is not None
        yield record
        process.kill()


def lives(pid: int) -> bool:
    """Return whether the process is running, rather than a zombie."""
    return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()


def refusal(home: Path, *, also_a_dashboard: bool = False, timeouts: Timeouts = TIMEOUTS) -> str:
    """The sentence with which the place is not given."""
    place = taken(loaded(home), also_a_dashboard=also_a_dashboard, timeouts=timeouts)
    with pytest.raises(StartError) as refused, place:
        pytest.fail("the place was given")
    return str(refused.value)


def loaded(home: Path, **flags: object) -> Loaded:
    return load({"home": home, **flags}, {})


def test_an_empty_place_is_taken_without_a_word(tmp_path: Path) -> None:
    with taken(loaded(tmp_path), also_a_dashboard=False) as place:
        assert (place.loaded.settings.port, place.note) == (9100, "")
        assert pid_file.starter(tmp_path / "daemon.pid") == os.getpid(), "no bridge starts another meanwhile"


def test_a_killed_coordinators_pid_file_stands_in_nobodys_way(tmp_path: Path) -> None:
    pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=os.getpid(), port=4711, version=__version__))
    with taken(loaded(tmp_path), also_a_dashboard=False) as place:
        assert place.loaded.settings.port == 9100


@pytest.mark.slow
def test_a_coordinator_without_a_screen_makes_room_and_leaves_its_port(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port), taken(loaded(tmp_path), also_a_dashboard=False) as place:
        assert process.wait(PATIENCE) == 0
        assert place.loaded.settings.port == port
        assert f"took over from the coordinator without a dashboard that ran here (pid {process.pid})" in place.note


@pytest.mark.slow
def test_a_port_that_the_command_line_names_counts_for_more(tmp_path: Path) -> None:
    with daemon(tmp_path), taken(loaded(tmp_path, port=9333), also_a_dashboard=False) as place:
        assert place.loaded.settings.port == 9333


def test_a_dashboard_keeps_its_place_and_is_named(tmp_path: Path) -> None:
    terminal, started_at = "tmux pane %3, /dev/pts/7", "2026-01-02T10:00:00.000Z"
    with incumbent(tmp_path, screen=True, terminal=terminal, started_at=started_at) as record:
        sentence = refusal(tmp_path)
        assert lives(record.pid)
    assert (
        f"a dashboard of this home is already running: pid {record.pid}, port {record.port}, in tmux pane %3"
        in sentence
    )
    assert ", since 2026-01-0" in sentence
    assert "--takeover" in sentence


@pytest.mark.tmux
def test_the_window_of_a_running_dashboard_is_named_with_its_session(tmux: TmuxServer) -> None:
    pane = tmux.new_pane(["sleep", "60"])
    tmux.run("rename-session", "-t", pane.pane_id, "work")
    tmux.run("rename-window", "-t", pane.pane_id, "xats")
    (tty,) = tmux.formats(pane.pane_id, "pane_tty")
    (window,) = tmux.formats(pane.pane_id, "window_index")
    assert window_of(tty) == f"session work, window {window} (xats)"
    assert window_of("/dev/pts/none") == ""


def test_a_dashboard_makes_room_if_that_was_asked_for(tmp_path: Path) -> None:
    with incumbent(tmp_path, screen=True) as record, taken(loaded(tmp_path), also_a_dashboard=True) as place:
        assert "took over from the dashboard" in place.note
        assert place.loaded.settings.port == record.port


def test_a_process_that_the_pid_file_names_wrongly_is_left_alone(tmp_path: Path) -> None:
    with incumbent(tmp_path) as record, subprocess.Popen(["sleep", "60"]) as bystander:
        pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=bystander.pid, port=record.port, version=__version__))
        sentence = refusal(tmp_path, timeouts=Timeouts(record_s=0.2))
        assert bystander.poll() is None
        assert lives(record.pid)
        bystander.kill()
    assert f"names process {bystander.pid}, but the running coordinator is {record.pid}" in sentence


def test_what_does_not_answer_as_the_coordinator_is_left_alone(tmp_path: Path) -> None:
    with incumbent(tmp_path) as record, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=record.pid, port=port, version=__version__))
        sentence = refusal(tmp_path)
        assert lives(record.pid)
    assert f"does not answer at port {port}" in sentence
    assert f"kill -9 {record.pid}" in sentence


def test_one_that_does_not_stop_is_told(tmp_path: Path) -> None:
    with incumbent(tmp_path, deaf=True) as record:
        sentence = refusal(tmp_path, timeouts=Timeouts(stop_s=0.3))
    assert sentence == f"the coordinator with pid {record.pid} does not stop: end it with `kill {record.pid}`"


def test_one_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with incumbent(tmp_path, version="99.0.0") as record:
        sentence = refusal(tmp_path, also_a_dashboard=True)
        assert lives(record.pid)
    assert f"is version 99.0.0, newer than this one ({__version__})" in sentence


def test_one_of_an_older_version_makes_room_and_its_version_is_told(tmp_path: Path) -> None:
    with incumbent(tmp_path, version="0.0.1"), taken(loaded(tmp_path), also_a_dashboard=False) as place:
        assert "version 0.0.1" in place.note


def test_while_another_program_starts_a_coordinator_nobody_else_does(tmp_path: Path) -> None:
    with pid_file.starting(tmp_path / "daemon.pid"):
        assert (
            refusal(tmp_path, timeouts=Timeouts(turn_s=0.1))
            == f"pid {os.getpid()} is already starting a coordinator for this home: try again"
        )


def test_one_that_ended_by_itself_has_made_room(tmp_path: Path) -> None:
    with incumbent(tmp_path) as record:
        os.kill(record.pid, signal.SIGKILL)
        with taken(loaded(tmp_path), also_a_dashboard=False):
            assert not pid_file.is_running(tmp_path / "daemon.pid")
