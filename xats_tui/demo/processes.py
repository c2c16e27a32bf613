"""Processes of a demo, found by their environment, and their end."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "TMUX_TMPDIR"
"""Environment variable that holds the demo's folder in every process of the demo, and in no other."""

# A coordinator takes at most five seconds.
TIMEOUT_S = 6.0
"""Seconds for processes to stop when told to."""

POLL_INTERVAL_S = 0.05

# A bridge may have started a coordinator at the last moment.
END_ROUNDS = 3
"""Number of rounds in which newly started processes are ended, too."""


def all_of(folder: Path) -> list[psutil.Process]:
    """Return every process of the demo except tmux, which is ended separately."""
    return [process for process in psutil.process_iter() if _is_of(process, folder)]


def end(folder: Path) -> None:
    """End all processes of the demo."""
    # Agents first, so that none of them starts a coordinator again.
    _stop([process for process in all_of(folder) if _is_agent(process)])
    for _ in range(END_ROUNDS):
        if left := all_of(folder):
            _stop(left)


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        is_tmux = process.name().startswith("tmux")
        return not is_tmux and process.environ().get(MARK) == str(folder)
    except (psutil.Error, OSError):  # another user's process, or one that has just ended
        return False


def _is_agent(process: psutil.Process) -> bool:
    """Return whether the process is a stand-in or its bridge."""
    try:
        command = process.cmdline()
    except (psutil.Error, OSError):
        return False
    return "mcp" in command or any("stand_in" in argument for argument in command)


def _stop(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        _safely(process.terminate)
    give_up_at = time.monotonic() + TIMEOUT_S
    while (alive := [process for process in processes if _lives(process)]) and time.monotonic() < give_up_at:
        time.sleep(POLL_INTERVAL_S)
    for process in alive:
        _safely(process.kill)


def _lives(process: psutil.Process) -> bool:
    """Return whether the process still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _safely(act: Callable[[], None]) -> None:
    with suppress(psutil.Error):
        act()
