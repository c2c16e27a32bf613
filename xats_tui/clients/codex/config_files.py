"""Codex's configuration file, and our entries in it.

Nothing is said of timeouts: Codex waits ten seconds for a server, and the bridge answers the handshake within one.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError
from tomlkit.items import Table

from xats_tui.clients.codex.spec import SPEC
from xats_tui.clients.setup.config_files import (
    ALLOW_RULE,
    MCP_SERVER,
    ONLY_OVER_HTTP,
    ConfigFile,
    NotUnderstood,
    OwnEntry,
    as_object,
    found_in,
)
from xats_tui.clients.setup.json_hooks import JsonHooks
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.spec import SERVER

HOME = "CODEX_HOME"

SERVERS = "mcp_servers"

APPROVAL, APPROVED = "default_tools_approval_mode", "approve"
"""Setting that lets a server's tools run without approval; known since Codex asks about them (0.117)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexServers:
    """Codex's config.toml, with a table a server."""

    path: Path
    holds: str = MCP_SERVER

    def found(self, text: str) -> OwnEntry | None:
        entry = _entry(text, self.path)
        return found_in(entry) if entry else None

    def added(self, text: str, own: OwnCommand) -> str:
        former = self.found(text)
        command = own.bridge(former.command if former else ())
        entry = dict(_entry(text, self.path) or {})
        for name in ONLY_OVER_HTTP & entry.keys():
            del entry[name]
        entry.update(command=command[0], args=list(command[1:]))
        if not entry.get("enabled", True):
            entry["enabled"] = True
        words = ", ".join(f'"{word}"' for word in command[1:])
        return _changed(text, entry, self.path, f'command = "{command[0]}" args = [{words}]')

    def removed(self, text: str) -> str:
        if self.found(text) is None:
            return text
        document = _parsed(text, self.path)
        del document[SERVERS][SERVER]
        if not document[SERVERS]:
            del document[SERVERS]
        return _written(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexAllowRule:
    """Codex's config.toml, in which a server's table says whether its tools need a person's approval."""

    path: Path
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        entry = _entry(text, self.path) or {}
        tools = as_object(entry.get("tools", {}), self.path)
        modes = {name: tool.get("approval_mode", APPROVED) for name, tool in tools.items() if isinstance(tool, Mapping)}
        against = tuple(f'{name}: approval_mode = "{mode}"' for name, mode in modes.items() if mode != APPROVED)
        allows = entry.get(APPROVAL) == APPROVED
        remedy = f"take that out of [{SERVERS}.{SERVER}.tools]" if against else ""
        return OwnEntry(command=(), allows=allows, against=against, remedy=remedy) if allows or against else None

    def added(self, text: str, own: OwnCommand) -> str:
        entry = _entry(text, self.path)
        if not entry:  # nothing is there that could be allowed
            return text
        return _changed(text, {**entry, APPROVAL: APPROVED}, self.path, f'{APPROVAL} = "{APPROVED}"')

    def removed(self, text: str) -> str:
        entry = _entry(text, self.path)
        if not entry or entry.get(APPROVAL) != APPROVED:
            return text
        document = _parsed(text, self.path)
        del document[SERVERS][SERVER][APPROVAL]
        return _written(document)


def _entry(text: str, path: Path) -> Mapping[str, Any] | None:
    """Return our server's entry, or None."""
    servers = as_object(_parsed(text, path).unwrap().get(SERVERS, {}), path)
    return as_object(servers.get(SERVER, {}), path) or None


def _changed(text: str, entry: Mapping[str, Any], path: Path, by_hand: str) -> str:
    """The text with our server's table as it is to be; the same text if it is.

    Raises:
        NotUnderstood: that cannot be done without touching what is not ours.
    """
    document = _parsed(text, path)
    wanted = document.unwrap()
    wanted.setdefault(SERVERS, {})[SERVER] = dict(entry)
    if wanted == document.unwrap():
        return text
    _put(document, entry)
    changed = _written(document)
    if _read_toml(changed) != wanted:
        raise NotUnderstood(
            f"{path} cannot be changed without touching what is not ours: "
            f"put in yourself: [{SERVERS}.{SERVER}] {by_hand}"
        )
    return changed


def _put(document: tomlkit.TOMLDocument, entry: Mapping[str, Any]) -> None:
    if SERVERS not in document:
        document.append(SERVERS, tomlkit.table(is_super_table=True))
    servers: Any = document[SERVERS]
    if SERVER in servers:
        _update(servers[SERVER], entry)
        return
    servers[SERVER] = tomlkit.table() if isinstance(servers, Table) else tomlkit.inline_table()
    _update(servers[SERVER], entry)
    if isinstance(servers, Table):
        servers[SERVER].add(tomlkit.nl())


def _parsed(text: str, path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        what = str(error).split(" at line ")[0]
        raise NotUnderstood(f"{path}:{error.line}:{error.col}: not valid TOML: {what}") from None
    except TOMLKitError as error:
        raise NotUnderstood(f"{path}: not valid TOML: {error}") from None


def _update(table: Any, entry: Mapping[str, Any]) -> None:
    """Make a table of tomlkit's hold this and no more; what is so already stays as it is written."""
    for name in [name for name in table if name not in entry]:
        del table[name]
    for name, value in entry.items():
        if name not in table or table[name] != value:
            table[name] = value


def _written(document: tomlkit.TOMLDocument) -> str:
    """Its text, which ends with one newline; empty if there is nothing in it."""
    text = tomlkit.dumps(document).rstrip("\n")
    return text + "\n" if text else ""


def _read_toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    home = around.folder(HOME) or around.home / ".codex"
    folder = around.project / ".codex" if scope is ConfigScope.PROJECT else home
    config = folder / "config.toml"
    # Codex runs equal hooks of several files once for each, so one file has them.
    hooks = () if scope is ConfigScope.PROJECT else (JsonHooks(path=folder / "hooks.json", spec=SPEC),)
    return (CodexServers(path=config), *hooks, CodexAllowRule(path=config))


def _unreviewed(around: ConfigContext) -> tuple[str, ...]:
    """Return the events whose hooks no person has let run: Codex notes the others in its own configuration."""
    home = around.folder(HOME) or around.home / ".codex"
    hooks = JsonHooks(path=home / "hooks.json", spec=SPEC)
    document = _read_toml(plain_text(home / "config.toml"))
    noted = document.get("hooks", {}).get("state", {}) if isinstance(document, dict) else {}
    reviewed = {place for place, state in noted.items() if isinstance(state, dict) and state.get("trusted_hash")}
    return tuple(
        event
        for event, group, index in hooks.places(plain_text(hooks.path))
        if f"{hooks.path}:{_snake(event)}:{group}:{index}" not in reviewed
    )


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
