"""Listing: the definition of a list of one noun, for the Live mode and for the noun's own mode."""

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from math import ceil, floor, inf
from typing import Any

from msgspec import Struct

from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.folding import Head
from xats_tui.screens.widgets.format import TableRow, Tone, one_line

# Of many rows, one enters its next minute nearly every second; each drawing costs more than a row.
MINUTES_AFTER_S = 10
"""Seconds after which rows are made anew, all together, whose times are shown in minutes, or that are out of sight."""

SECONDS_AFTER_S = 2
"""Seconds after which times in seconds are told anew, those of all rows and concerns in the same drawing."""

MINUTE_S, HOUR_S = 60.0, 3600.0


class Listing(Struct, frozen=True, kw_only=True):
    """Definition of a list: its columns, and how its rows are read from the snapshot."""

    title: str
    columns: Sequence[Column]
    """Columns; the highest `drop` is hidden first, 0 never; spare width goes to columns that grow."""
    entries: Callable[[Snapshot, datetime], Sequence[Any]]
    """Function that returns what the rows are made of, in the order of the rows."""
    row: Callable[[Snapshot, Any, datetime], TableRow]
    """Function that returns the row of an entry; cells are in the order of the columns."""
    times: Callable[[Snapshot, Any], Iterable[datetime]] = lambda snapshot, entry: ()
    """Function that returns the instants whose age, or the time until which, the row of an entry tells."""
    summary: Callable[[Snapshot], str]
    """Function that returns the text behind the title."""
    when_empty: str
    """Text for an empty list: what to do or to expect; `{id}` stands for the key of an action."""
    when_team_has_none: str = "Nothing of team {name} here; {team} leads to other teams."
    """Text for an empty list while all modes are limited to a team, which is called `{name}`."""
    tone_when_empty: Tone = Tone.MUTED
    reads: frozenset[Slice]
    """Slices of the snapshot that rows and summary are read from."""
    newest_first: bool = False
    """True if new rows come at the top; the list then follows them."""
    head: Head | None = None
    """Function that draws groups of rows below a head; None if the list has no groups."""
    states: frozenset[str] = frozenset()
    """Words that mean a state in a filter."""
    drawn: frozenset[str] = frozenset()
    """Other words in the rows that are not stored as they are drawn."""

    def rows(self, snapshot: Snapshot, now: datetime) -> list[TableRow]:
        """Return all rows as of `now`."""
        return [self.row(snapshot, entry, now) for entry in self.entries(snapshot, now)]


def instead_of_rows(listing: Listing, snapshot: Snapshot, with_keys: Callable[[str], str]) -> str:
    """Return the text for an empty list; `with_keys` puts the keys of actions in the place of their ids."""
    if snapshot.confirmed_at is None:
        return "loading…"
    if snapshot.team is None:
        return with_keys(listing.when_empty)
    return with_keys(listing.when_team_has_none).format(name=one_line(snapshot.team))


class Reading:
    """Cached rows and summary of a listing; a row is made anew only when it can have changed."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.rows: Sequence[TableRow] = ()
        self.summary = ""
        self._parts: tuple[object, ...] | None = None
        self._entries: Sequence[Any] = ()
        self._changing: list[float] = []
        """Time at which each row may change with time alone, in seconds since the epoch."""
        self._valid = (0.0, 0.0)
        """From when to before when the rows stay as they are, in seconds since the epoch."""
        self._all_at = 0.0
        """When the rows that are out of sight are due, too."""
        self._in_sight: Set[str] | None = None
        self._day = 0
        """Local day of the rows: older times are told as dates."""

    def take(self, snapshot: Snapshot, now: datetime, in_sight: Set[str] | None = None) -> None:
        """Read the snapshot as of `now`.

        Args:
            snapshot: the snapshot.
            now: the present, or the moment of the past that is shown.
            in_sight: keys of the rows that are in sight; None for all.
        """
        parts = tuple(getattr(snapshot, part.value) for part in self.listing.reads)
        known = self._parts is not None and all(part is before for part, before in zip(parts, self._parts, strict=True))
        at = now.timestamp()
        if known and self._valid[0] <= at < self._valid[1] and in_sight == self._in_sight:
            return
        day = now.astimezone().toordinal()
        if known and at >= self._valid[0] and day == self._day:
            passed = [place for place, when in enumerate(self._changing) if when <= at]
            self._renew(snapshot, now, passed if at >= self._all_at else self._those(passed, in_sight))
        else:
            self._parts, self._day = parts, day
            self._entries = self.listing.entries(snapshot, now)
            self._changing = [inf] * len(self._entries)
            self.rows, self.summary = [TableRow("", ())] * len(self._entries), self.listing.summary(snapshot)
            self._renew(snapshot, now, range(len(self._entries)))
        self._all_at = (at // MINUTES_AFTER_S + 1) * MINUTES_AFTER_S  # another day may begin, too
        following = (self._changing[place] for place in self._those(range(len(self.rows)), in_sight))
        self._valid, self._in_sight = (at, min((self._all_at, *following))), in_sight

    def _those(self, places: Sequence[int], in_sight: Set[str] | None) -> Sequence[int]:
        """Return the places of rows that are in sight."""
        return places if in_sight is None else [place for place in places if self.rows[place].key in in_sight]

    def _renew(self, snapshot: Snapshot, now: datetime, places: Sequence[int]) -> None:
        """Make the rows at these places anew."""
        if not places:
            return
        rows, at = list(self.rows), now.timestamp()
        for place in places:
            entry = self._entries[place]
            rows[place] = self.listing.row(snapshot, entry, now)
            told = self.listing.times(snapshot, entry)
            self._changing[place] = min((_changes_at(instant.timestamp(), at) for instant in told), default=inf)
        self.rows = rows


def _changes_at(told: float, now: float) -> float:
    """Return the time at which the text for an instant's age, or for the time until then, is to be told anew.

    Args:
        told: the instant, in seconds since the epoch.
        now: the present, in seconds since the epoch.
    """
    age = now - told
    if age >= MINUTE_S:
        return _round_up(told + (floor(age / MINUTE_S) + 1) * MINUTE_S, MINUTES_AFTER_S)
    if age < -HOUR_S:
        minute = told - floor(-age / MINUTE_S) * MINUTE_S
        return min(_round_up(minute, MINUTES_AFTER_S), max(minute, told - HOUR_S))  # from then on in seconds
    return _round_up(told + floor(age) + 1 if age >= 0 else told - floor(-age), SECONDS_AFTER_S)


def _round_up(moment: float, step: int) -> float:
    return ceil(moment / step) * step
