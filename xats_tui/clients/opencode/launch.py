"""The command line of an opencode that registers as soon as it is up."""

import json
from collections.abc import Mapping

from xats_tui.clients.launch import as_table, bridge_command, compact_json, with_own_server
from xats_tui.clients.opencode.spec import SPEC
from xats_tui.clients.spec import SERVER
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

CONTENT_VARIABLE = "OPENCODE_CONFIG_CONTENT"


def start(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    server = {"type": "local", "command": list(bridge_command(wanted, means)), "enabled": True}
    content = _content(environment)
    content["mcp"] = {**as_table(content.get("mcp")), SERVER: server}
    start = ClientStart(command=(means.program, *wanted.extra), environment={CONTENT_VARIABLE: compact_json(content)})
    return with_own_server(start, SPEC.server, wanted, means)


def _content(environment: Mapping[str, str]) -> dict[str, object]:
    """The configuration that the user hands to opencode in the environment; none if it is none."""
    try:
        return as_table(json.loads(environment.get(CONTENT_VARIABLE) or "{}"))
    except ValueError:
        return {}
