"""Compatibility of schema changes with old data and old readers; a yes is never a guess."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from xats_tui.backend.services.schemas import document
from xats_tui.backend.services.schemas.compatibility import Compatibility, compare

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def of(*required: str, **properties: Any) -> Schema:
    """An open object with these properties."""
    return {"type": "object", "properties": properties, "required": list(required)}


def closed(schema: Schema) -> Schema:
    """It, with no other properties allowed."""
    return {**schema, "additionalProperties": False}


def tree(leaf: Schema) -> Schema:
    """A schema that refers to itself."""
    node = {"type": "object", "properties": {"leaf": leaf, "nodes": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}
    return {"$ref": "#/$defs/n", "$defs": {"n": node}}


def kinds(*names: str) -> Schema:
    """Objects told apart by their property `kind`."""
    return {"oneOf": [of("kind", kind={"const": name}, at=STRING) for name in names]}


def dynamic(value: Schema) -> Schema:
    return {"$dynamicAnchor": "n", "properties": {"next": {"$dynamicRef": "#n"}, "value": value}}


def both(compatibility: Compatibility) -> tuple[bool | None, bool | None]:
    return compatibility.backward, compatibility.forward


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward", "path"),
    [
        pytest.param(of(a=STRING), {**of(a=STRING), "title": "T"}, True, True, None, id="title"),
        pytest.param(of(), of(a=STRING), True, True, None, id="optional-property"),
        pytest.param(of(a=STRING), of(), True, True, None, id="optional-property-gone"),
        pytest.param(closed(of()), closed(of(a=STRING)), True, False, "/additionalProperties", id="new-in-closed"),
        pytest.param(of(), of("a", a=STRING), False, True, "/required", id="new-required-property"),
        pytest.param(of(a=STRING), of("a", a=STRING), False, True, "/required", id="now-required"),
        pytest.param(of("a", a=STRING), of(), True, False, "/required", id="required-property-gone"),
        pytest.param(of(a=STRING), closed(of(a=STRING)), False, True, "/additionalProperties", id="closed"),
        pytest.param(
            {"additionalProperties": STRING}, of(a=NUMBER), False, False, "/properties/a/type", id="named-among-others"
        ),
        pytest.param({"enum": [1, 2]}, {"enum": [1]}, False, True, "/enum", id="enum-narrowed"),
        pytest.param({"enum": ["a"]}, {"enum": ["a", "b"]}, True, False, "/enum", id="enum-widened"),
        pytest.param({"enum": ["a", 1]}, {"type": "string"}, False, False, "/type", id="enum-to-type"),
        pytest.param({"const": 1}, {"enum": [1.0]}, True, True, None, id="one-is-one"),
        pytest.param({"const": 1}, {"const": True}, False, False, "/const", id="one-is-not-true"),
        pytest.param({"enum": [3, "abcd"]}, {"maxLength": 3}, False, False, "/maxLength", id="enum-against-a-bound"),
        pytest.param({"type": "boolean"}, {"enum": [True, False]}, True, True, None, id="both-booleans"),
        pytest.param({"items": STRING}, {"items": NUMBER}, False, False, "/items/type", id="items"),
        pytest.param(
            {"prefixItems": [STRING]}, {"prefixItems": [NUMBER]}, False, False, "/prefixItems/0/type", id="by-position"
        ),
        pytest.param(
            {"$schema": DRAFT_7, "items": [STRING]},
            {"$schema": DRAFT_7, "items": [NUMBER]},
            False,
            False,
            "/items/0/type",
            id="by-position-in-draft-7",
        ),
        pytest.param({"type": "object"}, {"type": "array"}, False, False, "/type", id="root-type"),
        pytest.param({"type": "integer"}, {"type": "number"}, True, False, "/type", id="integer-is-a-number"),
        pytest.param(STRING, {"type": ["string", "null"]}, True, False, "/type", id="null-as-well"),
        pytest.param(
            STRING, {"anyOf": [STRING, {"type": "null"}]}, True, False, "/type", id="null-as-well-by-alternative"
        ),
        pytest.param(
            {"type": ["string", "null"]}, {"anyOf": [STRING, {"type": "null"}]}, True, True, None, id="null-either-way"
        ),
        pytest.param(
            {"properties": {"a": {"properties": {"b": STRING}}}},
            {"properties": {"a": {"properties": {"b": NUMBER}}}},
            False,
            False,
            "/properties/a/properties/b/type",
            id="nested-untyped",
        ),
        pytest.param(NUMBER, {"minimum": 5, **NUMBER}, False, True, "/minimum", id="bound"),
        pytest.param(
            {"type": "integer", "exclusiveMinimum": 0},
            {"type": "integer", "minimum": 1},
            True,
            True,
            None,
            id="above-0",
        ),
        pytest.param({"minLength": 1, **NUMBER}, {"minLength": 2, **NUMBER}, True, True, None, id="bound-of-no-string"),
        pytest.param({"multipleOf": 0.5}, {"multipleOf": 0.25}, True, False, "/multipleOf", id="multiples"),
        pytest.param(STRING, {"pattern": "^a", **STRING}, False, True, "/pattern", id="pattern"),
        pytest.param({"pattern": "^b"}, {"pattern": "^a"}, None, None, "/pattern", id="other-pattern"),
        pytest.param({}, {"uniqueItems": True}, False, True, "/uniqueItems", id="unique"),
        pytest.param(
            of(**{"a/b~c": STRING}), of(**{"a/b~c": NUMBER}), False, False, "/properties/a~1b~0c/type", id="pointer"
        ),
        pytest.param(tree(STRING), tree(NUMBER), False, False, "/$defs/n/properties/leaf/type", id="ref"),
        pytest.param(tree(STRING), tree({**STRING, "title": "T"}), True, True, None, id="ref-to-itself"),
        pytest.param({"$ref": "#/$defs/a", "$defs": {"a": STRING}}, STRING, True, True, None, id="ref-resolved"),
        pytest.param({"$ref": "#/$defs/a"}, STRING, None, None, None, id="ref-to-nothing"),
        pytest.param(
            of(a={"$ref": "https://x/y"}), of(a={"$ref": "https://x/y"}, b=STRING), True, True, None, id="ref-elsewhere"
        ),
        pytest.param({"$ref": "https://x/y"}, {"$ref": "https://x/z"}, None, None, "/$ref", id="ref-to-somewhere-else"),
        pytest.param(
            {"allOf": [STRING, {"minLength": 1}]},
            {"allOf": [STRING, {"minLength": 2}]},
            False,
            True,
            "/allOf/1/minLength",
            id="all-of",
        ),
        pytest.param({"allOf": [STRING, {"minLength": 1}]}, {"minLength": 1, **STRING}, True, True, None, id="folded"),
        pytest.param({"allOf": [of(a=STRING), of(b=STRING)]}, of(b=NUMBER), False, False, None, id="folded-objects"),
        pytest.param(kinds("x"), kinds("x", "y"), True, False, "/oneOf", id="one-of-more"),
        pytest.param(
            {"oneOf": [STRING]}, {"oneOf": [STRING, {"minLength": 2}]}, None, False, "/oneOf", id="overlapping"
        ),
        pytest.param(STRING, {"format": "email", **STRING}, None, True, "/format", id="format"),
        pytest.param({}, {"not": STRING}, None, True, "/not", id="not"),
        pytest.param({"not": STRING}, {"not": STRING, "title": "T"}, True, True, None, id="same-not"),
        pytest.param({"not": STRING}, NUMBER, None, None, None, id="not-may-explain-it"),
        pytest.param({}, {"if": STRING, "then": {"minLength": 2}}, None, True, "/if", id="if"),
        pytest.param({}, {"patternProperties": {"^x": STRING}}, None, True, None, id="names-by-pattern"),
        pytest.param({}, {"dependentRequired": {"a": ["b"]}}, None, True, "/dependentRequired", id="dependent"),
        pytest.param(dynamic(STRING), dynamic(NUMBER), False, False, "/properties/value/type", id="dynamic-ref"),
        pytest.param({"properties": {"a": None}}, {"properties": {"a": STRING}}, None, None, None, id="damaged"),
        pytest.param(
            {"type": 42, "required": "a", "enum": 7, "anyOf": {}}, {"items": 3}, None, None, None, id="no-schema"
        ),
    ],
)
def test_w40_what_the_diff_overlooks_is_judged(
    old: Schema, new: Schema, backward: bool | None, forward: bool | None, path: str | None
) -> None:
    compatibility = compare(old, new)

    assert both(compatibility) == (backward, forward)
    assert (backward, forward) == (True, True) or compatibility.reasons
    if path is not None:
        assert path in {reason.path for reason in compatibility.reasons}


def test_a_reason_says_which_version_demands_what() -> None:
    compatibility = compare({"enum": ["red", "green"]}, {"enum": ["red", "blue"]})

    assert [(reason.direction, reason.what) for reason in compatibility.reasons] == [
        ("backward", 'the new version does not allow "green"'),
        ("forward", 'the old version does not allow "blue"'),
    ]
    assert compatibility.breaks
    assert compatibility.sentence() == (
        "the new version refuses some data of the old one; the old version refuses some data of the new one"
    )


def test_schemas_that_refer_to_themselves_in_every_way_are_given_up_in_time() -> None:
    def mesh(title: str) -> Schema:
        node = {"title": title, "properties": {f"p{number}": {"$ref": f"#/$defs/d{number}"} for number in range(100)}}
        return {"$ref": "#/$defs/d0", "$defs": {f"d{number}": dict(node) for number in range(100)}}

    assert both(compare(mesh("old"), mesh("new"))) == (None, None)


# A yes is a proof: whatever the inner schema allows, the outer one does.

SCALARS = st.sampled_from([None, True, False, 0, 1, 1.5, 3, "", "a", "abc"])
NAMES = st.sampled_from(["a", "b"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=5
)

LEAVES = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])},
        optional={
            "minimum": st.integers(0, 2),
            "exclusiveMaximum": st.integers(1, 4),
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
        },
    ),
    st.fixed_dictionaries({"type": st.lists(st.sampled_from(["string", "number", "null"]), min_size=1, unique=True)}),
    st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": VALUES}),
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.fixed_dictionaries(
            {"properties": st.dictionaries(NAMES, inner, max_size=2)},
            optional={
                "type": st.just("object"),
                "required": st.lists(NAMES, max_size=2, unique=True),
                "additionalProperties": st.booleans() | inner,
                "minProperties": st.integers(0, 2),
            },
        ),
        st.fixed_dictionaries({"items": st.booleans() | inner}, optional={"prefixItems": st.lists(inner, min_size=1)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}, optional={"minimum": st.just(1)}),
        st.fixed_dictionaries({"not": inner}),
    )


SCHEMAS = st.recursive(LEAVES, _nested, max_leaves=6)


BARE: Schema = {"unevaluatedProperties": False, "unevaluatedItems": {"$ref": "#/$defs/bare"}}
"""Anything, but no object in it has properties."""


def _bare(schema: Any, *, whole: bool = True) -> Any:
    """The schema without the properties that it does not mention: those count as absent."""
    if not isinstance(schema, dict):
        return False if schema is False or not whole else BARE
    parts: Schema = {
        name: [_bare(one, whole=False) for one in schema[name]]
        for name in ("anyOf", "oneOf", "allOf")
        if name in schema
    }
    if "properties" in schema:
        parts["properties"] = {name: _bare(part) for name, part in schema["properties"].items()}
    if "prefixItems" in schema:
        parts["prefixItems"] = [_bare(part) for part in schema["prefixItems"]]
    parts |= {name: _bare(schema[name]) for name in ("items", "additionalProperties") if name in schema}
    bare = {**schema, **parts}
    if schema.get("additionalProperties") in (True, {}):
        del bare["additionalProperties"]
    return {**bare, **BARE} if whole and not {"const", "enum"} & schema.keys() else bare


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(old=SCHEMAS, new=SCHEMAS, values=st.lists(VALUES, min_size=30, max_size=30))
def test_a_yes_is_a_proof(old: Schema, new: Schema, values: list[Any]) -> None:
    if compare(old, new).backward is not True:
        return
    before, after = Draft202012Validator({**_bare(old), "$defs": {"bare": BARE}}), Draft202012Validator(new)
    for value in values:
        assert not before.is_valid(value) or after.is_valid(value), value


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "alternative",
    [lambda name: of(name, **{name: {"const": name}}), lambda name: {"anyOf": [{"const": name}]}],
    ids=["other keywords", "the same keyword"],
)
def test_many_alternatives_are_not_each_compared_with_the_whole(
    monkeypatch: pytest.MonkeyPatch, alternative: Callable[[str], Schema]
) -> None:
    written = 0
    dumps = orjson.dumps

    def counted(value: Any, **options: Any) -> bytes:
        nonlocal written
        text = dumps(value, **options)
        written += len(text)
        return text

    counting = SimpleNamespace(dumps=counted, OPT_SORT_KEYS=orjson.OPT_SORT_KEYS)
    monkeypatch.setattr(document, "orjson", counting)
    old, new = ({"anyOf": [alternative(f"{name}{number}") for number in range(2000)]} for name in "ab")

    compare(old, new)

    assert written < 50 * len(dumps(old))
