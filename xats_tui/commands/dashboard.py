"""`xats-tui` without a command: the dashboard, with the coordinator inside.

This module checks whether the dashboard may start; `xats_tui.dashboard.run` runs it.
"""

import sys

from xats_tui.core.errors import StartError
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.memory_tuning import hold_off, use_one_arena
from xats_tui.runtime.settings import Loaded


def dashboard(loaded: Loaded, *, takeover: bool = False, read_only: bool = False) -> int:
    """Open the dashboard, with the coordinator inside."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StartError("the dashboard needs a terminal; `xats-tui daemon` runs the coordinator without one")
    log_to_file(loaded.settings)
    use_one_arena()
    hold_off()
    # Deferred: importing textual takes half a second, which no other command should spend.
    from xats_tui.dashboard.run import run

    return run(loaded, takeover=takeover, read_only=read_only)
