"""Evidence that a hint was submitted.  Pure.

A changed input line proves nothing: Enter completes a word, opens a dialog, clears the line, or is swallowed while
somebody types a letter.  The input line must be empty again, and the hint must be in the conversation or a turn must
have begun; or the client itself reports that it took the hint.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from xats_tui.backend.hook_reports import HookReport
from xats_tui.core.model.panes import PaneState, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.core.screen.own_text import holds, squashed

TURN_BEGINS_WITHIN = timedelta(seconds=5)
"""Maximum time from Enter to the beginning of a turn; a later turn may have another reason."""

MAX_HINT_ROWS = 6
"""Maximum number of rows of a hint, in a pane that is wide enough to read."""

SIGNS = frozenset("[]:")
"""Signs of a hint that are compared besides its words; the program may add frames and bullets."""


def evidence_of(
    paste: Paste, before: Sequence[str], view: PaneView, report: HookReport | None, prompt: str, paint: timedelta
) -> str | None:
    """Return the evidence that a hint was submitted, in words; None for none.

    Args:
        paste: the hint, with the time of Enter.
        before: the rows of the screen just before Enter.
        view: the pane now.
        report: the newest report of the program itself.
        prompt: the prompt that the program reports since Enter.
        paint: the time that keys take to show there.
    """
    if paste.entered_at is None:
        return None
    if _is_within(paste.text, prompt):
        return "the client says that it was prompted with the hint"
    if not _is_empty_again(paste, view):
        return None
    if _is_in_conversation(paste.text, before, rows_of(view)):
        return "the hint is in the conversation"
    if _turn_began(paste.entered_at, view, report, TURN_BEGINS_WITHIN + paint):
        return "a turn has begun"
    return None


def rows_of(view: PaneView) -> tuple[str, ...]:
    """Return the rows of a screen as text."""
    return tuple(line.text.rstrip() for line in parse_screen(view.look.screen))


def _is_within(hint: str, text: str) -> bool:
    """Return whether a text contains the hint, ignoring wraps, indents and frames.  A hint without letters never is."""
    wanted = _essence(hint)
    return bool(wanted) and wanted in _essence(text)


def _essence(text: str) -> str:
    """Keep letters, digits and the signs of a hint."""
    return "".join(character for character in text if character.isalnum() or character in SIGNS)


def _is_empty_again(paste: Paste, view: PaneView) -> bool:
    reading = view.reading
    if reading.composer is None or holds(reading.composer, paste.text):
        return False
    is_as_before = squashed(reading.composer) in ("", paste.line_before)
    return reading.state is PaneState.IDLE or (reading.state is PaneState.BUSY and is_as_before)


def _turn_began(entered_at: datetime, view: PaneView, report: HookReport | None, within: timedelta) -> bool:
    """Return whether the program works soon after Enter, by its screen or its own report."""
    begins = [view.state_since] if view.reading.state is PaneState.BUSY else []
    begins += [report.at] if report and report.state is PaneState.BUSY else []
    return any(entered_at <= at < entered_at + within for at in begins)


def _is_in_conversation(hint: str, before: Sequence[str], after: Sequence[str]) -> bool:
    """Return whether rows that are new since Enter contain the hint, the former input line not counted."""
    return bool(before) and _is_within(hint, "".join(_new_rows(_without_lowest(hint, before), after)))


def _without_lowest(hint: str, rows: Sequence[str]) -> list[str]:
    """Return the rows without the lowest ones that contain the hint: the input line."""
    for first in reversed(range(len(rows))):
        for end in range(first + 1, min(first + MAX_HINT_ROWS, len(rows)) + 1):
            if _is_within(hint, "".join(rows[first:end])):
                return [*rows[:first], *[""] * (end - first), *rows[end:]]
    return list(rows)


def _new_rows(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    # autojunk would pass over rows that occur often
    for change, _, _, first, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if change in ("insert", "replace"):
            yield from after[first:end]
