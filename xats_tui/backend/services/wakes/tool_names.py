"""The names by which clients offer the coordinator's tools to their models.

Some clients keep the tools of MCP servers behind a search, in which a model finds a tool by its full name at once.
"""

import re

from xats_tui.clients.registry import CLIENTS, by_handshake
from xats_tui.clients.spec import SERVER
from xats_tui.core.model.agents import Agent

SERVER_NAME = re.compile(r"[\w-]{1,32}", re.ASCII)


def full_name(tool: str, agent: Agent) -> str:
    """Return the name that the agent's model has to search for; the tool's own name where nothing is searched."""
    said = agent.client_name or ""
    spec = CLIENTS.get(agent.client or "") or CLIENTS.get(by_handshake(said) or "")
    if spec is None:
        return tool
    server = spec.server_named_in(said) if spec.is_named(said) and spec.names_server else SERVER
    return spec.full_tool_name.format(server=server, tool=tool) if SERVER_NAME.fullmatch(server) else tool
