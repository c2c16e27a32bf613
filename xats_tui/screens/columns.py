"""The columns of the Live panels, in which order they go when space is short, and what stands in place of no rows."""

from collections.abc import Mapping

from xats_tui.screens.actions import Panel
from xats_tui.screens.tables import Column

COLUMNS: Mapping[Panel, tuple[Column, ...]] = {
    Panel.ATTENTION: (
        Column(key="shape", title="", width=1),
        Column(key="subject", title="", width=18, grow=1),
        Column(key="reason", title="", width=50, grow=3),
        Column(key="way", title="", width=10, drop=1, right=True),
    ),
    Panel.AGENTS: (
        Column(key="name", title="name", width=10, grow=3),
        Column(key="team", title="team", width=7, grow=2, drop=1),
        Column(key="state", title="state", width=13),
        Column(key="mail", title="mail", width=8, drop=2, right=True),
        Column(key="wake", title="wake", width=9, drop=3),
        Column(key="client", title="client", width=11, drop=4),
        Column(key="role", title="role", width=8, grow=1, drop=7),
        Column(key="pane", title="pane", width=5, drop=6),
        Column(key="seen", title="seen", width=5, drop=5, right=True),
    ),
    Panel.STREAM: (
        Column(key="time", title="time", width=8),
        Column(key="route", title="from → to", width=18, grow=1),
        Column(key="text", title="message", width=14, grow=3),
        Column(key="marks", title="", width=2),
    ),
    Panel.WAKES: (
        Column(key="state", title="state", width=11),
        Column(key="agent", title="agent", width=10, grow=1),
        Column(key="reason", title="evidence or reason", width=16, grow=3),
        Column(key="tries", title="tries", width=5, drop=2, right=True),
        Column(key="next", title="next try", width=9, drop=1),
        Column(key="age", title="age", width=5, drop=3, right=True),
    ),
    Panel.TASKS: (
        Column(key="state", title="", width=1),
        Column(key="title", title="task", width=16, grow=3),
        Column(key="owner", title="owner", width=10, grow=1),
        Column(key="relation", title="depends", width=9, drop=2),
        Column(key="team", title="team", width=7, drop=3),
        Column(key="age", title="age", width=5, drop=1, right=True),
    ),
    Panel.CONTRACTS: (
        Column(key="name", title="contract", width=12, grow=2),
        Column(key="version", title="ver", width=4, right=True),
        Column(key="change", title="change", width=10),
        Column(key="subscribers", title="fetched", width=7, drop=1, right=True),
        Column(key="by", title="by", width=8, grow=1, drop=2),
        Column(key="team", title="team", width=7, drop=4),
        Column(key="age", title="age", width=5, drop=3, right=True),
    ),
}
"""The highest `drop` goes first, 0 stays; what is left over goes to the columns that grow."""

WHEN_EMPTY: Mapping[Panel, str] = {
    Panel.ATTENTION: "✓ all is well: nothing needs you",
    Panel.AGENTS: "No agent yet.  Give one `xats-tui mcp` as MCP server, and start it in a tmux pane.",
    Panel.STREAM: "No message yet.  Agents write with send_message and broadcast.",
    Panel.WAKES: "No wake yet.  Each message to an agent with a pane makes one.",
    Panel.TASKS: "No task yet.  Agents add them with task_add.",
    Panel.CONTRACTS: "No contract yet.  Agents publish them with register_contract.",
}
"""What to do, or to expect, where there is nothing."""
