"""The rules by which clients let a model call our tools unasked, in files of JSON.

A woken agent reads its mail with a tool; where each call is asked about, it stops there until a person comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import ALLOW_RULE, SERVER, OwnEntry, as_object
from xats_tui.clients.setup.json_files import broken_json, parsed_json
from xats_tui.clients.setup.own_command import OwnCommand

ALLOWED = "allow"

PERMISSIONS, PERMISSION = "permissions", "permission"
"""What holds the rules in Claude Code's settings, and in opencode's."""

CLAUDE_RULE = f"mcp__{SERVER}"
"""All tools of the server."""

OPENCODE_RULE, OPENCODE_TOOL = f"{SERVER}_*", f"{SERVER}_get_inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeAllowRule:
    """Claude Code's settings, with a list of rules each for what is allowed, asked about and denied."""

    path: Path
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        rules = as_object(as_object(parsed_json(text, self.path), self.path).get(PERMISSIONS, {}), self.path)
        allows = any(_list(rules, ALLOWED).count(rule) for rule in (CLAUDE_RULE, f"{CLAUDE_RULE}__*"))
        against = tuple(
            f"{kind}: {rule}"
            for kind in ("ask", "deny")
            for rule in _list(rules, kind)
            if rule == CLAUDE_RULE or rule.startswith(f"{CLAUDE_RULE}__")
        )
        remedy = "take that rule out, in the file or with /permissions" if against else ""
        return OwnEntry(command=(), allows=allows, against=against, remedy=remedy) if allows or against else None

    def added(self, text: str, own: OwnCommand) -> str:
        text = text if text.strip() else "{}\n"
        found = self.found(text)
        if found and found.allows:
            return text
        allowed = parsed_json(text, self.path).get(PERMISSIONS, {}).get(ALLOWED)
        place = (PERMISSIONS, ALLOWED, len(allowed) if isinstance(allowed, list) else 0)
        return _with(text, place, CLAUDE_RULE, self.path, comments=False)

    def removed(self, text: str) -> str:
        found = self.found(text)
        if found is None or not found.allows:
            return text
        rules = parsed_json(text, self.path)[PERMISSIONS][ALLOWED]
        for index in reversed([index for index, rule in enumerate(rules) if rule == CLAUDE_RULE]):
            text = jsonc.without(text, (PERMISSIONS, ALLOWED, index), comments=False)
        for emptied in ((PERMISSIONS, ALLOWED), (PERMISSIONS,)):
            text = _without_empty(text, emptied, self.path, comments=False)
        return "" if text.split() in (["{}"], ["{", "}"]) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class OpencodeAllowRule:
    """opencode's configuration, in which the last rule counts whose pattern fits; without one a tool is allowed."""

    path: Path
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        permission = self._permission(text)
        if isinstance(permission, str):
            by_hand = f'write "{PERMISSION}": {{"*": "{permission}", "{OPENCODE_RULE}": "{ALLOWED}"}}'
            against = (f'"{PERMISSION}": "{permission}"',)
            return None if permission == ALLOWED else OwnEntry(command=(), against=against, remedy=by_hand)
        decided, by = _decision(as_object(permission, self.path))
        if decided == ALLOWED:
            return OwnEntry(command=(), allows=True) if by == OPENCODE_RULE else None
        return OwnEntry(command=(), against=(f'"{PERMISSION}": {{"{by}": "{decided}"}}',))

    def added(self, text: str, own: OwnCommand) -> str:
        found = self.found(text)
        if found is None or found.allows or isinstance(self._permission(text), str):
            return text
        if OPENCODE_RULE in self._permission(text):  # the last one counts: it has to come last
            text = jsonc.without(text, (PERMISSION, OPENCODE_RULE), comments=True)
        return _with(text, (PERMISSION, OPENCODE_RULE), ALLOWED, self.path, comments=True)

    def removed(self, text: str) -> str:
        permission = self._permission(text)
        if not isinstance(permission, Mapping) or permission.get(OPENCODE_RULE) != ALLOWED:
            return text
        text = jsonc.without(text, (PERMISSION, OPENCODE_RULE), comments=True)
        return _without_empty(text, (PERMISSION,), self.path, comments=True)

    def _permission(self, text: str) -> Any:
        return as_object(parsed_json(text, self.path, comments=True), self.path).get(PERMISSION, {})


def _decision(rules: Mapping[str, Any]) -> tuple[str, str]:
    """What the rules say of our tools, and the one that says it; allowed by none unless one fits."""
    decided, by = ALLOWED, ""
    for pattern, rule in rules.items():
        if fnmatchcase(OPENCODE_TOOL, pattern.replace("[", "[[]")):
            said = rule.get("*") if isinstance(rule, Mapping) else rule
            decided, by = (said, pattern) if isinstance(said, str) else (decided, by)
    return decided, by


def _list(rules: Mapping[str, Any], kind: str) -> list[str]:
    found = rules.get(kind)
    return [rule for rule in found if isinstance(rule, str)] if isinstance(found, list) else []


def _with(text: str, place: jsonc.Path, value: str, path: Path, *, comments: bool) -> str:
    try:
        return jsonc.with_value(text, place, value, comments=comments)
    except jsonc.NotJson as error:
        raise broken_json(path, error) from None


def _without_empty(text: str, place: jsonc.Path, path: Path, *, comments: bool) -> str:
    """The text without an object or list that nothing is in."""
    around = parsed_json(text, path, comments=comments)
    for key in place:
        around = around.get(key) if isinstance(around, Mapping) else None
    return jsonc.without(text, place, comments=comments) if around in ({}, []) else text
