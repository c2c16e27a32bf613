"""Paged lists: a cursor names the last entry of the previous page."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints

from xats_tui.backend.tools.base import Optional
from xats_tui.core.errors import Refusal

T = TypeVar("T")

BEGIN_AGAIN = "the list has no such entry any more: start again without cursor"

Cursor = Annotated[
    Optional[Annotated[str, StringConstraints(min_length=1)]],
    Field(description="next_cursor of the page before; leave it out for the first page."),
]


def after(rows: Sequence[T], cursor: str | None, name: Callable[[T], str]) -> Sequence[T]:
    """Return the rows after the row named by a cursor, or all rows without a cursor.

    Raises:
        Refusal: `unknown_cursor`, there is no such row.
    """
    if cursor is None:
        return rows
    place = next((place for place, row in enumerate(rows, 1) if name(row) == cursor), None)
    if place is None:
        raise Refusal("unknown_cursor", detail=BEGIN_AGAIN)
    return rows[place:]


def going_on(rows: Sequence[T], shown: Sequence[Any], name: Callable[[T], str]) -> dict[str, Any]:
    """Return the paging fields of an answer: empty if the page shows all rows."""
    left_out = len(rows) - len(shown)
    if not left_out:
        return {}
    return {"has_more": True, "left_out": left_out, "next_cursor": name(rows[len(shown) - 1])}
