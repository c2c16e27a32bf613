"""Changes in JSON text: what they do to the document, and what they leave alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xats_tui.clients.setup import jsonc

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)
INDENTS = st.sampled_from([None, 1, 2, 4, "\t"])

COMMENTED = """\
// mine
{
    "model": "m", // the small one
    /* servers */ "mcp": {
        "other": {"type": "remote"}, // keep
        // none yet
    },
}
"""


@settings(max_examples=50)
@given(OBJECTS, INDENTS, VALUES)
def test_a_value_is_set_and_nothing_else_changes(document: dict[str, Any], indent: Any, value: Any) -> None:
    text = json.dumps(document, indent=indent)
    for key in document:
        replaced = jsonc.with_value(text, (key,), value, comments=False)
        assert jsonc.parsed(replaced, comments=False) == json.loads(replaced) == {**document, key: value}
    inside = jsonc.with_value(text, ("a new one", "inside"), value, comments=False)
    assert json.loads(inside) == {**document, "a new one": {"inside": value}}
    listed = jsonc.with_value(text, ("a list", 0), value, comments=False)
    assert json.loads(jsonc.with_value(listed, ("a list", 1), 2, comments=False))["a list"] == [value, 2]


@settings(max_examples=50)
@given(OBJECTS, INDENTS, st.booleans())
def test_a_value_is_taken_out_and_nothing_else_changes(document: dict[str, Any], indent: Any, comments: bool) -> None:
    text = json.dumps(document, indent=indent)
    for key in document:
        rest = {name: value for name, value in document.items() if name != key}
        assert json.loads(jsonc.without(text, (key,), comments=comments)) == rest
    assert jsonc.without(text, ("not", "there"), comments=comments) == text


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "mcp": {\n    "other": 1\n  }\n}\n',
        '{"mcp": {"other": 1}}',
        '{"mcp": {"one": 1, /* more */ "other": 1,},}',
        '{\n\t"a": [1, 2], "mcp": {"other": 1},\n\t"z": 0\n}',
        COMMENTED,
    ],
)
def test_what_was_put_in_and_taken_out_again_leaves_no_trace(text: str) -> None:
    added = jsonc.with_value(text, ("mcp", "xats"), {"command": ["a", "b"]}, comments=True)

    assert jsonc.parsed(added, comments=True)["mcp"]["xats"] == {"command": ["a", "b"]}
    assert jsonc.without(added, ("mcp", "xats"), comments=True) == text


def test_a_new_member_stands_like_the_others_and_behind_their_comments() -> None:
    added = jsonc.with_value(COMMENTED, ("mcp", "xats"), {"command": ["a"]}, comments=True)

    assert added.splitlines()[4:9] == [
        '        "other": {"type": "remote"}, // keep',
        '        "xats": {',
        '            "command": ["a"]',
        "        },",
        "        // none yet",
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,}', 1, 8),
        ('{"a" 1}', 1, 6),
        ("", 1, 1),
        ('{\n  "a": tru\n}', 2, 8),
        ('{\n  "a": "x\n}', 2, 8),
        ("{} x", 1, 4),
        ("// c\n{}", 1, 1),
    ],
)
def test_what_is_no_json_is_told_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(jsonc.NotJson) as told:
        jsonc.parsed(text, comments=False)

    assert (told.value.line, told.value.column) == (line, column)
