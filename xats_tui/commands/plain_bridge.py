"""`xats-tui mcp` with a command line that can be read without typer.

Importing typer, and what it coerces values with, takes a third of the time until a bridge has registered its agent.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xats_tui.clients.registry import look_in
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.settings import FILE_ONLY, SETTINGS, Loaded, flag_of, load

COMMAND, CHANNEL = "mcp", "--channel"

FLAGS = {flag_of(name): name for name in SETTINGS if name not in FILE_ONLY}
"""Flags of settings, which may stand before the command, too."""

IDENTITY = {"--name": "XATS_NAME", "--team": "XATS_TEAM", "--role": "XATS_ROLE"}
"""Flags about the agent, each with its variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLine:
    """What a command line and the environment say to a bridge."""

    settings: Mapping[str, str]
    name: str | None
    team: str | None
    role: str | None
    channel: bool


def read(command_line: Sequence[str], environment: Mapping[str, str]) -> BridgeLine | None:
    """Return what a command line says; None if it has anything else than flags that are known here."""
    given: dict[str, str] = {}
    channel = follows = False
    words: Iterator[str] = iter(command_line[1:])
    for word in words:
        flag, has_value, value = word.partition("=")
        if word == COMMAND and not follows:
            follows = True
        elif word == CHANNEL and follows:
            channel = True
        elif flag in FLAGS or (flag in IDENTITY and follows):
            told = value if has_value else next(words, None)
            if told is None:
                return None
            given[flag] = told
        else:
            return None
    name, team, role = (given.get(flag, environment.get(variable)) for flag, variable in IDENTITY.items())
    settings = {FLAGS[flag]: value for flag, value in given.items() if flag in FLAGS}
    return BridgeLine(settings=settings, name=name, team=team, role=role, channel=channel)


def run(line: BridgeLine) -> int:
    """Run the bridge, and return its exit code."""
    return serve(load(line.settings), name=line.name, team=line.team, role=line.role, channel=line.channel)


def serve(loaded: Loaded, *, name: str | None, team: str | None, role: str | None, channel: bool) -> int:
    """Run a bridge with these settings; an empty name, team or role counts as none."""
    log_to_file(loaded.settings)
    look_in(loaded.settings.home)
    # Deferred: the other commands have no use for an HTTP client.
    from xats_tui.mcp_bridge.bridge import run
    from xats_tui.mcp_bridge.registration_defaults import RequestedIdentity

    gc.enable()  # `early` has turned it off
    return run(loaded, RequestedIdentity(name=name or None, team=team or None, role=role or None), channel=channel)
