"""What a list of one noun consists of; Live and the noun's own mode show the same, or each its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import TableRow, Tone

MINUTES_AFTER_S = 10
"""Seconds after which rows are made anew whose times are told in minutes."""

MANY, UNHURRIED = 100, 3
"""More rows than that age every third second, where their times are told in seconds: each round reads all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list: its columns and how its rows are read from the picture."""

    title: str
    columns: Sequence[Column]
    """The highest `drop` goes first, 0 stays; what is left over goes to the columns that grow."""
    rows: Callable[[Snapshot, datetime], Sequence[TableRow]]
    """The cells of each row are in the order of the columns."""
    summary: Callable[[Snapshot], str]
    """What stands behind the title."""
    when_empty: str
    """What to do, or to expect, where there is nothing."""
    tone_when_empty: Tone = Tone.MUTED
    reads: frozenset[Slice]
    """The parts of the picture from which rows and summary are read."""
    tells_seconds: Callable[[Snapshot, datetime], bool] = lambda snapshot, now: True
    """Whether a time in the rows is told in seconds."""
    states: frozenset[str] = frozenset()
    """The words that mean a state in a filter, as the rows carry them."""


class Reading:
    """The rows and the summary of a listing, made anew only when they can have changed."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.rows: Sequence[TableRow] = ()
        self.summary = ""
        self._parts: tuple[object, ...] | None = None
        self._moment = 0

    def take(self, snapshot: Snapshot, now: datetime) -> None:
        """Read the picture as it is at that time."""
        parts = tuple(getattr(snapshot, part.value) for part in self.listing.reads)
        many = len(self.rows) > MANY
        pace = (UNHURRIED if many else 1) if self.listing.tells_seconds(snapshot, now) else MINUTES_AFTER_S
        moment = int(now.timestamp()) // pace
        known = self._parts and all(part is before for part, before in zip(parts, self._parts, strict=True))
        if known and moment == self._moment:
            return
        self._parts, self._moment = parts, moment
        if many:  # of rows that are read again before the next moment, most are the same
            now = datetime.fromtimestamp(moment * pace, now.tzinfo)
        self.rows, self.summary = self.listing.rows(snapshot, now), self.listing.summary(snapshot)
