"""Demands of one JSON Schema on a single value that another schema does not make: type, bounds, patterns.

It works on flat schemas (`SchemaDocument.flat`); `inclusion` handles the contents of arrays and objects.
"""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct

from xats_tui.backend.services.schemas.document import LITERAL, TYPES, types_of
from xats_tui.backend.services.schemas.values import canonical, is_number

MAX_QUOTE_CHARS = 60
"""Characters of a value that is quoted in a reason."""

NUMBERS = frozenset({"integer", "fraction"})
STRINGS, ARRAYS, OBJECTS = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})

BOUNDS = (
    ("minimum", NUMBERS, 1, None), ("maximum", NUMBERS, -1, None),
    ("minLength", STRINGS, 1, 0), ("maxLength", STRINGS, -1, None),
    ("minItems", ARRAYS, 1, 0), ("maxItems", ARRAYS, -1, None),
    ("minProperties", OBJECTS, 1, 0), ("maxProperties", OBJECTS, -1, None),
)  # fmt: skip
"""Bounds, the kinds they limit, whether a larger (1) or a smaller one (-1) is stricter, and the default without one."""

UNJUDGED = {
    "format": STRINGS,
    "contains": ARRAYS,
    "minContains": ARRAYS,
    "maxContains": ARRAYS,
    "unevaluatedItems": ARRAYS,
    "propertyNames": OBJECTS,
    "dependentRequired": OBJECTS,
    "dependentSchemas": OBJECTS,
    "dependencies": OBJECTS,
    "unevaluatedProperties": OBJECTS,
    "not": None,
    "if": None,
    "then": None,
    "else": None,
    "disallow": None,
    "extends": None,
    "$dynamicRef": None,
    "$recursiveRef": None,
}
"""Keywords that can only be compared for equality, with the kinds of values they concern (None: all)."""


class Unmet(Struct, frozen=True, kw_only=True):
    """A demand that the inner schema does not make."""

    keyword: str
    what: str
    """The demand of the outer schema, beginning with a verb."""
    certain: bool = True
    """True if the demand certainly refuses something."""


def unmet_demands(inner: Mapping[str, Any], outer: Mapping[str, Any], *, same_words: bool) -> Iterator[Unmet]:
    """Yield the demands of `outer` on the value itself that `inner` does not make.

    Args:
        inner: a flat schema; a `const` in it is its only value.
        outer: the schema as it stands in its document.
        same_words: true if equal keywords mean the same in both; references inside them may prevent that.
    """
    yield from _types(inner, outer)
    for keyword, kinds, sign, least in BOUNDS:
        if types_of(inner) & kinds:
            yield from _bound(inner, outer, keyword, sign, least)
    if types_of(inner) & NUMBERS and "multipleOf" in outer:
        yield from _multiple(inner, outer["multipleOf"])
    if types_of(inner) & ARRAYS and outer.get("uniqueItems") is True:
        yield from _unique(inner)
    if types_of(inner) & STRINGS and outer.get("pattern", inner.get("pattern")) != inner.get("pattern"):
        yield from _pattern(inner, outer["pattern"])
    for name, speaks_of in UNJUDGED.items():
        if name in outer and (speaks_of is None or types_of(inner) & speaks_of):
            same = name in inner and canonical(inner[name]) == canonical(outer[name])
            if not (same and same_words):
                yield Unmet(keyword=name, what=f"has {name} {shown(outer[name])}, which is not judged", certain=False)


