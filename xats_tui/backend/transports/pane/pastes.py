"""The outstanding paste of each pane, stored before it is made, so that no restart repeats it.

The monitor learns of it, so that every look can tell our hint from a person's text.
"""

import asyncio
from datetime import datetime

from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import pastes as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.progress import is_settled, progressed, screen_mark
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.records import replace


class Pastes:
    """Pastes whose outcome is unknown."""

    def __init__(self, database: Database, monitor: PaneMonitor) -> None:
        self._database = database
        self._monitor = monitor
        self._outstanding: dict[PaneRef, Paste] = {}
        self._writers: dict[PaneRef, asyncio.Lock] = {}

    def writer(self, pane: PaneRef) -> asyncio.Lock:
        """Return the lock of a pane, held by the one writer that sends keys to it."""
        return self._writers.setdefault(pane, asyncio.Lock())

    async def recall(self) -> None:
        """Load the pastes of an earlier coordinator."""
        for paste in await store.everywhere(self._database):
            self._take(paste)

    def of(self, pane: PaneRef) -> Paste | None:
        """Return the pane's outstanding paste."""
        return self._outstanding.get(pane)

    async def begin(self, paste: Paste) -> None:
        """Store a paste before it is made; it counts the earlier ones with an unknown outcome."""
        before = self.of(paste.pane)
        await self._keep(replace(paste, pastes=before.pastes + 1) if before else paste)

    async def enter(self, paste: Paste, view: PaneView, now: datetime) -> Paste:
        """Store that Enter is about to be pressed for a paste."""
        screen = screen_mark(view.look)
        entered = replace(paste, entered_at=now, enters=paste.enters + 1, screen=screen, drawn=False, gone=False)
        await self._keep(entered)
        return entered

    async def follow(self, view: PaneView, began: datetime, occupant: str, terminal: PaneTerminal | None) -> None:
        """Update the pane's paste after a look that began at `began`."""
        paste = self.of(view.look.pane)
        if paste is None or began <= paste.last_key_at:  # the look may show the pane without the last key
            return
        after = progressed(paste, view, terminal)
        if paste.occupant != occupant or (not paste.is_hint and is_settled(after, view)):
            await self.close(paste.pane)
        elif after != paste:
            await self._keep(after)

    async def close(self, pane: PaneRef) -> None:
        """Delete a pane's paste, because its outcome is known."""
        if pane not in self._outstanding:
            return
        async with self._database.write() as tx:
            await store.forget(tx, pane)
        self._outstanding.pop(pane, None)
        self._monitor.expect(pane, None)

    async def _keep(self, paste: Paste) -> None:
        async with self._database.write() as tx:
            await store.keep(tx, paste)
        self._take(paste)

    def _take(self, paste: Paste) -> None:
        self._outstanding[paste.pane] = paste
        self._monitor.expect(paste.pane, paste)
