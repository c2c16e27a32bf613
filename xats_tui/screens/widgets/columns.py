"""Columns: how they share the width of a table, and how rows are sorted by one of them."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from xats_tui.core.records import replace
from xats_tui.screens.widgets.format import TableCell, TableRow

GAP_CELLS = 1
"""Cells between two columns."""


class Column(Struct, frozen=True, kw_only=True):
    """A column, with its behaviour when space is short or plentiful."""

    key: str
    title: str
    width: int
    """Minimum width in cells."""
    grow: int = 0
    """Share of the spare width."""
    drop: int = 0
    """Order of dropping when space is short: the highest number goes first, 0 is never dropped."""
    fits: int = 0
    """Width up to which the column widens for its longest text, before other columns get spare width."""
    names: bool = False
    """True for names, which are cut in the middle."""
    right: bool = False
    """True for numbers, which are aligned to the right."""
    sorts: bool = True
    """True if rows can be sorted by the column."""


class Order(Struct, frozen=True):
    """Sort order: a column and a direction."""

    column: str
    reverse: bool = False

    def turned(self) -> "Order":
        """Return the opposite order."""
        return Order(self.column, not self.reverse)

    def of(self, rows: Sequence[TableRow], columns: Sequence[Column]) -> list[TableRow]:
        """Return the rows in this order: numbers and times by value, texts alphabetically."""
        index = [column.key for column in columns].index(self.column)
        return sorted(rows, key=lambda row: _rank(row.cells[index]), reverse=self.reverse)


def _rank(cell: TableCell) -> tuple[bool, float, str]:
    return cell.order is None, cell.order or 0.0, cell.text.casefold()


NO_TEXTS: Mapping[str, int] = {}


def fit(
    columns: Sequence[Column], width: int, longest: Mapping[str, int] = NO_TEXTS, seen: frozenset[str] = frozenset()
) -> dict[str, int]:
    """Return the width of each visible column; dropped columns are missing.

    Args:
        columns: all columns.
        width: cells of the table.
        longest: cells of the longest text of a column.
        seen: keys of columns that are dropped before all others; one that is never dropped is not widened instead.
    """
    kept = [column if column.key in seen and not column.drop else _for_texts(column, longest) for column in columns]
    while _needed(kept) > width and any(column.drop for column in kept):
        kept.remove(max(kept, key=lambda column: (column.drop > 0, column.key in seen, column.drop)))
    widths = {column.key: column.width for column in kept}
    spare, shares = width - _needed(kept), sum(column.grow for column in kept)
    for column in kept:
        if column.grow and spare:
            extra = spare * column.grow // shares if spare > 0 else max(spare, 3 - column.width)
            widths[column.key] += extra
            spare, shares = spare - extra, shares - column.grow
    return widths


def _for_texts(column: Column, longest: Mapping[str, int]) -> Column:
    return replace(column, width=max(column.width, min(column.fits, longest.get(column.key, 0))))


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP_CELLS for column in columns) - GAP_CELLS
