"""Speed of each pane: the time of its last key, the time to draw one, the time of its last standstill.

Held in memory; after a restart it is measured again.  If the clock was set back, what was measured before is ignored.
"""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.progress import screen_mark
from xats_tui.core.model.panes import PaneRef, PaneView

MEASURED_KEYS = 5
"""Number of keys whose times count: a busy machine gets quick again."""

LONGEST_PAINT = timedelta(seconds=10)
"""Maximum plausible time to draw a key; a longer one is an accident, not the pane's speed."""

UNDRAWN_FOR = timedelta(seconds=10)
"""Time for which a key is expected to show something: Escape or a scrolled wheel may show nothing at all."""

READ_FOR = timedelta(seconds=4)
"""The same for a key that the program has read, known to the second."""


class _Key(Struct, frozen=True):
    """A key that reached a pane, and a mark of the screen then."""

    at: datetime
    screen: str


class DrawingSpeed:
    """Measured speed of all panes."""

    def __init__(self) -> None:
        self._paints: defaultdict[PaneRef, deque[timedelta]] = defaultdict(lambda: deque(maxlen=MEASURED_KEYS))
        self._keys: dict[PaneRef, _Key] = {}
        self._still: dict[PaneRef, datetime] = {}

    def note_paint(self, pane: PaneRef, took: timedelta) -> None:
        """Record the time that a key took to show."""
        self._paints[pane].append(min(took, LONGEST_PAINT))

    def to_paint(self, pane: PaneRef) -> timedelta:
        """Return the longest time that a recent key took to show; zero before the first."""
        return max(self._paints[pane], default=timedelta(0))

    def note_key(self, view: PaneView, at: datetime) -> None:
        """Record that a key may just have reached the pane."""
        self._keys[view.look.pane] = _Key(at, screen_mark(view.look))

    def note_standstill(self, pane: PaneRef, at: datetime) -> None:
        """Record that the pane's program could not have drawn anything until now."""
        self._still[pane] = at

    def unchanged(self, view: PaneView, now: datetime) -> timedelta:
        """Return the time for which the screen has not changed although its program could have drawn."""
        # the screen of a stopped program is calm, too
        still = self._still.get(view.look.pane)
        since = max(view.unchanged_since, still) if still and still <= now else view.unchanged_since
        return max(now - since, timedelta(0))

    def undrawn(self, view: PaneView, terminal: PaneTerminal | None, now: datetime) -> timedelta | None:
        """Return the age of the last key that may show something yet; None without one."""
        key, paint = self._keys.get(view.look.pane), self.to_paint(view.look.pane)
        if key and key.at <= now < key.at + UNDRAWN_FOR + paint and screen_mark(view.look) == key.screen:
            return now - key.at
        read_at = terminal.read_at if terminal else None
        if read_at and view.unchanged_since < read_at <= now < read_at + READ_FOR + paint:
            return now - read_at
        return None
