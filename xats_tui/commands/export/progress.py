"""A line on standard error about something that takes its time."""

import sys
import time
from types import TracebackType

QUIET_S = 1.0
"""Seconds in which nothing is said."""

REDRAW_S = 0.2
"""Seconds between two states of the line on a terminal."""

REPEAT_S = 10.0
"""Seconds between two lines where no line can be drawn over."""


class Progress:
    """Draws a line with the part that is being read, and the number of its rows."""

    def __init__(self) -> None:
        self._next_at = time.monotonic() + QUIET_S
        self._is_drawn = False
        self._is_terminal = sys.stderr.isatty()

    def note(self, part: str, rows: int) -> None:
        """Draw how far it is, if it is time to."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + (REDRAW_S if self._is_terminal else REPEAT_S)
        line = f"xats-tui: exporting {part}, {rows:,} so far …"
        print(f"\r{line}\x1b[K" if self._is_terminal else line, end="" if self._is_terminal else "\n", file=sys.stderr)
        sys.stderr.flush()
        self._is_drawn = self._is_terminal

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the line."""
        if self._is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
