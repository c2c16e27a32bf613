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
        if SCRIPT_MARK not in text:
            return None
        line = text.rstrip("\n").rpartition("\n")[2].removeprefix("exec ")
        return OwnEntry(command=tuple(shlex.split(line)), events=(self.event,), runs=((self.event, line),))

    def added(self, text: str, own: OwnCommand) -> str:
        if text.strip() and SCRIPT_MARK not in text:
            raise NotUnderstood(f"{self.path} is a hook of yours: call xats-tui in it yourself, or add --no-hooks")
        return f"#!/bin/sh\n{SCRIPT_MARK}\nexec {own.hook(self.spec, self.event)}\n"

    def removed(self, text: str, former: str | None) -> str:
        return "" if SCRIPT_MARK in text else text
