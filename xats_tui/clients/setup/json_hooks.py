"""Hooks in a JSON file: the events that tell a client's state, and the entries that report them.

Claude Code and Codex have the same form.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xats_tui.clients.hook_table import HookTable
from xats_tui.clients.setup.config_files import HOOKS, OwnEntry, as_object
from xats_tui.clients.setup.documents import JSON, DocumentFormat, Place, value_at, without_empty
from xats_tui.clients.setup.own_command import OwnCommand, is_ours
from xats_tui.clients.spec import ClientSpec


@dataclass(frozen=True, slots=True)
class _Spot:
    """The place of one hook that runs us."""

    event: str
    group: int
    index: int
    line: str
    fits_all: bool
    """False if its group has a matcher, so that it reports some of the event's cases only."""
    has_limit: bool
    """True if it has a time limit of its own."""

    @property
    def place(self) -> Place:
        """The hook's place in the settings."""
        return ("hooks", self.event, self.group, "hooks", self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonHooks:
    """A file whose hooks run a command at what happens in a session."""

    path: Path
    spec: ClientSpec = field(hash=False)
    form: DocumentFormat = JSON
    holds: str = HOOKS

    @property
    def _table(self) -> HookTable:
        assert self.spec.hooks is not None  # only a client with hooks has a file for them
        return self.spec.hooks

    def found(self, text: str) -> OwnEntry | None:
        ours = self._ours(text)
        if not ours:
            return None
        events = {spot.event for spot in ours}
        return OwnEntry(
            command=tuple(_words(ours[0].line)),
            events=tuple(event for event in self._table.set_up if event in events),
            runs=tuple((spot.event, spot.line) for spot in ours),
        )

    def added(self, text: str, own: OwnCommand) -> str:
        lines = {event: own.hook(self.spec, event) for event in self._table.set_up}
        kept = _one_for_each(self._ours(text), lines)
        text = self._without(text, [spot for spot in self._ours(text) if spot not in kept], text)
        for spot in self._ours(text):
            line = own.hook(self.spec, spot.event)
            if spot.line != line:
                text = self._set(text, (*spot.place, "command"), line)
            if (limit := self._table.timeout_s(spot.event)) and not spot.has_limit:
                text = self._set(text, (*spot.place, "timeout"), limit)
        present = {spot.event for spot in kept}
        settings = self.form.parsed(text, self.path)
        for event, line in lines.items():
            if event not in present:
                groups = as_object(settings.get("hooks", {}), self.path).get(event, [])
                group = {"hooks": [hook_entry(self.spec, event, line)]}
                text = self._set(text, ("hooks", event, len(groups) if isinstance(groups, list) else 0), group)
        return text

    def places(self, text: str) -> list[tuple[str, int, int]]:
        """Return event, number of the group, and number in it of each hook of ours."""
        return [(spot.event, spot.group, spot.index) for spot in self._ours(text)]

    def removed(self, text: str, former: str | None) -> str:
        return self._without(text, self._ours(text), former)

    def without(self, text: str, lines: Iterable[str]) -> str:
        """The text without the hooks of ours that run one of these command lines."""
        unwanted = frozenset(lines)
        return self._without(text, [spot for spot in self._ours(text) if spot.line in unwanted], None)

    def _without(self, text: str, spots: list[_Spot], former: str | None) -> str:
        for spot in reversed(spots):  # from the end: the others keep their numbers
            text = self._taken_out(text, spot, former)
        return without_empty(self.form, text, ("hooks",), self.path, former) if spots else text

    def _taken_out(self, text: str, spot: _Spot, former: str | None) -> str:
        """The text without one hook, and without the group and the event that it leaves empty."""
        group = value_at(self.form.parsed(text, self.path), spot.place[:3], self.path)
        place = spot.place if len(group["hooks"]) > 1 else spot.place[:3]
        text = self.form.without(text, place, self.path)
        return without_empty(self.form, text, spot.place[:2], self.path, former)

    def _ours(self, text: str) -> list[_Spot]:
        """Every hook that runs us, in the order of the text."""
        settings = self.form.parsed(text, self.path)
        events = as_object(settings.get("hooks", {}), self.path)
        return [
            _Spot(event, number, index, hook["command"], group.get("matcher") in (None, "", "*"), "timeout" in hook)
            for event, groups in events.items()
            for number, group in enumerate(_items(groups))
            if isinstance(group, Mapping)
            for index, hook in enumerate(_items(group.get("hooks")))
            if isinstance(hook, Mapping) and _runs_our_hook(hook.get("command"))
        ]

    def _set(self, text: str, place: Place, value: Any) -> str:
        return self.form.with_value(text, place, value, self.path)


def hook_entry(spec: ClientSpec, event: str, line: str) -> dict[str, Any]:
    """Return the entry of an event's hook; one that may wait for a person gets the time to do so."""
    limit = spec.hooks.timeout_s(event) if spec.hooks else 0
    return {"type": "command", "command": line} | ({"timeout": limit} if limit else {})


def _one_for_each(ours: list[_Spot], lines: Mapping[str, str]) -> list[_Spot]:
    """Return one hook for each event, the one that runs the event's line rather than another."""
    kept: dict[str, _Spot] = {}
    for spot in ours:
        line = lines.get(spot.event)
        if spot.fits_all and (spot.event not in kept or (spot.line == line and kept[spot.event].line != line)):
            kept[spot.event] = spot
    return list(kept.values())


def _runs_our_hook(line: object) -> bool:
    words = _words(line) if isinstance(line, str) else []
    return is_ours(words) and "hook" in words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
