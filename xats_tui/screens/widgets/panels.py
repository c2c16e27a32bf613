"""Panels: a titled table with filter, marks and an empty state; a detail; the preview of a pane.

They are given what to show and do not know where it comes from.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import DataTable, Static

from xats_tui.core.model.pages import Wanted
from xats_tui.core.model.panes import PaneView
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.modes.places import Panel
from xats_tui.screens.query.filters import Filter
from xats_tui.screens.widgets.ansi import pane_lines
from xats_tui.screens.widgets.columns import Column, Order
from xats_tui.screens.widgets.folding import Folding
from xats_tui.screens.widgets.format import CUT, TableCell, TableRow, Tone, count, cut_names, minute_of_day, one_line
from xats_tui.screens.widgets.tables import DIVIDER, KeyedTable
from xats_tui.screens.widgets.texts import TextPanel
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MARK = Column(key="mark", title="", width=1, sorts=False)
"""Column for the marks."""

TITLE_FRAME_CELLS, LEAST_TITLE_NAME_CELLS = 6, 12
"""Cells of a border that no title takes, and cells that are left to a name in a title, whatever else it tells."""

PARTLY = "·"
"""Mark of a folded group of which some rows are marked."""


def entitle(panel: Widget, title: Content, subtitle: Content) -> None:
    """Set a panel's titles if they changed."""
    # Each change of a border redraws the whole panel.
    # A border without corners leaves no space around a title and has no lower edge.
    if subtitle and not panel.styles.border_left[0]:  # what is hidden is told before the rest of the summary
        title = title.truncate(panel.outer_size.width - subtitle.cell_length - TITLE_FRAME_CELLS, ellipsis=True)
    whole = Content("  ").join([title, subtitle]) if subtitle else title
    padded = title if panel.styles.border_left[0] else Content.assemble(" ", whole, " ")
    if panel.border_title != padded.markup:
        panel.border_title = padded
    if (panel.border_subtitle or "") != subtitle.markup:
        panel.border_subtitle = subtitle


