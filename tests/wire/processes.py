"""Processes that look like an agent's user interface and live outside tmux."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer

SLEEP = "import time; time.sleep(60)"


@asynccontextmanager
async def outside_tmux(tmux: TmuxServer, program: str, *, terminal: bool) -> AsyncIterator[int]:
    """The pid of a process of that name, with a terminal of its own that is no pane, or with none."""
    ours, theirs = os.openpty()
    launch = ["setsid", "--ctty"] if terminal else ["setsid"]
    process = subprocess.Popen(
        [*launch, tmux.called(program), "-c", SLEEP],
        stdin=theirs if terminal else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while not _has_begun(process.pid) or _has_terminal(process.pid) is not terminal:
                await asyncio.sleep(0.01)
        yield process.pid
    finally:
        process.kill()
        process.wait(PATIENCE)
        os.close(ours)
        os.close(theirs)


def _has_begun(pid: int) -> bool:
    """Whether the program itself runs, and not `setsid` any more with the same arguments."""
    command = psutil.Process(pid).cmdline()
    return command[:1] != ["setsid"] and command[-1:] == [SLEEP]


def _has_terminal(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "tty=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return shown.strip() not in ("", "?", "??")
