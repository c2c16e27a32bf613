"""How each pane answers to keys: when it got its last one, how long it takes to draw one, when it stood still.

Held in memory: what is not known yet is measured with the next key.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.progress import screen_mark
from xats_tui.core.model.panes import PaneRef, PaneView

MEASURED_KEYS = 5
"""Keys whose times count: a machine that was busy is quick again."""

LONGEST_PAINT = timedelta(seconds=10)
"""A longer time to paint says that something went wrong with one key, not how quick the pane is."""

UNDRAWN_FOR = timedelta(seconds=10)
"""How long a key is expected to show something: Escape or a scrolled wheel may show nothing at all."""

READ_FOR = timedelta(seconds=4)
"""The same for a key of which only the time of its reading is known, to the second."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A key that reached a pane, and a mark of the screen then."""

    at: datetime
    screen: str


class DrawingSpeed:
    """What was measured of each pane."""

    def __init__(self) -> None:
        self._paints: defaultdict[PaneRef, deque[timedelta]] = defaultdict(lambda: deque(maxlen=MEASURED_KEYS))
        self._keys: dict[PaneRef, _Key] = {}
        self._still: dict[PaneRef, datetime] = {}

    def note_paint(self, pane: PaneRef, took: timedelta) -> None:
        """Take down how long a key took to show."""
        self._paints[pane].append(min(took, LONGEST_PAINT))

    def to_paint(self, pane: PaneRef) -> timedelta:
        """How long a key of late took to show, at the longest; none if that was never measured."""
        return max(self._paints[pane], default=timedelta(0))

    def note_key(self, view: PaneView, at: datetime) -> None:
        """Take down that a key may just have reached the pane."""
        self._keys[view.look.pane] = _Key(at, screen_mark(view.look))

    def note_standstill(self, pane: PaneRef, at: datetime) -> None:
        """Take down that the pane's program could not have drawn anything up to now."""
        self._still[pane] = at

    def unchanged(self, view: PaneView, now: datetime) -> timedelta:
        """How long the screen has not changed although its program could have drawn."""
        since = max(view.unchanged_since, self._still.get(view.look.pane, view.unchanged_since))
        return max(now - since, timedelta(0))

    def undrawn(self, view: PaneView, terminal: PaneTerminal | None, now: datetime) -> timedelta | None:
        """How long ago a key reached the pane that may show something yet; None if there is none."""
        key, paint = self._keys.get(view.look.pane), self.to_paint(view.look.pane)
        if key and now - key.at < UNDRAWN_FOR + paint and screen_mark(view.look) == key.screen:
            return now - key.at
        read_at = terminal.read_at if terminal else None
        if read_at and view.unchanged_since < read_at <= now < read_at + READ_FOR + paint:
            return now - read_at
        return None
