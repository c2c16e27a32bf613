"""The processes of one demo, told by the tmux server in their environment, and their end.  It knows no others."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "TMUX_TMPDIR"
"""What is the demo's folder in the environment of everything that it starts, and of nothing else."""

TIMEOUT_S = 6.0
"""Seconds for processes that are told to stop; a coordinator takes five at the most."""

POLL_INTERVAL_S = 0.05

END_ROUNDS = 3
"""How often what has come meanwhile is ended, too: a bridge may have started a coordinator at the last moment."""


def all_of(folder: Path) -> list[psutil.Process]:
    """Every process of the demo but tmux, which ends otherwise."""
    return [process for process in psutil.process_iter() if _is_of(process, folder)]


def end(folder: Path) -> None:
    """End them all: the agents first, so that none of them starts a coordinator anew."""
    _stop([process for process in all_of(folder) if _is_agent(process)])
    for _ in range(END_ROUNDS):
        if left := all_of(folder):
            _stop(left)


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        is_tmux = process.name().startswith("tmux")
        return not is_tmux and process.environ().get(MARK) == str(folder)
    except (psutil.Error, OSError):  # somebody else's, or it has just ended
        return False


def _is_agent(process: psutil.Process) -> bool:
    """Whether it is a stand-in or its bridge."""
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
    """Whether it can still do anything; one that nobody waits for cannot."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _safely(act: Callable[[], None]) -> None:
    with suppress(psutil.Error):
        act()
