"""Evidence that a hint was submitted.  Pure.

That the input line changed proves nothing: Enter completes a word, opens a dialog, clears the line, or is swallowed
while somebody types a letter.  The line must be empty again, and the hint be seen in the conversation or a turn have
begun; or the client itself says that it took the hint.
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
"""A turn that begins later than this after Enter may have begun for another reason."""

MAX_HINT_ROWS = 6
"""Rows that a hint takes at the most, in a pane in which one can read at all."""

SIGNS = frozenset("[]:")
"""Signs of a hint that tell it from its words; frames and bullets between them are the program's."""


def proof_of(
    paste: Paste, before: Sequence[str], view: PaneView, report: HookReport | None, prompt: str, paint: timedelta
) -> str | None:
    """What shows that a hint was submitted, in words; None for nothing.

    Args:
        paste: the hint, with the time of Enter.
        before: the rows of the screen just before Enter.
        view: the pane now.
        report: the newest word of the program itself.
        prompt: what the program says that it was prompted with since Enter.
        paint: how long keys take to show there.
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
    """The rows of a screen as text."""
    return tuple(line.text.rstrip() for line in parse_screen(view.look.screen))


def _is_within(hint: str, text: str) -> bool:
    """Whether a text holds the hint, however a program wraps, indents and frames it; one without letters never is."""
    wanted = _essence(hint)
    return bool(wanted) and wanted in _essence(text)


def _essence(text: str) -> str:
    """Letters, digits and the signs of a hint."""
    return "".join(character for character in text if character.isalnum() or character in SIGNS)


def _is_empty_again(paste: Paste, view: PaneView) -> bool:
    reading = view.reading
    if reading.composer is None or holds(reading.composer, paste.text):
        return False
    is_as_before = squashed(reading.composer) in ("", paste.line_before)
    return reading.state is PaneState.IDLE or (reading.state is PaneState.BUSY and is_as_before)


def _turn_began(entered_at: datetime, view: PaneView, report: HookReport | None, within: timedelta) -> bool:
    """Whether the program works, by its screen or by its own word, soon after Enter."""
    begins = [view.state_since] if view.reading.state is PaneState.BUSY else []
    begins += [report.at] if report and report.state is PaneState.BUSY else []
    return any(entered_at <= at < entered_at + within for at in begins)


def _is_in_conversation(hint: str, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether rows that are new since Enter hold the hint; the one in the input line was none of the conversation's."""
    return bool(before) and _is_within(hint, "".join(_new_rows(_without_lowest(hint, before), after)))


def _without_lowest(hint: str, rows: Sequence[str]) -> list[str]:
    """The rows without those in which the hint stands lowest: the input line's."""
    for first in reversed(range(len(rows))):
        for end in range(first + 1, min(first + MAX_HINT_ROWS, len(rows)) + 1):
            if _is_within(hint, "".join(rows[first:end])):
                return [*rows[:first], *[""] * (end - first), *rows[end:]]
    return list(rows)


def _new_rows(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for change, _, _, first, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if change in ("insert", "replace"):
            yield from after[first:end]
