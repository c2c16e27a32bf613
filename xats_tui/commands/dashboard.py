"""`xats-tui` without a command: the dashboard, with the coordinator inside.

It knows when the dashboard may start; what it shows is the business of `xats_tui.app`.
"""

import os
import signal
import sys
import time
from pathlib import Path

from xats_tui import pid_file
from xats_tui.backend.errors import StartError
from xats_tui.logs import log_to_file
from xats_tui.settings import Loaded

STOP_PATIENCE = 8.0
"""Seconds for a coordinator to stop when told to: it gives calls that are under way 5 s."""
LOOK_AGAIN = 0.05


def dashboard(loaded: Loaded) -> int:
    """Open the dashboard, with the coordinator inside."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StartError("the dashboard needs a terminal; `xats-tui daemon` runs the coordinator without one")
    log_to_file(loaded.settings)
    _take_over(loaded.settings.pid_path)
    # Here, not above: textual takes half a second to import, which no other command should spend.
    from xats_tui.app import run

    return run(loaded.settings)


def _take_over(path: Path) -> None:
    """Stop a coordinator without a screen, such as a bridge starts, if the operator agrees.

    Nothing is lost by it: all that was accepted is in the database, and the bridges connect again by themselves.
    """
    record = pid_file.read(path)
    if record is None or record.screen or not pid_file.is_running(path):
        return
    print(f"A coordinator without a screen is running (pid {record.pid}, port {record.port}).")
    if input("Stop it and go on here?  Agents connect again by themselves.  [Y/n] ").strip().lower() not in (
        "",
        "y",
        "yes",
    ):
        raise StartError(f"daemon already running pid={record.pid}")
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_PATIENCE
    while pid_file.is_running(path):
        if time.monotonic() > deadline:
            raise StartError(f"the coordinator with pid {record.pid} does not stop; end it with `kill {record.pid}`")
        time.sleep(LOOK_AGAIN)
