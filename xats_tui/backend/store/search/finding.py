"""Finding: hits of all kinds, newest first, from the index and from what is not in it yet.

A search works in steps of some ms, on the thread of a reading connection, so that other readers have their turn in
between.  Each step sees one state of the database.  Each kind of documents is a stream of its own, from its highest
number downwards; the streams are merged by time.
"""

import re
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from xats_tui.backend.store.search.expressions import Expression, expression_of, matching
from xats_tui.backend.store.search.indexing import progress_of
from xats_tui.backend.store.search.sources import Hit, Narrowing, Source
from xats_tui.backend.store.sql.search_schema import KINDS
from xats_tui.core.search.matching import Matcher

FIRST_ROWS, MOST_ROWS = 64, 1024
"""Documents that a stream takes from the index at first, and at most, at once."""

FEW_UNREAD = 20_000
"""Unread messages up to which a search for unread ones reads these instead of the index."""

EVERYTHING = 2**60
"""A number above that of every document."""

CURSOR = re.compile(r"\d-\d{1,19}(?:\.\d-\d{1,19})*")


@dataclass(slots=True, kw_only=True)
class Stream:
    """One kind of documents, on the way from the highest number downwards."""

    source: Source
    below: int
    """Everything from this number on was looked at."""
    seen_to: str = "9999"
    """Time of the last document that was looked at."""
    hits: deque[Hit] = field(default_factory=deque)
    """Hits that wait until the other streams have come as far."""
    rows: int = FIRST_ROWS

    @property
    def is_done(self) -> bool:
        """True if nothing is left to look at."""
        return self.below <= 0

    @property
    def front(self) -> str:
        """Return the time that the stream has come to."""
        return self.hits[0].at if self.hits else self.seen_to

    @property
    def position(self) -> int:
        """Return the number below which the next page begins."""
        return self.hits[0].number + 1 if self.hits else self.below


