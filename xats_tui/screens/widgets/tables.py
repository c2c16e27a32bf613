"""Table whose rows have keys: a new set of rows redraws only the differences and keeps cursor and scroll position.

It knows columns and cells, not their meaning.  Cells contain harmless text already; none of it is read as markup.

DataTable provides cursor, scrolling, mouse and header over blank lines.  The text of the lines is drawn here, because
DataTable redraws every cell when one has changed, and lays out the screen anew when a row comes or goes.  Surplus lines
are kept when there are fewer rows, because removing a line costs as much as all lines that stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.coordinate import Coordinate
from textual.events import Click, Mount, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget
from textual.widgets import DataTable
from textual.widgets.data_table import Row, RowKey

from xats_tui.screens.widgets.columns import GAP_CELLS, Column, Order, fit
from xats_tui.screens.widgets.format import TableRow, Tone, cut, cut_names
from xats_tui.screens.widgets.theme import CONTENT_STYLES, cell_styles

# DataTable becomes slow beyond; a screen that needs older rows loads them in pages.
MAX_ROWS = 420
"""Maximum rows: more than a list loads, with what waits for somebody and the heads of groups."""

MAX_HEADERS = 32
"""Most cells, and lines, of headers that DataTable keeps drawn; a table has fewer columns."""

DIVIDER = "—"
"""Key of a row that is a line of text across the table, stands between others, and is never under the cursor."""


class KeyedTable(DataTable[Text], inherit_bindings=False):
    """DataTable that finds the differences to its last rows itself."""

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
        """Posted when another row, or none, is under the cursor."""

        table: "KeyedTable"
        key: str | None

    @dataclass
    class Opened(Message):
        """Posted when a row was clicked twice."""

        table: "KeyedTable"

    @dataclass
    class Clicked(Message):
        """Posted when a cell was clicked that stands for an action; its row is under the cursor then."""

        table: "KeyedTable"
        action_id: str

    @dataclass
    class Fitted(Message):
        """Posted when the columns were laid out anew."""

        table: "KeyedTable"
        dropped: int

    def __init__(self, columns: Sequence[Column], *, show_header: bool = True, newest_first: bool = False) -> None:
        """Create an empty table; of a list that is `newest_first`, the first row is kept in sight."""
        self._keys: tuple[str, ...] = ()  # needed before super().__init__: DataTable counts the rows there
        self._is_growing = False
        super().__init__(
            cursor_type="row",
            cell_padding=0,
            show_header=show_header,
            show_row_labels=False,
            cursor_foreground_priority="renderable",
        )
        # It draws the header only, but anew for each number of lines and each place of the cursor, and keeps thousands.
        for kept in (self._cell_render_cache, self._row_render_cache, self._row_renderable_cache, self._line_cache):
            kept.maxsize = MAX_HEADERS
        self._specs = tuple(columns)
        self._shown: dict[str, TableRow] = {}
        self._strips: dict[int, tuple[TableRow, tuple[object, ...], Strip]] = {}
        """Cache of drawn lines: the row, the state that the drawing depends on, and the result."""
        self._styled = 0
        """Number of times that styles were given; the row under the cursor or the mouse is drawn anew each time."""
        self._widths: dict[str, int] = {}
        self._longest: dict[str, int] = {}
        """Cells of the longest text so far, by column; only of columns that fit their texts."""
        self._seen: frozenset[str] = frozenset()
        """Columns that gave their place to hidden ones."""
        self._styles: Mapping[Tone, Style] = {}
        self._announced: str | None = None
        self._wanted: str | None = None
        self._order: Order | None = None
        self._clicks = 0
        self._newest_first = newest_first
        self._follows = True
        """True unless a person has moved the cursor away from the newest row."""
        self.is_read = False
        """True while a person reads the detail of the row under the cursor, which therefore stays there."""
        self._said = Content()
        self._said_lines: Sequence[Strip] = []
        self._frame: tuple[Style, int] | None = None
        """Style and width of all lines, while lines are drawn."""

    @property
    def chosen(self) -> str | None:
        """Key of the row under the cursor."""
        return self._key_at(self.cursor_row)

    @property
    def visible_columns(self) -> tuple[str, ...]:
        """Keys of the visible columns."""
        return tuple(self._widths)

    def show_hidden_columns(self) -> None:
        """Show hidden columns in the place of others; after the last ones, return to the default columns."""
        shown = {spec.key for spec in self._specs if spec.drop and spec.key in self._widths}
        # where nothing else can give its place, columns that were widened for long names do
        seen = self._seen | (shown or {spec.key for spec in self._specs if spec.fits and not spec.drop})
        is_more = any(spec.key not in seen for spec in self._specs if spec.drop)
        self._seen = seen if is_more and seen != self._seen else frozenset()
        self._lay_out()

    @property
    def put_aside(self) -> tuple[str, ...]:
        """Keys of the columns that gave their place to hidden ones."""
        return tuple(spec.key for spec in self._specs if spec.key in self._seen)

    def put_columns_aside(self, columns: Sequence[str]) -> None:
        """Show hidden columns in the place of these."""
        self._seen = frozenset(spec.key for spec in self._specs if (spec.drop or spec.fits) and spec.key in columns)
        self._lay_out()

    def choose(self, key: str) -> None:
        """Move the cursor to a row, as soon as the row exists."""
        self._wanted = key
        self._choose_wanted()

    def show_order(self, order: Order | None) -> None:
        """Mark the sort column in the header."""
        self._order = order
        if self._widths:
            self._rewrite()

    @property
    def newer(self) -> int:
        """Number of rows above the visible ones, if those are newer."""
        return int(self.scroll_y) if self._is_newest_first else 0

    def return_to_newest(self) -> None:
        """Move the cursor to the newest row, unless a person has moved it away."""
        if self._is_newest_first and self._follows and self._keys:
            self.move_cursor(row=0)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the rows, from the top."""
        return self._keys

    @property
    def keys_in_sight(self) -> tuple[str, ...]:
        """Keys of the visible rows."""
        first = int(self.scroll_y)
        return self._keys[first : first + max(self.size.height - self._top, 0)]

    def say(self, words: str, tone: Tone = Tone.MUTED) -> None:
        """Set the text that replaces missing rows."""
        said = Content.styled(words, CONTENT_STYLES[tone])
        if not said.is_same(self._said):
            self._said, self._said_lines = said, []
            if not self._keys:
                self._measure()
                self.refresh()

    def show(self, rows: Sequence[TableRow]) -> None:
        """Show these rows in this order."""
        before = self._shown
        wanted = {row.key: _known(before.get(row.key), row) for row in rows[:MAX_ROWS]}
        self._make_room(wanted)
        if not self._widths:
            self._shown = wanted
            return
        keys = tuple(wanted)
        changed = [index for index, key in enumerate(keys) if wanted[key] is not before.get(key)]
        if keys == self._keys:
            self._shown = wanted
            self._refresh_rows(changed)
            return
        place = self._place()
        self._shown, self._keys = wanted, keys
        with self.prevent(DataTable.RowHighlighted):
            self._have_lines(len(keys))
            self._restore(place)
        self._choose_wanted()
        self._announce()

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Return a position that exists and is not the divider's, but beyond it in the direction of the move."""
        position = super().validate_cursor_coordinate(value)
        if self._key_at(position.row) != DIVIDER:
            return position
        return position.down() if position.row > self.cursor_coordinate.row else position.up()

    def _refresh_rows(self, indexes: Iterable[int]) -> None:
        """Redraw those of these rows that are in sight."""
        first, size = int(self.scroll_y), self.size
        places = [index - first + self._top for index in indexes if 0 <= index - first < size.height - self._top]
        if places:
            self.refresh(*(Region(0, y, self._text_width, 1) for y in places))

    def _refresh_region(self, region: Region) -> "KeyedTable":
        """Redraw a part of the table, without the scrollbar, which DataTable counts in."""
        return super()._refresh_region(region.crop_size(Size(self._text_width, region.height)))

    @property
    def _text_width(self) -> int:
        """Cells in a line without the scrollbar."""
        return self.size.width - self.styles.scrollbar_size_vertical

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines of the widget."""
        # Each of these is looked for among all ancestors, or in the layout.
        self._frame = self.rich_style, self.size.width
        try:
            return super().render_lines(crop)
        finally:
            self._frame = None

    def render_line(self, y: int) -> Strip:
        """Return a line of the widget, drawn only if it is not cached."""
        if y < self._top:
            return super().render_line(y)
        index = y - self._top + self.scroll_offset.y
        if index >= len(self._keys):
            said = () if self._keys else self._in_place_of_rows()
            return said[index] if index < len(said) else Strip.blank(self.size.width, self.rich_style)
        row = self._shown[self._keys[index]]
        hovered = self._show_hover_cursor and index == self.hover_row
        frame = self._frame or (self.rich_style, self.size.width)
        chosen = index == self.cursor_row
        state = (chosen, hovered, frame, self._styled if chosen or hovered else 0)
        drawn = self._strips.get(index)
        if drawn is None or drawn[0] is not row or drawn[1] != state:
            strip = self._draw_row(index, row, frame, is_chosen=chosen, is_hovered=hovered)
            self._strips[index] = drawn = (row, state, strip)
        return drawn[2]

    def notify_style_update(self) -> None:
        """Redraw lines whose styles may have changed."""
        super().notify_style_update()
        self._styled += 1
        self._said_lines = []

    def _in_place_of_rows(self) -> Sequence[Strip]:
        """Return the lines of the text that replaces missing rows."""
        if not self._said_lines and self.size.width > 0:
            self._said_lines = Visual.to_strips(self, self._said, self.size.width, None, self.visual_style)
        return self._said_lines

    def _draw_row(
        self, index: int, row: TableRow, frame: tuple[Style, int], *, is_chosen: bool, is_hovered: bool
    ) -> Strip:
        under, over = self._get_styles_to_render_cell(
            False, False, False, is_hovered, is_chosen, self.show_cursor, self._show_hover_cursor, False, False
        )
        # DataTable finds the row under the mouse by this meta data.
        style, width = frame
        base = style + Style.from_meta({"row": index, "column": 0}) + under
        if row.key == DIVIDER:
            line = Segment(cut(row.text, width).center(width), base + self._styles[Tone.ACCENT])
            return Strip([line]).adjust_cell_length(width, base)
        segments = []
        for spec, cell in zip(self._specs, row.cells, strict=True):
            if spec.key in self._widths:
                text = self._fitted(spec, cell.text)
                rest = self._cells_of(spec) - cell_len(text)
                style = base + self._styles[cell.tone] + over
                if cell.click:
                    style += Style.from_meta({"performs": cell.click})
                segments += [Segment(text, style), Segment(" " * rest, base + over)]
        return Strip(segments).adjust_cell_length(width, base)

    @property
    def row_count(self) -> int:
        """Number of rows; DataTable may have more lines."""
        return len(self.rows) if self._is_growing else len(self._keys)

    def _have_lines(self, number: int) -> None:
        """Make DataTable have at least this many lines."""
        if number <= len(self.rows):
            return
        self._is_growing = True
        for index in range(len(self.rows), number - 1):  # add_row would look after cursor and dimensions for each
            key = RowKey()
            self.rows[key] = Row(key, 1)
            self._row_locations[key], self._data[key] = index, {}
        self.add_row()
        self._is_growing = False

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        """Set the dimensions."""
        # DataTable would measure the cells of new rows; here all widths and heights are given.
        self._measure()

    def _measure(self) -> None:
        """Set the virtual size."""
        # The scrollbar always stays; it is blank when every row is in sight.
        lines = len(self._keys) or len(self._in_place_of_rows())
        size = Size(sum(self._cells_of(spec) for spec in self._specs), lines + self._top)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)  # without the watcher, which would lay out the screen
            self._scroll_update(size)
            if self.styles.height and self.styles.height.is_auto:
                self.refresh(layout=True)

    @property
    def _top(self) -> int:
        """Number of header lines."""
        return int(self.header_height) if self.show_header else 0

    def _choose_wanted(self) -> None:
        if self._widths and self._wanted in self._shown:
            self.move_cursor(row=self._keys.index(str(self._wanted)))
            self._wanted = None

    @on(Click)
    def _clicked(self, event: Click) -> None:
        """Remember the number of clicks."""
        # This handler runs before the table's own, whose event does not tell one click from two.
        self._clicks = event.chain
        action_id, row = event.style.meta.get("performs"), event.style.meta.get("row")
        if action_id and row is not None:
            self.move_cursor(row=row)
            self.post_message(self.Clicked(self, action_id))

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if self._clicks == 2:
            self.post_message(self.Opened(self))

    @on(Mount)
    def _follow_theme(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._styles = cell_styles(self.app.theme_variables)

    @on(DataTable.RowHighlighted)
    def _cursor_moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._follows = event.cursor_row == 0
        self._announce()

    @on(Resize)
    def _lay_out(self) -> None:
        self._said_lines = []
        # One cell is reserved for the scrollbar, which is always there.
        width = self.outer_size.width - self.styles.scrollbar_size_vertical
        widths = fit(self._specs, width, self._longest, self._seen)
        if widths == self._widths or width <= 0:
            return
        first, self._widths = not self._widths, widths
        if first:
            self._first_columns()
        else:
            self._rewrite()
        self.post_message(self.Fitted(self, len(self._specs) - len(widths)))

    def _make_room(self, wanted: Mapping[str, TableRow]) -> None:
        """Widen columns for new texts.  They do not become narrow again, so that columns keep their places."""
        longest = dict(self._longest)
        fresh = [row for key, row in wanted.items() if row is not self._shown.get(key)]
        for index, spec in enumerate(self._specs):
            if spec.fits:
                texts = (cell_len(row.cells[index].text) for row in fresh)
                longest[spec.key] = max(longest.get(spec.key, 0), *texts, 0)
        if longest != self._longest:
            self._longest = longest
            if self._widths:
                self._lay_out()

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
        """Redraw every cell after a change of widths or colours."""
        for spec in self._specs:
            column = self.columns[self.ordered_columns[self._specs.index(spec)].key]
            column.width, column.label = self._cells_of(spec), self._heading(spec)
        self._measure()
        self._clear_caches()
        self._strips.clear()
        self.refresh()

    def _place(self) -> tuple[str | None, int, str | None]:
        """Return the row under the cursor, its index, and the top row if the table is scrolled."""
        top = int(self.scroll_y)
        return self.chosen, self.cursor_row, self._key_at(top) if top else None

    def _restore(self, place: tuple[str | None, int, str | None]) -> None:
        chosen, cursor_row, top = place
        self._measure()
        row = self._keys.index(chosen) if chosen in self._shown and chosen else min(cursor_row, self.row_count)
        is_beyond = not top and row >= self.size.height - self._top
        if is_beyond and self._is_newest_first and self._follows and not self.is_read:
            row = 0
        # Without the watcher, which would scroll to the cursor although the operator has scrolled away from it.
        self.set_reactive(DataTable.cursor_coordinate, self.validate_cursor_coordinate(Coordinate(row, 0)))
        if top in self._shown and top:
            self.scroll_to(y=self._keys.index(top), animate=False, force=True, immediate=True)
        elif is_beyond and row and (self.has_focus or self._is_newest_first):
            self.call_after_refresh(self._scroll_cursor_into_view)
        self.refresh(Region(0, 0, self._text_width, self.size.height))

    @property
    def _is_newest_first(self) -> bool:
        return self._newest_first and self._order is None

    def _announce(self) -> None:
        if self.chosen != self._announced:
            self._announced = self.chosen
            self.post_message(self.Chosen(self, self._announced))

    def _key_at(self, index: int) -> str | None:
        return self._keys[index] if 0 <= index < len(self._keys) else None

    def _cells_of(self, spec: Column) -> int:
        width = self._widths.get(spec.key)
        if width is None:
            return 0
        return width if spec.key == list(self._widths)[-1] else width + GAP_CELLS

    def _heading(self, spec: Column) -> Text:
        if self._order is None or self._order.column != spec.key:
            return self._aligned(spec, spec.title, Style(bold=False))
        sign = "▼" if self._order.reverse else "▲"
        return self._aligned(spec, cut(spec.title, self._widths.get(spec.key, 0) - 1) + sign, Style(bold=True))

    def _aligned(self, spec: Column, text: str, style: Style) -> Text:
        return Text(self._fitted(spec, text), style=style, no_wrap=True, end="")

    def _fitted(self, spec: Column, text: str) -> str:
        """Return the text cut to its column, aligned to the right if the column is."""
        width = self._widths.get(spec.key, 0)
        short = cut_names(text, width) if spec.names else cut(text, width)
        return " " * (width - cell_len(short)) + short if spec.right else short


def _known(before: TableRow | None, row: TableRow) -> TableRow:
    """Return the row that is shown already, if the other one is equal."""
    return before if before is not None and (before is row or before == row) else row
