"""Diff of two JSON schemas, line by line, with incompatibilities beside the lines that cause them.

Pure functions.  The diff follows the structure of the schemas, not their text: a property stands beside itself, even if
it was moved.  Compatibility is judged elsewhere; this module only assigns the reasons to lines.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import zip_longest
from typing import Any

from msgspec import Struct

from xats_tui.core.model.contracts import SchemaReason
from xats_tui.core.records import replace
from xats_tui.screens.widgets.format import one_line

INDENT = "  "

PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
"""Keys that are clear without quotes."""

# A schema may have a quarter of a megabyte.
MAX_LINES = 1_500
"""Maximum lines that are drawn."""

WORDS_OF_NEW = {"required": "required", "type": "type", "additionalProperties": "closed"}
WORDS_OF_OLD = {"required": "not required", "type": "type", "additionalProperties": "was closed"}
"""Words shown beside a line for an incompatibility, by the schema's keyword; for other keywords see `_marked`."""


class _Nothing(Enum):
    NOTHING = 0


NOTHING = _Nothing.NOTHING


class DiffLine(Struct, frozen=True, kw_only=True):
    """A line of both schemas."""

    old: str | None
    """Line of the old schema; None if it has no counterpart."""
    new: str | None
    path: str
    """JSON pointer to the value that starts or stands in this line."""
    same: bool
    mark: str = ""
    """Incompatibility in one or two words."""
    refuses_old: bool = False
    """True if readers of the new version are affected; False if only readers of the old one are."""


def schema_lines(schema: Any, room: int) -> list[str]:
    """Return the lines of a schema; a value wider than `room` cells takes several lines."""
    return [line.new or "" for line in _Walk(room).lines("", NOTHING, schema, "", 0)]


def diff_lines(old: Any, new: Any, reasons: Iterable[SchemaReason], room: int) -> list[DiffLine]:
    """Return both schemas line by line, each `room` cells wide, with the reasons beside the lines that cause them."""
    lines = list(_Walk(room).lines("", old, new, "", 0))
    for reason in reasons:
        index = _place(lines, reason)
        lines[index] = _marked(lines[index], reason)
    return lines


class _Walk:
    """Walks through two schemas at once."""

    def __init__(self, room: int) -> None:
        self._room = room

    def lines(self, label: str, old: Any, new: Any, path: str, depth: int) -> Iterator[DiffLine]:
        """Yield the lines of two values at the same path; `label` stands before the first line."""
        room = self._room - len(INDENT) * depth - len(label)
        there = [value for value in (old, new) if value is not NOTHING]
        alike = all(isinstance(value, dict) for value in there) or all(isinstance(value, list) for value in there)
        if alike and not all(_is_inline(value, room) for value in there):
            yield from self._container(label, old, new, path, depth)
            return
        before, after = (self._side(label, value, path, depth) for value in (old, new))
        same = NOTHING not in (old, new) and _dumped(old) == _dumped(new)
        for one, other in zip_longest(before, after):
            yield DiffLine(
                old=one[0] if one else None,
                new=other[0] if other else None,
                path=other[1] if other else one[1] if one else "",
                same=same,
            )

    def _container(self, label: str, old: Any, new: Any, path: str, depth: int) -> Iterator[DiffLine]:
        is_object = isinstance(new if new is not NOTHING else old, dict)
        begin, end = "{}" if is_object else "[]"
        opening, closing = f"{INDENT * depth}{label}{begin}", f"{INDENT * depth}{end}"
        yield _both(opening, old, new, path)
        before, after = _members(old), _members(new)
        for key in dict.fromkeys((*before, *after)):
            place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            inner = f"{_key(key)}: " if is_object else ""
            yield from self.lines(inner, before.get(key, NOTHING), after.get(key, NOTHING), place, depth + 1)
        yield _both(closing, old, new, "")

    def _side(self, label: str, value: Any, path: str, depth: int) -> list[tuple[str, str]]:
        """Return the lines of a value without counterpart, each with its path."""
        if value is NOTHING:
            return []
        room = self._room - len(INDENT) * depth - len(label)
        if isinstance(value, (dict, list)) and not _is_inline(value, room):
            return [(line.new or "", line.path) for line in self._container(label, NOTHING, value, path, depth)]
        return [(f"{INDENT * depth}{label}{_inline(value)}", path)]


def _both(text: str, old: Any, new: Any, path: str) -> DiffLine:
    """Return a line with a bracket for each side that exists."""
    here, there = (text if value is not NOTHING else None for value in (old, new))
    return DiffLine(old=here, new=there, path=path, same=NOTHING not in (old, new))


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return value if isinstance(value, dict) else {}


def _is_inline(value: Any, room: int) -> bool:
    """Return whether a value fits into one line: there is room, and it contains no object."""
    if not isinstance(value, (dict, list)) or not value:
        return True
    inner = value.values() if isinstance(value, dict) else value
    nested = any(isinstance(one, dict) or (isinstance(one, list) and not _is_inline(one, room)) for one in inner)
    return not nested and len(_inline(value)) <= room


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return one_line(_dumped(value))


def _key(key: str) -> str:
    return one_line(key if PLAIN_KEY.fullmatch(key) else _dumped(key))


def _dumped(value: Any) -> str:
    return "" if value is NOTHING else json.dumps(value, ensure_ascii=False)


def _place(lines: Sequence[DiffLine], reason: SchemaReason) -> int:
    """Return the index of the line that a reason is about: the required property, or the deepest value on the path."""
    wanted = reason.path
    if wanted.endswith("/required"):
        name = reason.what.rpartition("requires ")[2].strip('"')
        property_path = f"{wanted.removesuffix('required')}properties/{name}"
        if any(line.path == property_path for line in lines):
            wanted = property_path
    places = [
        (len(line.path), -index)
        for index, line in enumerate(lines)
        if line.path and (line.new if reason.of_new else line.old) and f"{wanted}/".startswith(f"{line.path}/")
    ]
    return -max(places)[1] if places else 0


def _marked(line: DiffLine, reason: SchemaReason) -> DiffLine:
    keyword = reason.path.rpartition("/")[2]
    word = (WORDS_OF_NEW if reason.of_new else WORDS_OF_OLD).get(keyword, "narrowed" if reason.of_new else "widened")
    known = line.mark.split(", ") if line.mark else []
    refuses_old = line.refuses_old or reason.of_new
    return replace(line, mark=", ".join(dict.fromkeys((*known, word))), refuses_old=refuses_old)