class Finding:
    """One search under way."""

    def __init__(self, matcher: Matcher, narrowing: Narrowing, sources: Iterable[Source], limit: int) -> None:
        self._matcher = matcher
        self._narrowing = narrowing
        self._limit = limit
        self._streams = [Stream(source=source, below=EVERYTHING) for source in sources if source.can_have(narrowing)]
        self._expression = Expression(text="", is_exact=True)
        self._floors: dict[int, int] = {}
        """Lowest number of each source that may be recent enough."""
        self._unread: list[int] | None = None
        """Events of all unread messages, highest first, if these are few."""
        self.found: list[tuple[Source, Hit]] = []
        """The hits of this page, newest first."""
        self._has_begun = False

    def continue_at(self, cursor: str) -> None:
        """Begin where another page has ended.

        Raises:
            ValueError: no page has this cursor.
        """
        if not CURSOR.fullmatch(cursor):
            raise ValueError(cursor)
        places = dict(place.split("-") for place in cursor.split("."))
        for stream in self._streams:
            stream.below = min(int(places.get(str(stream.source.code), 0)), EVERYTHING)

    @property
    def is_done(self) -> bool:
        """True if everything was looked at, or the page is full and there is a hit for another one."""
        has_more = any(stream.hits for stream in self._streams)
        return (self.is_full and has_more) or (not has_more and all(stream.is_done for stream in self._streams))

    @property
    def is_full(self) -> bool:
        """True if the page has all its hits."""
        return len(self.found) >= self._limit

    @property
    def cursor(self) -> str | None:
        """Return where the next page begins; None if there is nothing more."""
        places = [f"{stream.source.code}-{stream.position}" for stream in self._streams if stream.position > 0]
        return ".".join(places) or None

    @property
    def seen_to(self) -> str | None:
        """Return the time after which everything was looked at; None if everything was."""
        fronts = [stream.front for stream in self._streams if stream.hits or not stream.is_done]
        front = max(fronts, default=None)
        return None if front == "9999" else front

    def go_on(self, connection: sqlite3.Connection, seconds: float) -> None:
        """Look on until the page is full, everything was looked at, or the time is over."""
        ends_at = perf_counter() + seconds
        connection.execute("BEGIN")
        try:
            self._prepare(connection)
            while not self.is_done:
                stream = max((one for one in self._streams if one.hits or not one.is_done), key=lambda one: one.front)
                if stream.hits:
                    self.found.append((stream.source, stream.hits.popleft()))
                    continue
                self._advance(connection, stream)
                if perf_counter() > ends_at:
                    return
        finally:
            connection.execute("COMMIT")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Look words up anew at each step: the index may have grown since the last one."""
        self._expression = expression_of(connection, self._matcher)
        if self._has_begun:
            return
        self._has_begun = True
        for stream in self._streams:
            if not stream.source.is_ranged:
                continue
            if self._narrowing.before is not None:
                stream.below = min(stream.below, _number_at(connection, stream.source, self._narrowing.before))
            if self._narrowing.since is not None:
                self._floors[stream.source.code] = _number_at(connection, stream.source, self._narrowing.since)
        if self._narrowing.unread:
            self._unread = _unread(connection)

    def _advance(self, connection: sqlite3.Connection, stream: Stream) -> None:
        """Look at the next documents of a stream."""
        below = stream.below
        numbers, is_exact = self._next_numbers(connection, stream)
        if stream.below <= self._floors.get(stream.source.code, 0):
            stream.below = 0
        hits = stream.source.fetch(connection, numbers, self._narrowing) if numbers else []
        stream.hits.extend(hit for hit in hits if hit.number < below and (is_exact or self._matcher.matches(hit.text)))
        if hits:
            stream.seen_to = min(stream.seen_to, hits[-1].at)
        if stream.source.is_ranged and not stream.is_done:
            stream.seen_to = min(stream.seen_to, _time_of(connection, stream.source, stream.below))

    def _next_numbers(self, connection: sqlite3.Connection, stream: Stream) -> tuple[Sequence[int], bool]:
        """Return the next numbers, move the stream behind them, and tell whether each of them matches."""
        if self._unread is not None:
            numbers = [number for number in self._unread if number < stream.below][:MOST_ROWS]
            stream.below = numbers[-1] if len(numbers) == MOST_ROWS else 0
            return numbers, False
        if stream.source.is_ranged:
            return self._of_range(connection, stream)
        return self._of_subjects(connection, stream)

    def _of_range(self, connection: sqlite3.Connection, stream: Stream) -> tuple[Sequence[int], bool]:
        source = stream.source
        top = _highest(connection, source, stream.below - 1)
        low, high = progress_of(connection, source.code)
        if top is None:
            stream.below = 0
            return (), True
        if low <= top <= high:
            numbers = self._indexed(connection, stream, low, top)
            stream.below = numbers[-1] if len(numbers) >= stream.rows else low
            self._grow(stream, numbers)
            return numbers, self._expression.is_exact
        bottom = max(0, top - source.window + 1, *([high + 1] if top > high else []))
        stream.below = bottom
        return [number for (number,) in connection.execute(source.existing, (bottom, top))], False

    def _of_subjects(self, connection: sqlite3.Connection, stream: Stream) -> tuple[Sequence[int], bool]:
        """Return tasks or agents, some of which may not be in the index."""
        waiting = connection.execute(
            "SELECT number FROM search_subjects WHERE kind = ? AND NOT is_indexed AND number < ? "
            "ORDER BY number DESC LIMIT ?",
            (stream.source.code, stream.below, stream.rows),
        ).fetchall()
        indexed = self._indexed(connection, stream, 0, stream.below - 1)
        numbers = sorted({*indexed, *(number for (number,) in waiting)}, reverse=True)[: stream.rows]
        stream.below = numbers[-1] if len(numbers) >= stream.rows else 0
        self._grow(stream, numbers)
        return numbers, self._expression.is_exact and not waiting

    def _indexed(self, connection: sqlite3.Connection, stream: Stream, low: int, top: int) -> list[int]:
        """Return the numbers that the index gives between two, highest first."""
        if self._expression.is_impossible:
            return []
        code = stream.source.code
        wanted = matching(self._expression, stream.source.marks(self._narrowing))
        rows = connection.execute(
            "SELECT rowid FROM search_index WHERE search_index MATCH ? AND rowid BETWEEN ? AND ? "
            "ORDER BY rowid DESC LIMIT ?",
            (wanted, low * KINDS + code, top * KINDS + code, stream.rows),
        )
        return [document // KINDS for (document,) in rows]

    @staticmethod
    def _grow(stream: Stream, numbers: Sequence[int]) -> None:
        """Take more at once from now on: what was taken was not enough."""
        if numbers:
            stream.rows = min(2 * stream.rows, MOST_ROWS)


def _highest(connection: sqlite3.Connection, source: Source, most: int) -> int | None:
    """Return the highest number of a source up to `most`."""
    (number,) = connection.execute(
        f"SELECT max({source.number}) FROM {source.table} WHERE {source.number} <= ?", (most,)
    ).fetchone()
    return None if number is None else int(number)


def _time_of(connection: sqlite3.Connection, source: Source, number: int) -> str:
    """Return the time of the first row from a number on."""
    row = connection.execute(
        f"SELECT {source.time} FROM {source.table} WHERE {source.number} >= ? ORDER BY {source.number} LIMIT 1",
        (number,),
    ).fetchone()
    return str(row[0]) if row else "9999"


def _number_at(connection: sqlite3.Connection, source: Source, moment: str) -> int:
    """Return the lowest number whose row is not before a moment, by bisection: numbers are given in order of time."""
    highest = _highest(connection, source, EVERYTHING)
    low, high = 0, (highest or 0) + 1
    while low < high:
        middle = (low + high) // 2
        if _time_of(connection, source, middle) >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def _unread(connection: sqlite3.Connection) -> list[int] | None:
    """Return the events of all unread messages, highest first; None if these are many."""
    rows = connection.execute(
        "SELECT event_id FROM messages INDEXED BY idx_messages_unread WHERE read_at IS NULL LIMIT ?", (FEW_UNREAD + 1,)
    ).fetchall()
    return None if len(rows) > FEW_UNREAD else sorted({event_id for (event_id,) in rows}, reverse=True)
