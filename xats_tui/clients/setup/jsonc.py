"""Changes JSON text where it is to be changed and nowhere else: order, indent, comments and everything foreign stay.

It knows JSON, with or without comments and trailing commas, not what any document means.  A place in a document is a
path of keys and indexes: `("hooks", "Stop", 0)`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Path = Sequence[str | int]

DEFAULT_INDENT = "  "

MAX_LINE_COLUMNS = 76
"""Columns of a list that is not broken: with the marks of a diff it has room in 80."""

BLANK = re.compile(r"[ \t\r\n]*")
BLANK_OR_COMMENT = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n]*?\*/)*(?://[^\n]*)?(?=\n|\Z)")
"""Blanks and comments up to the end of the line, if nothing else stands there."""
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
ATOM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")


class NotJson(Exception):
    """The text is not what it should be, with the place where that was noticed (both from 1)."""

    def __init__(self, problem: str, text: str, at: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1


@dataclass(slots=True)
class JsonNode:
    """A value and where it stands in the text."""

    start: int
    end: int
    value: Any = None
    parts: "list[JsonMember]" = field(default_factory=list)
    """Members of an object, or items of an array."""


@dataclass(slots=True)
class JsonMember:
    """A member of an object, or an item of an array."""

    key: str | int
    start: int
    """Offset of a member's key, or of an item itself."""
    node: JsonNode


def parsed(text: str, *, comments: bool) -> Any:
    """The document's value.

    Raises:
        NotJson: it is none.
    """
    return _Scanner(text, comments).document().value


def with_value(text: str, path: Path, value: Any, *, comments: bool) -> str:
    """The text with a value put there, what is missing on the way included; the index behind the last item appends.

    Raises:
        NotJson: the text is no JSON, or something on the way is of another kind.
    """
    scanner = _Scanner(text, comments)
    node = scanner.document()
    for depth, key in enumerate(path):
        wanted = list if isinstance(key, int) else dict
        if not isinstance(node.value, wanted):
            raise NotJson(f"an {'array' if wanted is list else 'object'} was expected here", text, node.start)
        part = _part(node, key)
        if part is None:
            for missing in reversed(path[depth + 1 :]):
                value = [value] if isinstance(missing, int) else {missing: value}
            return _inserted(scanner, node, key, value)
        node = part.node
    broken = "\n" in text.strip()
    new = (
        _written(value, _indent_at(text, node.start), _unit(text)) if broken else json.dumps(value, ensure_ascii=False)
    )
    return text[: node.start] + new + text[node.end :]


def without(text: str, path: Path, *, comments: bool) -> str:
    """The text without what stands there; the same text if nothing does.

    Raises:
        NotJson: the text is no JSON.
    """
    scanner = _Scanner(text, comments)
    container = node = scanner.document()
    for key in path:
        part = _part(node, key)
        if part is None:
            return text
        container, node = node, part.node
    return _cut(scanner, container, path[-1]) if path else text


class _Scanner:
    """Reads one text; every position is an index into it."""

    def __init__(self, text: str, comments: bool) -> None:
        self.text = text
        self.comments = comments
        self._blank = BLANK_OR_COMMENT if comments else BLANK

    def skip(self, at: int) -> int:
        """The next position that is neither blank nor comment."""
        match = self._blank.match(self.text, at)
        return match.end() if match else at

    def document(self) -> JsonNode:
        """The one value that the text consists of."""
        start = self.skip(0)
        if start == len(self.text):
            raise NotJson("it is empty", self.text, start)
        root = self._value(start)
        end = self.skip(root.end)
        if end < len(self.text):
            raise NotJson("there is more after the end of the document", self.text, end)
        return root

    def _value(self, at: int) -> JsonNode:
        opening = self.text[at : at + 1]
        if opening in ("{", "["):
            return self._container(at, "}" if opening == "{" else "]")
        if opening == '"':
            return self._string(at)
        match = ATOM.match(self.text, at)
        if match is None:
            raise NotJson("a value was expected here", self.text, at)
        return JsonNode(start=at, end=match.end(), value=json.loads(match[0]))

    def _string(self, at: int) -> JsonNode:
        match = STRING.match(self.text, at)
        if match is None:
            raise NotJson("a string does not end, or was expected here", self.text, at)
        try:
            return JsonNode(start=at, end=match.end(), value=json.loads(match[0]))
        except ValueError:
            raise NotJson("a string has an escape that is none", self.text, at) from None

    def _container(self, start: int, closing: str) -> JsonNode:
        node = JsonNode(start=start, end=start)
        at = self.skip(start + 1)
        while not self.text.startswith(closing, at):
            if node.parts:
                at = self._separated(at, closing)
                if self.text.startswith(closing, at):
                    break
            node.parts.append(self._part(at, closing, len(node.parts)))
            at = self.skip(node.parts[-1].node.end)
        node.end = at + 1
        node.value = (
            {part.key: part.node.value for part in node.parts}
            if closing == "}"
            else [part.node.value for part in node.parts]
        )
        return node

    def _separated(self, at: int, closing: str) -> int:
        if not self.text.startswith(",", at):
            raise NotJson(f"a comma or {closing} was expected here", self.text, at)
        after = self.skip(at + 1)
        if self.text.startswith(closing, after) and not self.comments:
            raise NotJson("a comma stands before the end", self.text, at)
        return after

    def _part(self, at: int, closing: str, index: int) -> JsonMember:
        if closing == "]":
            return JsonMember(key=index, start=at, node=self._value(at))
        key = self._string(at)
        colon = self.skip(key.end)
        if not self.text.startswith(":", colon):
            raise NotJson("a colon was expected here", self.text, colon)
        return JsonMember(key=key.value, start=at, node=self._value(self.skip(colon + 1)))


