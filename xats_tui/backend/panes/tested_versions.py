"""Newest client versions whose captured screens the readers were tested with."""

import re

from xats_tui.clients.registry import CLIENTS

NAMED_VERSION = re.compile(r"(?P<name>\S*?)[ /]?v?(?P<version>\d+(?:\.\d+)+)")
"""A program's name and version in its handshake: `codex-mcp-client 0.171.0`."""


def newer_than_tested(client: str | None, program: str) -> str:
    """Return a note that a program is newer than its reader was tested with, or an empty string.

    Args:
        client: the expected client.
        program: the program's version, or its name and version.
    """
    spec, said = CLIENTS.get(client or ""), NAMED_VERSION.match(program)
    if spec is None or said is None or not spec.tested_version:
        return ""
    if said["name"] and not said["name"].startswith(spec.id) and not spec.is_named(said["name"]):
        return ""  # a bridge, or another client that uses this name
    if _numbers(said["version"]) <= _numbers(spec.tested_version):
        return ""
    return f"{said['version']} is newer than {spec.tested_version}, the newest version whose screens were tested"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
