"""Imported before anything else: a bridge hears its host while the rest of the program is still being imported."""

import sys
from collections.abc import Sequence

from xats_tui.mcp_bridge.host.first_answer import InitializeAnswer
from xats_tui.mcp_bridge.host.pipes import Pipes

COMMAND = "mcp"

PROGRAMS = ("/xats-tui", "/xats_tui/__main__.py")
"""How the path of this program ends, as it stands in its own command line."""


def begun() -> InitializeAnswer | None:
    """Return what has heard the host since this process began; None if that was not begun as a bridge."""
    return _begun


def is_bridge(command_line: Sequence[str]) -> bool:
    """Tell whether a command line is that of a bridge: nothing but flags with values stands before the command."""
    program, *arguments = command_line or ("",)
    if not f"/{program}".endswith(PROGRAMS) or "--help" in arguments:
        return False
    while arguments and arguments[0].startswith("--"):
        del arguments[: 1 if "=" in arguments[0] else 2]
    return arguments[:1] == [COMMAND]


_begun = InitializeAnswer(Pipes(), channel="--channel" in sys.argv) if is_bridge(sys.argv) else None
