"""What became of a prompt whose answer was sent, as a later look at the pane tells.  Pure."""

from enum import Enum, auto

from xats_tui.core.model.panes import PaneState, Prompt

SEEN_WITHOUT = frozenset(
    {PaneState.IDLE, PaneState.BUSY, PaneState.DRAFT, PaneState.SHELL, PaneState.FOREIGN, PaneState.DEAD}
)
"""The states in which the screen shows something else in the place of a dialog."""


class Fate(Enum):
    """What a look tells of a prompt."""

    STAYS = auto()
    EDITED = auto()
    """It stays, and a text is being written into it."""
    ANOTHER = auto()
    """Another one is asked."""
    GONE = auto()
    MISSING = auto()
    """It is not on the screen, nor what would stand there without it: a frame may be half drawn."""
    HIDDEN = auto()
    """tmux shows something of its own instead of the pane's screen."""


def fate_of(asked: Prompt, state: PaneState, now: Prompt | None) -> Fate:
    """Tell what became of a prompt.

    The question decides whether it is the same: labels change when somebody types into one.

    Args:
        asked: the prompt that was answered.
        state: the pane's state now.
        now: what its dialog asks now; None if there is none.
    """
    if state in SEEN_WITHOUT:
        return Fate.GONE
    if now is None:
        return Fate.MISSING if state is PaneState.UNKNOWN else Fate.HIDDEN
    if not now.question:
        return Fate.MISSING
    if now.question != asked.question:
        return Fate.ANOTHER
    return Fate.EDITED if now.why_not else Fate.STAYS
