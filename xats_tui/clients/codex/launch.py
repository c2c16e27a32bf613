"""The command line of a Codex that registers as soon as it is up."""

import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path

from xats_tui.clients.launch import (
    as_table,
    bridge_command,
    compact_json,
)
from xats_tui.clients.setup.config_files import NotUnderstood
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.spec import CODEX_URL_VARIABLE, LAUNCH_VARIABLE, SERVER
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

SECOND = "xats_tui"
"""The same where that name is taken in a way that cannot be replaced."""

OWN_SERVER = """\
{server} >/dev/null 2>&1 &
for _ in {{1..300}}; do (exec 3<>"/dev/tcp/127.0.0.1/{port}") 2>/dev/null && break; sleep 0.1; done
exec {codex}
"""
"""For bash: an app-server beside the Codex that it is for, on whose terminal it hangs."""


def start(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str]) -> ClientStart:
    program, *arguments = bridge_command(wanted, means)
    url = f"ws://127.0.0.1:{means.port}"
    told = {LAUNCH_VARIABLE: means.mark, **({CODEX_URL_VARIABLE: url} if wanted.app_server else {})}
    environs = ",".join(f"{variable}={compact_json(value)}" for variable, value in told.items())
    fields = [f"command={compact_json(program)}", f"args={compact_json(arguments)}", f"env={{{environs}}}"]
    if not wanted.asks_first:
        fields.append('default_tools_approval_mode="approve"')
    # Codex merges tables, and refuses one with a URL and a command: then ours has another name, and theirs rests.
    name, aside = (
        (SECOND, ("-c", f"mcp_servers.{SERVER}.enabled=false"))
        if has_remote(wanted.folder, environment)
        else (SERVER, ())
    )
    configured = (*aside, "-c", f"mcp_servers.{name}={{{','.join(fields)}}}")
    if not wanted.app_server:
        return ClientStart(command=(means.program, *configured, *wanted.extra), announces=True)
    server = shlex.join((means.program, "app-server", "--listen", url, *configured))
    codex = shlex.join((means.program, *configured, "--remote", url, *wanted.extra))
    script = OWN_SERVER.format(server=server, port=means.port, codex=codex)
    return ClientStart(command=("bash", "-c", script), announces=True)


def has_remote(folder: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether Codex's own configuration, or the folder's, reaches a server with our name by a URL."""
    home = environment.get("CODEX_HOME") or f"{environment.get('HOME') or Path.home()}/.codex"
    return any(_has_remote(path / "config.toml") for path in (Path(home), folder / ".codex"))


def _has_remote(config: Path) -> bool:
    try:
        servers = as_table(tomllib.loads(plain_text(config)).get("mcp_servers"))
    except (NotUnderstood, ValueError):  # Codex itself says what is wrong with it
        return False
    return "url" in as_table(servers.get(SERVER))
