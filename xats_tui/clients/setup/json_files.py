"""JSON configuration files: the entry of our server, and the reading and changing of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import (
    MCP_SERVER,
    ONLY_OVER_HTTP,
    NotUnderstood,
    OwnEntry,
    ServerOption,
    as_object,
    found_in,
)
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.spec import SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonServers:
    """A JSON file in which one object lists the MCP servers."""

    path: Path
    member: str
    """The object's name: `mcpServers`, `mcp`."""
    command_is_list: bool
    """True if `command` also holds the arguments, as in opencode; otherwise they are in `args`."""
    comments: bool = False
    """True if the client reads comments and trailing commas."""
    within: tuple[str, ...] = ()
    """The objects around that one, for a file which is only looked at."""
    options: tuple[ServerOption, ...] = ()
    """Members of our entry that only this client knows; a value that stands there already is kept."""
    holds: str = MCP_SERVER

    def found(self, text: str) -> OwnEntry | None:
        around = self._parsed(text)
        for name in (*self.within, self.member):
            around = as_object(around, self.path).get(name, {})
        entry = as_object(around, self.path).get(SERVER)
        if not isinstance(entry, Mapping):
            return None
        return replace(found_in(entry), lacks=tuple(one for one in self.options if one.name not in entry))

    def added(self, text: str, own: OwnCommand) -> str:
        text = text if text.strip() else "{}\n"
        servers = as_object(as_object(self._parsed(text), self.path).get(self.member, {}), self.path)
        former = servers.get(SERVER)
        if not isinstance(former, Mapping):
            entry = self._entry(own, ()) | {option.name: option.value for option in self.options}
            return self._set(text, (self.member, SERVER), entry)
        entry = self._entry(own, found_in(former).command)
        for name in former.keys() & (ONLY_OVER_HTTP - entry.keys()):
            text = jsonc.without(text, (self.member, SERVER, name), comments=self.comments)
        for name, value in entry.items():
            if former.get(name) != value and not (name == "enabled" and name not in former):
                text = self._set(text, (self.member, SERVER, name), value)
        for option in self.options:
            if option.name not in former:
                text = self._set(text, (self.member, SERVER, option.name), option.value)
        return text

    def removed(self, text: str) -> str:
        if self.found(text) is None:
            return text
        text = jsonc.without(text, (self.member, SERVER), comments=self.comments)
        if not self._parsed(text)[self.member]:
            text = jsonc.without(text, (self.member,), comments=self.comments)
        return "" if text.split() in (["{}"], ["{", "}"]) else text

    def _entry(self, own: OwnCommand, former: Sequence[str]) -> dict[str, Any]:
        command = own.bridge(former)
        if self.command_is_list:
            return {"type": "local", "command": list(command), "enabled": True}
        return {"type": "stdio", "command": command[0], "args": list(command[1:])}

    def _set(self, text: str, place: jsonc.Path, value: Any) -> str:
        try:
            return jsonc.with_value(text, place, value, comments=self.comments)
        except jsonc.NotJson as error:
            raise broken_json(self.path, error) from None

    def _parsed(self, text: str) -> Any:
        return parsed_json(text, self.path, comments=self.comments)


def parsed_json(text: str, path: Path, *, comments: bool = False) -> Any:
    """The value of a file's text; an empty object if there is none.

    Raises:
        NotUnderstood: it is no JSON.
    """
    try:
        return jsonc.parsed(text, comments=comments) if text.strip() else {}
    except jsonc.NotJson as error:
        raise broken_json(path, error) from None


def broken_json(path: Path, error: jsonc.NotJson) -> NotUnderstood:
    """The one sentence that says where a file is no JSON."""
    return NotUnderstood(f"{path}:{error.line}:{error.column}: not valid JSON: {error.problem}")


def with_value(text: str, place: jsonc.Path, value: str, path: Path, *, comments: bool) -> str:
    try:
        return jsonc.with_value(text, place, value, comments=comments)
    except jsonc.NotJson as error:
        raise broken_json(path, error) from None


def without_empty(text: str, place: jsonc.Path, path: Path, *, comments: bool) -> str:
    """Return the text without an object or list that is empty."""
    around = parsed_json(text, path, comments=comments)
    for key in place:
        around = around.get(key) if isinstance(around, Mapping) else None
    return jsonc.without(text, place, comments=comments) if around in ({}, []) else text
