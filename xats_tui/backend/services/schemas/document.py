"""One JSON Schema as a whole: what its references mean, and what each part of it says in the end.

Pure.  It knows nothing of comparing; `schema_compatibility` asks it what a part allows at most, without conditions that
are scattered over references and `allOf`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from xats_tui.backend.services.schemas.validity import pointer
from xats_tui.backend.services.schemas.values import canonical, is_number

Verdict = bool | None
"""Yes, no, or not to be told."""

TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
"""The kinds of values; `number` is `integer` and `fraction`."""

OPAQUE = "$opaque"
"""Marks a flat schema that allows less than it says: something in it could not be folded in."""

ELSEWHERE = "$elsewhere"
"""Lists the references of a flat schema that lead out of the document."""

LITERAL = "$literal"
"""Marks a flat schema that allows one value only: its `const`."""

HIDDEN = frozenset({OPAQUE, "not", "if", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"})
"""What an inner schema may say that is not understood here: it may allow less than it seems to."""

UNCLEAR: dict[str, Any] = {OPAQUE: True}
"""A part of which nothing is known."""

OBJECT_KEYWORDS = frozenset({"properties", "patternProperties", "additionalProperties", "unevaluatedProperties"})
ARRAY_KEYWORDS = frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems"})
TOGETHER = (OBJECT_KEYWORDS, ARRAY_KEYWORDS, frozenset({"if", "then", "else"}))
"""Keywords that mean something else beside those of another schema."""

WITHOUT_EFFECT = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}) | {
    "$schema", "$id", "id", "$anchor", "$comment", "$defs", "definitions", "$vocabulary"
}  # fmt: skip

STRICTER: Mapping[str, Callable[[Any, Any], Any]] = {
    "minLength": max, "minItems": max, "minProperties": max, "minimum": max,
    "maxLength": min, "maxItems": min, "maxProperties": min, "maximum": min,
}  # fmt: skip
"""Which of two bounds holds when both are asked for."""


class SchemaDocument:
    """A schema with everything that its parts refer to."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._local = not any(_is_document(part) for part in _objects(root) if part is not root)
        """Whether `#` means the root everywhere: no part is a document of its own."""
        self._refs_alone = "/draft-0" in str(mapping(root).get("$schema"))
        """Whether what stands beside a `$ref` counts for nothing, as it did up to draft 7."""
        self._flat: dict[int, tuple[Any, Any]] = {}

    def speaks_like(self, other: "SchemaDocument") -> bool:
        """Whether what is the same to the letter means the same in both: no reference leads to what differs."""
        if not (self._local and other._local):
            return False
        parts = (*_objects(self.root), *_objects(other.root))
        names = [part.get(name) for part in parts for name in ("$ref", "$dynamicRef", "$recursiveRef") if name in part]
        return all(str(name).startswith(("#/$defs/", "#/definitions/")) for name in names) and (
            not names
            or all(is_same(self.root.get(name), other.root.get(name)) for name in ("$defs", "definitions", "$schema"))
        )

    def target(self, reference: Any) -> tuple[Any, str] | None:
        """What a reference within the document refers to, and the pointer to it; None if that is not to be told."""
        if not (self._local and isinstance(reference, str) and (reference == "#" or reference.startswith("#/"))):
            return None
        part: Any = self.root
        steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in reference.split("/")[1:]]
        for step in steps:
            try:
                part = part[int(step)] if isinstance(part, list) else part[step]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return part, pointer(steps)

    def keywords(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """The keywords of a part that count."""
        if self._refs_alone and "$ref" in part:
            return {"$ref": part["$ref"]}
        return part

    def flat(self, part: Any) -> Any:
        """A part with its references and its `allOf` folded in: the same object for the same part, False for nothing.

        It allows what the part allows; where that cannot be said in one schema, more, and is marked `OPAQUE`.
        """
        if isinstance(part, bool):
            return part and {}
        if not isinstance(part, dict):
            return {OPAQUE: True}
        if id(part) not in self._flat:
            folded = self._fold(part)
            self._flat[id(part)] = (part, folded)
            self._flat[id(folded)] = (folded, folded)
        return self._flat[id(part)][1]

    def _fold(self, part: Any) -> Any:
        folded: dict[str, Any] = {}
        waiting, met = [part], set()
        while waiting:
            one = waiting.pop(0)
            if one is False:
                return False
            if not isinstance(one, dict) or id(one) in met:
                continue
            met.add(id(one))
            own = {name: value for name, value in self.keywords(one).items() if name not in WITHOUT_EFFECT}
            waiting += _list(own.pop("allOf", []))
            if "$ref" in own:
                target = self.target(reference := own.pop("$ref"))
                waiting.append(target[0] if target else {OPAQUE: True})
                folded.setdefault(ELSEWHERE, []).append(None if target else reference)
            fold_in(folded, own)
        return folded


def fold_in(folded: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Have a flat schema ask for what another asks for as well; what cannot be said is left out and marked."""
    more = dict(more)
    for group in TOGETHER:
        if group & folded.keys() and group & more.keys():
            _fold_group(folded, {name: more.pop(name) for name in group & more.keys()})
    for name, value in more.items():
        if name not in folded:
            folded[name] = value
        elif name == "type":
            folded[name] = sorted(types_of(folded) & types_of({"type": value})) or ["nothing"]
        elif name == "required":
            folded[name] = [*_list(folded[name]), *_list(value)]
        elif name in STRICTER and is_number(folded[name]) and is_number(value):
            folded[name] = STRICTER[name](folded[name], value)
        elif canonical(folded[name]) != canonical(value):
            folded[OPAQUE] = True


def _fold_group(folded: dict[str, Any], more: Mapping[str, Any]) -> None:
    old, new = folded.get("properties"), more.get("properties")
    alone = not (OBJECT_KEYWORDS - {"properties"}) & (folded.keys() | more.keys())
    if alone and isinstance(old, dict) and isinstance(new, dict):
        folded["properties"] = {**new, **old}
        if any(canonical(old[name]) != canonical(new[name]) for name in old.keys() & new.keys()):
            folded[OPAQUE] = True
    else:
        folded[OPAQUE] = True


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """The kinds of values that a schema's `type` allows; all if it has none that can be read."""
    named = schema.get("type")
    names = [named] if isinstance(named, str) else _list(named)
    if "type" not in schema or not all(isinstance(name, str) for name in names) or not names:
        return TYPES
    found = {kind for name in names for kind in (("integer", "fraction") if name == "number" else (name,))}
    return frozenset(found) & TYPES


def property_of(inner: Mapping[str, Any], name: str) -> Any:
    """What a schema says of a property; one that it says nothing about counts as absent."""
    if name in (named := mapping(inner.get("properties"))):
        return named[name]
    if inner.get("patternProperties"):
        return UNCLEAR
    others = inner.get("additionalProperties", True)
    return False if others is True or others == {} else others


def required_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """The names that a schema requires; in draft 3 a property says so of itself, which is none of them."""
    return frozenset(name for name in _list(schema.get("required")) if isinstance(name, str))


def in_order(schema: Mapping[str, Any]) -> tuple[list[Any], Any, str, str]:
    """The parts of an array by position, the part for the rest, and what both are called in this draft."""
    if isinstance(items := schema.get("items"), list):
        return items, schema.get("additionalItems", True), "items", "additionalItems"
    first = schema.get("prefixItems")
    return first if isinstance(first, list) else [], schema.get("items", True), "prefixItems", "items"


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Yes if all are, no if one is; every one of them is asked for, so that all that is in the way is found."""
    given = list(verdicts)
    return False if False in given else None if None in given else True


def no_unless_hidden(inner: Any) -> Verdict:
    """No, unless the inner schema may allow less than it seems to."""
    return None if isinstance(inner, dict) and HIDDEN & inner.keys() else False


def patterned(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> list[Any]:
    """What the inner schema says of names by patterns that the outer one has not."""
    known = mapping(outer.get("patternProperties"))
    return [part for pattern, part in mapping(inner.get("patternProperties")).items() if pattern not in known]


def is_same(one: Any, other: Any) -> bool:
    """Whether two parts are the same to the letter, told quickly; a number written in two ways is not."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() != other.keys():
        return False
    try:
        first, second = (orjson.dumps(part, option=orjson.OPT_SORT_KEYS) for part in (one, other))
    except TypeError:  # integers beyond 64 bits
        return False
    return first == second


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def _is_document(part: Mapping[str, Any]) -> bool:
    return any(isinstance(part.get(name), str) for name in ("$id", "id"))


def _objects(root: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value, without recursion."""
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
        if isinstance(one, (dict, list)):
            waiting += one.values() if isinstance(one, dict) else one


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
