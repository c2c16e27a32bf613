"""Base class of the modes whose list has no end: older and newer pages come as the cursor nears them."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.worker import Worker, get_current_worker

from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import find
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.paging.long_lists import LoadedPart, LongList
from xats_tui.screens.paging.window import ListWindow, Step
from xats_tui.screens.widgets.format import Tone, one_line, time_of_day
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.panels import TablePanel
from xats_tui.screens.widgets.tables import KeyedTable

logger = logging.getLogger(__name__)

NEAR_ROWS = 20
"""Rows from an end at which the next page is loaded, so that a key that is held down need not wait for it."""


class PagedMode(ModeScreen):
    """Mode with a list that may be longer than what is loaded."""

    listing: ClassVar[Listing]
    long_list: ClassVar[LongList | None] = None
    """The list without an end; None if the snapshot has the whole list."""

    _paging: Worker[None] | None = None
    _is_returning = False
    """True while the cursor moves to the newest entry."""
    _looking: Worker[None] | None = None
    """The worker that looks through the list for what matches the filter."""

    @property
    def window(self) -> ListWindow | None:
        """The window on the list."""
        return self.desk.windows.of(self.long_list) if self.long_list else None

    @property
    def is_paging(self) -> bool:
        """True while entries are loaded."""
        return self._paging is not None and not self._paging.is_finished

    def placed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the entries that the window shows, and read them again if they may have changed."""
        window, panel = self.window, self.listed()
        if window is None or panel is None or not panel.is_mounted:
            return snapshot
        window.limit(panel.wanted(self.desk.scope.team, window.listed.recipient, self.listing.drawn))
        if window.is_stale and not self.paused and not self.is_paging:
            self._paging = self._page(lambda: window.reload(self.desk.source, self._held, self._is_wanted))
        return window.shown(snapshot)

    def draw(self) -> None:
        """Draw, and say how far the list was looked through."""
        super().draw()
        if self.is_mounted and self.is_current and (window := self.window):
            self._tell_search(window)
            self._look_for_the_first(window)

    def _tell_search(self, window: ListWindow) -> None:
        looked, instead = self._told(window)
        for panel in self.query(TablePanel):
            panel.tell_search(looked, instead, window.newer if window.is_away else 0)

    def _look_for_the_first(self, window: ListWindow) -> None:
        """Look on where none of the newest entries is of the team that the list is limited to."""
        panel = self.listed()
        is_begun = window.is_open or self.is_paging or self.paused
        if panel and not panel.words and not panel.matching and window.is_limited and not is_begun:
            self._look_back()

    def aside(self) -> Iterable[Piece]:
        """Yield a note that the list does not show the newest entries."""
        yield from super().aside()
        if (window := self.window) and window.is_away:
            yield (f" older {self._entries}; {self.key_of('back')} newest ", Tone.WARN)

    def action_older(self) -> None:
        """Load older entries; with a filter, the next ones that match."""
        if self.window and not self.is_paging:
            self._look_back(aloud=True)

    def stop_looking(self) -> bool:
        """Stop looking for what matches the filter; return False if nobody does."""
        if self._looking is None:
            return False
        self._give_up()
        self.draw()
        return True

    def _give_up(self) -> None:
        if self._looking:
            self._looking.cancel()
            self._looking = None

    def show_newest(self) -> bool:
        """Return to the newest entries; return False if they are shown."""
        window = self.window
        if window is None or not window.is_away:
            return False
        window.close()
        self._is_returning = True
        self.draw()
        if panel := self.listed():
            panel.table.move_cursor(row=0)
        self._is_returning = False
        return True

    def open_around(self, row: str) -> None:
        """Load the entries around a row that is not loaded, and select it."""
        self._paging = self._open_around(row)

    def bring(self, row: str) -> None:
        """Load what is around a row, unless it is loaded."""
        window = self.window
        if window is None or find(self.snapshot, self.mode, row) is not None:
            return
        if self.holds(row):
            window.close()
            self.draw()
        else:
            self.open_around(row)

    def show_row(self, row: str) -> None:
        """Select a row that is loaded."""
        if panel := self.listed():
            panel.choose(row)

    def leave_hit(self) -> None:
        """Return to the newest entries."""
        if self.window:
            self.window.close()
            self.draw()

    def holds(self, row: str) -> bool:
        """Return whether the newest entries include a row."""
        return find(self.desk.scope.of(self._held), self.mode, row) is not None

    @property
    def _entries(self) -> str:
        return f"{self.mode.noun}s" if not self.mode.noun.endswith("y") else "activity"

    def _is_wanted(self, entries: Sequence[Any]) -> bool:
        """Return whether the filter lets any of these entries through."""
        window, panel = self.window, self.listed()
        if window is None or panel is None or not panel.words:
            return True
        part = LoadedPart(entries=entries, is_joined=False)
        snapshot = window.listed.shown(self.desk.scope.of(self._held), part)
        return panel.has_matches(self.listing.rows(self.as_listed(snapshot), self.now()))

    def as_listed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot as the rows of the list are read from it."""
        return snapshot

    def _told(self, window: ListWindow) -> tuple[str, str]:
        """Return the text behind the number of matches, and that in the place of rows if none matches."""
        panel = self.listed()
        if panel is None or not window.is_limited or not (window.is_open or self._looking):
            return "", ""
        if not panel.words:
            return self._told_of_team(window)
        no_match = f"no {self.mode.noun} matches “{one_line(panel.words)}”"
        if window.is_ended:
            return "in all", f"{no_match}, however old; esc clears the filter"
        back = self._back_to(window)
        if self._looking:
            return f"{back}…", f"{no_match} {back}; looking on … esc stops"
        return back, f"{no_match} {back}; {self.key_of('older')} looks on, esc clears the filter"

    def _told_of_team(self, window: ListWindow) -> tuple[str, str]:
        back = "" if window.is_ended else self._back_to(window)
        none = f"no {self.mode.noun} of team {one_line(self.desk.scope.team)} {back}"
        if self._looking:
            return f"{back}…", f"{none}; looking on … esc stops"
        return back, f"{none}; {self.key_of('older')} looks on" if back else ""

    def _back_to(self, window: ListWindow) -> str:
        at = window.looked_back_to
        if at is None:
            return "so far"
        clock, day = at.astimezone().strftime("%H:%M"), time_of_day(at, self.now())
        return f"back to {clock}" if ":" in day else f"back to {day} {clock}"

    @on(TablePanel.Filtered)
    def _filter_changed(self, event: TablePanel.Filtered) -> None:
        """Begin at the newest entries, and look on where none of them matches; without a filter, stay at the row."""
        window, panel = self.window, self.listed()
        if window is None or panel is None:
            return
        self._give_up()
        row = event.row
        if not panel.words and row and window.is_open and not self.holds(row):
            self.open_around(row)
            return
        if self.placed(self.desk.scope.of(self._held)) is not self.snapshot:
            self.draw()
        else:  # the panel shows the rows that match already
            self._tell_search(window)
            self.draw_keys()
        if panel.words and not panel.matching:
            self._look_back(waits=True)

    @on(KeyedTable.Chosen)
    def _cursor_moved(self) -> None:
        self.pull()

    def pull(self) -> None:
        """Load the next page if the cursor or the visible part is near an end of the list."""
        window, panel = self.window, self.listed()
        if window is None or panel is None or self.is_paging or self._is_returning:
            return
        table = panel.table
        rows, row = table.row_count, table.cursor_row
        near = NEAR_ROWS if rows > 3 * NEAR_ROWS else 0
        if (row >= rows - 1 - near and (table.max_scroll_y or row)) or table.scroll_y >= table.max_scroll_y > 0:
            if rows and not window.is_ended:
                self._look_back()
        elif window.is_away and (row <= near or table.scroll_y <= 0):
            self._paging = self._page(self._go_newer)

    def _look_back(self, *, aloud: bool = False, waits: bool = False) -> None:
        """Load older entries; with a filter, look on until some match.

        Args:
            aloud: True to tell that there are no more.
            waits: True to ask the store only when nobody types on.
        """
        if window := self.window:
            worker: Worker[None] = self._go_older(window, aloud=aloud, waits=waits)
            self._paging, self._looking = worker, worker if window.is_limited else None
            self._tell_search(window)

    @work(exclusive=True, group="paging")
    async def _go_older(self, window: ListWindow, *, aloud: bool, waits: bool) -> None:
        step = Step.NOTHING
        try:
            if waits:
                await self.desk.keyboard.rested()
            while (step := await window.go_older(self.desk.source, self._held, self._is_wanted)) is Step.NOTHING:
                self.draw()
            await window.count_newer(self.desk.source)
        except Exception as error:  # the list stays where it is; the header shows that the data is stale
            logger.warning("older %s could not be loaded: %s", self._entries, error)
        finally:
            if self._looking is get_current_worker():
                self._looking = None
        self.draw()
        if aloud and step is Step.END:
            self.tell(f"no older {self.mode.noun}{self._limits}" if window.is_limited else f"no older {self._entries}")

    @property
    def _limits(self) -> str:
        panel = self.listed()
        words = " matches the filter" if panel and panel.words else ""
        team = self.desk.scope.team
        return f"{words or ' is'} in team {one_line(team)}" if team else words

    async def _go_newer(self) -> None:
        window = self.window
        while window and await window.go_newer(self.desk.source, self._is_wanted) is Step.NOTHING:
            pass

    @work(exclusive=True, group="paging")
    async def _page(self, load: Callable[[], Awaitable[None]]) -> None:
        try:
            await load()
            if window := self.window:
                await window.count_newer(self.desk.source)
        except Exception as error:  # as in `_go_older`
            logger.warning("%s could not be loaded: %s", self._entries, error)
        self.draw()

    @work(exclusive=True, group="paging")
    async def _open_around(self, row: str) -> None:
        window, panel = self.window, self.listed()
        if window is None or panel is None:
            return
        try:
            place = await self.desk.source.place(window.listed.name, window.listed.ids(row))
            window.close()
            if place:
                self.placed(self._held)  # applies the limits
                await window.open_at(self.desk.source, place)
                await window.count_newer(self.desk.source)
        except Exception as error:  # as in `_go_older`
            logger.warning("%s around a row could not be loaded: %s", self._entries, error)
        self.draw()
        self.show_row(row)
