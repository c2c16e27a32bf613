"""Codex's configuration file, and our entries in it.

Nothing is said of timeouts: Codex waits ten seconds for a server, and the bridge answers the handshake within one.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xats_tui.clients.codex.spec import SPEC
from xats_tui.clients.setup.allow_rules import PlacedRule
from xats_tui.clients.setup.config_files import ConfigFile
from xats_tui.clients.setup.documents import TOML
from xats_tui.clients.setup.json_hooks import JsonHooks
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.setup.servers import Servers
from xats_tui.clients.spec import SERVER

HOME = "CODEX_HOME"

SERVERS = "mcp_servers"

APPROVAL, APPROVED = "default_tools_approval_mode", "approve"
"""Setting that lets a server's tools run without approval; known since Codex asks about them (0.117)."""


def servers_in(path: Path) -> Servers:
    """Return the servers of a config.toml."""
    return Servers(path=path, form=TOML, place=(SERVERS,))


def _against(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tools of our server's entry that need approval even so."""
    tools = entry.get("tools")
    listed = tools.items() if isinstance(tools, Mapping) else ()
    modes = {name: tool.get("approval_mode", APPROVED) for name, tool in listed if isinstance(tool, Mapping)}
    return tuple(f'{name}: approval_mode = "{mode}"' for name, mode in modes.items() if mode != APPROVED)


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    home = around.folder(HOME) or around.home / ".codex"
    folder = around.project / ".codex" if scope is ConfigScope.PROJECT else home
    config = folder / "config.toml"
    # Codex runs equal hooks of several files once for each, so one file has them.
    hooks = () if scope is ConfigScope.PROJECT else (JsonHooks(path=folder / "hooks.json", spec=SPEC),)
    servers = servers_in(config)
    remedy = f"take that out of [{SERVERS}.{SERVER}.tools]"
    rule = PlacedRule(
        servers=servers, place=(*servers.entry_place, APPROVAL), value=APPROVED, against=_against, remedy=remedy
    )
    return (servers, *hooks, rule)


def _unreviewed(around: ConfigContext) -> tuple[str, ...]:
    """Return the events whose hooks no person has let run: Codex notes the others in its own configuration."""
    home = around.folder(HOME) or around.home / ".codex"
    hooks = JsonHooks(path=home / "hooks.json", spec=SPEC)
    noted = _read_toml(plain_text(home / "config.toml")).get("hooks", {}).get("state", {})
    reviewed = {place for place, state in noted.items() if isinstance(state, dict) and state.get("trusted_hash")}
    return tuple(
        event
        for event, group, index in hooks.places(plain_text(hooks.path))
        if f"{hooks.path}:{_snake(event)}:{group}:{index}" not in reviewed
    )


def _read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _snake(event: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event).lower()


def _elsewhere(around: ConfigContext) -> tuple[ConfigFile, ...]:
    """Return the folder's hooks, which `setup` does not write, but takes out where they would run twice."""
    return (JsonHooks(path=around.project / ".codex/hooks.json", spec=SPEC),)


PROGRAM = ClientProgram(
    spec=SPEC,
    files=_files,
    unreviewed=_unreviewed,
    elsewhere=_elsewhere,
    hooks_note=(
        "Codex runs new hooks only after you have reviewed them: it asks when it is next started, and "
        "“Trust all and continue” lets them run"
    ),
    project_note="Codex reads it only in folders that it trusts; it asks when it is started there",
)
