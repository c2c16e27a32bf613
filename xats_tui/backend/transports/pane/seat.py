"""What is known of a pane beside its screen, for the gates to judge."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.backend.system.processes import BoundProcess
from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.core.model.pastes import Paste


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneFacts:
    """What there is to know of a pane beside its screen."""

    occupant: BoundProcess | None
    """The process that was bound to it; None if that very process has ended."""
    terminal: PaneTerminal | None
    """What lies between the two; None if it cannot be asked."""
    person_at: datetime | None = None
    """When a person in front of it last pressed a key."""
    paste: Paste | None = None
    """Ours, if its outcome is unknown."""
    unchanged: timedelta = timedelta(0)
    """How long the screen has not changed although the program could have drawn."""
    undrawn: timedelta | None = None
    """How long ago a key came that may show something yet."""
    paint: timedelta = timedelta(0)
    """How long keys of late took to show."""
