"""Process behind a connection, from Linux's tables and without them."""

import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from xats_tui.backend.system import callers
from xats_tui.backend.system.callers import Callers

CONNECT = "import socket, sys; kept = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); sys.stdin.read()"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


@contextmanager
def connected(listener: socket.socket) -> Iterator[tuple[int, int]]:
    """A process that connects: its pid, and the port that it connects from."""
    command = [sys.executable, "-c", CONNECT, str(listener.getsockname()[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        connection, (_, port) = listener.accept()
        with closing(connection):
            yield process.pid, port
        process.kill()


@pytest.mark.parametrize("tables", [callers.TABLES, (Path("/no/such/table"),)], ids=["linux", "elsewhere"])
async def test_the_process_that_connects_is_found_with_those_above_it(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tables: tuple[Path, ...]
) -> None:
    monkeypatch.setattr(callers, "TABLES", tables)
    here = Callers(listener.getsockname()[1])
    with connected(listener) as (pid, port):
        found, hinted = await here.line(port), await here.line(port, likely=(1, 2**22 + 1, pid))

    assert [one.pid for one in found][:2] == [pid, os.getpid()]
    assert found == hinted


@pytest.mark.parametrize("tables", [callers.TABLES, (Path("/no/such/table"),)], ids=["linux", "elsewhere"])
async def test_the_processes_of_many_connections_are_found_in_one_go(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tables: tuple[Path, ...]
) -> None:
    monkeypatch.setattr(callers, "TABLES", tables)
    with connected(listener) as (first, one), connected(listener) as (second, other):
        owners = await Callers(listener.getsockname()[1]).owners({one, other, 1})

    assert {port: owner.pid for port, owner in owners.items()} == {one: first, other: second}


async def test_the_terminal_of_a_caller_is_known_however_lately_it_was_opened(listener: socket.socket) -> None:
    psutil.Process().terminal()  # reads the list of terminals, which psutil keeps
    master, terminal = pty.openpty()
    command = [sys.executable, "-c", CONNECT, str(listener.getsockname()[1])]
    in_front = partial(fcntl.ioctl, terminal, termios.TIOCSCTTY, 0)
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, preexec_fn=in_front) as process:
        connection, (_, port) = listener.accept()
        with closing(connection):
            (caller, *_) = await Callers(listener.getsockname()[1]).line(port)
        process.kill()

    assert f"/dev/{caller.tty}" == os.ttyname(terminal)
    os.close(master)
    os.close(terminal)


async def test_a_connection_of_this_very_program_has_nobody_above(listener: socket.socket) -> None:
    own = socket.create_connection(listener.getsockname())
    with closing(own):
        found = await Callers(listener.getsockname()[1]).line(own.getsockname()[1])

    assert [one.pid for one in found] == [os.getpid()]


async def test_a_connection_to_another_port_or_none_is_nobodys(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with connected(listener) as (_, peer):
        assert await Callers(port - 1).line(peer) == ()
        assert await Callers(port).line(port) == ()
        assert await Callers(port).line(None) == ()
