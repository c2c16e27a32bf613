"""`xats-tui daemon`: the coordinator without a screen."""

from xats_tui.logs import log_to_file
from xats_tui.settings import Loaded


def daemon(loaded: Loaded) -> int:
    """Run the coordinator without a screen.

    It prints the address that it listens on, and stops at Ctrl-C or SIGTERM.
    """
    log_to_file(loaded.settings)
    # Here, not above: uvicorn, mcp and the store take a second to import, of which no other command should know.
    from xats_tui.backend.daemon import serve

    return serve(loaded.settings)
