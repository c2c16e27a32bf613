"""Newest client versions whose captured screens the readers were tested with."""

import re
from collections.abc import Mapping

from xats_tui.core.model.agents import Client

TESTED_UP_TO: Mapping[str, str] = {
    Client.CLAUDE_CODE: "2.1.332",
    Client.CODEX: "0.171.0",
    Client.OPENCODE: "1.18.33",
}

NAMED_VERSION = re.compile(r"(?P<name>\S*?)[ /]?v?(?P<version>\d+(?:\.\d+)+)")
"""A program's name and version in its handshake: `codex-mcp-client 0.171.0`."""


def newer_than_tested(client: str | None, program: str) -> str:
    """Return a note that a program is newer than its reader was tested with, or an empty string.

    Args:
        client: the expected client.
        program: the program's version, or its name and version.
    """
    tested, said = TESTED_UP_TO.get(client or ""), NAMED_VERSION.match(program)
    if client is None or tested is None or said is None:
        return ""
    if said["name"] and not said["name"].startswith(client):
        return ""  # a bridge, or another client that uses this name
    if _numbers(said["version"]) <= _numbers(tested):
        return ""
    return f"{said['version']} is newer than {tested}, up to which the reader of its screens was tested"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
