"""Listing: the definition of a list of one noun, for the Live mode and for the noun's own mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.folding import Head
from xats_tui.screens.widgets.format import TableRow, Tone, one_line

MINUTES_AFTER_S = 10
"""Seconds after which rows are made anew if their times are shown in minutes."""

# Each round reads all rows; a long list whose times are shown in seconds is read every third second only.
MANY, UNHURRIED = 100, 3
"""Number of rows that counts as many, and the seconds between two readings of so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Definition of a list: its columns, and how its rows are read from the snapshot."""

    title: str
    columns: Sequence[Column]
    """Columns; the highest `drop` is hidden first, 0 never; spare width goes to columns that grow."""
    rows: Callable[[Snapshot, datetime], Sequence[TableRow]]
    """Function that returns the rows; cells are in the order of the columns."""
    summary: Callable[[Snapshot], str]
    """Function that returns the text behind the title."""
    when_empty: str
    """Text for an empty list: what to do or to expect; `{id}` stands for the key of an action."""
    when_team_has_none: str = "Nothing of team {name} here; {team} leads to other teams."
    """Text for an empty list while all modes are limited to a team, which is called `{name}`."""
    tone_when_empty: Tone = Tone.MUTED
    reads: frozenset[Slice]
    """Slices of the snapshot that rows and summary are read from."""
    tells_seconds: Callable[[Snapshot, datetime], bool] = lambda snapshot, now: True
    """Function that returns whether a time in the rows is shown in seconds."""
    newest_first: bool = False
    """True if new rows come at the top; the list then follows them."""
    head: Head | None = None
    """Function that draws groups of rows below a head; None if the list has no groups."""
    states: frozenset[str] = frozenset()
    """Words that mean a state in a filter."""
    drawn: frozenset[str] = frozenset()
    """Other words in the rows that are not stored as they are drawn."""


def instead_of_rows(listing: Listing, snapshot: Snapshot, with_keys: Callable[[str], str]) -> str:
    """Return the text for an empty list; `with_keys` puts the keys of actions in the place of their ids."""
    if snapshot.confirmed_at is None:
        return "loading…"
    if snapshot.team is None:
        return with_keys(listing.when_empty)
    return with_keys(listing.when_team_has_none).format(name=one_line(snapshot.team))


class Reading:
    """Cached rows and summary of a listing, made anew only when they can have changed."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.rows: Sequence[TableRow] = ()
        self.summary = ""
        self._parts: tuple[object, ...] | None = None
        self._moment = 0
        self._calm: tuple[datetime, datetime] | None = None
        """Times between which the rows stay as they are, because none tells seconds; None if one does."""

    def take(self, snapshot: Snapshot, now: datetime) -> None:
        """Read the snapshot as of `now`."""
        parts = tuple(getattr(snapshot, part.value) for part in self.listing.reads)
        known = self._parts and all(part is before for part, before in zip(parts, self._parts, strict=True))
        if known and self._calm and self._calm[0] <= now < self._calm[1]:
            return
        many = len(self.rows) > MANY
        tells_seconds = self._tells_seconds(snapshot, now)
        pace = (UNHURRIED if many else 1) if tells_seconds else MINUTES_AFTER_S
        moment = int(now.timestamp()) // pace
        self._calm = None if tells_seconds else (now, datetime.fromtimestamp((moment + 1) * pace, now.tzinfo))
        if known and moment == self._moment:
            return
        self._parts, self._moment = parts, moment
        if many:  # rows that are read again before the next moment are mostly equal to the cached ones
            now = datetime.fromtimestamp(moment * pace, now.tzinfo)
        self.rows, self.summary = self.listing.rows(snapshot, now), self.listing.summary(snapshot)

    def _tells_seconds(self, snapshot: Snapshot, now: datetime) -> bool:
        """Return whether a row tells seconds, or will before it is asked again: what is due is told in seconds late."""
        soon = now + timedelta(seconds=MINUTES_AFTER_S)
        return self.listing.tells_seconds(snapshot, now) or self.listing.tells_seconds(snapshot, soon)
