"""A slow line: a program in a terminal of its own, all of whose bytes come 0.3 s later, in both directions.

Usage: slow_line.py PROGRAM [ARGUMENT]...
"""

import fcntl
import os
import pty
import select
import sys
import termios
import time
import tty
from collections import deque

LATENCY_S = 0.3
CHUNK = 65536

Due = deque[tuple[float, int, bytes]]
"""When, to which file, what."""


def pass_on(ours: int) -> None:
    """Carry bytes until the program ends."""
    due: Due = deque()
    to = {0: ours, ours: 1}
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        ready, _, _ = select.select(list(to), [], [], wait)
        while due and due[0][0] <= time.monotonic():
            _, file, data = due.popleft()
            os.write(file, data)
        for file in ready:
            try:
                data = os.read(file, CHUNK)
            except OSError:
                return
            due.append((time.monotonic() + LATENCY_S, to[file], data))


def main() -> None:
    """Start the program and carry its bytes."""
    pid, ours = pty.fork()
    if pid == 0:
        time.sleep(0.1)  # the terminal gets its size
        os.execvp(sys.argv[1], sys.argv[1:])
    fcntl.ioctl(ours, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        pass_on(ours)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
