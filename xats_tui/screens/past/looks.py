"""Kept screens of one agent's pane, turned over one by one."""

from dataclasses import dataclass
from datetime import datetime

from xats_tui.core.model.panes import PaneView
from xats_tui.screens.widgets.format import since, time_of_day


@dataclass(slots=True, kw_only=True)
class KeptLooks:
    """The screens of an agent that are kept, and the one that is shown."""

    agent_id: str
    looks: tuple[PaneView, ...]
    """The newest first; at least one."""
    place: int = 0

    def turn(self, by: int) -> bool:
        """Go to an earlier one, or a later one if negative; return False if there is none on that side."""
        if not 0 <= self.place + by < len(self.looks):
            return False
        self.place += by
        return True

    @property
    def shown(self) -> PaneView:
        """The one that is shown."""
        return self.looks[self.place]

    def title(self, now: datetime) -> str:
        """Return its number, counted from the newest, its state and its time."""
        at, state = self.shown.look.at, self.shown.reading.state
        number = f"screen {self.place + 1} of {len(self.looks)} before this"
        return f"{number} · {state} · {time_of_day(at, now)}, {since(at, now)} ago"
