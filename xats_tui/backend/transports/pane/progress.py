"""Course of a paste with an unknown outcome: the meaning of each look at its pane, the time of the next key.  Pure.

A key with an unknown effect is not repeated at once: the program must have drawn something since, its input line must
have been read without the text, and then a pause passes that grows with every such paste.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.core.model.panes import OwnText, PaneLook, PaneState, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.records import replace
from xats_tui.core.screen.own_text import holds

AFTER_LOST_PASTE_S = (10, 30, 120, 600, 3600)
"""Pauses after a paste that did not appear in the input line, by how many there were in a row."""

AFTER_ENTER_S = (60, 300, 900, 3600)
"""Pauses after a paste that left the input line with Enter, without evidence that it was submitted."""

AFTER_LOST_ENTER_S = (5, 15, 60, 300, 900)
"""Pauses before the next Enter for a hint that still stands in the input line."""

NEVER_DRAWN = timedelta(seconds=30)
"""Time after which an Enter has had its chance that a waiting program has read without drawing; it grows each time."""

READABLE = frozenset({PaneState.IDLE, PaneState.DRAFT, PaneState.BUSY})
"""States in which the input line that was read is the one that was pasted into."""


def screen_mark(look: PaneLook) -> str:
    """Return a short mark of a pane's content and size."""
    formats = look.formats
    shown = (look.screen, *(formats.get(name) for name in ("cursor_x", "cursor_y", "cursor_flag", "pane_title")))
    return f"{_size(look)}:{hashlib.sha256(repr(shown).encode()).hexdigest()[:16]}"


def progressed(paste: Paste, view: PaneView, terminal: PaneTerminal | None) -> Paste:
    """Return a paste after one more look at its pane."""
    written_at = terminal.written_at if terminal else None
    was_resized = not paste.screen.startswith(f"{_size(view.look)}:")
    # a resized screen differs although the program has drawn nothing for the key
    changed = not was_resized and screen_mark(view.look) != paste.screen
    drawn = paste.drawn or changed or (written_at is not None and written_at > paste.last_key_at)
    screen = screen_mark(view.look) if was_resized else paste.screen
    return replace(paste, drawn=drawn, screen=screen, gone=drawn and _is_gone(paste, view))


def next_key_at(paste: Paste, own: OwnText | None) -> datetime:
    """Return the time of our next key, if the gates allow: Enter for a hint that stands there, else a paste."""
    if own is OwnText.ALONE:
        return paste.last_key_at + _pause(AFTER_LOST_ENTER_S, paste.enters)
    return paste.last_key_at + _pause(AFTER_ENTER_S if paste.enters else AFTER_LOST_PASTE_S, paste.pastes)


def may_be_entered(paste: Paste, *, waits: bool, now: datetime) -> bool:
    """Return whether the program has finished with the last Enter: it has drawn since, or never will."""
    never = NEVER_DRAWN * 3 ** (paste.enters - 1) if paste.enters else timedelta(0)
    return paste.drawn or (waits and now - paste.last_key_at >= never)


def is_settled(paste: Paste, view: PaneView) -> bool:
    """Return whether a line of the operator needs no more attention: it is a draft, or long gone."""
    stands = paste.drawn and holds(view.reading.composer, paste.text)
    return stands or (paste.gone and view.look.at >= next_key_at(paste, None))


def _is_gone(paste: Paste, view: PaneView) -> bool:
    reading = view.reading
    is_read = reading.composer is not None and reading.state in READABLE
    return is_read and reading.own is None and not holds(reading.composer, paste.text)


def _pause(seconds: Sequence[int], times: int) -> timedelta:
    return timedelta(seconds=seconds[min(times, len(seconds)) - 1] if times else 0)


def _size(look: PaneLook) -> str:
    return f"{look.formats.get('pane_width')}x{look.formats.get('pane_height')}"
