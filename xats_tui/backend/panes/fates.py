"""Fate of an answered prompt, as a later look at the pane shows it."""

from enum import Enum, auto

from xats_tui.core.model.panes import PaneState, Prompt

SEEN_WITHOUT = frozenset(
    {PaneState.IDLE, PaneState.BUSY, PaneState.DRAFT, PaneState.SHELL, PaneState.FOREIGN, PaneState.DEAD}
)
"""States in which the screen shows something else in place of a dialog."""


class Fate(Enum):
    """Result of a look for a prompt."""

    STAYS = auto()
    EDITED = auto()
    """The prompt is still there, and text is being written into it."""
    ANOTHER = auto()
    """Another prompt is shown."""
    GONE = auto()
    MISSING = auto()
    """Neither the prompt nor its replacement is on the screen: a frame may be half drawn."""
    HIDDEN = auto()
    """tmux shows something of its own instead of the pane's screen."""


def fate_of(asked: Prompt, state: PaneState, now: Prompt | None) -> Fate:
    """Return the fate of a prompt.

    Args:
        asked: the prompt that was answered.
        state: the pane's current state.
        now: the current prompt of the pane's dialog; None if there is none.
    """
    if state in SEEN_WITHOUT:
        return Fate.GONE
    if now is None:
        # a frame may be half drawn, or tmux may cover the screen
        return Fate.MISSING if state is PaneState.UNKNOWN else Fate.HIDDEN
    if not now.question:
        return Fate.MISSING
    # compare only the questions: typing into an option changes its label
    if now.question != asked.question:
        return Fate.ANOTHER
    return Fate.EDITED if now.why_not else Fate.STAYS
