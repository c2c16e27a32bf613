"""Our pastes whose outcome is not known yet."""

from datetime import datetime

from msgspec import Struct

from xats_tui.core.model.panes import PaneRef

HINT_SIGN = "[xats] "
"""The first characters of every hint."""


class Paste(Struct, frozen=True, kw_only=True):
    """A text that was pasted into a pane, while its outcome is unknown; a pane has at most one."""

    pane: PaneRef
    text: str
    occupant: str
    """The program it was pasted for, by pids: text shown by another program is not ours."""
    line_before: str | None
    """The empty input line without white space, such as a prompt mark; None if it was not empty."""
    pasted_at: datetime
    entered_at: datetime | None = None
    """Time of the last Enter that was to submit it."""
    screen: str
    """A digest of the pane's screen when it got its last key from us."""
    drawn: bool = False
    """True if the program has drawn something since that key."""
    gone: bool = False
    """True if the input line has been read without the text since then."""
    pastes: int = 1
    """Consecutive pastes with an unknown outcome, including this one."""
    enters: int = 0
    """Number of times Enter was pressed for this paste."""

    @property
    def is_hint(self) -> bool:
        """True for a hint, false for a line of the operator's own."""
        return self.text.startswith(HINT_SIGN)

    @property
    def last_key_at(self) -> datetime:
        """Time of the last key that the pane got from us."""
        return self.entered_at or self.pasted_at
