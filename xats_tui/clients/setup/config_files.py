"""The configuration files of other programs: what is ours in each, put in or taken out of its text.

All of it is text in, text out; who reads and writes the files is `rewriting.py`.  What is not ours is never touched.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from xats_tui.clients.setup.own_command import OwnCommand

MCP_SERVER, HOOKS, ALLOW_RULE, EXTENSION = "MCP server", "hooks", "allow rule", "extension"
"""Kinds of entries of ours."""

ONLY_OVER_HTTP = frozenset(
    {"url", "type", "headers", "http_headers", "env_http_headers", "bearer_token_env_var", "oauth"}
)
"""Members of a server that is reached over HTTP; one that is started has none of them."""


class NotUnderstood(Exception):
    """A configuration file is not what its program would read; one sentence that names the place."""


class ServerOption(Struct, frozen=True, kw_only=True):
    """A member of our server's entry that only one client knows."""

    name: str
    value: str | int | bool | tuple[str, ...]
    without: str
    """Consequence of an entry that lacks it, for a person; empty if an entry from before may do without it."""

    @property
    def plain(self) -> str | int | bool | list[str]:
        """The value as a document holds it."""
        return list(self.value) if isinstance(self.value, tuple) else self.value


class OwnEntry(Struct, frozen=True, kw_only=True):
    """Our entry in a file."""

    command: tuple[str, ...]
    """The command that is started; empty for a server over HTTP, and for a rule."""
    enabled: bool = True
    events: tuple[str, ...] = ()
    """For hooks, the events that run it."""
    runs: tuple[tuple[str, str], ...] = ()
    """For hooks, each event with a command line that it runs, in the file's order."""
    lacks: tuple[ServerOption, ...] = ()
    """For a server, the options that the entry does not mention."""
    allows: bool = False
    """For a rule: all of our tools may be called unasked."""
    against: tuple[str, ...] = ()
    """The user's own rules by which some are asked about, or denied, even so."""
    remedy: str = ""
    """Next step for a person about those rules; empty if our own rule is enough."""


class ConfigFile(Protocol):
    """One file of one client, and what of ours belongs into it."""

    @property
    def path(self) -> Path:
        """Path of the file, whether it exists or not."""
        ...

    @property
    def holds(self) -> str:
        """Kind of our entry: `MCP_SERVER`, `HOOKS` or `ALLOW_RULE`."""
        ...

    def found(self, text: str) -> OwnEntry | None:
        """Return our entry in this text, or None.

        Raises:
            NotUnderstood: it cannot be read.
        """
        ...

    def added(self, text: str, own: OwnCommand) -> str:
        """The text with what is ours as it should be; the same text if it is.

        Raises:
            NotUnderstood: it cannot be read, or not changed without touching what is not ours.
        """
        ...

    def removed(self, text: str, former: str | None) -> str:
        """The text without what is ours; empty if nothing else is in it.

        Args:
            text: the file's text.
            former: its text before anything of ours was in it, whose empty objects stay; None if that is not known, or
                there was no file.

        Raises:
            NotUnderstood: it cannot be read.
        """
        ...


def found_in(entry: Mapping[str, Any]) -> OwnEntry:
    """Return the command of a server's entry."""
    command, arguments = entry.get("command"), entry.get("args")
    words = command if isinstance(command, list) else [command] if command else []
    words = [*words, *(arguments if isinstance(arguments, list) else [])]
    enabled = entry.get("enabled", True) is not False and entry.get("disabled", False) is not True
    return OwnEntry(command=tuple(str(word) for word in words), enabled=enabled)


def as_object(value: Any, path: Path) -> Mapping[str, Any]:
    """The value, which must be an object.

    Raises:
        NotUnderstood: it is something else.
    """
    if not isinstance(value, Mapping):
        raise NotUnderstood(f"{path}: an object was expected where {str(value)[:40]!r} stands")
    return value
