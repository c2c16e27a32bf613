"""A table whose rows have keys: shown anew, it changes only what differs and keeps cursor and scroll by key.

It knows columns and cells, not what they are about.  Cells hold harmless text already; none of it is read as markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.events import Mount, Resize
from textual.geometry import Size
from textual.message import Message
from textual.widgets import DataTable

from xats_tui.screens.format import Cell, Row, Tone, cut
from xats_tui.screens.theme import cell_styles

ROW_LIMIT = 300
"""DataTable slows down beyond; what is older is paged by the screen that needs it."""

GAP = 1
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
    return sum(column.width + GAP for column in columns) - GAP


class KeyedTable(DataTable[Text], inherit_bindings=False):
    """A DataTable that is told what to show and finds the difference itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "row up", show=False),
        Binding("down", "cursor_down", "row down", show=False),
        Binding("pageup", "page_up", "page up", show=False),
        Binding("pagedown", "page_down", "page down", show=False),
        Binding("home", "scroll_top", "first row", show=False),
        Binding("end", "scroll_bottom", "last row", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Another row is under the cursor, or none."""

        table: "KeyedTable"
        key: str | None

    @dataclass
    class Fitted(Message):
        """The columns were laid out anew."""

        table: "KeyedTable"
        dropped: int

    def __init__(self, columns: Sequence[Column], *, show_header: bool = True) -> None:
        super().__init__(
            cursor_type="row",
            cell_padding=0,
            show_header=show_header,
            show_row_labels=False,
            cursor_foreground_priority="renderable",
        )
        self._specs = tuple(columns)
        self._shown: dict[str, Row] = {}
        self._widths: dict[str, int] = {}
        self._styles: Mapping[Tone, Style] = {}
        self._announced: str | None = None

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._key_at(self.cursor_row)

    def choose(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self._shown:
            self.move_cursor(row=self.get_row_index(key))

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows in this order."""
        wanted = {row.key: row for row in rows[:ROW_LIMIT]}
        if not self._widths or (wanted == self._shown and list(wanted) == list(self._shown)):
            self._shown = wanted if not self._widths else self._shown
            return
        place = self._place()
        with self.prevent(DataTable.RowHighlighted):
            self._change(wanted)
            self._restore(place)
        self._announce()

    @on(Mount)
    def _follow_theme(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._styles = cell_styles(self.app.theme_variables)

    @on(DataTable.RowHighlighted)
    def _cursor_moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._announce()

    @on(Resize)
    def _lay_out(self) -> None:
        # One cell is kept for the scrollbar: columns must not move when it comes and goes.
        width = self.outer_size.width - self.styles.scrollbar_size_vertical
        widths = fit(self._specs, width)
        if widths == self._widths or width <= 0:
            return
        first, self._widths = not self._widths, widths
        if first:
            self._first_columns()
        else:
            self._rewrite()
        self.post_message(self.Fitted(self, len(self._specs) - len(widths)))

    def _first_columns(self) -> None:
        for spec in self._specs:
            self.add_column(self._heading(spec), width=self._cells_of(spec), key=spec.key)
        waiting, self._shown = self._shown, {}
        self.show(tuple(waiting.values()))

    def _restyle(self) -> None:
        self._styles = cell_styles(self.app.theme_variables)
        if self._widths:
            self._rewrite()

    def _rewrite(self) -> None:
        """Draw every cell anew: widths or colours have changed, the rows have not."""
        for spec in self._specs:
            column = self.columns[self.ordered_columns[self._specs.index(spec)].key]
            column.width, column.label = self._cells_of(spec), self._heading(spec)
        for key, row in self._shown.items():
            self._write(key, self._specs, row.cells)
        self.virtual_size = Size(sum(self._cells_of(spec) for spec in self._specs), self.virtual_size.height)
        self._clear_caches()
        self.refresh()

    def _change(self, wanted: Mapping[str, Row]) -> None:
        for key in self._shown.keys() - wanted.keys():
            self.remove_row(key)
        for key, row in wanted.items():
            before = self._shown.get(key)
            if before is None:
                self.add_row(*map(self._drawn, self._specs, row.cells), key=key)
            elif before != row:
                changed = [index for index, cell in enumerate(row.cells) if cell != before.cells[index]]
                self._write(key, [self._specs[i] for i in changed], [row.cells[i] for i in changed])
        self._shown = dict(wanted)
        self._put_in_order()

    def _put_in_order(self) -> None:
        if [row.key.value for row in self.ordered_rows] == list(self._shown):
            return
        first = self._specs[0].key
        # DataTable sorts by cells only; the cell's identity leads back to its row.
        position = {id(self.get_cell(key, first)): index for index, key in enumerate(self._shown)}
        self.sort(first, key=lambda cell: position[id(cell)])

    def _write(self, key: str, specs: Iterable[Column], cells: Iterable[Cell]) -> None:
        for spec, cell in zip(specs, cells, strict=True):
            self.update_cell(key, spec.key, self._drawn(spec, cell))

    def _place(self) -> tuple[str | None, str | None]:
        """The row under the cursor, and the row at the top if the table is scrolled."""
        top = int(self.scroll_y)
        return self.chosen, self._key_at(top) if top else None

    def _restore(self, place: tuple[str | None, str | None]) -> None:
        chosen, top = place
        header = self.header_height if self.show_header else 0
        self.virtual_size = Size(self.virtual_size.width, self.row_count + header)
        row = self.get_row_index(chosen) if chosen in self._shown and chosen else min(self.cursor_row, self.row_count)
        # Without the watcher, which would scroll to the cursor even if the operator has scrolled away from it.
        self.set_reactive(DataTable.cursor_coordinate, self.validate_cursor_coordinate(Coordinate(row, 0)))
        if top in self._shown and top:
            self.scroll_to(y=self.get_row_index(top), animate=False, force=True, immediate=True)
        elif self.has_focus and row >= self.size.height - header:
            self.call_after_refresh(self.move_cursor, row=row)
        self.refresh()

    def _announce(self) -> None:
        if self.chosen != self._announced:
            self._announced = self.chosen
            self.post_message(self.Chosen(self, self._announced))

    def _key_at(self, index: int) -> str | None:
        keys = list(self._shown)
        return keys[index] if 0 <= index < len(keys) else None

    def _cells_of(self, spec: Column) -> int:
        width = self._widths.get(spec.key)
        if width is None:
            return 0
        return width if spec.key == list(self._widths)[-1] else width + GAP

    def _heading(self, spec: Column) -> Text:
        return self._aligned(spec, spec.title, Style(bold=False))

    def _drawn(self, spec: Column, cell: Cell) -> Text:
        return self._aligned(spec, cell.text, self._styles[cell.tone])

    def _aligned(self, spec: Column, text: str, style: Style) -> Text:
        width = self._widths.get(spec.key, 0)
        short = cut(text, width)
        if spec.right:
            short = " " * (width - cell_len(short)) + short
        return Text(short, style=style, no_wrap=True, end="")
