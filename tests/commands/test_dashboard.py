"""The dashboard's start: what it asks and what it refuses, in a terminal of its own."""

import fcntl
import os
import pty
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.processes import XATS, clean_environment, daemon
from xats_tui import pid_file

WAIT = 20.0
SIZE = (24, 80)


@dataclass(slots=True)
class Terminal:
    """A terminal in which the program runs, and what it has shown there so far."""

    pid: int
    descriptor: int
    shown: bytes = b""

    def read(self) -> bool:
        """Take what was shown since; False when nobody has the terminal open any more."""
        try:
            chunk = os.read(self.descriptor, 65536)
        except OSError:  # how Linux says it
            return False
        self.shown += chunk
        return chunk != b""

    def read_until(self, text: bytes) -> None:
        """Wait until the program has shown this."""
        deadline = time.monotonic() + WAIT
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self.read(), self.shown

    def answer(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.descriptor, keys)

    def ends_within(self, seconds: float) -> int | None:
        """The exit code; None if it has not ended by then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None

    def exit_code(self) -> int:
        """Wait for the end."""
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def dashboard(home: Path, *wrapper: str) -> Iterator[Terminal]:
    """`xats-tui` started by a person in this home, perhaps through a program that runs its arguments."""
    pid, descriptor = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a worker of pytest-xdist ignores it, and would pass that on
        environment = clean_environment() | {"TERM": "xterm-256color", "TMUX_TMPDIR": str(home)}
        command = [*wrapper, *XATS, "--home", str(home), "--port", "0"]
        os.execve(command[0], command, environment)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    try:
        yield Terminal(pid, descriptor)
    finally:
        os.close(descriptor)


@pytest.fixture
def headless(tmp_path: Path) -> Iterator[Path]:
    """A home whose pid file says that this process is a coordinator without a screen."""
    path = tmp_path / "daemon.pid"
    with pid_file.held(path):
        pid_file.write(path, pid_file.PidRecord(pid=os.getpid(), port=9100))
        yield tmp_path


def test_ctrl_c_at_the_question_is_an_interruption(headless: Path) -> None:
    with dashboard(headless) as terminal:
        terminal.read_until(b"[Y/n] ")
        terminal.answer(b"\x03")
        code = terminal.ends_within(2)
        if code is None:  # it came between Python's prompt and its read, which then waits for the next key
            terminal.answer(b"\x03")
            code = terminal.ends_within(WAIT)
        assert code == 130
    assert b"Traceback" not in terminal.shown


def test_a_coordinator_without_a_screen_is_left_alone_unless_the_operator_agrees(headless: Path) -> None:
    with dashboard(headless) as terminal:
        terminal.read_until(b"[Y/n] ")
        terminal.answer(b"n\n")
        assert terminal.exit_code() == 1
    assert f"xats-tui: daemon already running pid={os.getpid()}".encode() in terminal.shown


def test_a_coordinator_without_a_screen_makes_room_if_the_operator_agrees(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, _), dashboard(tmp_path) as terminal:
        terminal.read_until(b"[Y/n] ")
        terminal.answer(b"\n")
        terminal.read_until(b"\x1b[?1049h")  # the screen is the dashboard's
        assert process.wait(WAIT) == 0
        record = pid_file.read(tmp_path / "daemon.pid")
        assert record is not None
        assert (record.pid, record.screen) == (terminal.pid, True)
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.exit_code()


def test_another_dashboard_of_the_same_home_is_refused_without_a_question(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with pid_file.held(path):
        pid_file.write(path, pid_file.PidRecord(pid=4711, port=9100, screen=True))
        with dashboard(tmp_path) as terminal:
            assert terminal.exit_code() == 1
    assert b"xats-tui: daemon already running pid=4711" in terminal.shown
    assert b"[Y/n]" not in terminal.shown


DEAF = ("/bin/sh", "-c", 'trap : HUP; "$@"; :', "sh")
"""Keeps a hang-up to itself and waits for its child, as make does."""


@pytest.mark.parametrize("wrapper", [(), DEAF], ids=["started by a shell", "started by make"])
def test_it_ends_with_its_terminal(wrapper: tuple[str, ...], tmp_path: Path) -> None:
    with dashboard(tmp_path, *wrapper) as terminal:
        terminal.read_until(b"Attention")
    assert terminal.ends_within(WAIT) is not None
    assert not (tmp_path / "daemon.pid").exists()


def test_a_signal_ends_it_although_its_terminal_takes_nothing(tmp_path: Path) -> None:
    with dashboard(tmp_path) as terminal:
        terminal.read_until(b"Attention")
        for _ in range(40):  # every new size is a new screen, until the terminal's buffer is full
            for columns in (120, 160):
                fcntl.ioctl(terminal.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
                time.sleep(0.03)
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ends_within(WAIT) is not None
        assert not (tmp_path / "daemon.pid").exists()
