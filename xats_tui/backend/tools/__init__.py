"""MCP tools, one file per noun."""

from xats_tui.backend.tools import agents, channels, contracts, inbox, messages, registration, runtime, search, tasks
from xats_tui.backend.tools.base import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for noun in (agents, registration, messages, inbox, search, tasks, contracts, runtime, channels)
    for tool in noun.TOOLS
}
"""Every tool by its name."""
