"""The MCP tools, one file a noun.  Only here are both the names of the wire and those of the inside known."""

from xats_tui.backend.tools import agents, channels, contracts, inbox, messages, registration, runtime, tasks
from xats_tui.backend.tools.base import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for noun in (agents, registration, messages, inbox, tasks, contracts, runtime, channels)
    for tool in noun.TOOLS
}
"""Every tool by its name."""
