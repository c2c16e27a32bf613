"""Stand-in for an agent in a scratch pane: a prompt with a bridge, which reads its messages when told to.

Run as `python -m xats_tui.doctor.prompt BRIDGE…`; it ends with its terminal.
"""

import os
import sys
import termios
import tty

from xats_tui.doctor.bridge_process import BridgeProcess, bridge

PROMPT = b"scratch> "

PASTE_MARKS = (b"\x1b[200~", b"\x1b[201~")
BRACKETED_PASTE = b"\x1b[?2004h"


def main() -> None:
    """Take lines until the terminal is closed."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        with bridge(sys.argv[1:]) as agent:
            os.write(1, BRACKETED_PASTE + PROMPT)
            _take_lines(agent)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _take_lines(agent: BridgeProcess) -> None:
    line = b""
    while received := os.read(0, 4096):
        for mark in PASTE_MARKS:
            received = received.replace(mark, b"")
        typed, enter, _ = received.partition(b"\r")
        line += typed
        os.write(1, typed)
        if enter:
            os.write(1, b"\r\n")
            if line.startswith(b"[xats]"):
                agent.call("get_inbox")
            line = b""
            os.write(1, PROMPT)


if __name__ == "__main__":
    main()
