"""Turns stale scopes into reloads, every 100 ms at most, less often under load, and tells how fresh the picture is.

Knows neither widgets nor the coordinator: it is given a source, and hands over each new picture.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Scope
from xats_tui.screens.data.snapshot import STALE_PARTS, Slice, Snapshot, SnapshotSource

logger = logging.getLogger(__name__)

COALESCE_S = 0.1
"""Seconds between two rounds; events in between are one round."""

MAX_REST_S = 0.5
"""Seconds between two rounds at the most; those that take longer than `COALESCE_S` have a rest as long as they took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often there is a round while changes keep coming: who draws makes the agents' calls wait."""

    marks: int
    """So many, of which there is one every 0.05 s at the most, …"""
    within: float
    """… in so many seconds …"""
    rest: float
    """… leave so many between two rounds."""


STORM = Pace(marks=15, within=1.0, rest=2.0)
"""Some thirty changes a second or more: more than anybody reads."""

CROWD = Pace(marks=3, within=0.2, rest=0.75)
"""More than somebody's message with all that follows from it."""

HEARTBEAT_INTERVAL_S = 1.0
"""Seconds without an event, from one round to the next: silence alone does not prove freshness, and times age."""

FULL_RELOAD_INTERVAL_S = 15.0
"""Seconds between two reloads of everything: who is online changes with time alone, without an event."""

ANSWER_TIMEOUT_S = 10.0
"""Seconds that the coordinator may take for a round before it is asked again."""

STALE_AFTER_S = 3.0
"""Seconds without confirmation from which the picture is called stale: a missed heartbeat and a late answer."""


def staleness(snapshot: Snapshot, now: datetime) -> float | None:
    """Seconds since the picture was known to be true, if that is too long ago to pass without a word."""
    if snapshot.confirmed_at is None:
        return None
    seconds = (now - snapshot.confirmed_at).total_seconds()
    return seconds if seconds > STALE_AFTER_S or snapshot.trouble else None


class Refresh:
    """Keeps a picture in step with its source."""

    def __init__(self, source: SnapshotSource, clock: Clock, deliver: Callable[[Snapshot], object]) -> None:
        self._source = source
        self._clock = clock
        self._deliver = deliver
        self._snapshot = Snapshot()
        self._stale: set[Slice] = set(Slice)
        self._wanted = asyncio.Event()
        self._marked_at: deque[float] = deque(maxlen=STORM.marks)
        self._full_round_at = clock.monotonic() + FULL_RELOAD_INTERVAL_S

    def mark(self, scopes: Iterable[Scope]) -> None:
        """Have what these scopes make stale loaded again soon."""
        for scope in scopes:
            self._stale |= STALE_PARTS[scope]
        self._marked_at.append(self._clock.monotonic())
        self._wanted.set()

    def _is_kept(self, pace: Pace) -> bool:
        """Whether changes come so quickly."""
        since = self._clock.monotonic() - pace.within
        return sum(marked_at > since for marked_at in self._marked_at) >= pace.marks

    async def run(self) -> None:
        """Reload for ever; a failure marks the picture and is tried again."""
        while True:
            began = self._clock.monotonic()
            await self._round()
            took = self._clock.monotonic() - began
            rest = max(COALESCE_S, min(took, MAX_REST_S))
            await asyncio.sleep(rest)
            rest += await self._calm(rest)
            await self._wait(HEARTBEAT_INTERVAL_S - took - rest)

    async def _calm(self, rested: float) -> float:
        """Rest for longer while changes keep coming; for how many seconds."""
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
        parts, self._stale = frozenset(self._stale), set()
        self._wanted.clear()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                loaded = await self._source.load(sorted(parts), self._snapshot.panes)
        except Exception as error:  # whatever went wrong behind the crossing, the screen stays and says so
            trouble = str(error) or "no answer from the coordinator"
            if trouble != self._snapshot.trouble:  # one that lasts is logged once
                logger.warning("reload failed: %s", error or type(error).__name__)
            self._stale |= parts
            outage = trouble if isinstance(error, StoreError) and error.fault else ""
            self._snapshot = replace(self._snapshot, trouble=trouble, outage=outage)
        else:
            news = {part: value for part, value in loaded.items() if value != getattr(self._snapshot, part)}
            self._snapshot = replace(self._snapshot, **news, confirmed_at=self._clock.now(), trouble=None, outage="")
        self._deliver(self._snapshot)
