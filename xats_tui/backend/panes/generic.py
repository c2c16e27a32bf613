"""The reader for programs that we know nothing of: a line editor with a prompt, at most.

Of such a program only this is taken for an empty composer: nothing stands before the cursor but a prompt, and nothing
that a person could have typed stands behind it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from xats_tui.backend.model.panes import PaneReading, PaneState
from xats_tui.backend.panes.screen import Line

PROMPT_ENDS = "><❯›»$%#➜λ▶"
"""What a prompt ends with.  `?`, `:` and `]` are not in it: they end questions."""

PROMPT = re.compile(f"[^{PROMPT_ENDS}]*[{PROMPT_ENDS}]+")
"""A prompt and no more: in `bob> make it 100%` a draft follows the prompt, although it ends like one."""

FRAME = frozenset("│┃|║▌▐ \N{NO-BREAK SPACE}")
"""What may stand at the right of a composer that is drawn as a box."""


def read_generic(lines: Sequence[Line], formats: Mapping[str, Any]) -> PaneReading:
    """Idle, draft, or unknown when the cursor is nowhere on the screen."""
    column, row = int(formats.get("cursor_x") or 0), int(formats.get("cursor_y") or 0)
    if row >= len(lines):
        return PaneReading(state=PaneState.IDLE, reason="the cursor is on an empty line", composer="")
    behind = [cell for cell in lines[row].from_column(column).cells if cell.text not in FRAME and not cell.dim]
    composer = _typed_before(lines, row, column, int(formats.get("pane_width") or formats.get("width") or 0))
    if behind:
        return PaneReading(state=PaneState.DRAFT, reason="text stands behind the cursor", composer=composer)
    before = composer.strip()
    if before and not PROMPT.fullmatch(before):
        return PaneReading(
            state=PaneState.DRAFT, reason=f"text stands before the cursor: {before[-40:]!r}", composer=composer
        )
    return PaneReading(state=PaneState.IDLE, reason="nothing but a prompt before the cursor", composer=composer)


def _typed_before(lines: Sequence[Line], row: int, column: int, width: int) -> str:
    """The text before the cursor, with the rows above that the terminal has wrapped into its own."""
    parts = [lines[row].left_of(column).text]
    above = row - 1
    while width and above >= 0 and lines[above].width >= width - 1:
        parts.append(lines[above].text)
        above -= 1
    return "".join(reversed(parts))
