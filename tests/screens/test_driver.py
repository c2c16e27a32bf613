"""The terminal driver: its thread that reads keys ends with the program, whatever became of the terminal."""

import os
import pty
import subprocess
import sys

import pytest

from tests.patience import PATIENCE

# A program that ends without telling the driver, as one does whose terminal goes away while it starts.
STORY = """
import asyncio, os
from threading import Thread
from textual.app import App
from xats_tui.screens.terminal.driver import JobDriver
read, reads = os.read, []
def counted(*arguments):
    reads.append(arguments)
    return read(*arguments)
async def main():
    os.read = counted
    Thread(target=JobDriver(App())._run_input_thread).start()
    await asyncio.sleep(0.5)
    print(len(reads))
asyncio.run(main())
"""

MOST_READS = 10


@pytest.mark.parametrize("is_gone", [False, True], ids=["terminal there", "terminal gone"])
def test_a_driver_that_was_not_told_to_stop_does_not_keep_the_program_alive(is_gone: bool) -> None:
    controller, terminal = pty.openpty()
    if is_gone:
        os.close(controller)
    told = subprocess.run(
        [sys.executable, "-c", STORY],
        stdin=terminal,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    os.close(terminal)
    if not is_gone:
        os.close(controller)
    assert (told.returncode, told.stderr) == (0, "")
    assert int(told.stdout) <= MOST_READS, "it reads without a pause from a terminal that is gone"
