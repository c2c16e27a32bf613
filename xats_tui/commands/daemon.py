"""`xats-tui daemon`: the coordinator without a screen."""

from importlib import import_module
from typing import Annotated

import typer

from xats_tui.core.errors import StartError
from xats_tui.runtime.handover import NoInheritedSocket, inherited
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.settings import Loaded


def daemon(
    loaded: Loaded,
    successor_fd: Annotated[
        int | None, typer.Option("--heir-fd", hidden=True, help="The way to the dashboard whose place this one takes.")
    ] = None,
) -> int:
    """Run the coordinator without a screen.

    It prints the address that it listens on, and stops at Ctrl-C or SIGTERM.
    """
    log_to_file(loaded.settings)
    # Here, not above: the coordinator takes half a second to import, of which no other command should know.
    from xats_tui.backend.headless_main import serve

    if successor_fd is None:
        return serve(loaded)
    import_module("xats_tui.backend.api.assemble")  # what takes the longest, so that it could serve at once
    try:
        return serve(loaded, inherited(successor_fd))
    except NoInheritedSocket as error:
        raise StartError(str(error)) from error
