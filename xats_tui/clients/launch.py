"""Parts of the command lines by which a client's bridge registers the agent by itself.

Nothing is started here.  A server called `xats` in the user's own configuration is replaced for this one start; all
else there holds.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from xats_tui.clients.spec import OwnServer
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest
from xats_tui.core.records import replace

Starter = Callable[[LaunchRequest, LaunchCommand, Mapping[str, str]], ClientStart]
"""From the agent, what a start needs, and the starter's environment to what a pane is to run."""


def bridge_command(wanted: LaunchRequest, means: LaunchCommand) -> tuple[str, ...]:
    role = ("--role", wanted.role) if wanted.role else ()
    return (*means.bridge, "--name", wanted.name, "--team", wanted.team, *role)


OWN_SESSION = ("--prompt", "--session", "-s", "--continue", "-c", "--fork")
"""Flags after which an opencode or its kin shows a session that cannot be told: that one is woken in its pane."""

# the password is made in the pane: an argument of tmux would be seen in the process table
WITH_PASSWORD = """{0}=${{{0}:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')}} && export {0} && exec "$0" "$@" """
"""Shell line that gives a program a password of its own, unless the user's environment has one."""


def with_own_server(
    start: ClientStart, server: OwnServer | None, wanted: LaunchRequest, means: LaunchCommand
) -> ClientStart:
    """Return the start with a server of the client's own; unchanged if the user's arguments say where it listens."""
    if server is None or has_flag(wanted.extra, "--port"):
        return start
    program, *arguments = start.command
    command = (program, "--port", str(means.port), *arguments)
    if server.needs_password:
        command = ("/bin/sh", "-c", WITH_PASSWORD.format(server.password), *command)
    base_url = "" if has_flag(wanted.extra, *OWN_SESSION) else f"http://127.0.0.1:{means.port}"
    return replace(start, command=command, base_url=base_url)


def as_table(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def has_flag(arguments: Sequence[str], *flags: str) -> bool:
    return any(argument.partition("=")[0] in flags for argument in arguments)


def compact_json(value: object) -> str:
    """Compact JSON; of text and lists of text, TOML at the same time."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
