"""Values that hypothesis makes: text that breaks things, any JSON, and arguments that a tool's own schema allows."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Json = Any

NASTY = (
    "\x00",
    "a\x00b",
    "\x1b[201~touch pwned\r",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\r\n\r\n",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "a\u200bb",
    "\ufeff",
    "\u3164",
    "e\u0301",
    "é",
    "ｏｐｅｒａｔｏｒ",
    "operator",
    "*",
    "*broadcast*",
    "__channel_proxy__",
    "%",
    "_",
    "' OR 1=1 --",
    "[bold]x[/]",
    "#(touch pwned)",
    "#{pid}",
    "$(id)",
    "../../etc/passwd",
    "/dev/zero",
    "%1",
    "%1;kill-server",
    "🏴\U000e0067\U000e007f",
    "\U0010ffff",
    "\ufffe",
    "Z͑ͫ̓ͪ̂ͫ" * 20,
    "x" * 70_000,
    "(a+)+$",
    "(",
    "NaN",
    "-0",
)
"""Text that has broken something somewhere."""

NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 0.5, -0.0, 1e308, 5e-324)
"""Numbers at the edges of what is kept."""

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=80),
    st.text(st.characters(categories=["Cc", "Cf", "Mn", "Zl"]), max_size=9),
)
lone_surrogates = st.text(st.characters(categories=["Cs", "Lu"]), min_size=1, max_size=5)
numbers = st.one_of(st.sampled_from(NUMBERS), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)

anything: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=12,
)
"""Any JSON value."""

KEYWORDS = (
    "$schema", "$id", "$ref", "$defs", "type", "enum", "const", "properties", "required", "items", "prefixItems",
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "pattern", "patternProperties", "additionalProperties",
    "minimum", "maxLength", "uniqueItems", "dependentRequired", "dependencies", "$dynamicRef", "$anchor", "extends",
)  # fmt: skip

DRAFTS = (
    "http://json-schema.org/draft-03/schema#",
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    "http://127.0.0.1:1/never-fetched",
)
REFERENCES = ("#", "#/$defs/a", "#/properties/a/items", "http://127.0.0.1:1/x", "file:///etc/passwd", "#/%ff", "#/-1")
TYPES = ("string", "number", "integer", "object", "array", "null", "boolean", "any")


def _grown(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    named = st.dictionaries(st.sampled_from(("a", "b", "(a+)+$", "")), inner, max_size=3)
    listed = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "$schema": st.sampled_from(DRAFTS),
            "$ref": st.sampled_from(REFERENCES),
            "$defs": named,
            "type": st.one_of(st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), max_size=3)),
            "enum": st.lists(scalars, max_size=4),
            "required": st.one_of(st.booleans(), st.lists(st.sampled_from(("a", "b")), max_size=2)),
            "properties": named,
            "patternProperties": named,
            "additionalProperties": inner,
            "items": st.one_of(inner, listed),
            "prefixItems": listed,
            "allOf": listed,
            "anyOf": listed,
            "oneOf": listed,
            "not": inner,
            "minimum": numbers,
            "maxLength": numbers,
        },
    )


plausible_schemas: st.SearchStrategy[Json] = st.recursive(st.one_of(st.booleans(), st.just({})), _grown, max_leaves=8)
"""Values that look like a JSON Schema of some draft, and usually are one."""

schemas = st.one_of(
    plausible_schemas.filter(lambda schema: isinstance(schema, dict)),
    st.dictionaries(st.sampled_from(KEYWORDS), anything, max_size=5),
)
"""Values to register as contracts."""


def allowed_by(schema: Mapping[str, Any]) -> st.SearchStrategy[Json]:
    """Values that the schema of one argument allows, as far as its keywords say."""
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            fitting = texts.filter(lambda text: len(text) >= least and (most is None or len(text) <= most))
            return st.from_regex(schema["pattern"]) if "pattern" in schema else fitting
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", 2**80))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(allowed_by(schema.get("items", {})), max_size=4)
        case "object":
            return st.one_of(schemas, st.dictionaries(texts, anything, max_size=3))
    return anything


def arguments_of(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that a tool's schema allows."""
    fields = schema.get("properties", {})
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: allowed_by(field) for name, field in fields.items() if name in needed},
        optional={name: allowed_by(field) for name, field in fields.items() if name not in needed},
    )


def nearly(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments by the right names, some of them of the wrong kind, and now and then one too many or too few."""
    fields = schema.get("properties", {})
    mixed = {name: st.one_of(allowed_by(field), anything) for name, field in fields.items()}
    spare = {"from_agent_id": anything, "surprise": anything}
    return st.fixed_dictionaries({}, optional=mixed | spare)
