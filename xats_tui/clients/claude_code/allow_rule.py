"""The rule by which Claude Code lets its model call our tools unasked.

A woken agent reads its messages with a tool; where each call is asked about, it stops there until a person comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import ALLOW_RULE, OwnEntry, as_object
from xats_tui.clients.setup.json_files import parsed_json, with_value, without_empty
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.spec import SERVER

ALLOWED = "allow"

PERMISSIONS = "permissions"
"""The object of Claude Code's settings that holds the rules."""

RULE = f"mcp__{SERVER}"
"""All tools of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeAllowRule:
    """Claude Code's settings, with a list of rules each for what is allowed, asked about and denied."""

    path: Path
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        rules = as_object(as_object(parsed_json(text, self.path), self.path).get(PERMISSIONS, {}), self.path)
        allows = any(_list(rules, ALLOWED).count(rule) for rule in (RULE, f"{RULE}__*"))
        against = tuple(
            f"{kind}: {rule}"
            for kind in ("ask", "deny")
            for rule in _list(rules, kind)
            if rule == RULE or rule.startswith(f"{RULE}__")
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
        return with_value(text, place, RULE, self.path, comments=False)

    def removed(self, text: str) -> str:
        found = self.found(text)
        if found is None or not found.allows:
            return text
        rules = parsed_json(text, self.path)[PERMISSIONS][ALLOWED]
        for index in reversed([index for index, rule in enumerate(rules) if rule == RULE]):
            text = jsonc.without(text, (PERMISSIONS, ALLOWED, index), comments=False)
        for emptied in ((PERMISSIONS, ALLOWED), (PERMISSIONS,)):
            text = without_empty(text, emptied, self.path, comments=False)
        return "" if text.split() in (["{}"], ["{", "}"]) else text


def _list(rules: Mapping[str, Any], kind: str) -> list[str]:
    found = rules.get(kind)
    return [rule for rule in found if isinstance(rule, str)] if isinstance(found, list) else []
