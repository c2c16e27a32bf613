"""PaneAges: the age of a pane's state survives a restart or a take-over of the coordinator.

The start time of each pane's state is stored, and given to the monitor before its first look.  The questions that
agents begin and cease to ask are written in the same transaction.
"""

from collections.abc import Set as AbstractSet

from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.upkeep.dialog_log import DialogLog
from xats_tui.backend.services.upkeep.later import WrittenLater
from xats_tui.backend.store import pane_states as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, PaneBound, PaneChanged
from xats_tui.core.model.panes import PaneRef


class PaneAges(WrittenLater[PaneRef]):
    """The ages of all panes' states."""

    def __init__(self, database: Database, monitor: PaneMonitor, dialogs: DialogLog, clock: Clock) -> None:
        super().__init__(clock)
        self._database = database
        self._monitor = monitor
        self._dialogs = dialogs

    async def hand_back(self) -> None:
        """Give the stored ages to the monitor, and the open questions to their log."""
        self._monitor.remember(await store.ages(self._database))
        await self._dialogs.recall()

    def hear(self, event: Event) -> None:
        """Note a pane whose state has changed, or that was bound or released, and a question that may have changed."""
        if self._dialogs.hear(event):
            self.note()
        if isinstance(event, PaneChanged) and event.state_changed:
            self.note(PaneRef(event.socket, event.pane_id))
        elif isinstance(event, PaneBound):
            self.note()

    async def _keep(self, changed: AbstractSet[PaneRef]) -> None:
        """Store the ages of panes, and the questions of agents, that have changed."""
        views = {pane: self._monitor.view(pane) for pane in changed}
        gone = [pane for pane in await store.ages(self._database) if not self._monitor.tracks(pane)]
        async with self._dialogs.changes() as asked:
            if not (changed or gone or asked):
                return
            async with self._database.write() as tx:
                await self._dialogs.write(tx, asked)
                await store.keep(tx, [(pane, view.age) for pane, view in views.items() if view])
                await store.forget(tx, gone)
