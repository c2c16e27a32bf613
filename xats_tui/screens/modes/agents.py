"""Agents mode: every agent with its state, and the live screen of the selected agent."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from textual import work
from textual.content import Content
from textual.widget import Widget

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.ways import Way
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.agents import agent_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.widgets.panels import PanePanel
from xats_tui.screens.widgets.preview import draw_preview, watch

logger = logging.getLogger(__name__)

# Each transport is asked, and the pane is looked at.
WAYS_LAST = timedelta(seconds=5)
"""Time after which the ways to the selected agent are asked for again."""


class AgentsMode(ListMode):
    """List of agents."""

    mode = Mode.AGENTS
    listing = AGENTS

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._ways: tuple[str, tuple[Way, ...]] | None = None
        """Id of an agent, with the ways that were found."""
        self._asked: tuple[str, datetime] | None = None
        """The agent whose ways were asked for last, and when."""

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the pane and the agent's detail."""
        yield PanePanel()
        yield from super().compose_detail()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of an agent."""
        ways = self._ways[1] if self._ways and self._ways[0] == key else ()
        return agent_detail(snapshot, key, now, ways)

    def ticket_title(self, key: str) -> str:
        """Return the title of an agent's ticket."""
        entry = self.snapshot.entry(key)
        return f"Agent {entry.agent.address}" if entry else super().ticket_title(key)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail and the pane."""
        super().draw_detail(key)
        entry = self.snapshot.entry(key) if key else None
        draw_preview(self.query_one(PanePanel), self.snapshot, entry, self.now())
        self._watch(entry)
        if entry and not self.paused and self._asks_anew(entry.agent.agent_id, self.now()):
            self._asked = (entry.agent.agent_id, self.now())
            self._look(entry.agent.agent_id)

    def _asks_anew(self, agent_id: str, now: datetime) -> bool:
        return self._asked is None or self._asked[0] != agent_id or now - self._asked[1] >= WAYS_LAST

    @work(exclusive=True, group="ways")
    async def _look(self, agent_id: str) -> None:
        try:
            ways = await self.desk.source.ways(agent_id)
        except Exception as error:  # the detail is shown without the ways; the header shows that it is stale
            logger.warning("the ways to agent %s could not be loaded: %s", agent_id, error)
            return
        if self._ways != (agent_id, ways):
            self._ways = (agent_id, ways)
            self.post_message(self.DetailChanged())

    @work(exclusive=True, group="watch")
    async def _watch(self, entry: RosterEntry | None) -> None:
        await watch(self.desk, entry)
