"""PastBar: the line at the foot that shows where between the log's beginning and now the shown moment lies."""

from datetime import datetime, timedelta

from textual import events
from textual.content import Content
from textual.message import Message

from xats_tui.screens.past.travel import Travel
from xats_tui.screens.widgets.format import Tone, age
from xats_tui.screens.widgets.frame import FrameLine
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MIN_LINE_CELLS = 10
"""Least width of the line between its ends."""


class PastBar(FrameLine):
    """Slider from the log's beginning to now; a click travels there."""

    class Clicked(Message):
        """Posted when a place on the line is clicked."""

        def __init__(self, at: datetime) -> None:
            super().__init__()
            self.at = at
            """The moment at that place."""

    _begins_at_cell = 0
    _cells = 0
    _span: tuple[datetime, datetime] | None = None

    def show(self, travel: Travel, now: datetime, keys: str) -> None:
        """Draw where the shown moment lies.

        Args:
            travel: the shown moment.
            now: the present.
            keys: the keys that lead on, for the right end.
        """
        if travel.moment is None or travel.began_at is None:
            return
        first, shown = travel.began_at, travel.moment.at
        left, right = f" {_end(first, now)} ", " now "
        room = self.size.width - len(left) - len(right) - len(keys)
        if room < MIN_LINE_CELLS:
            room, keys = room + len(keys), ""
        self._begins_at_cell, self._cells, self._span = len(left), max(room, 1), (first, now)
        place = round((self._cells - 1) * fraction(first, shown, now))
        line = f"{'━' * place}●{'─' * (self._cells - 1 - place)}"
        style = CONTENT_STYLES
        self.draw(
            Content.assemble(
                (left, style[Tone.MUTED]),
                (line, style[Tone.WARN]),
                (right, style[Tone.MUTED]),
                (keys, style[Tone.PLAIN]),
            )
        )

    def on_click(self, event: events.Click) -> None:
        """Travel to the clicked place."""
        cell = event.x - self._begins_at_cell
        if self._span and 0 <= cell < self._cells:
            first, now = self._span
            self.post_message(self.Clicked(first + (now - first) * (cell / max(1, self._cells - 1))))


def fraction(first: datetime, shown: datetime, now: datetime) -> float:
    """Return where a moment lies between two others, from 0 to 1."""
    span = now - first
    return min(1.0, max(0.0, (shown - first) / span)) if span > timedelta() else 1.0


def _end(at: datetime, now: datetime) -> str:
    here = at.astimezone()
    return here.strftime("%H:%M") if here.date() == now.astimezone().date() else f"{age(now - at)} ago"
