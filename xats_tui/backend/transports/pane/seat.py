"""Facts about a pane besides its screen, for the gates."""

from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.system.processes import BoundProcess
from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.core.model.pastes import Paste


class PaneFacts(Struct, frozen=True, kw_only=True):
    """Facts about a pane besides its screen."""

    occupant: BoundProcess | None
    """The bound process; None if it has ended."""
    terminal: PaneTerminal | None
    """The terminal between pane and process; None if its mode cannot be read."""
    person_at: datetime | None = None
    """Time of the last key of a person who has the pane in front."""
    paste: Paste | None = None
    """Our outstanding paste."""
    other_prompt: str = ""
    """The prompt that is known, if the input line of an unknown program begins with another one now."""
    unchanged: timedelta = timedelta(0)
    """Time for which the screen has not changed although the program could have drawn."""
    undrawn: timedelta | None = None
    """Age of the last key that may show something yet."""
    paint: timedelta = timedelta(0)
    """Longest time that a recent key took to show."""
