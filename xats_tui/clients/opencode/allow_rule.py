"""The rule by which opencode lets its model call our tools unasked.

A woken agent reads its messages with a tool; where each call is asked about, it stops there until a person comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import ALLOW_RULE, OwnEntry, as_object
from xats_tui.clients.setup.json_files import parsed_json, with_value, without_empty
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.spec import SERVER

ALLOWED = "allow"

PERMISSION = "permission"
"""The object of opencode's configuration that holds the rules."""

RULE, TOOL = f"{SERVER}_*", f"{SERVER}_get_inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpencodeAllowRule:
    """opencode's configuration, in which the last rule counts whose pattern fits; without one a tool is allowed."""

    path: Path
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        permission = self._permission(text)
        if isinstance(permission, str):
            by_hand = f'write "{PERMISSION}": {{"*": "{permission}", "{RULE}": "{ALLOWED}"}}'
            against = (f'"{PERMISSION}": "{permission}"',)
            return None if permission == ALLOWED else OwnEntry(command=(), against=against, remedy=by_hand)
        decided, by = _decision(as_object(permission, self.path))
        if decided == ALLOWED:
            return OwnEntry(command=(), allows=True) if by == RULE else None
        return OwnEntry(command=(), against=(f'"{PERMISSION}": {{"{by}": "{decided}"}}',))

    def added(self, text: str, own: OwnCommand) -> str:
        found = self.found(text)
        if found is None or found.allows or isinstance(self._permission(text), str):
            return text
        if RULE in self._permission(text):  # the last one counts: it has to come last
            text = jsonc.without(text, (PERMISSION, RULE), comments=True)
        return with_value(text, (PERMISSION, RULE), ALLOWED, self.path, comments=True)

    def removed(self, text: str) -> str:
        permission = self._permission(text)
        if not isinstance(permission, Mapping) or permission.get(RULE) != ALLOWED:
            return text
        text = jsonc.without(text, (PERMISSION, RULE), comments=True)
        return without_empty(text, (PERMISSION,), self.path, comments=True)

    def _permission(self, text: str) -> Any:
        return as_object(parsed_json(text, self.path, comments=True), self.path).get(PERMISSION, {})


def _decision(rules: Mapping[str, Any]) -> tuple[str, str]:
    """Return the rules' decision about our tools, and the rule that makes it; without a match tools are allowed."""
    decided, by = ALLOWED, ""
    for pattern, rule in rules.items():
        if fnmatchcase(TOOL, pattern.replace("[", "[[]")):
            said = rule.get("*") if isinstance(rule, Mapping) else rule
            decided, by = (said, pattern) if isinstance(said, str) else (decided, by)
    return decided, by