class TablePanel(Vertical):
    """Table with a title that counts its rows, a filter, marks, and a text for an empty table."""

    takes_keys: ClassVar[bool] = True
    """False for a table that never has the focus."""

    table = getters.query_one(KeyedTable)

    @dataclass
    class Sorted(Message):
        """Posted when a person has chosen another sort order."""

        panel: "TablePanel"
        order: Order | None

    @dataclass
    class Filtered(Message):
        """Posted when the filter has changed."""

        panel: "TablePanel"
        row: str | None
        """Key of the row that was under the cursor before."""

    def __init__(self, listing: Listing, name: str, *, marks: bool = False) -> None:
        """Create an empty table whose id is `name`; `marks` allows marking rows."""
        self._only_edges = False
        super().__init__(id=name, classes="panel")
        self.title = listing.title
        self._states = listing.states
        self._newest_first = listing.newest_first
        self._columns = (MARK, *listing.columns) if marks else tuple(listing.columns)
        self._marks = marks
        self._filter = Filter()
        self._folding = Folding(listing.head) if listing.head else None
        self._rows: Sequence[TableRow] = ()
        self._marked: set[str] = set()
        self._order: Order | None = None
        self._summary = ""
        self._when_empty = ""
        self._tone_when_empty = listing.tone_when_empty
        self._matching = 0
        self._told: tuple[object, ...] | None = None
        """What the titles were made of."""
        self._dropped = 0
        self._columns_key = ""
        self._divided_at: datetime | None = None
        self._divider: TableRow | None = None
        self._looked = ""
        self._instead_of_matches = ""
        self._newer: int | None = 0

    @property
    def words(self) -> str:
        """Words of the filter; empty without a filter."""
        return self._filter.words

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of the marked rows, in the list's default order."""
        return tuple(row.key for row in self._rows if row.key in self._marked)

    def compose(self) -> ComposeResult:
        """Yield the table."""
        yield KeyedTable(
            self._columns,
            show_header=any(column.title for column in self._columns),
            newest_first=self._newest_first,
        )

    def on_mount(self) -> None:
        """Follow the scroll position, which the title tells."""
        if self._newest_first:
            self.watch(self.table, "scroll_y", self._entitle, init=False)

    def name_columns_key(self, key: str) -> None:
        """Say with the sign for hidden columns which key shows them."""
        self._columns_key = f": {key}" if self.takes_keys else ""

    def show(self, rows: Sequence[TableRow], summary: str, when_empty: str) -> None:
        """Show these rows; `summary` follows the title, `when_empty` replaces missing rows."""
        known = rows is self._rows and when_empty == self._when_empty
        self._rows, self._summary, self._when_empty = rows, summary, when_empty
        if known:
            self._entitle()
        else:
            self._draw()

    def divide(self, moment: datetime | None, words: str, now: datetime) -> None:
        """Draw a divider with words and a moment above the first row that is older; None removes it."""
        if moment != self._divided_at:
            words = f"— {words}{minute_of_day(moment, now)} —" if moment else ""
            self._divided_at = moment
            self._divider = TableRow(DIVIDER, tuple(TableCell("") for _ in self._columns), text=words)
            self._draw()

    @property
    def is_divided(self) -> bool:
        """True if the divider is among the rows."""
        return DIVIDER in self.table.keys

    def filter(self, words: str) -> None:
        """Show only the rows that match these words."""
        changed = words.strip() != self.words
        self._filter = Filter(words, self._states)
        if changed:
            self._looked = self._instead_of_matches = ""
            self.post_message(self.Filtered(self, self.table.chosen))
        self._draw()

    def wanted(self, team: str | None, recipient: str | None, drawn: Collection[str]) -> Wanted:
        """Return as much of the filter as the store can look for."""
        return self._filter.wanted(team, recipient, drawn)

    @property
    def matching(self) -> int:
        """Number of rows that match the filter."""
        return self._matching

    def tell_search(self, looked: str, instead: str, newer: int | None) -> None:
        """Say how far the list was looked through.

        Args:
            looked: text behind the number of matches.
            instead: text in the place of rows if none matches.
            newer: number of entries that are newer than those of the list; None if there are some, not counted.
        """
        if (looked, instead, newer) != (self._looked, self._instead_of_matches, self._newer):
            self._looked, self._instead_of_matches, self._newer = looked, instead, newer
            self._say()
            self._entitle()

    def has_matches(self, rows: Sequence[TableRow]) -> bool:
        """Return whether any of these rows matches the filter."""
        return bool(self._filter.select(rows))

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor, and move to the next row."""
        if key := self.table.chosen:
            keys = set(self.members(key))
            self._marked = self._marked - keys if keys <= self._marked else self._marked | keys
            self._draw()
            self.table.action_cursor_down()

    def members(self, key: str) -> tuple[str, ...]:
        """Return the keys that a row stands for: those of its group if it is the head of one, or its own."""
        return self._folding.members(key) if self._folding else (key,)

    @property
    def in_sight(self) -> frozenset[str]:
        """Keys of the rows that are visible, or that a visible head stands for."""
        return frozenset(member for key in self.table.keys_in_sight for member in self.members(key))

    def choose(self, key: str) -> None:
        """Move the cursor to a row as soon as it exists; a folded group is opened for it unless its head shows it."""
        if self._folding and (head := self._folding.closed_head(key)):
            key = head
        elif self._folding:
            self._folding.reveal(key)
            self._draw()
        self.table.choose(key)

    def choose_head(self, key: str) -> None:
        """Move the cursor to a row or, if it belongs to a group, to the head of that."""
        self.table.choose((self._folding.head_of(key) if self._folding else None) or key)

    def fold(self) -> None:
        """Close the group of the row under the cursor, and move to its head."""
        if self._folding and (head := self._head_here()):
            self._folding.fold(head)
            self.table.choose(head)
            self._draw()

    def unfold(self) -> None:
        """Open the group under the cursor."""
        if self._folding and (head := self._head_here()):
            self._folding.unfold(head)
            self._draw()

    def fold_or_unfold_all(self) -> None:
        """Open all groups; if one is open, close all."""
        if self._folding:
            if head := self._head_here():
                self.table.choose(head)
            self._folding.fold_or_unfold_all()
            self._draw()

    def _head_here(self) -> str | None:
        chosen = self.table.chosen
        return self._folding.head_of(chosen) if self._folding and chosen else None

    def mark_all(self) -> None:
        """Mark every row that is shown."""
        self._marked |= self._shown_keys()
        self._draw()

    def invert_marks(self) -> None:
        """Mark the rows that are shown and not marked, and unmark the others that are shown."""
        self._marked ^= self._shown_keys()
        self._draw()

    @property
    def hidden_marks(self) -> int:
        """Number of marked rows that the filter hides."""
        return len(set(self.marked) - self._shown_keys())

    @property
    def hides_columns(self) -> bool:
        """True if columns are hidden, because the table is too narrow for all of them."""
        return self._dropped > 0

    def unmark(self) -> None:
        """Remove all marks."""
        self._marked.clear()
        self._draw()

    def sort_by_next(self) -> None:
        """Sort by the next visible column; after the last one, return to the default order."""
        sorting = {column.key for column in self._columns if column.sorts}
        keys = [key for key in self.table.visible_columns if key in sorting]
        after = keys.index(self._order.column) + 1 if self._order and self._order.column in keys else 0
        self._sort(Order(keys[after]) if after < len(keys) else None)

    def reverse(self) -> None:
        """Reverse the order."""
        self._sort(self._order.turned() if self._order else Order(self._columns[int(self._marks)].key, reverse=True))

    @on(DataTable.HeaderSelected)
    def _heading_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        column = str(event.column_key.value)
        if self._marks and column != MARK.key:
            self._sort(self._order.turned() if self._order and self._order.column == column else Order(column))

    @on(KeyedTable.Fitted)
    def _columns_changed(self, event: KeyedTable.Fitted) -> None:
        event.stop()
        self._dropped = event.dropped
        self._draw()

    def _shown_keys(self) -> set[str]:
        return {member for key in self.table.keys for member in self.members(key)}

    def show_order(self, order: Order | None) -> None:
        """Sort by a column; an order by an unknown column, or None, is the default order."""
        known = {column.key for column in self._columns}
        self._order = order if order and order.column in known - {MARK.key} else None
        self.table.show_order(self._order)
        self._draw()

    def _sort(self, order: Order | None) -> None:
        self.show_order(order)
        self.post_message(self.Sorted(self, order))

    def _draw(self) -> None:
        matching = self._filter.select(self._rows)
        ordered = self._order.of(matching, self._columns[int(self._marks) :]) if self._order else matching
        shown = self._arranged(ordered)
        self.table.show(self._with_divider([self._with_mark(row) for row in shown] if self._marks else shown))
        self._say()
        self._matching = len(matching)
        self._entitle()

    def _with_divider(self, rows: Sequence[TableRow]) -> Sequence[TableRow]:
        """Return the rows with the divider, if some are newer and some older; sorted rows have none."""
        if self._divided_at is None or self._divider is None or self._order:
            return rows
        time = next(index for index, column in enumerate(self._columns) if column.key == "time")
        moment = self._divided_at.timestamp()
        older = next((index for index, row in enumerate(rows) if (row.cells[time].order or 0.0) < moment), 0)
        return [*rows[:older], self._divider, *rows[older:]] if older else rows

    def _say(self) -> None:
        """Set the text in the place of rows."""
        if self._rows or self._instead_of_matches:
            no_match = f"no row matches “{one_line(self.words)}”; esc clears the filter"
            self.table.say(self._instead_of_matches or no_match)
        else:
            self.table.say(self._when_empty, self._tone_when_empty)

    def _arranged(self, rows: Sequence[TableRow]) -> Sequence[TableRow]:
        """Return the rows in their groups; the cursor stays with a row that a group hides now."""
        if self._folding is None:
            return rows
        chosen, shown = self.table.chosen, self._folding.arrange(rows)
        head = self._folding.head_of(chosen) if chosen else None
        if head and all(row.key != chosen for row in shown):
            self.table.choose(head)
        return shown

    def _entitle(self) -> None:
        told = (self._summary, self._signs(), self.styles.border_left[0], self.outer_size.width)
        if told == self._told:
            return
        self._told = told
        summary = f" {self._summary}" if self._summary else ""
        title = Content.assemble((self.title, "bold"), (summary, CONTENT_STYLES[Tone.MUTED]))
        self._only_edges = True
        entitle(self, title, Content("  ").join(Content.styled(text, style) for text, style in told[1]))
        self._only_edges = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "TablePanel":
        """Redraw; a new title redraws only the two lines that show titles, not the table between them."""
        if self._only_edges and not regions:
            left, top = self.content_offset
            width, height = self.outer_size
            regions = (Region(-left, -top, width, 1), Region(-left, height - 1 - top, width, 1))
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def _with_mark(self, row: TableRow) -> TableRow:
        members = self._marked.intersection(self.members(row.key))
        sign = "✓" if len(members) == len(self.members(row.key)) else PARTLY if members else ""
        mark = TableCell(sign, Tone.WARN)
        return row._replace(cells=(mark, *row.cells))

    def _signs(self) -> tuple[tuple[str, str], ...]:
        """Return notes on what the panel hides, with their styles: filtered rows, newer rows and dropped columns."""
        signs = [
            (
                self.words,
                f"/{one_line(self.words)}: {self._matching} {self._looked or f'of {len(self._rows)}'}",
                f"bold {CONTENT_STYLES[Tone.WARN]}",
            ),
            (not self.words and self._looked, self._looked, CONTENT_STYLES[Tone.MUTED]),
            (self._newer_words(), self._newer_words(), f"bold {CONTENT_STYLES[Tone.WARN]}"),
            (self._dropped, f"+{count(self._dropped, 'column')}{self._columns_key}", CONTENT_STYLES[Tone.MUTED]),
        ]
        return tuple((text, style) for applies, text, style in signs if applies)

    def _newer_words(self) -> str:
        if self._newer is None:
            return "newer ▲"
        number = self._newer + self.table.newer
        return f"{number:,} newer ▲" if number else ""


NO_MORE = Content()
"""Empty text behind a title."""


class DetailPanel(TextPanel):
    """Detail of a single object; scrolls back to the top when another object is shown."""

    def __init__(self, title: str) -> None:
        super().__init__("detail")
        self._title = title
        self._key: str | None = None

    def show(self, key: str | None, described: Content | None, instead: str, about: Content = NO_MORE) -> None:
        """Show the description of the object with this key, or the text `instead`; `about` follows the title."""
        if key != self._key:
            self._key = key
            self.scroll_home(animate=False)
        self.update(described if described is not None else Content.styled(instead, CONTENT_STYLES[Tone.MUTED]))
        entitle(self, Content.assemble((self._title, "bold"), about), Content())


class PanePanel(Static, can_focus=True):
    """Last lines of a pane's screen, in its own colours."""

    def __init__(self, name: str | None = Panel.PANE.value, classes: str = "panel") -> None:
        """Create an empty panel whose id is `name`."""
        super().__init__(id=name, classes=classes)
        self.label: str = Panel.PANE.label
        """Beginning of the title."""
        self._view: PaneView | None = None
        self._instead = ""
        self._title = ""
        self._hidden = 0

    def fitted(self, name: str, others: str) -> str:
        """Return a name, cut so that it and these other words of the title fit."""
        room = self.outer_size.width - TITLE_FRAME_CELLS - cell_len(others)
        return cut_names(name, max(LEAST_TITLE_NAME_CELLS, room)) if self.outer_size.width else name

    def show(self, title: str, view: PaneView | None, instead: str) -> None:
        """Show this view under this title; without a view, show the reason `instead`."""
        self._title = title
        changed = (view and view.look.screen, instead) != (self._view and self._view.look.screen, self._instead)
        self._view, self._instead = view, instead
        if changed:
            self._draw()
        else:
            self._entitle()

    @on(Resize)
    def _draw(self) -> None:
        """Show the last lines that fit, each cut to the width."""
        lines = pane_lines(self._view.look.screen) if self._view else []
        width, height = self.content_size
        self._hidden = max(0, len(lines) - height)
        shown = [Content.from_rich_text(line).truncate(width, ellipsis=True) for line in lines[self._hidden :]]
        instead = Content.styled(self._instead, CONTENT_STYLES[Tone.MUTED])
        self.update(Content("\n").join(shown) if self._view else instead, layout=False)
        self._entitle()

    def _entitle(self) -> None:
        title = f" {self._title}" if self._title else ""
        above = f"{CUT} {count(self._hidden, 'line')} above" if self._hidden else ""
        label = self.fitted(self.label, title)
        styled = Content.assemble((label, "bold"), (title, CONTENT_STYLES[Tone.MUTED]))
        entitle(self, styled, Content(above))
