"""Window on a list without an end: a few pages of it, between two keys, with the limits that apply to the list.

The window is closed while the list shows its newest entries, which every snapshot has.  It is joined to them while it
only continues them, which happens with a filter: few of the newest entries match.  Otherwise it takes their place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from xats_tui.core.events import Scope
from xats_tui.core.model.pages import Key, StretchRequest, Wanted
from xats_tui.screens.data.snapshot import Snapshot, SnapshotSource
from xats_tui.screens.paging.long_lists import LONG_LISTS, LoadedPart, LongList

PAGE_ENTRIES = 100
"""Entries of a page: a few screens."""

MAX_RELOADED = 5 * PAGE_ENTRIES
"""Entries of a page that is read again; more of them may have come into its range."""

IsWanted = Callable[[Sequence[Any]], bool]
"""Tells whether any of these entries is to be shown."""


class Step(Enum):
    """Result of a step through a list."""

    FOUND = auto()
    """Entries were added."""
    NOTHING = auto()
    """Nothing that is wanted was found in a part of the list; the next step looks on."""
    END = auto()
    """There is nothing else."""


class LoadedPage(Struct, frozen=True):
    """Entries between two keys."""

    entries: tuple[Any, ...]
    upper: Key
    lower: Key


class ListWindow:
    """Window on one list."""

    def __init__(self, listed: LongList) -> None:
        self.listed = listed
        self.wanted = Wanted(recipient=listed.recipient)
        """Limits of the list."""
        self.is_stale = False
        """True if what was loaded may have changed."""
        self._show_newest()

    def _show_newest(self) -> None:
        self._pages: list[LoadedPage] = []
        """Pages, the newest first."""
        self._upper: Key = ()
        self._lower: Key | None = None
        """Key down to which was looked; None while the window is closed."""
        self.is_joined = False
        """True if the pages continue the newest entries."""
        self.is_ended = False
        """True if nothing older exists that is wanted."""
        self.looked_back_to: datetime | None = None
        self.newer: int | None = None
        """Number of entries above the window; None if they were not counted."""
        self.is_stale = False
        self._entries: tuple[Any, ...] = ()
        self._made: tuple[Snapshot, LoadedPart, Snapshot] | None = None

    def close(self) -> None:
        """Return to the newest entries."""
        self._show_newest()

    @property
    def is_open(self) -> bool:
        """True if it is more than the newest entries."""
        return self._lower is not None

    @property
    def is_away(self) -> bool:
        """True if the newest entries are not shown."""
        return self.is_open and not self.is_joined

    @property
    def is_limited(self) -> bool:
        """True if a filter or a team leaves entries out."""
        return self.wanted != Wanted(recipient=self.listed.recipient)

    def limit(self, wanted: Wanted) -> None:
        """Apply other limits, which begins at the newest entries."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._show_newest()

    def shown(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the entries of the window."""
        if not self.is_open:
            return snapshot
        known = self._made
        if not known or known[0] is not snapshot or known[1] != self._part:
            made = self.listed.shown(snapshot, self._part)
            self._made = known = (snapshot, self._part, made)
        return known[2]

    @property
    def _part(self) -> LoadedPart:
        since = None if self.is_ended else self.looked_back_to
        return LoadedPart(entries=self._entries, is_joined=self.is_joined, since=since)

    async def go_older(self, source: SnapshotSource, snapshot: Snapshot, is_wanted: IsWanted) -> Step:
        """Load the next older page of wanted entries, or look through a part of the list for them.

        Args:
            source: source of the entries.
            snapshot: snapshot of all teams.
            is_wanted: tells whether what was found is to be shown.
        """
        edge = self.listed.edge(snapshot)
        if self.is_ended or (edge is None and not self.is_open):
            return Step.END
        if not self.is_open and not self.is_limited and edge:
            await self.open_at(source, edge)
            return Step.FOUND
        key = self._lower or edge or ()
        found = await source.stretch(self.listed.name, self._request(key))
        if not self.is_open:
            self.is_joined, self._upper = True, key
        self._lower, self.is_ended, self.looked_back_to = found.reached, found.is_last, found.reached_at
        if not found.entries or not is_wanted(found.entries):
            return Step.END if found.is_last else Step.NOTHING
        self._hold([*self._pages, LoadedPage(found.entries, key, found.reached)])
        if len(self._pages) > self.listed.pages:
            self._hold(self._pages[1:])
            self._upper, self.is_joined = self._pages[0].upper, False
        return Step.FOUND

    async def go_newer(self, source: SnapshotSource, is_wanted: IsWanted) -> Step:
        """Load the next newer page of wanted entries; at the newest, close the window or join it to them."""
        if not self.is_away:
            return Step.END
        key = self._upper
        found = await source.stretch(self.listed.name, self._request(key, newer=True))
        self._upper = found.reached
        if found.is_last and not self.is_limited:
            self.close()
            return Step.END
        self.is_joined = found.is_last
        if not found.entries or not is_wanted(found.entries):
            return Step.END if found.is_last else Step.NOTHING
        self._hold([LoadedPage(found.entries, found.reached, key), *self._pages])
        if len(self._pages) > self.listed.pages:
            self._hold(self._pages[: self.listed.pages])
            self._lower, self.is_ended = self._pages[-1].lower, False
        return Step.FOUND

    async def open_at(self, source: SnapshotSource, key: Key) -> None:
        """Open the window around a key: one page below, the others above it."""
        below = await source.stretch(self.listed.name, self._request(key))
        pages = [LoadedPage(below.entries, key, below.reached)]
        upper = key
        for _ in range(self.listed.pages - 1):
            above = await source.stretch(self.listed.name, self._request(upper, newer=True))
            pages.insert(0, LoadedPage(above.entries, above.reached, upper))
            upper = above.reached
            if above.is_last:
                break
        self._show_newest()
        self._upper, self._lower = upper, below.reached
        self.is_ended, self.looked_back_to = below.is_last, below.reached_at
        self._hold(pages)

    async def reload(self, source: SnapshotSource, snapshot: Snapshot, is_wanted: IsWanted) -> None:
        """Read the pages again, and what has left the newest entries since, if the window continues them."""
        self.is_stale = False
        before, edge = self._pages, self.listed.edge(snapshot)
        ranges = [(page.upper, page.lower) for page in before]
        if self.is_joined and edge and edge > self._upper:
            first = ranges.pop(0) if ranges and ranges[0][0] == self._upper else (self._upper, self._upper)
            ranges.insert(0, (edge, first[1]))
        read = []
        for upper, lower in ranges:
            request = StretchRequest(key=upper, until=lower, wanted=self.wanted, limit=MAX_RELOADED)
            read.append(LoadedPage((await source.stretch(self.listed.name, request)).entries, upper, lower))
        if self._pages is before and self.is_open:  # else the window has moved meanwhile
            self._upper = max(self._upper, ranges[0][0]) if ranges else self._upper
            self._hold(page for page in read if page.entries and is_wanted(page.entries))

    async def count_newer(self, source: SnapshotSource) -> None:
        """Count the entries above the window, unless a filter or a team leaves some out."""
        if not self.is_away or self.is_limited:
            self.newer = None
            return
        request = StretchRequest(key=self._upper, newer=True, wanted=self.wanted, limit=1, counts=True)
        counted = (await source.stretch(self.listed.name, request)).above
        self.newer = counted if self.is_away else None

    def _request(self, key: Key, *, newer: bool = False) -> StretchRequest:
        return StretchRequest(key=key, newer=newer, wanted=self.wanted, limit=PAGE_ENTRIES)

    def _hold(self, pages: Iterable[LoadedPage]) -> None:
        self._pages = list(pages)
        entries = tuple(entry for page in self._pages for entry in page.entries)
        if entries != self._entries:
            self._entries = entries


class Windows:
    """The windows of all lists; all modes share them."""

    def __init__(self) -> None:
        self._of: Mapping[int, ListWindow] = {id(listed): ListWindow(listed) for listed in LONG_LISTS}

    def of(self, listed: LongList) -> ListWindow:
        """Return the window on a list."""
        return self._of[id(listed)]

    def close(self) -> None:
        """Return to the newest entries of every list."""
        for window in self._of.values():
            window.close()

    def mark(self, scopes: Iterable[Scope]) -> None:
        """Note that these scopes have become stale."""
        changed = frozenset(scopes)
        for window in self._of.values():
            window.is_stale = window.is_open and (window.is_stale or bool(window.listed.scopes & changed))
