"""Programs that an agent's program has started in its own terminal, and that wait for a key there.

Their terminal mode may be the agent's own, and the agent's screen may look idle meanwhile.  Linux only: elsewhere
nothing tells what a process waits for.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from xats_tui.clients.programs import client_of

PROC = Path("/proc")

WAITS_FOR_A_TERMINAL = frozenset({"wait_woken", "n_tty_read"})
"""Places in the kernel where a blocked read from a terminal sleeps; other reads sleep there, too."""

MAX_PROCESSES = 200
"""Maximum number of processes below an agent's that are looked at."""


def waiting_reader(pid: int, group: int, tty: str) -> str | None:
    """Return name and pid of a program below `pid` that is in its process group and waits for input from `tty`."""
    for number, child in enumerate(_below(pid)):
        if number >= MAX_PROCESSES:
            break
        with suppress(OSError):
            if os.getpgid(child) == group and _waits(child, tty):
                name = (PROC / str(child) / "comm").read_text().strip()
                if client_of([name]) is None:  # a client below its own wrapper reads its own keys
                    return f"{name} ({child})"
    return None


def _below(pid: int) -> Iterator[int]:
    """Yield the processes below a process, the nearest first."""
    level = [pid]
    while level:
        level = [child for parent in level for child in _children(parent)]
        yield from level


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # it ended meanwhile, or this system does not list children
        for thread in (PROC / str(pid) / "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _waits(pid: int, tty: str) -> bool:
    process = PROC / str(pid)
    stdin = (process / "fd" / "0").readlink()
    return stdin == Path("/dev") / tty and (process / "wchan").read_text() in WAITS_FOR_A_TERMINAL
