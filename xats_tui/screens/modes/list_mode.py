"""Base class of the modes that consist of a list and the detail of its selected row.

A subclass defines the rows (`listing`) and the detail of a row (`detail`).  Cursor, filter, marks, sorting, zoom,
opening and closing the detail, the mouse, and the layout for each width come from here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import getters, on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget

from xats_tui.screens.actions import with_shown_keys
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import Target, agent_of, all_failed, find, view_of, wakes_of
from xats_tui.screens.modes.listing import Listing, Reading, instead_of_rows
from xats_tui.screens.paging.paged_mode import PagedMode
from xats_tui.screens.widgets.format import TableRow, Tone
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.panels import DetailPanel, TablePanel
from xats_tui.screens.widgets.tables import KeyedTable
from xats_tui.screens.widgets.texts import TextPanel


class ListMode(PagedMode):
    """List with the detail of its selected row."""

    divides: ClassVar[bool] = False
    """True if a divider stands where the operator was last away."""

    @dataclass
    class DetailChanged(Message):
        """Posted when data for the detail has arrived."""

    list_panel = getters.query_one("#list", TablePanel)
    detail_panel = getters.query_one(DetailPanel)

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._zoomed = False
        self._readings: dict[str, Reading] = {}
        """Cached rows by the title of their listing."""
        self._divider_seen: datetime | None = None
        """Moment of the divider that the operator has seen."""

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of a row; None if its object is gone."""
        raise NotImplementedError

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the widgets beside the list; those other than the detail panel are drawn by `draw_detail`."""
        yield DetailPanel(self.mode.noun.capitalize())

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail of the selected row, or a note that nothing is selected."""
        described = self.detail(self.snapshot, key, self.now()) if key else None
        self.detail_panel.show(key, described, f"No {self.mode.noun} is selected.")

    async def ticket(self) -> str | None:
        """Return the detail of the selected row as Markdown; None if nothing is selected."""
        key = self.ticket_row()
        return await self.ticket_writer().write(self.mode, key) if key else None

    def ticket_row(self) -> str | None:
        """Return the key of the row whose detail a ticket shows."""
        return self.list_panel.table.chosen

    def find(self, key: str) -> Target | None:
        """Return the object behind a row."""
        return find(self.snapshot, self.mode, key)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the list and, beside it or in its place, the detail."""
        with Horizontal(id="body"):
            yield TablePanel(self.listing, "list", marks=True)
            with Vertical(id="side"):
                yield from self.compose_detail()

    def on_mount(self) -> None:
        """Focus the list, and watch how far lists are scrolled, to load older entries at their end."""
        for panel in self.query(TablePanel):
            self.watch(panel.table, "scroll_y", self.pull, init=False)
        self.focus_list()

    def draw_body(self) -> None:
        """Draw list and detail."""
        absence = self.desk.absence
        is_divided = self.divides and absence.divided_at != self._divider_seen
        self.list_panel.divide(absence.divided_at if is_divided else None, absence.divider, self.now())
        self.fill(self.list_panel, self.listing, self.rows())
        self.draw_detail(self.list_panel.table.chosen)

    def leave(self) -> None:
        """Remove the divider next time, if it was shown."""
        # A mode may be left before its list is there.
        if any(panel.is_divided for panel in self.query("#list").results(TablePanel)):
            self._divider_seen = self.desk.absence.divided_at

    def rows(self) -> Sequence[TableRow]:
        """Return the current rows."""
        return self.rows_of(self.listing, self.list_panel)

    def rows_of(self, listing: Listing, panel: TablePanel) -> Sequence[TableRow]:
        """Return the rows of a listing that a panel shows, from the cache if nothing in them can have changed."""
        reading = self._readings.setdefault(listing.title, Reading(listing))
        reading.take(self.snapshot, self.now(), panel.in_sight)
        return reading.rows

    def fill(self, panel: TablePanel, listing: Listing, rows: Sequence[TableRow]) -> None:
        """Show the rows of a listing, or a note why there are none."""
        panel.show(rows, listing.summary(self.snapshot), instead_of_rows(listing, self.snapshot, with_shown_keys))

    def situation(self) -> Situation:
        """Return the situation: selection, marks and focus."""
        panel = self.list_panel
        row, marked = panel.table.chosen, panel.marked
        found = [target for key in marked or (panel.members(row) if row else ()) if (target := self.find(key))]
        agents = {entry.agent.agent_id: entry for target in found if (entry := agent_of(self.snapshot, target))}
        wakes = {wake.key: wake for target in found for wake in wakes_of(self.snapshot, target)}
        return Situation(
            mode=self.mode,
            row=row,
            target=self.find(row) if row else None,
            marked=marked,
            targets=tuple(found),
            agents=tuple(agents.values()),
            view=view_of(self.snapshot, tuple(agents.values())),
            wakes=tuple(wakes.values()),
            failed=all_failed(self.snapshot),
            inside=self.inside,
            filtered=bool(panel.words),
            hides_columns=panel.hides_columns,
            zoomed=self._zoomed,
            paused=self.paused,
            finds=self.desk.finding.shown is not None,
            apart=self.window is not None and self.window.is_away,
            came_from=self.came_from,
            read_only=self.desk.verbs.read_only,
            past=self.desk.travel.is_away,
            teams=self.teams,
            undoable=self.undoable,
        )

    @property
    def inside(self) -> bool:
        """True if the detail has the focus."""
        return self.has_class("-inside")

    def arrive(self, words: str | None, row: str | None) -> None:
        """Apply a filter, or clear it and select a row."""
        if words is not None:
            self.list_panel.filter(words)
        if row is not None:
            # A filter must not hide the row that was asked for.
            if self.list_panel.words and self.window:
                self.window.close()
            self.list_panel.filter("")
            self.list_panel.choose(row)
            self.bring(row)
        self.focus_list()

    def stand_at_newest(self) -> None:
        """Move the list to its newest row."""
        self.list_panel.table.return_to_newest()

    def listed(self) -> TablePanel | None:
        """Return the mode's list; None while the app closes and removes its widgets."""
        try:
            return self.list_panel
        except NoMatches:
            return None

    def focus_list(self) -> None:
        """Focus the list."""
        self.remove_class("-inside")
        self.set_focus(self.list_panel.table)

    def focus_detail(self) -> None:
        """Focus the detail."""
        self.add_class("-inside")
        self.set_focus(self.detail_panel)  # not after the refresh: the next key may have been pressed already

    def go_back(self) -> bool:
        """Close the detail; otherwise clear marks, filter, zoom or older entries, the first that is set."""
        panel = self.list_panel
        if self.inside:
            self.focus_list()
        elif self.stop_looking():
            pass
        elif panel.marked:
            panel.unmark()
        elif panel.words:
            panel.filter("")
        elif self._zoomed:
            self.action_zoom()
        else:
            return self.show_newest()
        return True

    def aside(self) -> Iterable[Piece]:
        """Yield the number of marked rows after the general notes, and how many of them are not in sight."""
        yield from super().aside()
        marked, hidden, elsewhere = len(self.list_panel.marked), self.list_panel.hidden_marks, self.marked_elsewhere()
        notes = (f"{hidden} not shown" if hidden else "", f"{elsewhere} in other columns" if elsewhere else "")
        if marked or elsewhere:
            yield (f" ✓ {' · '.join(filter(None, (f'{marked} marked', *notes)))} ", Tone.WARN)

    def marked_elsewhere(self) -> int:
        """Return the number of marked rows in other columns, which no action applies to."""
        return 0

    def action_open(self) -> None:
        """Open the detail of the selected row."""
        self.focus_detail()

    def action_next_panel(self) -> None:
        """Move between the list and the detail."""
        if self.inside:
            self.focus_list()
        else:
            self.focus_detail()

    def action_previous_panel(self) -> None:
        """Move between the list and the detail."""
        self.action_next_panel()

    def action_zoom(self) -> None:
        """Give the focused panel the whole screen, or undo that."""
        self._zoomed = not self._zoomed
        self.set_class(self._zoomed, "-zoomed")
        self.draw_keys()

    def action_mark(self) -> None:
        """Mark the row under the cursor and move to the next row."""
        self.list_panel.toggle_mark()
        self.draw_keys()

    def action_mark_all(self) -> None:
        """Mark every row that is shown."""
        self.list_panel.mark_all()
        self.draw_keys()

    def action_invert_marks(self) -> None:
        """Mark what is shown and not marked, and unmark the rest that is shown."""
        self.list_panel.invert_marks()
        self.draw_keys()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.list_panel.sort_by_next()

    def action_reverse(self) -> None:
        """Reverse the order."""
        self.list_panel.reverse()

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        """Follow the focus."""
        # A click moves the focus as well as a key does, and the focus may have moved on since the event.
        focused = self.focused
        self.set_class(focused is not None and self.query_one("#side") in focused.ancestors_with_self, "-inside")
        self.list_panel.table.is_read = self.inside
        if focused is not None and self.query_one("#body") in focused.ancestors:
            self.show_prompt(is_open=False)
        self.draw_keys()

    @on(KeyedTable.Chosen)
    def _row_chosen(self) -> None:
        self.draw_detail(self.list_panel.table.chosen)
        self.draw_keys()

    @on(DetailChanged)
    @on(TextPanel.WidthChanged)
    def _detail_changed(self) -> None:
        self.draw_detail(self.list_panel.table.chosen)

    @on(KeyedTable.Clicked)
    async def _cell_clicked(self, event: KeyedTable.Clicked) -> None:
        await self.action_perform(event.action_id)

    @on(KeyedTable.Opened)
    async def _row_opened(self) -> None:
        await self.action_perform("open")
