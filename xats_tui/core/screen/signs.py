"""Signs that a reader saw on a screen, weighed the same way for every client.

This module ranks states by which one a person must hear of first; the readers know what each program looks like.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.screen.ansi_grid import ScreenLine


class Signs(Struct, frozen=True, kw_only=True):
    """Signs against typing into a pane, each with its reason."""

    dialog: str | None = None
    """A permission prompt or a menu is open: a key would answer it."""
    draft: str | None = None
    """A person has typed something and not sent it."""
    busy: str | None = None
    """The agent is at work."""
    doubt: str | None = None
    """A part of an idle screen is missing, or something is there that the reader does not understand."""
    composer: str | None = None
    """The text in the input line; None if there is no input line."""

    def reading(self, idle: str) -> PaneReading:
        """Return the state that a person must hear of first; idle, with the given reason, if there is no sign."""
        # In this order: a key into an open dialog does the most harm.
        for state, reason in (
            (PaneState.DIALOG, self.dialog),
            (PaneState.DRAFT, self.draft),
            (PaneState.BUSY, self.busy),
            (PaneState.UNKNOWN, self.doubt),
        ):
            if reason:
                return PaneReading(state=state, reason=reason, composer=self.composer)
        return PaneReading(state=PaneState.IDLE, reason=idle, composer=self.composer)


def quoted(text: str) -> str:
    """Return a draft's beginning in quotes, for a reason that a person reads."""
    line = " ".join(text.split())
    return repr(line[:40] + ("…" if len(line) > 40 else "")) if line else "white space"


def title_of(formats: Mapping[str, Any]) -> str:
    """Return the title that the pane's program has set: free text, unless a reader knows what its program writes."""
    return str(formats.get("pane_title") or "")


def lowest_match(pattern: re.Pattern[str], lines: Sequence[ScreenLine]) -> str | None:
    """Return the lowest match of a pattern; runs of white space match one space, and a phrase may span two rows."""
    shown = [" ".join(line.text.split()) for line in lines if not line.blank]
    for row, below in reversed([*pairwise([*shown, ""])]):
        match = pattern.search(row) or pattern.search(f"{row} {below}")
        if match and match.start() < len(row):
            return match.group().strip()
    return None
