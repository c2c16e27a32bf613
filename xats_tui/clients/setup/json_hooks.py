"""Hooks in a JSON file: the events that tell a client's state, and the entries that report them."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.clients.hook_table import HookTable
from xats_tui.clients.setup.config_files import HOOKS, OwnEntry, as_object
from xats_tui.clients.setup.documents import JSON, DocumentFormat, Place, value_at, without_empty
from xats_tui.clients.setup.own_command import OwnCommand, is_ours
from xats_tui.clients.spec import ClientSpec

TIMEOUT = "timeout"
"""The member of a hook with its time limit, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookShape:
    """The form of a hook."""

    is_grouped: bool = True
    """True if an event has groups, each with its hooks; False if it has a list of them."""
    line: str = "command"
    """The member with the command line."""
    members: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further members of each hook."""


CLAUDE_SHAPE = HookShape()
"""The form of Claude Code, which most others have taken over."""


class _Spot(Struct, frozen=True):
    """The place of one hook that runs us."""

    event: str
    group: int
    index: int
    """0 where hooks have no groups."""
    place: Place
    line: str
    fits_all: bool
    """False if it has a matcher, so that it reports some of the event's cases only."""
    has_limit: bool
    """True if it has a time limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonHooks:
    """A file whose hooks run a command at what happens in a session."""

    path: Path
    spec: ClientSpec = field(hash=False)
    form: DocumentFormat = JSON
    shape: HookShape = CLAUDE_SHAPE
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
        entries = {event: self._entry(event, own) for event in self._table.set_up}
        kept = _one_for_each(self._ours(text), {event: entry[self.shape.line] for event, entry in entries.items()})
        text = self._without(text, [spot for spot in self._ours(text) if spot not in kept], text)
        for spot in self._ours(text):
            entry = self._entry(spot.event, own)
            if spot.line != entry[self.shape.line]:
                text = self._set(text, (*spot.place, self.shape.line), entry[self.shape.line])
            if TIMEOUT in entry and not spot.has_limit:
                text = self._set(text, (*spot.place, TIMEOUT), entry[TIMEOUT])
        present = {spot.event for spot in kept}
        for event, entry in entries.items():
            if event not in present:
                end = len(_items(value_at(self.form.parsed(text, self.path), ("hooks", event), self.path)))
                text = self._set(text, ("hooks", event, end), {"hooks": [entry]} if self.shape.is_grouped else entry)
        return text

    def _entry(self, event: str, own: OwnCommand) -> dict[str, Any]:
        return hook_entry(self.spec, event, own.hook(self.spec, event), self.shape)

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
        if not spots:
            return text
        for spot in reversed(spots):  # from the end: the others keep their numbers
            text = self._taken_out(text, spot, former)
        return without_empty(self.form, text, ("hooks",), self.path, former)

    def _taken_out(self, text: str, spot: _Spot, former: str | None) -> str:
        """The text without one hook, and without the group and the event that it leaves empty."""
        place = spot.place
        if self.shape.is_grouped:
            group = value_at(self.form.parsed(text, self.path), place[:3], self.path)
            place = place if len(group["hooks"]) > 1 else place[:3]
        text = self.form.without(text, place, self.path)
        return without_empty(self.form, text, place[:2], self.path, former)

    def _ours(self, text: str) -> list[_Spot]:
        """Every hook that runs us, in the order of the text."""
        events = as_object(self.form.parsed(text, self.path).get("hooks", {}), self.path)
        return [
            spot
            for event, items in events.items()
            for number, item in enumerate(_items(items))
            if isinstance(item, Mapping)
            for spot in self._spots(event, number, item)
        ]

    def _spots(self, event: str, number: int, item: Mapping[str, Any]) -> Iterator[_Spot]:
        """Yield the hooks of ours in an item of an event's list."""
        place: Place = ("hooks", event, number)
        fits_all = item.get("matcher") in (None, "", "*")
        for index, hook in enumerate(_items(item.get("hooks")) if self.shape.is_grouped else [item]):
            if isinstance(hook, Mapping) and _runs_our_hook(hook.get(self.shape.line)):
                at = (*place, "hooks", index) if self.shape.is_grouped else place
                yield _Spot(event, number, index, at, hook[self.shape.line], fits_all, TIMEOUT in hook)

    def _set(self, text: str, place: Place, value: Any) -> str:
        return self.form.with_value(text, place, value, self.path)


def hook_entry(spec: ClientSpec, event: str, line: str, shape: HookShape = CLAUDE_SHAPE) -> dict[str, Any]:
    """Return the entry of an event's hook; one that may wait for a person gets the time to do so."""
    limit = spec.hooks.timeout_s(event) if spec.hooks else 0
    return {"type": "command", shape.line: line, **shape.members} | ({TIMEOUT: limit} if limit else {})


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
