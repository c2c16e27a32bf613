"""`xats-tui mcp`: the bridge that an agent's MCP configuration starts."""

from xats_tui.logs import log_to_file
from xats_tui.settings import Loaded


def mcp(loaded: Loaded) -> int:
    """Connect an agent to the coordinator.

    This is an MCP server on stdin and stdout, to be started by the agent's own program, not by hand.  It starts a
    coordinator without a screen if none runs, and connects again when the coordinator was restarted.
    """
    log_to_file(loaded.settings)
    # Here, not above: the other commands have no use for an HTTP client.
    from xats_tui.mcp_bridge.bridge import run

    return run(loaded)
