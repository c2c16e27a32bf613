"""Runs a program on a terminal of its own and counts what is typed into it: `python counted.py FILE PROGRAM …`.

The file holds the number of bytes that came from the outer terminal: keys, pastes, and its answers to questions.
"""

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import tty
from pathlib import Path

CHUNK_BYTES = 65_536


def main() -> int:
    """Start the program, pass everything on both ways, and write the count after each piece of input."""
    file, program = Path(sys.argv[1]), sys.argv[2:]
    file.write_text("0")
    child, inner = pty.fork()
    if not child:
        os.execvp(program[0], program)
    _copy_size(inner)
    signal.signal(signal.SIGWINCH, lambda number, frame: _copy_size(inner))
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        _pass_on(inner, file)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _pass_on(inner: int, file: Path) -> None:
    count = 0
    while True:
        ready, _, _ = select.select([0, inner], [], [])
        try:
            if inner in ready:
                os.write(1, os.read(inner, CHUNK_BYTES))
            if 0 in ready:
                typed = os.read(0, CHUNK_BYTES)
                count += len(typed)
                file.write_text(str(count))
                os.write(inner, typed)
        except OSError:  # the program has ended
            return


def _copy_size(inner: int) -> None:
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(inner, termios.TIOCSWINSZ, size)


if __name__ == "__main__":
    sys.exit(main())
