"""Runs a program in front, and does not care whether it is stopped: `python front.py PROGRAM …`.

A shell takes the terminal back from a program that is stopped, and tmux continues one that is its own child.
"""

import os
import signal
import sys


def main() -> None:
    """Start the program in a process group of its own, give it the terminal, wait for its end."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgid(0))
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(sys.argv[1], sys.argv[1:])
    os.waitpid(child, 0)
    os.tcsetpgrp(0, os.getpgid(0))


if __name__ == "__main__":
    main()
