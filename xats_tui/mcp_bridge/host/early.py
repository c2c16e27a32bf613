"""Imported first: a bridge listens to its host while the rest of the program is still being imported."""

import gc
import os
import sys
from collections.abc import Sequence
from functools import partial

from xats_tui.mcp_bridge.host.first_answers import FirstAnswers
from xats_tui.mcp_bridge.host.known import look
from xats_tui.mcp_bridge.host.pipes import Pipes

COMMAND = "mcp"

PROGRAMS = ("/xats-tui", "/xats_tui/__main__.py")
"""Ends of this program's path, as it stands in its own command line."""


def begun() -> FirstAnswers | None:
    """Return the object that has listened to the host since the process began; None if the process is no bridge."""
    return _begun


def is_bridge(command_line: Sequence[str]) -> bool:
    """Return whether a command line starts a bridge: only flags with values may stand before the command."""
    program, *arguments = command_line or ("",)
    if not f"/{program}".endswith(PROGRAMS) or "--help" in arguments:
        return False
    while arguments and arguments[0].startswith("--"):
        del arguments[: 1 if "=" in arguments[0] else 2]
    return arguments[:1] == [COMMAND]


def _begin() -> FirstAnswers | None:
    if not is_bridge(sys.argv):
        return None
    gc.disable()  # nothing that is imported is garbage; the ready bridge turns it on again
    return FirstAnswers(Pipes(), channel="--channel" in sys.argv, look=partial(look, sys.argv, os.environ))


_begun = _begin()
