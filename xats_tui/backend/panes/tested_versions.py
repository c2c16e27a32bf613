"""The versions of clients up to which the readers were tested on captured screens."""

import re
from collections.abc import Mapping

from xats_tui.core.model.agents import Client

TESTED_UP_TO: Mapping[str, str] = {
    Client.CLAUDE_CODE: "2.1.332",
    Client.CODEX: "0.171.0",
    Client.OPENCODE: "1.18.33",
}

NAMED_VERSION = re.compile(r"(?P<name>\S*?)[ /]?v?(?P<version>\d+(?:\.\d+)+)")
"""A program with its version, as it names itself in the handshake: `codex-mcp-client 0.171.0`."""


def newer_than_tested(client: str | None, program: str) -> str:
    """Say that a program is newer than the reader of its screens was tested with; empty if it is not, or not known.

    Args:
        client: the client that it should be.
        program: its version, or its name and version.
    """
    tested, said = TESTED_UP_TO.get(client or ""), NAMED_VERSION.match(program)
    if client is None or tested is None or said is None:
        return ""
    if said["name"] and not said["name"].startswith(client):
        return ""  # a bridge in between, or another client under this one's name
    if _numbers(said["version"]) <= _numbers(tested):
        return ""
    return f"{said['version']} is newer than {tested}, up to which the reader of its screens was tested"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
