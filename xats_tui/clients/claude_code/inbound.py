"""The fate of a message in a Claude Code's inbox, as far as that can be told beforehand.  Pure.

It says nothing to the sender: a message may be taken, held for a person's decision, or dropped.  Its settings and the
permission mode decide.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

SETTING = "crossSessionInbound"
"""The setting that decides about messages of other programs."""

BYPASS = "bypassPermissions"
"""The permission mode in which messages are held unless the user's own settings accept them."""

FORBIDDING = ("refuse", "hold")
"""Values that count wherever they stand, the stricter first."""
ACCEPT = "accept"
"""Value that counts in the user's own settings only."""

BYPASS_FLAGS = frozenset({"--dangerously-skip-permissions", "--allow-dangerously-skip-permissions"})
"""Arguments with which a person can enter that mode at any time, without a hook that tells."""
MODE_FLAG = "--permission-mode"
SETTINGS_FLAG = "--settings"

FOOTERS = {
    "bypass permissions on": BYPASS,
    "accept edits on": "acceptEdits",
    "plan mode on": "plan",
    "auto mode on": "auto",
    "manual mode on": "default",
}
"""The permission mode, by the last line of the screen."""

FOOTER_ROWS = 4
"""Number of rows below the input line that may name the mode."""

_RULE = re.compile(r"[─━╌-]{8,}.*")
"""A row that frames the input line."""


class Origin(StrEnum):
    """The place of a settings file."""

    MANAGED = "managed settings"
    ARGUMENT = "its --settings"
    LOCAL = "the project's local settings"
    PROJECT = "the project's settings"
    USER = "the user's settings"


class SettingsFile(Struct, frozen=True, kw_only=True):
    """One of the files whose settings apply to a Claude Code."""

    origin: Origin
    content: bytes

    @property
    def fields(self) -> Mapping[str, Any]:
        """Its settings; empty if they cannot be read."""
        try:
            fields = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return fields if isinstance(fields, dict) else {}


class Inbound(Struct, frozen=True, kw_only=True):
    """The words of its settings about messages of other programs, and about the mode."""

    forbidden: str = ""
    """The reason why no message is taken, for people; empty if none is told."""
    accepts: bool = False
    """True if the user's own settings accept messages in any mode."""
    may_bypass: bool = False
    """True if settings or arguments make the mode possible in which messages are held."""


def inbound(files: Iterable[SettingsFile], command: Sequence[str]) -> Inbound:
    """Judge the settings that apply to a process with this command line."""
    files = tuple(files)
    said = [(file, file.fields.get(SETTING)) for file in files]
    forbidden = [f"{file.origin} say {SETTING}: {word}" for word in FORBIDDING for file, value in said if value == word]
    modes = {default_mode(file.fields) for file in files} | {mode_in_arguments(command)}
    return Inbound(
        forbidden=forbidden[0] if forbidden else "",
        accepts=any(file.origin is Origin.USER and value == ACCEPT for file, value in said),
        may_bypass=BYPASS in modes or not BYPASS_FLAGS.isdisjoint(command),
    )


def default_mode(fields: Mapping[str, Any]) -> str:
    """Return the permission mode that settings begin with; empty if they name none."""
    permissions = fields.get("permissions")
    mode = permissions.get("defaultMode") if isinstance(permissions, dict) else None
    return mode if isinstance(mode, str) else ""


def mode_in_arguments(command: Sequence[str]) -> str:
    """Return the permission mode that a command line begins with; empty if it names none."""
    return next(_values(command, MODE_FLAG), "")


def settings_in_arguments(command: Sequence[str]) -> str:
    """Return the settings that a command line names: a path, or the settings themselves; empty for none."""
    return next(_values(command, SETTINGS_FLAG), "")


def mode_in_footer(rows: Sequence[str]) -> str:
    """Return the permission mode that a screen shows now; empty if it shows none.

    Only the rows below the input line count: a draft may say anything.
    """
    shown = [row.strip() for row in rows if row.strip()]
    rules = [number for number, row in enumerate(shown) if _RULE.fullmatch(row)]
    if not rules:
        return ""
    footer = " ".join(shown[rules[-1] + 1 :][:FOOTER_ROWS])
    return next((mode for sign, mode in FOOTERS.items() if sign in footer), "")


def why_held(said: Inbound, shown: str, reported: str) -> str:
    """Return the reason why a message would not be taken now, for people; empty if nothing speaks against it.

    Args:
        said: what the settings say.
        shown: the permission mode on the screen, the only one that is current; empty if none is seen.
        reported: the mode that its newest hook reported; empty if none did.
    """
    if said.forbidden:
        return said.forbidden
    if said.accepts or (shown and shown != BYPASS):
        return ""
    if shown == BYPASS or reported == BYPASS or said.may_bypass:
        seen = "is in" if BYPASS in (shown, reported) else "may be in"
        return f"it {seen} the mode {BYPASS}, in which it holds messages unless {Origin.USER} say {SETTING}: {ACCEPT}"
    return ""


def settings_paths(command: Sequence[str], folders: Iterable[Path], config: Path) -> Iterator[tuple[Origin, Path]]:
    """Yield the settings files that may apply to a process.

    Args:
        command: its command line.
        folders: its working directories; the first one is where relative paths begin.
        config: its configuration folder.
    """
    folders = tuple(folders)
    for managed in MANAGED:
        yield Origin.MANAGED, managed
    named = settings_in_arguments(command)
    if named and not named.lstrip().startswith("{") and folders:
        yield Origin.ARGUMENT, folders[0] / named
    for folder in folders:
        yield Origin.LOCAL, folder / ".claude/settings.local.json"
        if folder / ".claude" != config:
            yield Origin.PROJECT, folder / ".claude/settings.json"
    yield Origin.USER, config / "settings.json"


MANAGED = (
    Path("/etc/claude-code/managed-settings.json"),
    Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
)
"""Settings of the machine's administrator."""


def _values(command: Sequence[str], flag: str) -> Iterator[str]:
    """Yield the values of a flag, the last one first: it wins."""
    for position in reversed(range(len(command))):
        word = command[position]
        if word.startswith(f"{flag}="):
            yield word.removeprefix(f"{flag}=")
        elif word == flag and position + 1 < len(command):
            yield command[position + 1]
