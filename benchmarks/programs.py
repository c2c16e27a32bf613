"""Programs to measure, each in its own process: the bare SDK, the coordinator without and with a dashboard."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.crowd import Bound
from tests.commands.processes import LISTENING, clean_environment, daemon, end
from tests.tmux_server import Pane, TmuxServer, short_folder, tmux_server
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Settings

PATIENCE = 30.0
"""Seconds for a program to start or end on a busy machine."""


class Program(NamedTuple):
    """A running server."""

    pid: int
    port: int


@contextmanager
def echo_server() -> Iterator[Program]:
    """Run the MCP SDK with one tool."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.echo_server"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = LISTENING.match(process.stdout.readline())
        assert listening, "the echo server does not listen"
        yield Program(process.pid, int(listening[1]))
    finally:
        end(process)


@contextmanager
def headless(home: Path) -> Iterator[Program]:
    """Run the coordinator without a dashboard."""
    with daemon(home) as (process, port):
        yield Program(process.pid, port)


@asynccontextmanager
async def dashboard(home: Path) -> AsyncIterator[Program]:
    """Run the coordinator with its dashboard, in a terminal of 120 columns and 40 rows."""
    path = Settings(home=home).pid_path
    with short_folder() as folder, tmux_server(folder) as tmux:
        pane = tmux.new_pane([sys.executable, "-m", "xats_tui", "--home", str(home), "--port", "0"])
        await tmux.wait_until(lambda: pid_file.running(path) is not None, PATIENCE)
        record = pid_file.running(path)
        assert record is not None
        yield Program(pane.pid, record.port)
        await quit_pane(tmux, pane)


async def quiet_pane(tmux: TmuxServer) -> Bound:
    """Open a quiet pane for an agent."""
    pane = tmux.new_pane(["cat"])
    await tmux.wait_until(lambda: psutil.Process(pane.pid).name() == "cat")  # before that, it does not own its terminal
    started_at = psutil.Process(pane.pid).create_time()
    return Bound(pane_id=pane.pane_id, tty=tmux.tty(pane.pane_id), pid=pane.pid, started_at=started_at)


async def quit_pane(tmux: TmuxServer, pane: Pane) -> None:
    """End the program in a pane, and wait for its end."""
    psutil.Process(pane.pid).terminate()
    await tmux.wait_until(lambda: not _runs(pane.pid), PATIENCE)


def cpu_seconds(pid: int) -> float:
    """Return a process's processor time so far, including its finished children."""
    return sum(psutil.Process(pid).cpu_times()[:4])


def resident(pid: int) -> float:
    """Return a process's resident memory in MB."""
    return float(psutil.Process(pid).memory_info().rss / 2**20)


def _runs(pid: int) -> bool:
    """Return whether a process is still running; tmux can leave a zombie for seconds."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
