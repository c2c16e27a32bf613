"""Retention: deletes old rows, in small transactions beside the calls.

Unread messages, agents, tasks, contracts and subscriptions stay, and so do the ids of departed agents.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from xats_tui.backend.store import pastes, pre_registrations
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.store.upkeep import retention as store
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError

logger = logging.getLogger(__name__)

BATCH_ROWS = 500
"""Most rows that one transaction deletes: a call meanwhile waits for one transaction, a few ms."""

ANSWERS_KEPT = timedelta(days=1)
"""Time for which a call's answer is kept for a bridge that repeats the call."""

Prune = Callable[[Transaction, datetime, int], Awaitable[int]]


class Retention:
    """Rounds that delete old rows."""

    def __init__(self, database: Database, clock: Clock, *, keep: timedelta, pause: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        self._pause = pause

    def tune(self, *, keep: timedelta, pause: timedelta) -> None:
        """Use these values from the next round on."""
        self._keep, self._pause = keep, pause

    async def run(self) -> None:
        """Run one round after each pause, without end."""
        while True:
            await self._clock.sleep(self._pause.total_seconds())
            await self.prune()

    async def prune(self) -> None:
        """Run one round; a failed deletion is logged, left for the next round, and stops nothing else."""
        now = self._clock.now()
        rounds: tuple[tuple[str, Prune, datetime], ...] = (
            ("messages", store.prune_messages, now - self._keep),
            ("events", store.prune_events, now - self._keep),
            ("activity", store.prune_activity, now - self._keep),
            ("changes", store.prune_changes, now - self._keep),
            ("screens", store.prune_looks, now - self._keep),
            ("sessions", store.prune_sessions, now - self._keep),
            ("calls", store.prune_calls, now - ANSWERS_KEPT),
            ("pastes", pastes.prune, now - self._keep),
        )
        for what, prune, before in rounds:
            try:
                deleted = await self._batches(prune, before)
            except StoreError as error:
                logger.warning("old %s cannot be deleted: %s", what, error)
                continue
            if deleted:
                logger.info("deleted %s old %s", deleted, what)
        async with self._database.write() as tx:
            await pre_registrations.prune(tx)

    async def _batches(self, prune: Prune, before: datetime) -> int:
        """Delete all old rows, in transactions between which calls have their turn."""
        total, deleted = 0, BATCH_ROWS
        while deleted == BATCH_ROWS:
            async with self._database.write() as tx:
                deleted = await prune(tx, before, BATCH_ROWS)
            total += deleted
        return total
