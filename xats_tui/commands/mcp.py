"""`xats-tui mcp`: the bridge that an agent's MCP configuration starts."""

from typing import Annotated

import typer

from xats_tui.clients.registry import look_in
from xats_tui.runtime.logs import log_to_file
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
    log_to_file(loaded.settings)
    look_in(loaded.settings.home)
    # Deferred: the other commands have no use for an HTTP client.
    from xats_tui.mcp_bridge.bridge import run
    from xats_tui.mcp_bridge.registration_defaults import RequestedIdentity

    return run(loaded, RequestedIdentity(name=name or None, team=team or None, role=role or None), channel=channel)
