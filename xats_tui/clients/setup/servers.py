"""The entry of our MCP server in a configuration file, and which of several files holds it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.clients.setup.config_files import (
    MCP_SERVER,
    ONLY_OVER_HTTP,
    NotUnderstood,
    OwnEntry,
    ServerOption,
    as_object,
    found_in,
)
from xats_tui.clients.setup.documents import DocumentFormat, value_at, without_empty
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.spec import SERVER
from xats_tui.core.records import replace

SWITCHES = {"enabled": True, "disabled": False}
"""Members by which a client switches a server off, with the value of one that is on."""


class Servers(Struct, frozen=True, kw_only=True):
    """A file in which one object lists the MCP servers."""

    path: Path
    form: DocumentFormat
    place: tuple[str, ...]
    """The object: `("mcpServers",)`, `("mcp", "servers")`."""
    command_is_list: bool = False
    """True if `command` also holds the arguments, as in opencode; otherwise they are in `args`."""
    kind: str = ""
    """Value of the entry's `type`, if the client wants one."""
    options: tuple[ServerOption, ...] = ()
    """Further members of our entry; a value that stands there already is kept."""
    holds: str = MCP_SERVER

    @property
    def entry_place(self) -> tuple[str, ...]:
        """The place of our entry."""
        return (*self.place, SERVER)

    def found(self, text: str) -> OwnEntry | None:
        entry = self.entry(text)
        if entry is None:
            return None
        lacks = tuple(one for one in self.options if one.without and one.name not in entry)
        return replace(found_in(entry), lacks=lacks)

    def added(self, text: str, own: OwnCommand) -> str:
        former = self.entry(text)
        if former is None:
            return self._with(text, (), self.new_entry(own.bridge(())))
        command = self._command(own.bridge(found_in(former).command))
        for name in former.keys() & (ONLY_OVER_HTTP - command.keys()):
            text = self.form.without(text, (*self.entry_place, name), self.path)
        switched = {name: value for name, value in SWITCHES.items() if former.get(name) is (not value)}
        missing = {one.name: one.plain for one in self.options if one.without and one.name not in former}
        for name, value in {**command, **switched, **missing}.items():
            if name not in former or former[name] != value:
                text = self._with(text, (name,), value)
        return text

    def removed(self, text: str, former: str | None) -> str:
        if self.entry(text) is None:
            return text
        text = self.form.without(text, self.entry_place, self.path)
        return without_empty(self.form, text, self.place, self.path, former)

    def entry(self, text: str) -> Mapping[str, Any] | None:
        """Return our entry as it stands there; None if there is none.

        Raises:
            NotUnderstood: the text cannot be read.
        """
        found = value_at(self.form.parsed(text, self.path), self.place, self.path)
        entry = as_object(found, self.path).get(SERVER) if found is not None else None
        return entry if isinstance(entry, Mapping) else None

    def new_entry(self, command: Sequence[str]) -> dict[str, Any]:
        """Return the entry that starts this command."""
        return self._command(command) | {option.name: option.plain for option in self.options}

    def _command(self, command: Sequence[str]) -> dict[str, Any]:
        kind = {"type": self.kind} if self.kind else {}
        if self.command_is_list:
            return {**kind, "command": list(command)}
        return {**kind, "command": command[0], "args": list(command[1:])}

    def _with(self, text: str, within: tuple[str, ...], value: Any) -> str:
        return self.form.with_value(text, (*self.entry_place, *within), value, self.path)


def one_of(paths: Sequence[Path], servers_in: Callable[[Path], Servers]) -> Servers:
    """Return the file that has our server, else the one that is there, else the last, which is the usual one.

    Args:
        paths: files that the client all reads, the one that counts more first.
        servers_in: makes the servers of a path.
    """
    there = [servers_in(path) for path in paths if path.exists()]
    return next((file for file in there if _has_ours(file)), there[0] if there else servers_in(paths[-1]))


def _has_ours(file: Servers) -> bool:
    try:
        return file.found(plain_text(file.path)) is not None
    except NotUnderstood:
        return False
