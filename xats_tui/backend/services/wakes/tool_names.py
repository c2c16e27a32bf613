"""The names by which clients offer the coordinator's tools to their models.

Some clients keep the tools of MCP servers behind a search, in which a model finds a tool by its full name at once.
"""

import re

from xats_tui.clients.registry import CLIENTS
from xats_tui.clients.spec import SERVER
from xats_tui.core.model.agents import Agent

QWEN = re.compile(r"qwen-cli-mcp-client-([\w-]{1,32})", re.ASCII)
"""Name of Qwen Code in the MCP handshake; it ends with the server's name in Qwen's configuration."""

DROID = "factory-cli"
"""Name of Droid in the MCP handshake."""


def full_name(tool: str, agent: Agent) -> str:
    """Return the name that the agent's model has to search for; the tool's own name where nothing is searched."""
    client = agent.client_name or ""
    if spec := CLIENTS.get(agent.client or ""):
        return spec.full_tool_name.format(server=SERVER, tool=tool)
    if qwen := QWEN.fullmatch(client):
        return f"mcp__{qwen[1]}__{tool}"
    if client == DROID:
        return f"{SERVER}___{tool}"
    return tool