def _part(node: JsonNode, key: str | int) -> JsonMember | None:
    """The part of that key; of several with one key the last, which is the one that counts."""
    return next((part for part in reversed(node.parts) if part.key == key), None)


def _inserted(scanner: _Scanner, node: JsonNode, key: str | int, value: Any) -> str:
    text, unit = scanner.text, _unit(scanner.text)
    name = "" if isinstance(key, int) else json.dumps(key, ensure_ascii=False) + ": "
    outer = _indent_at(text, node.start)
    is_root = scanner.skip(0) == node.start
    if "\n" not in (text[node.start : node.end] if node.parts else text.strip()) and (node.parts or not is_root):
        member = name + json.dumps(value, ensure_ascii=False)
        if not node.parts:
            return text[: node.start + 1] + member + text[node.end - 1 :]
        end = node.parts[-1].node.end
        return f"{text[:end]}, {member}{text[end:]}"
    indent = _indent_at(text, node.parts[0].start) if node.parts else outer + unit
    written = _in_list(value, indent, unit) if isinstance(key, int) else _written(value, indent, unit, len(name))
    member = f"\n{indent}{name}{written}"
    if node.parts:
        return _appended(scanner, node, member)
    inside = text[node.start + 1 : node.end - 1].rstrip()
    return f"{text[: node.start + 1]}{inside}{member}\n{outer}{text[node.end - 1 :]}"


def _appended(scanner: _Scanner, node: JsonNode, member: str) -> str:
    """A member on a line of its own behind the last one, and behind the comment on that one's line."""
    text, end = scanner.text, node.parts[-1].node.end
    comma = scanner.skip(end)
    trailing = text.startswith(",", comma)
    after = comma + 1 if trailing else end
    rest = REST_OF_LINE.match(text, after) if scanner.comments else None
    place = rest.end() if rest else after
    separator = "" if trailing else ","
    closing = ("," if trailing else "") + (
        "" if "\n" in text[place : node.end] else "\n" + _indent_at(text, node.start)
    )
    return text[:end] + separator + text[end:place] + member + closing + text[place:]


def _cut(scanner: _Scanner, container: JsonNode, key: str | int) -> str:
    text, parts = scanner.text, container.parts
    index = next(number for number, part in enumerate(parts) if part is _part(container, key))
    start, end = _extent(scanner, parts[index], is_last=index + 1 == len(parts))
    if len(parts) == 1:
        kept = text[container.start + 1 : start] + text[end : container.end - 1]
        return text[: container.start + 1] + (kept if kept.strip() else "") + text[container.end - 1 :]
    if index + 1 < len(parts):
        return text[:start] + text[end:]
    comma = scanner.skip(parts[index - 1].node.end)
    between = text[comma + 1 : start]
    # A comma behind the last part stays behind the one before it.
    place = comma + 1 if _comma_behind(scanner, parts[index]) else comma
    return text[:place] + (between if between.strip(" \t") else "") + text[end:]


def _extent(scanner: _Scanner, part: JsonMember, *, is_last: bool) -> tuple[int, int]:
    """Return start and end of a part including the comma after it, in whole lines where it has lines of its own."""
    text = scanner.text
    line_start = text.rfind("\n", 0, part.start) + 1
    end = _comma_behind(scanner, part) or part.node.end
    if text[line_start : part.start].strip():
        return part.start, end if is_last else scanner.skip(end)
    rest = REST_OF_LINE.match(text, end)
    return line_start, min(rest.end() + 1, len(text)) if rest else end


def _comma_behind(scanner: _Scanner, part: JsonMember) -> int:
    """The position behind the comma that follows; 0 if none does."""
    comma = scanner.skip(part.node.end)
    return comma + 1 if scanner.text.startswith(",", comma) else 0


def _indent_at(text: str, at: int) -> str:
    """The blanks that the line of a position begins with."""
    line_start = text.rfind("\n", 0, at) + 1
    blanks = re.compile(r"[ \t]*").match(text, line_start)
    return blanks[0] if blanks else ""


def _unit(text: str) -> str:
    """Return the indent of one level."""
    indented = re.search(r"^([ \t]+)[\"\[{]", text, re.MULTILINE)
    return indented[1] if indented else DEFAULT_INDENT


def _written(value: Any, indent: str, unit: str, before: int = 0) -> str:
    """JSON text that begins on a line with this indent, `before` columns behind it.

    Lists stand on one line where they have room.
    """
    line = json.dumps(value, ensure_ascii=False)
    inner = indent + unit
    if isinstance(value, dict) and value:
        opening, closing = "{}"
        names = {key: json.dumps(key, ensure_ascii=False) + ": " for key in value}
        parts = [name + _written(value[key], inner, unit, len(name)) for key, name in names.items()]
    elif isinstance(value, list) and len(indent) + before + len(line) > MAX_LINE_COLUMNS:
        opening, closing = "[]"
        parts = [_in_list(item, inner, unit) for item in value]
    else:
        return line
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def _in_list(item: Any, indent: str, unit: str) -> str:
    line = json.dumps(item, ensure_ascii=False)
    return line if len(indent + line) <= MAX_LINE_COLUMNS else _written(item, indent, unit)
