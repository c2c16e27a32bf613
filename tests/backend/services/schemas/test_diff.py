"""The diff of two schemas, case by case as its users know it, blind spots included."""

from typing import Any

import pytest

from xats_tui.backend.services.schemas.diff import diff_schemas

Schema = dict[str, Any]


def of(required: tuple[str, ...] = (), **properties: Any) -> Schema:
    """An object with these properties."""
    return {"type": "object", "properties": properties, "required": list(required)}


STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}


def paths(diff: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """The paths that were added, removed and changed."""
    added, removed, changed = (
        [field["path"] for field in diff[kind]] for kind in ("added_fields", "removed_fields", "changed_fields")
    )
    return added, removed, changed


@pytest.mark.parametrize(
    ("old", "new", "added", "removed", "changed", "breaking"),
    [
        pytest.param(of(a=STRING), of(a=STRING), [], [], [], False, id="nothing"),
        pytest.param(of(), of(a=STRING), ["a"], [], [], False, id="added"),
        pytest.param(of(), of(("a",), a=STRING), ["a"], [], [], False, id="added-and-required"),
        pytest.param(of(a=STRING), of(), [], ["a"], [], True, id="removed"),
        pytest.param(of(a=STRING), of(a=NUMBER), [], [], ["a"], True, id="another-type"),
        pytest.param(of(a=STRING), of(("a",), a=STRING), [], [], ["a"], True, id="now-required"),
        pytest.param(of(("a",), a=STRING), of(a=STRING), [], [], ["a"], False, id="no-longer-required"),
        pytest.param(of(a=STRING), of(a={"type": ["string", "null"]}), [], [], ["a"], False, id="string-to-union"),
        pytest.param(of(a={"type": ["string", "null"]}), of(a={"type": ["number"]}), [], [], [], False, id="unions"),
        pytest.param(of(a={}), of(a=STRING), [], [], ["a"], False, id="untyped-to-typed"),
        pytest.param(of(a={"enum": [1, 2]}), of(a={"enum": [1]}), [], [], [], False, id="enum-is-not-seen"),
        pytest.param(of(a={"items": STRING}), of(a={"items": NUMBER}), [], [], [], False, id="items-are-not-seen"),
        pytest.param({"type": "object"}, {"type": "array"}, [], [], [], False, id="root-type-is-not-seen"),
        pytest.param(of(a=False), of(a=STRING), ["a"], [], [], False, id="false-is-absent"),
        pytest.param(of(a=None), of(a=None), [], [], [], False, id="null-is-absent"),
        pytest.param(of(a=0, b=""), of(a=STRING, b=STRING), ["a", "b"], [], [], False, id="zero-and-empty-are-absent"),
        pytest.param(of(a={}), of(a=[]), [], [], [], False, id="empty-objects-and-arrays-are-there"),
        pytest.param(of(a=STRING), of(a=True), [], [], ["a"], False, id="true-is-untyped"),
        pytest.param(
            of(a=of(b=STRING)), of(a=of(("b",), b=STRING)), [], [], ["a/properties/b"], True, id="nested-now-required"
        ),
        pytest.param(of(a=STRING), of(a=None), [], ["a"], [], True, id="null-is-removed"),
        pytest.param(of(a=of(b=STRING)), of(a=of(b=NUMBER)), [], [], ["a/properties/b"], True, id="nested"),
        pytest.param(of(a=of(b=STRING)), of(a=STRING), [], ["a/properties/b"], ["a"], True, id="object-to-string"),
        pytest.param(of(a=STRING), of(a=of(b=STRING)), ["a/properties/b"], [], ["a"], True, id="string-to-object"),
        pytest.param(
            of(a={"properties": {"b": STRING}}), of(a={"properties": {}}), [], [], [], False, id="untyped-nesting"
        ),
        pytest.param({"properties": {"a/b~c": STRING}}, of(), [], ["a/b~c"], [], True, id="no-escaping"),
        pytest.param({"properties": []}, {"properties": 7}, [], [], [], False, id="no-properties-at-all"),
        pytest.param({"required": "a", **of(a=STRING)}, of(a=STRING), [], [], [], False, id="required-is-no-list"),
    ],
)
def test_a_diff_is_as_its_users_know_it(
    old: Schema, new: Schema, added: list[str], removed: list[str], changed: list[str], breaking: bool
) -> None:
    diff = diff_schemas(old, new)

    assert paths(diff) == tuple([f"/properties/{path}" for path in kind] for kind in (added, removed, changed))
    assert diff["breaking"] is breaking


def test_a_change_shows_both_sides_with_type_enum_and_the_whole_of_each() -> None:
    old, new = {"type": "string", "enum": ["x"]}, {"type": ["string"]}
    (change,) = diff_schemas(of(("a",), a=old), of(a=new))["changed_fields"]

    assert change == {
        "path": "/properties/a",
        "from": {"type": "string", "required": True, "enum": ["x"], "raw": old},
        "to": {"required": False, "raw": new},
    }


def test_a_type_that_is_an_empty_string_is_a_string() -> None:
    diff = diff_schemas(of(a={"type": ""}), of(a=STRING, b={"type": ""}))

    assert [field["type_summary"] for field in diff["added_fields"]] == [""]
    assert diff["changed_fields"][0]["from"] == {"type": "", "required": False, "raw": {"type": ""}}
    assert diff["breaking"]


def test_fields_come_in_the_order_of_the_old_schema_and_then_of_the_new() -> None:
    diff = diff_schemas(of(z=STRING, a=STRING, m=STRING), of(y=STRING, m=STRING, b=STRING))

    assert paths(diff) == (["/properties/y", "/properties/b"], ["/properties/z", "/properties/a"], [])


def test_a_field_without_a_type_in_words_is_of_unknown_type() -> None:
    diff = diff_schemas(of(a={}, b=True), of(c={"type": ["string"]}))

    assert {field["type_summary"] for field in (*diff["added_fields"], *diff["removed_fields"])} == {"unknown"}


def test_going_back_is_the_mirror_image() -> None:
    old, new = of(a=STRING, b=STRING), of(b=NUMBER, c=STRING)
    there, back = diff_schemas(old, new), diff_schemas(new, old)

    assert there["added_fields"] == back["removed_fields"]
    assert there["removed_fields"] == back["added_fields"]
    assert [(one["from"], one["to"]) for one in there["changed_fields"]] == [
        (one["to"], one["from"]) for one in back["changed_fields"]
    ]
