"""What a reader saw on a screen, weighed the same way for every client.

It knows states and which of them a person must hear of first, not what any program looks like.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.screen.ansi_grid import ScreenLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What speaks against typing into a pane, each sign with its reason."""

    dialog: str | None = None
    """A permission prompt or a menu is open: a key would answer it."""
    draft: str | None = None
    """A person has typed something and not sent it."""
    busy: str | None = None
    """The agent is at work."""
    doubt: str | None = None
    """Something that an idle screen shows is missing, or is there and not understood."""
    composer: str | None = None
    """The text in the input line; None if there is no input line."""

    def reading(self, idle: str) -> PaneReading:
        """The state that a person must hear of first; idle, for the reason given, when no sign speaks against it."""
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
    """A draft's beginning, for a reason that a person reads."""
    line = " ".join(text.split())
    return repr(line[:40] + ("…" if len(line) > 40 else "")) if line else "white space"


def title_of(formats: Mapping[str, Any]) -> str:
    """The title that the pane's program has set; free text but for what a reader knows its program to write."""
    return str(formats.get("pane_title") or "")


def lowest_match(pattern: re.Pattern[str], lines: Sequence[ScreenLine]) -> str | None:
    """What a pattern finds lowest on the screen; white space is single, and a phrase may go on in the next row."""
    shown = [" ".join(line.text.split()) for line in lines if not line.blank]
    for row, below in reversed([*pairwise([*shown, ""])]):
        match = pattern.search(row) or pattern.search(f"{row} {below}")
        if match and match.start() < len(row):
            return match.group().strip()
    return None
