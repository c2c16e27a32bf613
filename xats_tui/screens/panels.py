"""The panels of a screen: a titled table with a filter and an empty state, and the preview of a pane.

They are told what to show; they do not know where it comes from.
"""

from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from xats_tui.backend.model import PaneView
from xats_tui.screens.actions import Panel
from xats_tui.screens.ansi import pane_lines
from xats_tui.screens.format import CUT, Row, Tone, count, one_line
from xats_tui.screens.tables import Column, KeyedTable
from xats_tui.screens.theme import CONTENT_STYLES


def entitle(panel: Widget, title: Content, subtitle: Content) -> None:
    """Put these into the border, if they are not there already: each change draws the panel anew."""
    # A border without corners puts no space around a title.
    padded = title if panel.styles.border_left[0] else Content.assemble(" ", title, " ")
    if panel.border_title != padded.markup:
        panel.border_title = padded
    if (panel.border_subtitle or "") != subtitle.markup:
        panel.border_subtitle = subtitle


class TablePanel(Vertical):
    """A table under a title that counts, with a filter that is seen and a word when there is nothing."""

    table = getters.query_one(KeyedTable)
    empty = getters.query_one(".empty", Static)

    def __init__(self, panel: Panel, columns: Sequence[Column]) -> None:
        super().__init__(id=panel.value, classes="panel")
        self.panel = panel
        self.words = ""
        """The filter; empty when there is none."""
        self._columns = columns
        self._rows: Sequence[Row] = ()
        self._summary = ""
        self._when_empty = ""
        self._dropped = 0

    def compose(self) -> ComposeResult:
        """A table, and a text in its place when there are no rows."""
        yield KeyedTable(self._columns, show_header=any(column.title for column in self._columns))
        yield Static(classes="empty")

    def show(self, rows: Sequence[Row], summary: str, when_empty: str) -> None:
        """Show these rows; `summary` stands behind the title, `when_empty` in place of no rows."""
        self._rows, self._summary, self._when_empty = rows, summary, when_empty
        self._draw()

    def filter(self, words: str) -> None:
        """Show only the rows that contain these words."""
        self.words = words.strip()
        self._draw()

    @on(KeyedTable.Fitted)
    def _columns_changed(self, event: KeyedTable.Fitted) -> None:
        event.stop()
        self._dropped = event.dropped
        self._draw()

    def _draw(self) -> None:
        matching = [row for row in self._rows if row.contains(self.words)] if self.words else self._rows
        self.table.show(matching)
        self.set_class(not matching, "-empty")
        if not matching:
            no_match = f"no row contains “{one_line(self.words)}”; esc leaves the filter"
            self.empty.update(Content(no_match if self._rows else self._when_empty))
        summary = f" {self._summary}" if self._summary else ""
        title = Content.assemble((self.panel.label, "bold"), (summary, CONTENT_STYLES[Tone.MUTED]))
        entitle(self, title, self._marks(len(matching)))

    def _marks(self, matching: int) -> Content:
        """What the panel does not show: filtered rows and dropped columns."""
        marks = [
            (
                self.words,
                f"/{one_line(self.words)}: {matching} of {len(self._rows)}",
                f"bold {CONTENT_STYLES[Tone.WARN]}",
            ),
            (self._dropped, f"+{count(self._dropped, 'column')}", CONTENT_STYLES[Tone.MUTED]),
        ]
        return Content("  ").join([Content.styled(text, style) for applies, text, style in marks if applies])


class PanePanel(Static, can_focus=True):
    """The end of a pane's screen, in its own colours."""

    def __init__(self) -> None:
        super().__init__(id=Panel.PANE.value, classes="panel")
        self._view: PaneView | None = None
        self._instead = ""
        self._title = ""
        self._hidden = 0

    def show(self, title: str, view: PaneView | None, instead: str) -> None:
        """Show this look under this title; `instead` says why there is none."""
        self._title = title
        changed = (view and view.look.screen, instead) != (self._view and self._view.look.screen, self._instead)
        self._view, self._instead = view, instead
        if changed:
            self._draw()
        else:
            self._entitle()

    @on(Resize)
    def _draw(self) -> None:
        """Show the lowest lines that have a place, each cut with a sign."""
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
        styled = Content.assemble((Panel.PANE.label, "bold"), (title, CONTENT_STYLES[Tone.MUTED]))
        entitle(self, styled, Content(above))
