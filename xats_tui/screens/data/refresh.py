"""Refresh: reloads stale slices at most every 100 ms, less often under load, and tracks how fresh the snapshot is.

It knows neither widgets nor the coordinator: it reads from a source and delivers each new snapshot.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Scope
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import STALE_PARTS, Slice, Snapshot, SnapshotSource

logger = logging.getLogger(__name__)

COALESCE_S = 0.1
"""Minimum seconds between two rounds; events in between share a round."""

MAX_REST_S = 0.5
"""Maximum pause between two rounds, in seconds; a round longer than `COALESCE_S` is followed by an equal pause."""


# Agents' calls wait while the dashboard draws, so a busy dashboard has to slow down.
class Pace(Struct, frozen=True, kw_only=True):
    """Pause between rounds while changes keep coming at a given rate."""

    marks: int
    """Number of changes (at most one is counted every 0.05 s) …"""
    within: float
    """… within this many seconds …"""
    rest: float
    """… that make the pause between two rounds this many seconds."""


# Some thirty changes a second or more: faster than anybody can read.
STORM = Pace(marks=15, within=1.0, rest=2.0)
"""Pace for a flood of changes."""

# More changes than a single message causes.
CROWD = Pace(marks=3, within=0.2, rest=0.75)
"""Pace for many changes."""

# Silence alone does not prove freshness, and the ages on the screen grow.
HEARTBEAT_INTERVAL_S = 1.0
"""Seconds from one round to the next while no event arrives."""

# An agent goes offline with time alone, without an event.
FULL_RELOAD_INTERVAL_S = 15.0
"""Seconds between two reloads of all slices."""

ANSWER_TIMEOUT_S = 10.0
"""Seconds that the coordinator may take for a round before it is asked again."""

# Allows for one missed heartbeat and a late answer.
STALE_AFTER_S = 3.0
"""Seconds without confirmation after which the snapshot counts as stale."""


def staleness(snapshot: Snapshot, now: datetime) -> float | None:
    """Return the seconds since the snapshot was last confirmed, if that is long enough to show; None otherwise."""
    if snapshot.confirmed_at is None:
        return None
    seconds = (now - snapshot.confirmed_at).total_seconds()
    return seconds if seconds > STALE_AFTER_S or snapshot.trouble else None


class Refresh:
    """Keeps a snapshot up to date with its source."""

    def __init__(
        self,
        source: SnapshotSource,
        clock: Clock,
        deliver: Callable[[Snapshot], object],
        unseen: Callable[[], frozenset[Slice]] = frozenset,
    ) -> None:
        """Set the source; `unseen` returns the slices that nothing on the screen shows, which stay stale meanwhile."""
        self._source = source
        self._clock = clock
        self._deliver = deliver
        self._unseen = unseen
        self._snapshot = Snapshot()
        self._stale: set[Slice] = set(Slice)
        self._wanted = asyncio.Event()
        self._marked_at: deque[float] = deque(maxlen=STORM.marks)
        self._full_round_at = clock.monotonic() + FULL_RELOAD_INTERVAL_S

    def mark(self, scopes: Iterable[Scope]) -> None:
        """Mark the slices of these scopes as stale, to be reloaded soon."""
        for scope in scopes:
            self._stale |= STALE_PARTS[scope]
        self._marked_at.append(self._clock.monotonic())
        self._wanted.set()

    def begin_anew(self) -> None:
        """Reload everything at once."""
        self._stale |= set(Slice)
        self._marked_at.clear()
        self._wanted.set()

    def hurry(self) -> None:
        """Reload soon what is stale, because something else is shown now."""
        if self._stale - self._unseen():
            self._wanted.set()

    def _is_kept(self, pace: Pace) -> bool:
        """Return whether changes come at this pace."""
        since = self._clock.monotonic() - pace.within
        return sum(marked_at > since for marked_at in self._marked_at) >= pace.marks

    async def run(self) -> None:
        """Reload for ever; a failure is recorded in the snapshot and tried again."""
        while True:
            began, is_heartbeat = self._clock.monotonic(), not self._wanted.is_set()
            await self._round()
            took = self._clock.monotonic() - began
            rest = max(0.0 if is_heartbeat else COALESCE_S, min(took, MAX_REST_S))
            await asyncio.sleep(rest)
            if not is_heartbeat:  # else the change that comes next is the first one for a while
                rest += await self._calm(rest)
            await self._wait(HEARTBEAT_INTERVAL_S - took - rest)

    async def _calm(self, rested: float) -> float:
        """Keep pausing while changes keep coming; return the additional seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while pace := next(filter(self._is_kept, (STORM, CROWD)), None):
            left = pace.rest - rested - (loop.time() - began)
            if left <= 0:
                break
            await asyncio.sleep(min(left, COALESCE_S))
        return loop.time() - began

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            self._stale.add(Slice.HEALTH)
        if self._clock.monotonic() >= self._full_round_at:
            self._full_round_at = self._clock.monotonic() + FULL_RELOAD_INTERVAL_S
            self._stale |= set(Slice)

    async def _round(self) -> None:
        unseen = self._unseen()
        parts, self._stale = frozenset(self._stale - unseen), self._stale & unseen
        self._wanted.clear()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                loaded = await self._source.load(sorted(parts), self._snapshot.panes)
                if loaded.get("moment") != self._snapshot.moment:  # nothing of another moment may stay
                    loaded = await self._source.load(sorted(Slice), self._snapshot.panes)
        except Exception as error:  # the dashboard must survive any failure of the coordinator, and show it
            trouble = str(error) or "no answer from the coordinator"
            if trouble != self._snapshot.trouble:  # a lasting failure is logged once
                logger.warning("the dashboard could not reload its data: %s", error or type(error).__name__)
            self._stale |= parts
            outage = trouble if isinstance(error, StoreError) and error.fault else ""
            self._snapshot = replace(self._snapshot, trouble=trouble, outage=outage)
        else:
            news = {part: value for part, value in loaded.items() if value != getattr(self._snapshot, part)}
            self._snapshot = replace(self._snapshot, **news, confirmed_at=self._clock.now(), trouble=None, outage="")
        self._deliver(self._snapshot)
