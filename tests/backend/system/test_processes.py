"""The process table: one process is one pid and one start, on one terminal, in front of it or not."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.tmux_server import TmuxServer
from xats_tui.backend.system.processes import Processes, normal_tty


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours without a terminal."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", "an argument"], start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_living_process_is_found_with_its_arguments() -> None:
    with sleeping() as process:
        found = await Processes().by_pid(process.pid)

    assert found is not None
    assert found.command[-1] == "an argument"
    assert found.tty is None


@pytest.mark.parametrize("pid", [-1, 2**22 + 1, 2**70])
async def test_a_pid_that_nobody_has_is_nobody(pid: int) -> None:
    assert await Processes().by_pid(pid) is None
    assert await Processes().occupant(pid, None) is None


async def test_a_process_that_has_ended_is_nobody_although_its_parent_has_not_looked() -> None:
    with sleeping() as process:
        process.kill()
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert await Processes().by_pid(process.pid) is None


async def test_a_pid_with_another_start_is_another_process() -> None:
    with sleeping() as process:
        found = await Processes().by_pid(process.pid)
        assert found is not None
        assert await Processes().occupant(process.pid, found.started_at)
        assert await Processes().occupant(process.pid, None)
        assert await Processes().occupant(process.pid, found.started_at - 60) is None


async def test_a_terminal_that_was_opened_after_the_first_look_has_a_name(tmux: TmuxServer) -> None:
    processes = Processes()
    await processes.all()
    panes = [tmux.new_pane("exec sleep 60") for _ in range(3)]

    for pane in panes:
        process = await processes.by_pid(pane.pid)
        assert process is not None
        assert process.tty == tmux.tty(pane.pane_id)
        assert pane.pid in {one.pid for one in await processes.on_tty(process.tty or "")}


async def is_in_front(pid: int) -> bool:
    """Return whether keys typed into the process's terminal reach it."""
    occupant = await Processes().occupant(pid, None)
    return occupant is not None and occupant.in_front


async def test_a_process_that_gives_way_to_another_program_is_no_more_the_same_occupant(tmux: TmuxServer) -> None:
    pane = tmux.new_pane(["sh", "-c", "read line; exec sleep 60"])
    before = await Processes().occupant(pane.pid, None)
    tmux.send(pane.pane_id, "Enter")
    await tmux.wait_until(lambda: tmux.formats(pane.pane_id, "pane_current_command") == ["sleep"])
    after = await Processes().occupant(pane.pid, None)

    assert before and after and before.pid == after.pid
    assert before != after


async def test_a_process_that_stands_still_is_told_from_one_that_waits() -> None:
    with sleeping() as process:
        waiting = await Processes().occupant(process.pid, None)
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        standing = await Processes().occupant(process.pid, None)

    assert waiting and standing
    assert (waiting.stopped, standing.stopped) == (False, True)
    assert waiting == standing


async def test_only_the_foreground_of_a_terminal_is_in_front(tmux: TmuxServer) -> None:
    pane = tmux.new_pane(["bash", "--norc", "-i"])
    assert await is_in_front(pane.pid)

    tmux.send(pane.pane_id, "echo $((40 + 2)); cat", "Enter")
    await tmux.wait_for(pane.pane_id, "42")
    await tmux.wait_until(lambda: tmux.formats(pane.pane_id, "pane_current_command") == ["cat"])

    assert not await is_in_front(pane.pid)
    tty = tmux.tty(pane.pane_id)
    (cat,) = (one for one in await Processes().on_tty(tty) if one.name == "cat")
    assert await is_in_front(cat.pid)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("/dev/pts/3", "pts/3"),
        (" pts/3\n", "pts/3"),
        ("ttys001", "ttys001"),
        ("?", None),
        ("??", None),
        ("", None),
        (None, None),
    ],
)
def test_terminals_have_one_spelling(written: str | None, normal: str | None) -> None:
    assert normal_tty(written) == normal
