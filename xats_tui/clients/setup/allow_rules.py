"""The rules by which a client lets its model call our tools unasked.

A woken agent reads its messages with a tool; where each call is asked about, it stops there until a person comes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xats_tui.clients.setup.config_files import ALLOW_RULE, OwnEntry, as_object
from xats_tui.clients.setup.documents import DocumentFormat, value_at, without_empty
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.servers import Servers

Against = Callable[[Mapping[str, Any]], tuple[str, ...]]
"""From our server's entry to what in it stands against the rule."""


def _nothing(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRule:
    """A member of our server's entry that allows its tools."""

    servers: Servers
    name: str
    value: Any
    against: Against = _nothing
    remedy: str = ""
    """Next step for a person about what stands against it."""
    holds: str = ALLOW_RULE

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.servers.path

    def found(self, text: str) -> OwnEntry | None:
        entry = self.servers.entry(text) or {}
        against, allows = self.against(entry), entry.get(self.name) == self.value
        if not allows and not against:
            return None
        return OwnEntry(command=(), allows=allows, against=against, remedy=self.remedy if against else "")

    def added(self, text: str, own: OwnCommand) -> str:
        if not self.servers.entry(text):  # nothing is there that could be allowed
            return text
        return self.servers.form.with_value(text, self._place, self.value, self.path)

    def removed(self, text: str, former: str | None) -> str:
        entry = self.servers.entry(text)
        if not entry or entry.get(self.name) != self.value:
            return text
        return self.servers.form.without(text, self._place, self.path)

    @property
    def _place(self) -> tuple[str, ...]:
        return (*self.servers.entry_place, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """An item of a list of what is allowed, beside lists of what is asked about and denied."""

    path: Path
    form: DocumentFormat
    place: tuple[str, ...]
    """The list: `("permissions", "allow")`."""
    rule: str
    equal: tuple[str, ...] = ()
    """Other rules that allow the same."""
    beside: tuple[str, ...] = ()
    """Names of the lists beside it that may hold rules against it."""
    remedy: str = ""
    """Next step for a person about those."""
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        allowed = self._rules(text, self.place)
        allows = any(rule in allowed for rule in (self.rule, *self.equal))
        against = tuple(
            f"{kind}: {rule}"
            for kind in self.beside
            for rule in self._rules(text, (*self.place[:-1], kind))
            if rule == self.rule or rule.startswith(f"{self.rule}__")
        )
        if not allows and not against:
            return None
        return OwnEntry(command=(), allows=allows, against=against, remedy=self.remedy if against else "")

    def added(self, text: str, own: OwnCommand) -> str:
        found = self.found(text)
        if found and found.allows:
            return text
        items = value_at(self.form.parsed(text, self.path), self.place, self.path)
        end = len(items) if isinstance(items, list) else 0
        return self.form.with_value(text, (*self.place, end), self.rule, self.path)

    def removed(self, text: str, former: str | None) -> str:
        items = value_at(self.form.parsed(text, self.path), self.place, self.path)
        ours = [index for index, rule in enumerate(items) if rule == self.rule] if isinstance(items, list) else []
        for index in reversed(ours):  # from the end: the others keep their numbers
            text = self.form.without(text, (*self.place, index), self.path)
        return without_empty(self.form, text, self.place, self.path, former) if ours else text

    def _rules(self, text: str, place: tuple[str, ...]) -> list[str]:
        found = value_at(self.form.parsed(text, self.path), place, self.path)
        return [rule for rule in found if isinstance(rule, str)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule:
    """A pattern in an object of them, of which the last one counts that fits; without one a tool is allowed."""

    path: Path
    form: DocumentFormat
    place: tuple[str, ...]
    """The object: `("permission",)`."""
    pattern: str
    allowed: str = "allow"
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        rules, name = self._rules(text), self.place[-1]
        if isinstance(rules, str):
            by_hand = f'write "{name}": {{"*": "{rules}", "{self.pattern}": "{self.allowed}"}}'
            against = (f'"{name}": "{rules}"',)
            return None if rules == self.allowed else OwnEntry(command=(), against=against, remedy=by_hand)
        decided, by = self._decision(as_object(rules, self.path))
        if decided == self.allowed:
            return OwnEntry(command=(), allows=True) if by == self.pattern else None
        return OwnEntry(command=(), against=(f'"{name}": {json.dumps({by: decided}, ensure_ascii=False)}',))

    def added(self, text: str, own: OwnCommand) -> str:
        found = self.found(text)
        if found is None or found.allows or isinstance(self._rules(text), str):
            return text
        # The last one counts, so it has to come last.
        text = self.form.without(text, (*self.place, self.pattern), self.path)
        return self.form.with_value(text, (*self.place, self.pattern), self.allowed, self.path)

    def removed(self, text: str, former: str | None) -> str:
        rules = self._rules(text)
        if not isinstance(rules, Mapping) or rules.get(self.pattern) != self.allowed:
            return text
        text = self.form.without(text, (*self.place, self.pattern), self.path)
        return without_empty(self.form, text, self.place, self.path, former)

    def _rules(self, text: str) -> Any:
        found = value_at(self.form.parsed(text, self.path), self.place, self.path)
        return {} if found is None else found

    def _decision(self, rules: Mapping[str, Any]) -> tuple[str, str]:
        """Return the rules' decision about our tools, and the pattern that makes it."""
        decided, by, tool = self.allowed, "", self.pattern.replace("*", "get_inbox")
        for pattern, rule in rules.items():
            if fnmatchcase(tool, pattern.replace("[", "[[]")):
                said = rule.get("*") if isinstance(rule, Mapping) else rule
                decided, by = (said, pattern) if isinstance(said, str) else (decided, by)
        return decided, by
