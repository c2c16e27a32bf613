"""Where Codex keeps what concerns us, and what of it is ours.

Nothing is said of timeouts: Codex waits ten seconds for a server, and the bridge answers the handshake within one.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError
from tomlkit.items import Table

from xats_tui.clients.client import Client, Scope, Surroundings
from xats_tui.clients.config_files import (
    ONLY_OVER_HTTP,
    SERVER,
    ConfigFile,
    Found,
    NotUnderstood,
    as_object,
    found_in,
)
from xats_tui.clients.own_command import OwnCommand

HOME = "CODEX_HOME"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexServers:
    """Codex's config.toml, with a table a server."""

    path: Path
    holds: str = "MCP server"

    def found(self, text: str) -> Found | None:
        entry = as_object(self._servers(self._parsed(text)).get(SERVER, {}), self.path)
        return found_in(entry) if entry else None

    def added(self, text: str, own: OwnCommand) -> str:
        document = self._parsed(text)
        former = self.found(text)
        command = own.bridge(former.command if former else ())
        wanted = document.unwrap()
        entry = wanted.setdefault("mcp_servers", {}).setdefault(SERVER, {})
        for name in ONLY_OVER_HTTP & entry.keys():
            del entry[name]
        entry.update(command=command[0], args=list(command[1:]))
        if not entry.get("enabled", True):
            entry["enabled"] = True
        if wanted == document.unwrap():
            return text
        self._put(document, entry)
        changed = _written(document)
        if _read_toml(changed) != wanted:
            raise NotUnderstood(f"{self.path} cannot be changed without touching what is not ours: {_by_hand(command)}")
        return changed

    def removed(self, text: str) -> str:
        if self.found(text) is None:
            return text
        document = self._parsed(text)
        del document["mcp_servers"][SERVER]
        if not document["mcp_servers"]:
            del document["mcp_servers"]
        return _written(document)

    def _put(self, document: tomlkit.TOMLDocument, entry: Mapping[str, Any]) -> None:
        if "mcp_servers" not in document:
            document.append("mcp_servers", tomlkit.table(is_super_table=True))
        servers: Any = document["mcp_servers"]
        if SERVER in servers:
            _update(servers[SERVER], entry)
            return
        servers[SERVER] = tomlkit.table() if isinstance(servers, Table) else tomlkit.inline_table()
        _update(servers[SERVER], entry)
        if isinstance(servers, Table):
            servers[SERVER].add(tomlkit.nl())

    def _servers(self, document: tomlkit.TOMLDocument) -> Mapping[str, Any]:
        return as_object(document.unwrap().get("mcp_servers", {}), self.path)

    def _parsed(self, text: str) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(text)
        except ParseError as error:
            what = str(error).split(" at line ")[0]
            raise NotUnderstood(f"{self.path}:{error.line}:{error.col}: not valid TOML: {what}") from None
        except TOMLKitError as error:
            raise NotUnderstood(f"{self.path}: not valid TOML: {error}") from None


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


def _by_hand(command: Sequence[str]) -> str:
    words = ", ".join(f'"{word}"' for word in command[1:])
    return f'put in yourself: [mcp_servers.{SERVER}] command = "{command[0]}" args = [{words}]'


def _files(scope: Scope, around: Surroundings) -> tuple[ConfigFile, ...]:
    home = around.folder(HOME) or around.home / ".codex"
    folder = around.project / ".codex" if scope is Scope.PROJECT else home
    return (CodexServers(path=folder / "config.toml"),)


CODEX = Client(
    name="codex",
    title="Codex",
    program="codex",
    files=_files,
    project_note="Codex reads it only in folders that it trusts; it asks when it is started there",
)
