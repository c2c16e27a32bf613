"""Parts of the command lines by which a client's bridge registers the agent by itself.

Nothing is started here.  A server called `xats` in the user's own configuration is replaced for this one start; all
else there holds.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

LAUNCH_VARIABLE = "XATS_LAUNCH"
"""Variable with the mark of the launch that a bridge belongs to."""

CODEX_URL_VARIABLE = "XATS_CODEX_URL"
"""Variable with the URL of the app-server that a bridge's Codex has for itself."""

Starter = Callable[[LaunchRequest, LaunchCommand, Mapping[str, str]], ClientStart]
"""From the agent, what a start needs, and the starter's environment to what a pane is to run."""


def bridge_command(wanted: LaunchRequest, means: LaunchCommand) -> tuple[str, ...]:
    role = ("--role", wanted.role) if wanted.role else ()
    return (*means.bridge, "--name", wanted.name, "--team", wanted.team, *role)


def as_table(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def has_flag(arguments: Sequence[str], *flags: str) -> bool:
    return any(argument.partition("=")[0] in flags for argument in arguments)


def compact_json(value: object) -> str:
    """Compact JSON; of text and lists of text, TOML at the same time."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
