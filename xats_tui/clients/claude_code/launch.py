"""The command line of a Claude Code that registers as soon as it is up."""

import shlex
from collections.abc import Mapping

from xats_tui.clients.claude_code.hooks import HOOK_EVENTS
from xats_tui.clients.launch import (
    SERVER,
    bridge_command,
    compact_json,
    has_flag,
)
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest


def start(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    program, *arguments = bridge_command(wanted, means)
    servers = {"mcpServers": {SERVER: {"command": program, "args": arguments}}}
    # With `=`: these options take as many words as follow, and would swallow a prompt.
    flags = [f"--mcp-config={compact_json(servers)}"]
    if not wanted.asks_first:
        flags.append(f"--allowedTools=mcp__{SERVER}")
    if not has_flag(wanted.extra, "--settings"):
        hook = {"hooks": [{"type": "command", "command": shlex.join(means.hook)}]}
        flags += ["--settings", compact_json({"hooks": {event: [hook] for event in HOOK_EVENTS}})]
    return ClientStart(command=(means.program, *flags, *wanted.extra))
