"""`xats-tui hook`: its help; `__main__` runs the hook itself before it imports anything else."""

import sys
from typing import Annotated

import typer

from xats_tui.runtime import hook_client
from xats_tui.runtime.settings import Loaded


def hook(
    loaded: Loaded,
    client: Annotated[str, typer.Option(metavar="ID", help="The client whose hook it is, as in `client list`.")] = "",
    event: Annotated[str, typer.Option(metavar="NAME", help="The event, for clients that do not name it.")] = "",
) -> int:
    """Forward an event of a client's hook from stdin to the coordinator (for hook settings, not for people).

    At the end of a turn it answers with the waiting messages, so that the agent reads them at once.  Asked for a
    permission by Claude Code, it waits for the operator, while Claude Code shows its own dialog: whoever answers first
    decides.  It prints nothing else, and ends in a quarter of a second if the coordinator does not answer.
    """
    hook_client.run(sys.argv)
