"""The command line of an opencode that registers as soon as it is up."""

import json
from collections.abc import Mapping

from xats_tui.clients.launch import (
    as_table,
    bridge_command,
    compact_json,
    has_flag,
)
from xats_tui.clients.spec import SERVER
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

OWN_SESSION = ("--prompt", "--session", "-s", "--continue", "-c", "--fork")
"""Flags of opencode after which it shows a session that cannot be told: that one is woken in its pane."""

CONTENT_VARIABLE = "OPENCODE_CONFIG_CONTENT"


def start(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    server = {"type": "local", "command": list(bridge_command(wanted, means)), "enabled": True}
    content = _content(environment)
    content["mcp"] = {**as_table(content.get("mcp")), SERVER: server}
    own_port = () if has_flag(wanted.extra, "--port") else ("--port", str(means.port))
    return ClientStart(
        command=(means.program, *own_port, *wanted.extra),
        environment={CONTENT_VARIABLE: compact_json(content)},
        base_url="" if has_flag(wanted.extra, *OWN_SESSION) or not own_port else f"http://127.0.0.1:{means.port}",
    )


def _content(environment: Mapping[str, str]) -> dict[str, object]:
    """The configuration that the user hands to opencode in the environment; none if it is none."""
    try:
        return as_table(json.loads(environment.get(CONTENT_VARIABLE) or "{}"))
    except ValueError:
        return {}
