"""Assembly of the HTTP interface: MCP tools and operator commands.

Importing this takes half a second, mostly for the MCP SDK; a dashboard imports it after its first screen.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xats_tui.backend.api.app import HttpApp
from xats_tui.backend.api.operator_endpoint import OperatorEndpoint
from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import COMMAND_LINE
from xats_tui.backend.services.bundle import Services
from xats_tui.backend.services.wakes.hooks import HostHooks
from xats_tui.backend.tools import TOOLS
from xats_tui.backend.tools.base import Toolbox
from xats_tui.runtime.settings import Settings


@asynccontextmanager
async def opened(
    listener: socket.socket,
    services: Services,
    operator: OperatorApi,
    settings: Settings,
    *,
    hook_key: str,
    read_only: bool,
) -> AsyncIterator[None]:
    """Serve connections for the life of the block.

    Args:
        listener: a listening socket.
        services: services that carry out the calls.
        operator: the operator's verbs.
        settings: the effective settings.
        hook_key: opens the door for hooks, and no other; the pid file tells it to them.
        read_only: refuse operator commands that change anything.
    """
    commands = OperatorEndpoint(operator.acting(COMMAND_LINE), settings.operator_token_path, read_only=read_only)
    hooks = HostHooks(
        services.database,
        services.waker,
        services.receipts,
        services.reports,
        services.states,
        services.held,
        services.runtimes,
        services.is_watched,
        services.agent_in,
        services.clock,
    )
    toolbox = Toolbox(TOOLS, services)
    sessions, kept, runtimes = services.sessions, services.kept_sessions, services.runtimes
    door = HttpApp(toolbox, hooks, commands, sessions, kept, runtimes, settings, hook_key, services.clock)
    async with door.open(listener, settings.keep_alive_ms / 1000):
        yield
