"""A JSON Schema as a whole: the targets of its references, and the combined meaning of each part.

`inclusion` asks for a part's combined meaning (`flat`) instead of following references and `allOf` itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from xats_tui.backend.services.schemas.values import canonical, is_number, pointer

Verdict = bool | None
"""True, False, or None for unknown."""

TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
"""The kinds of values; `number` is `integer` and `fraction`."""

OPAQUE = "$opaque"
"""Marks a flat schema that allows less than it shows: a part of it could not be folded in."""

ELSEWHERE = "$elsewhere"
"""Lists the references of a flat schema that lead out of the document."""

LITERAL = "$literal"
"""Marks a flat schema that allows one value only: its `const`."""

HIDDEN = frozenset({OPAQUE, "not", "if", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"})
"""Keywords of an inner schema that are not understood here: it may allow less than it seems to."""

UNCLEAR: dict[str, Any] = {OPAQUE: True}
"""A part about which nothing is known."""

OBJECT_KEYWORDS = frozenset({"properties", "patternProperties", "additionalProperties", "unevaluatedProperties"})
ARRAY_KEYWORDS = frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems"})
TOGETHER = (OBJECT_KEYWORDS, ARRAY_KEYWORDS, frozenset({"if", "then", "else"}))
"""Keywords whose meaning changes beside the same keywords of another schema."""

WITHOUT_EFFECT = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}) | {
    "$schema", "$id", "id", "$anchor", "$comment", "$defs", "definitions", "$vocabulary"
}  # fmt: skip

STRICTER: Mapping[str, Callable[[Any, Any], Any]] = {
    "minLength": max, "minItems": max, "minProperties": max, "minimum": max,
    "maxLength": min, "maxItems": min, "maxProperties": min, "maximum": min,
}  # fmt: skip
"""The choice between two bounds when both are demanded."""


class SchemaDocument:
    """A schema with everything that its parts refer to."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._local = not any(_is_document(part) for part in _objects(root) if part is not root)
        """True if `#` means the root everywhere: no part is a document of its own."""
        self._refs_alone = "/draft-0" in str(mapping(root).get("$schema"))
        """True if keywords beside a `$ref` are ignored, as up to draft 7."""
        self._flat: dict[int, tuple[Any, Any]] = {}

    def speaks_like(self, other: "SchemaDocument") -> bool:
        """Return whether equal text means the same in both documents: no reference leads to different parts."""
        if not (self._local and other._local):
            return False
        parts = (*_objects(self.root), *_objects(other.root))
        names = [part.get(name) for part in parts for name in ("$ref", "$dynamicRef", "$recursiveRef") if name in part]
        return all(str(name).startswith(("#/$defs/", "#/definitions/")) for name in names) and (
            not names
            or all(is_same(self.root.get(name), other.root.get(name)) for name in ("$defs", "definitions", "$schema"))
        )

    def target(self, reference: Any) -> tuple[Any, str] | None:
        """Return the target of a reference within the document, with its pointer; None if it is unknown."""
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
        """Return the effective keywords of a part."""
        if self._refs_alone and "$ref" in part:
            return {"$ref": part["$ref"]}
        return part

    def flat(self, part: Any) -> Any:
        """Return a part with its references and `allOf` folded in: the same object for the same part, False for
        nothing.

        The result allows what the part allows.  If one schema cannot express that, it allows more and is marked
        `OPAQUE`.
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
    """Add another schema's demands to a flat schema; a demand that cannot be expressed is left out and marked."""
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
    """Return the kinds of values that a schema's `type` allows; all kinds if the type is missing or unreadable."""
    named = schema.get("type")
    names = [named] if isinstance(named, str) else _list(named)
    if "type" not in schema or not all(isinstance(name, str) for name in names) or not names:
        return TYPES
    found = {kind for name in names for kind in (("integer", "fraction") if name == "number" else (name,))}
    return frozenset(found) & TYPES


def property_of(inner: Mapping[str, Any], name: str) -> Any:
    """Return the schema for a property; an unmentioned property counts as absent."""
    if name in (named := mapping(inner.get("properties"))):
        return named[name]
    if inner.get("patternProperties"):
        return UNCLEAR
    others = inner.get("additionalProperties", True)
    return False if others is True or others == {} else others


def required_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that a schema requires."""
    # In draft 3 each property holds a boolean `required` of its own; those are no names.
    return frozenset(name for name in _list(schema.get("required")) if isinstance(name, str))


def in_order(schema: Mapping[str, Any]) -> tuple[list[Any], Any, str, str]:
    """Return an array's parts by position, the part for the rest, and the names of both keywords in this draft."""
    if isinstance(items := schema.get("items"), list):
        return items, schema.get("additionalItems", True), "items", "additionalItems"
    first = schema.get("prefixItems")
    return first if isinstance(first, list) else [], schema.get("items", True), "prefixItems", "items"


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return True if all verdicts are True, False if one is False, else None."""
    # Every verdict is computed, so that all obstacles are found.
    given = list(verdicts)
    return False if False in given else None if None in given else True


def no_unless_hidden(inner: Any) -> Verdict:
    """Return False, or None if the inner schema may allow less than it seems to."""
    return None if isinstance(inner, dict) and HIDDEN & inner.keys() else False


def patterned(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> list[Any]:
    """Return the inner schema's parts for name patterns that the outer schema does not have."""
    known = mapping(outer.get("patternProperties"))
    return [part for pattern, part in mapping(inner.get("patternProperties")).items() if pattern not in known]


def is_same(one: Any, other: Any) -> bool:
    """Return quickly whether two parts are textually equal; a number written in two ways differs."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() != other.keys():
        return False
    try:
        first, second = (orjson.dumps(part, option=orjson.OPT_SORT_KEYS) for part in (one, other))
    except TypeError:  # integers beyond 64 bits
        return False
    return first == second


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def _is_document(part: Mapping[str, Any]) -> bool:
    return any(isinstance(part.get(name), str) for name in ("$id", "id"))


def _objects(root: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a value, without recursion."""
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
        if isinstance(one, (dict, list)):
            waiting += one.values() if isinstance(one, dict) else one


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
