"""Activity mode: the actions of agents and operator, and the coordinator's health."""

from collections.abc import Iterable
from datetime import datetime

from textual import getters
from textual.content import Content
from textual.widget import Widget

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.panes import TmuxCommand
from xats_tui.core.records import replace
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.details.activity import activity_detail, cause_of, coordinator_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.paging import long_lists
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.widgets.panels import entitle
from xats_tui.screens.widgets.rates import RatesStrip
from xats_tui.screens.widgets.texts import TextPanel


class CoordinatorPanel(TextPanel):
    """Panel with the coordinator's health."""

    def __init__(self) -> None:
        super().__init__("coordinator")

    def show(self, described: Content) -> None:
        """Show this content."""
        self.update(described)
        entitle(self, Content.styled("Coordinator", "bold"), Content())


class ActivityMode(ListMode):
    """List of activity entries."""

    mode = Mode.ACTIVITY
    listing = ACTIVITY
    divides = True
    long_list = long_lists.HISTORY

    coordinator_panel = getters.query_one(CoordinatorPanel)

    def compose_body(self) -> Iterable[Widget]:
        """Yield list and detail, and the rates below them."""
        yield from super().compose_body()
        yield RatesStrip()

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the entry's detail and the coordinator panel."""
        yield from super().compose_detail()
        yield CoordinatorPanel()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of an entry."""
        return activity_detail(snapshot, key, now)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail and the coordinator's health."""
        super().draw_detail(key)
        self.coordinator_panel.show(coordinator_detail(self.snapshot, self.now()))

    def draw_body(self) -> None:
        """Draw list, detail and rates."""
        super().draw_body()
        self.query_one(RatesStrip).show(self.snapshot.rates)

    @property
    def unseen(self) -> frozenset[Slice]:
        """Slices that are not shown: none."""
        return frozenset()

    def situation(self) -> Situation:
        """Return the situation; from inside the detail, enter leads to the entry's cause."""
        here = super().situation()
        return replace(here, leads_on=self._cause(here) is not None)

    def action_open(self) -> None:
        """Open the detail; from inside it, go to the entry's cause."""
        cause = self._cause(self.situation()) if self.inside else None
        if cause:
            self.want(cause[0], row=cause[1])
        else:
            super().action_open()

    def action_next_panel(self) -> None:
        """Move from the list to the detail, to the coordinator, and back to the list."""
        if self.inside and self.focused is self.detail_panel:
            self.set_focus(self.coordinator_panel)
        else:
            super().action_next_panel()

    def action_previous_panel(self) -> None:
        """Move in the opposite direction."""
        if not self.inside:
            self.focus_detail()
            self.set_focus(self.coordinator_panel)
        elif self.focused is self.coordinator_panel:
            self.focus_detail()
        else:
            self.focus_list()

    def _cause(self, here: Situation) -> tuple[Mode, str] | None:
        entry = here.target
        return cause_of(self.snapshot, entry) if isinstance(entry, (Activity, LoggedEvent, TmuxCommand)) else None
