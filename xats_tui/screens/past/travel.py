"""Travel: the moment of the past that all modes show, or none."""

from dataclasses import dataclass
from datetime import datetime

from xats_tui.core.model.activity import Moment

NO_CHANGES = "this is the past, where nothing can be changed; :now returns"
"""Reason why an action is refused."""


@dataclass(slots=True)
class Travel:
    """The moment that is shown; all modes share it."""

    moment: Moment | None = None
    """None in the present."""
    began_at: datetime | None = None
    """Time at which the log begins."""
    missed: int = 0
    """Number of changes in the present since the departure."""

    def go(self, moment: Moment, began_at: datetime) -> None:
        """Show a moment."""
        self.missed = self.missed if self.moment else 0
        self.moment, self.began_at = moment, began_at

    def leave(self) -> bool:
        """Return to the present; return False if it is shown already."""
        was_away, self.moment = self.moment is not None, None
        return was_away

    @property
    def is_away(self) -> bool:
        """True while the past is shown."""
        return self.moment is not None
