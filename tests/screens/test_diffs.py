"""Two schemas line by line: what stands beside what, and where a reason is shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len

from xats_tui.backend.services.schemas.compatibility import compare
from xats_tui.core.model.contracts import Contract, ContractChange, SchemaReason
from xats_tui.screens.details.contracts import change_detail
from xats_tui.screens.details.diffs import DiffLine, diff_lines, schema_lines
from xats_tui.screens.widgets.format import CUT

ROOM = 40


def compared(old: Any, new: Any) -> list[DiffLine]:
    reasons = [
        SchemaReason(path=one.path, what=one.what, of_new=one.direction == "backward") for one in judged(old, new)
    ]
    return diff_lines(old, new, reasons, ROOM)


def judged(old: Any, new: Any) -> Any:
    return compare(old, new).reasons if isinstance(old, dict) and isinstance(new, dict) else ()


def of(*required: str, **properties: Any) -> dict[str, Any]:
    return {"properties": properties, "required": list(required)}


def contract(version: int, schema: Any) -> Contract:
    return Contract(
        team="shop",
        name="order",
        version=version,
        schema=schema,
        note=None,
        registered_by="a",
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def test_a_property_stands_beside_itself_wherever_it_was_moved_to() -> None:
    lines = compared(of(a=STRING, b=INTEGER), of(b=INTEGER, a=STRING))
    assert all(line.same and line.old == line.new for line in lines)


def test_what_is_only_on_one_side_has_nothing_beside_it() -> None:
    lines = [line for line in compared(of(a=STRING), of(b=INTEGER)) if not line.same]
    assert [(line.old, line.new) for line in lines] == [
        ('    a: {type: "string"}', None),
        (None, '    b: {type: "integer"}'),
    ]


@pytest.mark.parametrize(
    ("old", "new", "path", "mark", "refuses_old"),
    [
        (of(a=STRING), of(a=INTEGER), "/properties/a", "type", True),
        (of(a=STRING), of("a", a=STRING), "/properties/a", "required", True),
        (of("a", a=STRING), of(a=STRING), "/properties/a", "not required", False),
        (of(a={"enum": ["x", "y"]}), of(a={"enum": ["x"]}), "/properties/a", "narrowed", True),
        (of(a={"enum": ["x"]}), of(a={"enum": ["x", "y"]}), "/properties/a", "widened", False),
        (of("b"), of("a"), "/required", "required, not required", True),
    ],
)
def test_what_is_in_the_way_is_named_beside_the_line_it_is_about(
    old: Any, new: Any, path: str, mark: str, refuses_old: bool
) -> None:
    marked = [line for line in compared(old, new) if line.mark]
    assert [(line.path, line.mark, line.refuses_old) for line in marked] == [(path, mark, refuses_old)]


def test_what_has_no_room_takes_several_lines_and_an_object_with_objects_always() -> None:
    assert schema_lines({"enum": ["a" * 30, "b" * 30]}, ROOM) == [
        "{",
        "  enum: [",
        f'    "{"a" * 30}"',
        f'    "{"b" * 30}"',
        "  ]",
        "}",
    ]
    assert schema_lines({"items": STRING}, ROOM) == ["{", '  items: {type: "string"}', "}"]


@pytest.mark.parametrize("schema", [True, {}, [], {"a b": 1}, {"$ref": "#/x~1y"}, {"": None}])
def test_every_schema_has_lines(schema: Any) -> None:
    assert schema_lines(schema, ROOM)
    assert all(line.same for line in compared(schema, schema))


def test_one_is_not_true_and_a_list_is_no_object() -> None:
    assert [line.same for line in compared({"const": 1}, {"const": True})] == [False]
    lines = compared({"items": [STRING]}, {"items": STRING})
    assert any(line.old == "  items: [" for line in lines) and any(
        line.new == '  items: {type: "string"}' for line in lines
    )


@pytest.mark.parametrize("width", [80, 118, 158])
def test_no_line_of_two_columns_is_wider_than_its_panel(width: int) -> None:
    old, new = of("b"), of("a", c={"type": "string", "description": "a long text " * 20})
    reasons = [
        SchemaReason(path=one.path, what=one.what, of_new=one.direction == "backward") for one in judged(old, new)
    ]
    change = ContractChange(old=contract(1, old), new=contract(2, new), reasons=tuple(reasons))
    drawn = change_detail(change, width, whole=False).plain.split("\n")
    assert any(line.endswith(CUT) and "required" in line for line in drawn)
    assert max(map(cell_len, drawn)) <= width
