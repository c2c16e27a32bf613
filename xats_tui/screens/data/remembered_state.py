"""The state that the dashboard remembers, and how it is written and read.

Plain functions rather than pydantic, which would be a tenth of the processor time until the first data is shown.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, field

from xats_tui.core.records import fields_of
from xats_tui.screens.modes.places import Mode

T = TypeVar("T")

MAX_FILTERS, MAX_FILTER_CHARS = 50, 512

MAX_SNOOZES, MAX_SNOOZED_FACTS = 50, 100
"""Snoozes that are remembered, and facts that one of them may have."""

MAX_NAME_CHARS, MAX_TEAM_CHARS, MAX_LISTS, MAX_COLUMNS = 128, 1024, 64, 32

NAME = re.compile(r"\w[\w-]{0,31}")
"""Name of a filter."""


class NamedFilter(Struct, frozen=True, kw_only=True):
    """A filter with the mode that it is for."""

    mode: Mode
    words: str


class Sorting(Struct, frozen=True, kw_only=True):
    """Sort order of a list."""

    column: str
    reverse: bool = False


class Snooze(Struct, frozen=True, kw_only=True):
    """A concern as it was when it was put off."""

    until: datetime
    facts: frozenset[str]
    """Digests of the facts behind it."""
    weight: int
    has_failed: bool
    """True if it was a failure."""


class Remembered(Struct, frozen=True, kw_only=True):
    """Contents of the file."""

    theme: str | None = None
    mode: Mode | None = None
    team: str | None = None
    """Team to which the dashboard is limited."""
    columns_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that give their place to hidden ones, by list."""
    sorting: Mapping[str, Sorting] = field(default_factory=dict)
    """Sort orders by list."""
    filters: Mapping[str, NamedFilter] = field(default_factory=dict)
    snoozes: Mapping[str, Snooze] = field(default_factory=dict)
    """Concerns that were put off, by their keys."""
    pressed_at: datetime | None = None
    """Time of the last key press."""


def written(state: Remembered) -> str:
    """Return the state as JSON, without what is as at the first start."""
    fresh = Remembered()
    told = {name: value for name, value in fields_of(state).items() if value != getattr(fresh, name)}
    return json.dumps(told, indent=1, default=_plain)


def read(data: bytes) -> Remembered:
    """Return the state that JSON tells; what is not known here is ignored.

    Raises:
        ValueError: a value is not as it may be.
    """
    try:
        told = _mapping(json.loads(data))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return Remembered(
        theme=_optional(told.get("theme"), _name),
        mode=_optional(told.get("mode"), Mode),
        team=_optional(told.get("team"), lambda value: _text(value, MAX_TEAM_CHARS)),
        columns_aside=_each(told.get("columns_aside", {}), MAX_LISTS, _name, _columns),
        sorting=_each(told.get("sorting", {}), MAX_LISTS, _name, _sorting),
        filters=_each(told.get("filters", {}), MAX_FILTERS, _filter_name, _filter),
        snoozes=_each(told.get("snoozes", {}), MAX_SNOOZES, str, _snooze),
        pressed_at=_optional(told.get("pressed_at"), _moment),
    )


def _plain(value: datetime | frozenset[str] | Struct) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset) else fields_of(value)


def _optional(value: Any, read_one: Callable[[Any], T]) -> T | None:
    return None if value is None else read_one(value)


def _each(value: Any, most: int, key: Callable[[str], str], entry: Callable[[Any], T]) -> Mapping[str, T]:
    told = _mapping(value)
    if len(told) > most:
        raise ValueError(f"there are more than {most} entries")
    return {key(name): entry(one) for name, one in told.items()}


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is no table")
    return value


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"it is no text of at most {most} characters")
    return value


def _name(value: Any) -> str:
    return _text(value, MAX_NAME_CHARS)


def _names(value: Any, most: int) -> list[str]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"it is no list of at most {most} texts")
    return [_name(one) for one in value]


def _columns(value: Any) -> tuple[str, ...]:
    return tuple(_names(value, MAX_COLUMNS))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it is neither true nor false")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("it is no whole number")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_name(value))
    if moment.tzinfo is None:
        raise ValueError("it is a time without a time zone")
    return moment


def _sorting(value: Any) -> Sorting:
    told = _mapping(value)
    return Sorting(column=_name(told.get("column")), reverse=_truth(told.get("reverse", False)))


def _filter_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("it is no name of a filter")
    return name


def _filter(value: Any) -> NamedFilter:
    told = _mapping(value)
    return NamedFilter(mode=Mode(_name(told.get("mode"))), words=_text(told.get("words"), MAX_FILTER_CHARS))


def _snooze(value: Any) -> Snooze:
    told = _mapping(value)
    return Snooze(
        until=_moment(told.get("until")),
        facts=frozenset(_names(told.get("facts"), MAX_SNOOZED_FACTS)),
        weight=_number(told.get("weight")),
        has_failed=_truth(told.get("has_failed")),
    )
