"""The dashboard is stopped and goes on, as job control does it: the screen is whole, and each key counts once."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.dashboard import gone, opened, running
from tests.patience import eventually
from tests.tmux_server import TmuxServer

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(120)]

NEW_LINE = "C-j"
"""Enter, also where a stopped program has left the terminal raw."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Dashboard:
    """A dashboard that a shell with job control has started."""

    def __init__(self, tmux: TmuxServer, pane_id: str, pid: int) -> None:
        self._tmux = tmux
        self._pane_id = pane_id
        self._process = psutil.Process(pid)

    async def stop(self, number: signal.Signals) -> None:
        """Stop it, and wait until its shell has the terminal."""
        os.kill(self._process.pid, number)
        await eventually(lambda: self._process.status() == psutil.STATUS_STOPPED)
        await self._tmux.wait_until(lambda: self._tmux.formats(self._pane_id, "pane_current_command") == ["sh"])

    async def loses_its_screen(self) -> None:
        """Clear the terminal and its modes behind the program's back."""
        self._tmux.send(self._pane_id, "-R")
        await self._tmux.wait_until(lambda: not self._tmux.capture(self._pane_id).strip())

    def go_on(self) -> None:
        """Send it SIGCONT, stopped or not."""
        os.kill(self._process.pid, signal.SIGCONT)

    async def types(self, *keys: str, sees: str) -> None:
        """Press keys, and wait for what comes of it."""
        self._tmux.send(self._pane_id, *keys)
        await self._tmux.wait_for(self._pane_id, sees)

    async def is_whole(self, mode: str) -> None:
        """Wait until the first line, the footer and the panel of a mode are on the screen."""
        for words in ("xats :", "ctrl+q quit", mode):
            await self._tmux.wait_for(self._pane_id, words)

    async def quits(self) -> None:
        """Leave it by its key: the shell has its terminal back as it was."""
        before = "icanon echo"
        self._tmux.send(self._pane_id, "C-q")
        await eventually(lambda: not self._process.is_running())
        await self.types("stty -a | grep -o -w -e icanon -e echo | sort -r | xargs", NEW_LINE, sees=f"\n{before}\n")


@asynccontextmanager
async def started(tmux: TmuxServer, home: Path) -> AsyncIterator[Dashboard]:
    """A dashboard without agents."""
    pane = await opened(tmux, home, "--port", "0", until="all is well")
    record = await running(home)
    yield Dashboard(tmux, pane.pane_id, record.pid)
    await gone(home)


async def test_after_every_kind_of_stop_all_of_the_screen_is_drawn_and_keys_count_once(
    tmux: TmuxServer, tmp_path: Path
) -> None:
    async with started(tmux, tmp_path) as dashboard:
        await dashboard.stop(signal.SIGTSTP)
        await dashboard.types("fg", NEW_LINE, sees="Attention")
        await dashboard.is_whole("Agents 0")

        await dashboard.types("3", sees="m writes one as the operator")
        await dashboard.stop(signal.SIGSTOP)  # the program is not told, and the terminal is as it had it
        await dashboard.types("clear; fg", NEW_LINE, sees="m writes one as the operator")
        await dashboard.is_whole("Messages")

        await dashboard.loses_its_screen()
        dashboard.go_on()  # nothing has stopped it
        await dashboard.is_whole("Messages")
        await dashboard.types("/", sees="enter keeps, esc leaves")
        await dashboard.types(*LETTERS, sees=f"/{LETTERS}: 0 of 0")
        await dashboard.types("Escape", sees="/ filter")
        await dashboard.quits()


@pytest.mark.slow
async def test_sent_to_the_background_it_waits_for_the_terminal(tmux: TmuxServer, tmp_path: Path) -> None:
    async with started(tmux, tmp_path) as dashboard:
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            await dashboard.stop(number)
            await dashboard.types("clear; bg; echo the shell goes on", NEW_LINE, sees="\nthe shell goes on")
            await dashboard.types("fg", NEW_LINE, sees="Attention")
            await dashboard.is_whole("Agents 0")
        await dashboard.quits()
