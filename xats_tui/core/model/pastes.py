"""Pastes of ours of which it is not known yet what became of them."""

from dataclasses import dataclass
from datetime import datetime

from xats_tui.core.model.panes import PaneRef

HINT_SIGN = "[xats] "
"""What every hint begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paste:
    """A text that was pasted into a pane, as long as its outcome is unknown; a pane has one at the most."""

    pane: PaneRef
    text: str
    occupant: str
    """The program that it was pasted for, by pids: what another program shows is not our text."""
    line_before: str | None
    """The empty input line without white space, as of a prompt; None if it was not empty."""
    pasted_at: datetime
    entered_at: datetime | None = None
    """When Enter was last pressed to submit it."""
    screen: str
    """A mark of what the pane showed when it got its last key from us."""
    drawn: bool = False
    """The program has drawn something since that key."""
    gone: bool = False
    """Since then the input line was read without the text."""
    pastes: int = 1
    """Pastes in a row with an unknown outcome, this one included."""
    enters: int = 0
    """How often Enter was pressed for this one."""

    @property
    def is_hint(self) -> bool:
        """A hint, rather than a line of the operator's own."""
        return self.text.startswith(HINT_SIGN)

    @property
    def last_key_at(self) -> datetime:
        """When the pane got its last key from us."""
        return self.entered_at or self.pasted_at
