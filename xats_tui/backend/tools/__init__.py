"""The MCP tools, one file a noun.  Only here are both the names of the wire and those of the inside known."""

from xats_tui.backend.tools import agents, contracts, messages, tasks
from xats_tui.backend.tools.kit import Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (*agents.TOOLS, *messages.TOOLS, *tasks.TOOLS, *contracts.TOOLS)}
"""Every tool by its name."""