def values_of(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a flat schema lists and its other keywords allow; None if it lists none."""
    kinds = types_of(schema)
    if "const" in schema:
        listed = [schema["const"]]
    elif isinstance(schema.get("enum"), list):
        listed = schema["enum"]
    elif kinds and kinds <= {"boolean", "null"}:
        listed = [value for value in (False, True, None) if kind_of(value) in kinds]
    else:
        return None
    rest = {name: value for name, value in schema.items() if name not in ("const", "enum")}
    return [value for value in listed if not any(unmet.certain for unmet in _refusals(value, rest))]


def _refusals(value: Any, schema: Mapping[str, Any]) -> Iterator[Unmet]:
    return unmet_demands(literal(value), schema, same_words=False)


def literal(value: Any) -> dict[str, Any]:
    """Return the schema that allows a single value, spelled out in every keyword that this module understands."""
    schema: dict[str, Any] = {LITERAL: True, "const": value, "type": kind_of(value)}
    if is_number(value):
        schema |= {"minimum": value, "maximum": value}
    elif isinstance(value, str):
        schema |= {"minLength": len(value), "maxLength": len(value)}
    elif isinstance(value, list):
        schema |= {"prefixItems": list(map(literal, value)), "items": False}
        schema |= {"minItems": len(value), "maxItems": len(value)}
    elif isinstance(value, dict):
        schema |= {"properties": {name: literal(one) for name, one in value.items()}, "required": list(value)}
        schema |= {"additionalProperties": False, "minProperties": len(value), "maxProperties": len(value)}
    return schema


def kind_of(value: Any) -> str:
    """Return the kind of a value, as in `TYPES`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "integer" if isinstance(value, int) or value.is_integer() else "fraction"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def shown(value: Any) -> str:
    """Return a value for use in a sentence."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1] + "…"


def _types(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[Unmet]:
    missing = types_of(inner) - types_of(outer)
    names = sorted(
        {"number" if kind == "fraction" else kind for kind in missing - ({"integer"} if missing >= NUMBERS else set())}
    )
    if missing:
        rather = "only" if types_of(inner) == TYPES else f"not {' or '.join(names)}"
        yield Unmet(keyword="type", what=f"allows {shown(outer['type'])}, {rather}")


def _bound(
    inner: Mapping[str, Any], outer: Mapping[str, Any], keyword: str, sign: int, least: int | None
) -> Iterator[Unmet]:
    whole = keyword not in ("minimum", "maximum") or types_of(inner) & NUMBERS == {"integer"}
    kept = [edge for _, edge in _edges(inner, keyword, sign, whole)]
    kept += [(Fraction(least), False)] if least is not None else []
    for name, asked in _edges(outer, keyword, sign, whole):
        if not kept or max(kept) < asked:
            yield Unmet(keyword=name, what=f"asks for {name} {shown(outer[name])}")


def _edges(
    schema: Mapping[str, Any], keyword: str, sign: int, whole: bool
) -> Iterator[tuple[str, tuple[Fraction, bool]]]:
    """Yield a bound's spellings in a schema: its value, and whether that value is excluded; stricter is larger."""
    exclusive = f"exclusive{keyword[0].upper()}{keyword[1:]}"
    for name in (keyword, exclusive):
        if is_number(schema.get(name)):
            value = _fraction(schema[name]) * sign
            beyond = name == exclusive or schema.get(exclusive) is True  # a separate flag up to draft 4
            if whole:
                value, beyond = Fraction(value // 1 + 1 if beyond else -(-value // 1)), False
            yield name, (value, beyond)


def _fraction(number: float) -> Fraction:
    """Return a JSON number exactly as it was written: 0.1 is a tenth."""
    return Fraction(number if isinstance(number, int) else str(number))


def _multiple(inner: Mapping[str, Any], asked: Any) -> Iterator[Unmet]:
    whole = 1 if types_of(inner) & NUMBERS == {"integer"} else None
    kept = inner.get("const", inner.get("multipleOf", whole))
    if not is_number(asked) or asked <= 0:
        yield Unmet(keyword="multipleOf", what=f"has multipleOf {shown(asked)}, which is not judged", certain=False)
    elif not is_number(kept) or _fraction(kept) % _fraction(asked) != 0:
        yield Unmet(keyword="multipleOf", what=f"asks for multiples of {shown(asked)}")


def _unique(inner: Mapping[str, Any]) -> Iterator[Unmet]:
    items = inner.get("const")
    twice = len(set(map(canonical, items))) < len(items) if isinstance(items, list) else True
    if twice and inner.get("uniqueItems") is not True:
        yield Unmet(keyword="uniqueItems", what="allows no item twice")


def _pattern(inner: Mapping[str, Any], asked: Any) -> Iterator[Unmet]:
    if "const" in inner or "pattern" in inner:
        yield Unmet(keyword="pattern", what=f"has the pattern {shown(asked)}, which is not judged", certain=False)
    else:
        yield Unmet(keyword="pattern", what=f"asks for the pattern {shown(asked)}")
