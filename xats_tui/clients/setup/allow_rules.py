"""The rules by which a client lets its model call our tools unasked.

A woken agent reads its messages with a tool; where each call is asked about, it stops there until a person comes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.clients.setup.config_files import ALLOW_RULE, OwnEntry, as_object
from xats_tui.clients.setup.documents import DocumentFormat, value_at, without_empty
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.servers import Servers

Against = Callable[[Mapping[str, Any]], tuple[str, ...]]
"""From our server's entry to what in it stands against the rule."""


DIGEST = "{digest}"
"""Stands for the first half of a SHA-256 in hex digits: of our entry's type, command and arguments as compact JSON."""

DIGITS = 32


def _nothing(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRule:
    """A value beside or in the entry of our server that allows its tools."""

    servers: Servers
    """The servers of the same file: without our entry there is nothing to allow."""
    place: tuple[str, ...]
    value: Any = field(hash=False)
    """In it, `DIGEST` stands for a digest of our entry."""
    counts: tuple[str, ...] = ()
    """The members of a value with several that decide; the others may differ."""
    against: Against = _nothing
    remedy: str = ""
    """Next step for a person about what stands against it."""
    holds: str = ALLOW_RULE

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.servers.path

    def found(self, text: str) -> OwnEntry | None:
        against, allows = self.against(self.servers.entry(text) or {}), self._allows(text)
        if not allows and not against:
            return None
        return OwnEntry(command=(), allows=allows, against=against, remedy=self.remedy if against else "")

    def added(self, text: str, own: OwnCommand) -> str:
        entry = self.servers.entry(text)
        if not entry or self._allows(text):
            return text
        return self.servers.form.with_value(text, self.place, _filled(self.value, entry), self.path)

    def removed(self, text: str, former: str | None) -> str:
        if not self._is_ours(self._standing(text)):
            return text
        text = self.servers.form.without(text, self.place, self.path)
        return without_empty(self.servers.form, text, self.place[:-1], self.path, former)

    def _standing(self, text: str) -> Any:
        return value_at(self.servers.form.parsed(text, self.path), self.place, self.path)

    def _allows(self, text: str) -> bool:
        standing, wanted = self._standing(text), _filled(self.value, self.servers.entry(text) or {})
        if self.counts and isinstance(standing, Mapping):
            return all(standing.get(name) == wanted[name] for name in self.counts)
        return bool(standing == wanted)

    def _is_ours(self, standing: Any) -> bool:
        """Return whether a value is as it was written; the entry may be gone, so its digest is not compared."""
        if not isinstance(self.value, Mapping) or not isinstance(standing, Mapping):
            return bool(standing == self.value)
        compared = {name for name, value in self.value.items() if value != DIGEST}
        return standing.keys() == self.value.keys() and all(standing[name] == self.value[name] for name in compared)


def _filled(value: Any, entry: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _digest(entry) if one == DIGEST else one for name, one in value.items()}


def _digest(entry: Mapping[str, Any]) -> str:
    told = {name: entry[name] for name in ("type", "command", "args") if name in entry}
    return sha256(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """An item of a list of what is allowed, beside lists of what is asked about and denied."""

    path: Path
    form: DocumentFormat
    place: tuple[str, ...]
    """The list: `("permissions", "allow")`."""
    rule: Any = field(hash=False)
    equal: tuple[str, ...] = ()
    """Other rules that allow the same."""
    beside: tuple[str, ...] = ()
    """Names of the lists beside it that may hold rules against it."""
    remedy: str = ""
    """Next step for a person about those."""
    holds: str = ALLOW_RULE

    def found(self, text: str) -> OwnEntry | None:
        allowed = self._items(text, self.place)
        allows = any(rule in allowed for rule in (self.rule, *self.equal))
        against = tuple(
            f"{kind}: {rule}"
            for kind in self.beside
            for rule in self._items(text, (*self.place[:-1], kind))
            if rule == self.rule or (isinstance(rule, str) and rule.startswith(f"{self.rule}__"))
        )
        if not allows and not against:
            return None
        return OwnEntry(command=(), allows=allows, against=against, remedy=self.remedy if against else "")

    def added(self, text: str, own: OwnCommand) -> str:
        found = self.found(text)
        if found and found.allows:
            return text
        return self.form.with_value(text, (*self.place, len(self._items(text, self.place))), self.rule, self.path)

    def removed(self, text: str, former: str | None) -> str:
        ours = [index for index, rule in enumerate(self._items(text, self.place)) if rule == self.rule]
        for index in reversed(ours):  # from the end: the others keep their numbers
            text = self.form.without(text, (*self.place, index), self.path)
        return without_empty(self.form, text, self.place, self.path, former) if ours else text

    def _items(self, text: str, place: tuple[str, ...]) -> list[Any]:
        found = value_at(self.form.parsed(text, self.path), place, self.path)
        return found if isinstance(found, list) else []


class PatternRule(Struct, frozen=True, kw_only=True):
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
