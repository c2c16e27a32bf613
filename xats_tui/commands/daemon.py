"""`xats-tui daemon`: the coordinator without a dashboard."""

from importlib import import_module
from typing import Annotated

import typer

from xats_tui.core.errors import StartError
from xats_tui.runtime.handover import NoInheritedSocket, inherited
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.memory_tuning import use_one_arena
from xats_tui.runtime.settings import Loaded


def daemon(
    loaded: Loaded,
    successor_fd: Annotated[
        int | None,
        typer.Option("--heir-fd", hidden=True, help="Descriptor of the dashboard to replace."),
    ] = None,
    while_used: Annotated[
        bool,
        typer.Option(hidden=True, help="End when no agent has used the coordinator for an hour."),
    ] = False,
) -> int:
    """Run the coordinator without a dashboard.

    It prints the address that it listens on, and stops at Ctrl-C or SIGTERM.
    """
    log_to_file(loaded.settings)
    use_one_arena()
    # Deferred: importing the coordinator takes half a second, which no other command should spend.
    from xats_tui.backend.headless_main import serve

    if successor_fd is None:
        return serve(loaded, while_used=while_used)
    import_module("xats_tui.backend.api.assemble")  # the slowest import, done before the socket arrives
    try:
        return serve(loaded, inherited(successor_fd))
    except NoInheritedSocket as error:
        raise StartError(str(error)) from error
