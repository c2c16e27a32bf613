"""The full-text index is filled in the background: with what was just stored, and with what an older version has left.

Filling it in the transaction of each message would make a message 1.4 times as expensive (docs/performance.md); a batch
of many messages takes a twentieth of that for each.  What is not in the index yet, a search reads through itself.
"""

import asyncio
import logging

from xats_tui.backend.store.search import indexing
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.precedence import HAS_TIME
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event

logger = logging.getLogger(__name__)

GATHERING_S = 0.5
"""Time after a change in which further changes are waited for, to be put in together."""

SHARE = 4
"""Pause between two batches, as a multiple of the time that a batch took with all its waiting."""

MIN_PAUSE_S = 0.01

FAILED_PAUSE_S = 30.0
"""Pause after a batch that the database refused."""


class SearchIndex:
    """Keeps the full-text index filled."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._changed = asyncio.Event()
        self._changed.set()

    def hear(self, event: Event) -> None:
        """Note that something was stored."""
        self._changed.set()

    async def run(self) -> None:
        """Fill the index after each change, without end."""
        HAS_TIME.set(True)  # calls come first
        indexer = indexing.Indexer()
        try:
            while True:
                await self._changed.wait()
                await self._clock.sleep(GATHERING_S)
                self._changed.clear()
                await self._fill(indexer)
        finally:
            indexer.close()

    async def _fill(self, indexer: indexing.Indexer) -> None:
        """Put everything in, in batches between which calls have their turn."""
        has_more = True
        while has_more:
            began = self._clock.monotonic()
            try:
                has_more = await self._database.write_whole(indexer.take_batch)
            except StoreError as error:
                indexer.forget()
                logger.warning("the search index cannot be filled: %s", error)
                await self._clock.sleep(FAILED_PAUSE_S)
                self._changed.set()
                return
            if has_more:
                await self._clock.sleep(max(MIN_PAUSE_S, SHARE * (self._clock.monotonic() - began)))
