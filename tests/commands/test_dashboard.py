"""The dashboard's start: what it asks and what it refuses, in a terminal of its own."""

import fcntl
import os
import pty
import select
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
from tests.patience import PATIENCE
from xats_tui.runtime import pid_file

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
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self.read(), self.shown

    def take_all(self) -> None:
        """Take what is shown until nothing comes for a moment: then there is room for what comes last."""
        while select.select([self.descriptor], [], [], 0.3)[0] and self.read():
            pass

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


@pytest.mark.slow
def test_a_coordinator_without_a_screen_makes_room_without_a_question_and_leaves_its_port(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port), dashboard(tmp_path) as terminal:
        terminal.read_until(b"took over from the")
        assert process.wait(PATIENCE) == 0
        record = pid_file.read(tmp_path / "daemon.pid")
        assert record is not None
        assert (record.pid, record.port, record.screen) == (terminal.pid, port, True)
        assert record.terminal.startswith("/dev/")
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.exit_code()


@pytest.mark.slow
def test_another_dashboard_of_the_same_home_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    with dashboard(tmp_path) as first:
        first.read_until(b"Attention")
        with dashboard(tmp_path) as second:
            assert second.exit_code() == 1
        record = pid_file.running(tmp_path / "daemon.pid")
        assert record is not None
        assert (
            f"a dashboard of this home is already running: pid {first.pid}, port {record.port}, in /dev/".encode()
            in (second.shown)
        )
        assert b"--takeover" in second.shown
        os.kill(first.pid, signal.SIGTERM)
        assert first.exit_code() == 0


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_says_so(tmp_path: Path, number: signal.Signals) -> None:
    with dashboard(tmp_path) as terminal:
        terminal.read_until(b"Attention")
        os.kill(terminal.pid, number)
        assert terminal.exit_code() == 0
    assert f"ended by {number.name}; the coordinator has stopped".encode() in terminal.shown
    assert not (tmp_path / "daemon.pid").exists()


@pytest.mark.slow
def test_ctrl_q_ends_it_as_soon_as_there_is_something_to_see(tmp_path: Path) -> None:
    with dashboard(tmp_path) as terminal:
        terminal.read_until(b"Attention")
        terminal.answer(b"\x11")
        assert terminal.exit_code() == 0
    assert not (tmp_path / "daemon.pid").exists()


@pytest.mark.slow
def test_told_twice_it_ends_at_once_and_gives_the_terminal_back(tmp_path: Path) -> None:
    with dashboard(tmp_path) as terminal:
        terminal.read_until(b"Attention")
        terminal.take_all()
        os.kill(terminal.pid, signal.SIGSTOP)  # both are there when it looks
        os.kill(terminal.pid, signal.SIGTERM)
        os.kill(terminal.pid, signal.SIGINT)
        os.kill(terminal.pid, signal.SIGCONT)
        assert terminal.exit_code() in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    assert terminal.shown.rindex(b"\x1b[?1049l") > terminal.shown.rindex(b"\x1b[?1049h")
    assert not pid_file.is_running(tmp_path / "daemon.pid")


DEAF = ("/bin/sh", "-c", 'trap : HUP; "$@"; :', "sh")
"""Keeps a hang-up to itself and waits for its child, as make does."""


@pytest.mark.slow
@pytest.mark.parametrize("wrapper", [(), DEAF], ids=["started by a shell", "started by make"])
def test_it_ends_with_its_terminal(wrapper: tuple[str, ...], tmp_path: Path) -> None:
    with dashboard(tmp_path, *wrapper) as terminal:
        terminal.read_until(b"Attention")
    assert terminal.ends_within(PATIENCE) is not None
    assert not (tmp_path / "daemon.pid").exists()


@pytest.mark.slow
@pytest.mark.parametrize("screens", [4, 80], ids=["as it closes", "as it draws"])
def test_a_signal_ends_it_although_its_terminal_takes_nothing(screens: int, tmp_path: Path) -> None:
    with dashboard(tmp_path) as terminal:
        terminal.read_until(b"Attention")
        for number in range(screens):  # every new size is a new screen: the terminal's buffer is full after two
            size = struct.pack("HHHH", 50, 120 + 40 * (number % 2), 0, 0)
            fcntl.ioctl(terminal.descriptor, termios.TIOCSWINSZ, size)
            time.sleep(0.03)
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ends_within(PATIENCE) is not None
        assert not (tmp_path / "daemon.pid").exists()
