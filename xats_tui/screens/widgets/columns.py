"""Columns: what becomes of them when space is short or plenty, and how rows are sorted by one."""

from collections.abc import Sequence
from dataclasses import dataclass

from xats_tui.screens.widgets.format import TableCell, TableRow

GAP_CELLS = 1
"""Cells between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column and what becomes of it when space is short or plenty."""

    key: str
    title: str
    width: int
    """Cells that it needs at least."""
    grow: int = 0
    """Its share of the space that is left over."""
    drop: int = 0
    """The highest number goes first when space is short; 0 never goes."""
    right: bool = False
    """Numbers stand on the right."""


@dataclass(frozen=True, slots=True)
class Order:
    """The column that rows are sorted by, and which way."""

    column: str
    reverse: bool = False

    def turned(self) -> "Order":
        """The other way round."""
        return Order(self.column, not self.reverse)

    def of(self, rows: Sequence[TableRow], columns: Sequence[Column]) -> list[TableRow]:
        """The rows in this order: numbers and times as such, texts by their letters."""
        index = [column.key for column in columns].index(self.column)
        return sorted(rows, key=lambda row: _rank(row.cells[index]), reverse=self.reverse)


def _rank(cell: TableCell) -> tuple[bool, float, str]:
    return cell.order is None, cell.order or 0.0, cell.text.casefold()


def fit(columns: Sequence[Column], width: int) -> dict[str, int]:
    """The width of each column that has a place, for a table of `width` cells; dropped columns are missing."""
    kept = list(columns)
    while _needed(kept) > width and any(column.drop for column in kept):
        kept.remove(max(kept, key=lambda column: column.drop))
    widths = {column.key: column.width for column in kept}
    spare, shares = width - _needed(kept), sum(column.grow for column in kept)
    for column in kept:
        if column.grow and spare:
            extra = spare * column.grow // shares if spare > 0 else max(spare, 3 - column.width)
            widths[column.key] += extra
            spare, shares = spare - extra, shares - column.grow
    return widths


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP_CELLS for column in columns) - GAP_CELLS
