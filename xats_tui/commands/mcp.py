"""`xats-tui mcp`: the bridge that an agent's MCP configuration starts."""

from typing import Annotated

import typer

from xats_tui.commands.plain_bridge import serve
from xats_tui.runtime.settings import Loaded


def mcp(
    loaded: Loaded,
    name: Annotated[str | None, typer.Option(envvar="XATS_NAME", help="Register the agent at once as this.")] = None,
    team: Annotated[str | None, typer.Option(envvar="XATS_TEAM", help="Its team, unless it names another.")] = None,
    role: Annotated[str | None, typer.Option(envvar="XATS_ROLE", help="Its role, unless it names another.")] = None,
    channel: Annotated[
        bool, typer.Option("--channel", help="The host accepts wakes on a Claude Code channel of this server.")
    ] = False,
) -> int:
    """Connect an agent to the coordinator.

    This is an MCP server on stdin and stdout; the agent's own program starts it.  It starts a coordinator without a
    dashboard if none runs, and reconnects after a restart of the coordinator.
    """
    return serve(loaded, name=name, team=team, role=role, channel=channel)
