"""Files that are ours as a whole: an extension that a client loads, a script that it runs at an event."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from xats_tui.clients.setup.config_files import EXTENSION, HOOKS, NotUnderstood, OwnEntry
from xats_tui.clients.setup.own_command import OwnCommand, flag_value
from xats_tui.clients.setup.rewriting import PRIVATE_MODE
from xats_tui.clients.spec import ClientSpec

SETUP_HOME = re.compile(r'^const SETUP_HOME = "";$', re.MULTILINE)
"""The line of an extension that says which home it connects to, where that is not the usual one."""

SCRIPT_MARK = "# xats-tui reports this event; xats-tui setup writes and removes this file"

OWN_LINES = re.compile(rf"^{re.escape(SCRIPT_MARK)}\nexec (?P<line>.*)(?:\n|\Z)", re.MULTILINE)
"""Our lines in a script; a person may have written others around them, which stay."""

SHELL = "#!/bin/sh"

SCRIPT_MODE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionFile:
    """An extension that connects a client to the coordinator."""

    path: Path
    source: str = field(repr=False)
    """The extension as it comes with xats-tui; its first line tells that a file is ours."""
    holds: str = EXTENSION
    mode: int = PRIVATE_MODE

    def found(self, text: str) -> OwnEntry | None:
        return OwnEntry(command=()) if self._is_ours(text) else None

    def added(self, text: str, own: OwnCommand) -> str:
        if text.strip() and not self._is_ours(text):
            raise NotUnderstood(f"{self.path} is another program's: move it away, or add --no-hooks")
        home = flag_value(own.flags, "--home")
        return SETUP_HOME.sub(lambda _: f"const SETUP_HOME = {json.dumps(home)};", self.source) if home else self.source

    def removed(self, text: str, former: str | None) -> str:
        return "" if self._is_ours(text) else text

    def _is_ours(self, text: str) -> bool:
        return bool(text) and text.partition("\n")[0] == self.source.partition("\n")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookScript:
    """An executable file that a client runs at the event after which it is called."""

    path: Path
    spec: ClientSpec = field(hash=False)
    event: str
    holds: str = HOOKS
    mode: int = SCRIPT_MODE

    def found(self, text: str) -> OwnEntry | None:
        ours = OWN_LINES.search(text)
        if ours is None:
            return None
        line = ours["line"]
        return OwnEntry(command=tuple(_words(line)), events=(self.event,), runs=((self.event, line),))

    def added(self, text: str, own: OwnCommand) -> str:
        if text.strip() and not OWN_LINES.search(text):
            raise NotUnderstood(f"{self.path} is a hook of yours: call xats-tui in it yourself, or add --no-hooks")
        lines = f"{SCRIPT_MARK}\nexec {own.hook(self.spec, self.event)}\n"
        return OWN_LINES.sub(lambda _: lines, text) if text.strip() else f"{SHELL}\n{lines}"

    def removed(self, text: str, former: str | None) -> str:
        rest = OWN_LINES.sub("", text)
        return "" if rest.strip() in ("", SHELL) else rest


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a person has changed it
        return []
