"""LookKeeper: keeps the last screens of each bound pane, so that one can ask what it showed when it stopped.

A screen is kept when it has come to rest, if it differs from the last one that was kept.
"""

import asyncio
from datetime import timedelta

from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.past import looks as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, PaneChanged
from xats_tui.core.model.panes import PaneRef, PaneView

REST = timedelta(seconds=3)
"""Time for which a screen does not change before it is kept."""

POLL_INTERVAL_S = 2.0
"""Time between two looks at panes that have changed."""


class LookKeeper:
    """The kept screens of all agents."""

    def __init__(self, database: Database, monitor: PaneMonitor, clock: Clock, *, number: int) -> None:
        """Keep `number` screens of each agent; 0 keeps none."""
        self._database = database
        self._monitor = monitor
        self._clock = clock
        self._number = number
        self._changed: set[PaneRef] = set()
        self._kept: dict[PaneRef, str] = {}
        """The screen of each pane that was kept last."""
        self._stirred = asyncio.Event()

    def tune(self, number: int) -> None:
        """Keep another number of screens; with 0, those that are kept are deleted."""
        self._number = number
        self._stirred.set()

    async def of_agent(self, agent_id: str) -> tuple[PaneView, ...]:
        """Return the kept screens of an agent, the newest first."""
        return await store.of_agent(self._database, agent_id)

    def hear(self, event: Event) -> None:
        """Note a pane whose screen has changed."""
        if isinstance(event, PaneChanged) and self._number:
            self._changed.add(PaneRef(event.socket, event.pane_id))
            self._stirred.set()

    async def run(self) -> None:
        """Keep screens as they come to rest, without end."""
        while True:
            await self.keep()
            if not self._changed:
                self._stirred.clear()
                await self._stirred.wait()
            await self._clock.sleep(POLL_INTERVAL_S)

    async def keep(self) -> None:
        """Keep the changed screens that are at rest."""
        if not self._number:
            self._changed.clear()
            self._kept.clear()
            async with self._database.write() as tx:
                await store.forget(tx)
            return
        rested = {pane: view for pane in self._changed if (view := self._rested(pane))}
        self._changed = {pane for pane in self._changed - rested.keys() if self._monitor.tracks(pane)}
        fresh = {pane: view for pane, view in rested.items() if self._kept.get(pane) != view.look.screen}
        if not fresh:
            return
        agents = await agents_store.all_teams(self._database)
        bound = {agent.binding.pane: agent.agent_id for agent in agents if agent.binding}
        async with self._database.write() as tx:
            for pane, view in fresh.items():
                if pane in bound and view.look.screen.strip():
                    await store.keep(tx, bound[pane], view, self._number)
                    self._kept[pane] = view.look.screen

    def _rested(self, pane: PaneRef) -> PaneView | None:
        view = self._monitor.view(pane)
        return view if view and self._clock.now() - view.unchanged_since >= REST else None
