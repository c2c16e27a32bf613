"""Agents mode: every agent with its state, and the live screen of the selected agent."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from xats_tui.core.model.agents import RosterEntry
from xats_tui.screens.actions import bindings
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.agents import agent_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.widgets.panels import PanePanel
from xats_tui.screens.widgets.preview import draw_preview, watch


class AgentsMode(ListMode):
    """List of agents."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Mode.AGENTS)]
    mode = Mode.AGENTS
    listing = AGENTS

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the pane and the agent's detail."""
        yield PanePanel()
        yield from super().compose_detail()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of an agent."""
        return agent_detail(snapshot, key, now)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail and the pane."""
        super().draw_detail(key)
        entry = self.snapshot.entry(key) if key else None
        draw_preview(self.query_one(PanePanel), self.snapshot, entry, self.now())
        self._watch(entry)

    @work(exclusive=True, group="watch")
    async def _watch(self, entry: RosterEntry | None) -> None:
        await watch(self.desk, entry)
