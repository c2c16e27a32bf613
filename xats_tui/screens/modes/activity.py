"""The Activity mode: what was done, by whom, and how the coordinator is doing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual import getters
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.panes import TmuxCommand
from xats_tui.screens.actions import bindings
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.activity import activity_detail, cause_of, coordinator_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.widgets.panels import entitle
from xats_tui.screens.widgets.texts import TextPanel


class CoordinatorPanel(TextPanel):
    """How the coordinator is doing."""

    def __init__(self) -> None:
        super().__init__("coordinator")

    def show(self, described: Content) -> None:
        """Show this."""
        self.update(described)
        entitle(self, Content.styled("Coordinator", "bold"), Content())


class ActivityMode(ListMode):
    """What was done."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Mode.ACTIVITY)]
    mode = Mode.ACTIVITY
    listing = ACTIVITY

    coordinator_panel = getters.query_one(CoordinatorPanel)

    def compose_detail(self) -> Iterable[Widget]:
        """The entry above the coordinator."""
        yield from super().compose_detail()
        yield CoordinatorPanel()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """All that was written down about it."""
        return activity_detail(snapshot, key, now)

    def draw_detail(self, key: str | None) -> None:
        """Show how the coordinator is doing, too."""
        super().draw_detail(key)
        self.coordinator_panel.show(coordinator_detail(self.snapshot, self.now()))

    def situation(self) -> Situation:
        """From inside, enter leads on to what the entry is about."""
        here = super().situation()
        return replace(here, leads_on=self._cause(here) is not None)

    def action_open(self) -> None:
        """Go into the detail, and from there to what it is about."""
        cause = self._cause(self.situation()) if self.inside else None
        if cause:
            self.want(cause[0], row=cause[1])
        else:
            super().action_open()

    def action_next_panel(self) -> None:
        """From the list to the entry, to the coordinator, and back."""
        if self.inside and self.focused is self.detail_panel:
            self.set_focus(self.coordinator_panel)
        else:
            super().action_next_panel()

    def action_previous_panel(self) -> None:
        """The other way round."""
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
