"""Hooks that would run twice: where more than one file of a client reports an event to one coordinator.

A client merges the hooks of its files.  Some run equal command lines once: there a double is another line of ours.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from xats_tui.clients.setup.config_files import HOOKS, ConfigFile, OwnEntry
from xats_tui.clients.setup.own_command import OwnCommand, pid_path_of
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text


@runtime_checkable
class HookFile(ConfigFile, Protocol):
    """A file with hooks, from which single command lines can be taken out."""

    def without(self, text: str, lines: Sequence[str]) -> str:
        """The text without the hooks of ours that run one of these command lines."""
        ...


class HooksBeside(Struct, frozen=True, kw_only=True):
    """Another file whose hooks would run beside those that are set up."""

    file: HookFile
    lines: tuple[str, ...]
    """Command lines of ours that would run beside the one that is set up."""
    holds_elsewhere: bool
    """True if the file also counts in other folders: its hooks are made equal instead of taken out."""
    holds: str = HOOKS

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.file.path

    def found(self, text: str) -> OwnEntry | None:
        return self.file.found(text)

    def added(self, text: str, own: OwnCommand) -> str:
        return self.file.added(text, own) if self.holds_elsewhere else self.file.without(text, self.lines)

    def removed(self, text: str, former: str | None) -> str:
        return text


def hooks_beside(
    client: ClientProgram, scope: ConfigScope, around: ConfigContext, own: OwnCommand
) -> list[HooksBeside]:
    """Return the client's other files whose hooks would run beside the ones of this scope.

    Raises:
        NotUnderstood: a file cannot be read.
    """
    ends_at = own.pid_path
    here = {file.path for file in client.files(scope, around)}  # in the home folder both scopes have the same files
    if not any(file.holds == HOOKS for file in client.files(scope, around)):
        return []  # hooks belong into the other scope's files only
    once = client.runs_equal_hooks_once
    others = [(other, file) for other in ConfigScope if other is not scope for file in client.files(other, around)]
    local = [(ConfigScope.PROJECT, file) for file in client.elsewhere(around)]
    beside = []
    for place, file in (*others, *local):
        if file.path in here or not isinstance(file, HookFile) or file.holds != HOOKS:
            continue
        found = file.found(plain_text(file.path))
        runs = found.runs if found else ()
        others_of = {line for event, line in runs if not (once and line == own.hook(client.spec, event))}
        if lines := tuple(sorted(line for line in others_of if _reports_to(line) == ends_at)):
            beside.append(HooksBeside(file=file, lines=lines, holds_elsewhere=place is ConfigScope.USER))
    return beside


def doubled(client: ClientProgram, found: Sequence[tuple[Path, OwnEntry]]) -> dict[str, tuple[Path, ...]]:
    """Return the events that run more than one hook for the same coordinator, each with the files of these hooks."""
    run: dict[tuple[str, Path], dict[object, Path]] = {}
    for path, entry in found:
        for number, (event, line) in enumerate(entry.runs):
            once = line if client.runs_equal_hooks_once else (path, number)
            run.setdefault((event, _reports_to(line)), {}).setdefault(once, path)
    return {event: tuple(dict.fromkeys(each.values())) for (event, _), each in run.items() if len(each) > 1}


def _reports_to(line: str) -> Path:
    return pid_path_of(shlex.split(line))
