"""Agents mode: every agent with its state, and the live screen of the selected agent."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from textual import getters, on, work
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.records import replace
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import open_wake_of, view_of, wakes_of
from xats_tui.screens.details.agents import AgentFacts, agent_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.modes.wall import Tile, Wall
from xats_tui.screens.past.looks import KeptLooks
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.teams import TEAMS
from xats_tui.screens.widgets.format import TableRow
from xats_tui.screens.widgets.panels import PanePanel, TablePanel
from xats_tui.screens.widgets.preview import draw_preview, is_watched_otherwise, watch
from xats_tui.screens.widgets.tables import KeyedTable

logger = logging.getLogger(__name__)

# Each transport is asked, and the pane is looked at.
WAYS_LAST = timedelta(seconds=5)
"""Time after which the ways to the selected agent are asked for again."""

RESTS_S = 0.1
"""Seconds for which the cursor stays on an agent before its ways are asked for: who moves on would ask in vain."""

FRAME_ROWS = 3
"""Rows of a table's borders and header."""


class TeamsPanel(TablePanel, can_focus=False):
    """Summary of each team, below a list that leaves room for it."""

    takes_keys = False

    def __init__(self) -> None:
        super().__init__(TEAMS, "teams")
        self.display = False

    def on_mount(self) -> None:
        """Leave the focus to the list."""
        self.table.can_focus = False

    @dataclass
    class Opened(Message):
        """Posted when a team was clicked twice."""

        team: str

    @on(KeyedTable.Opened)
    def _team_opened(self, event: KeyedTable.Opened) -> None:
        event.stop()
        if event.table.chosen:
            self.post_message(self.Opened(event.table.chosen))

    def show_below(self, teams: Sequence[TableRow], rows_above: int, height: int) -> None:
        """Show the teams if they fit below a list of so many rows, in a column of this height."""
        needed = len(teams) + FRAME_ROWS
        self.display = bool(teams) and rows_above + FRAME_ROWS + needed <= height
        if self.display:
            self.styles.height = needed
            self.show(teams, "", "")


class AgentsMode(ListMode):
    """List of agents."""

    mode = Mode.AGENTS
    listing = AGENTS

    wall = getters.query_one(Wall)

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._facts: tuple[str, AgentFacts] | None = None
        """Id of an agent, with what was loaded for it."""
        self._asked: tuple[str, datetime] | None = None
        """The agent whose facts were asked for last, and when."""
        self._on_wall = False
        self._screens: KeptLooks | None = None
        """Kept screens, if one is shown in the place of the pane."""

    def compose_body(self) -> Iterable[Widget]:
        """Yield the list and the teams, and beside them or in their place the detail."""
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield TablePanel(self.listing, "list", marks=True)
                yield TeamsPanel()
            with Vertical(id="side"):
                yield from self.compose_detail()
        yield Wall()

    def draw_body(self) -> None:
        """Draw the list and the detail, and the teams if there is room below the list; or the wall."""
        super().draw_body()
        if self._on_wall:
            self._draw_wall()
        below = self.query_one(TeamsPanel)
        teams, agents = self.rows_of(TEAMS, below), self.rows()
        below.show_below(teams, len(agents), self.query_one("#left").size.height)

    def situation(self) -> Situation:
        """Return the situation; from inside the detail, enter leads to the agent's open wake."""
        here = replace(super().situation(), on_wall=self._on_wall, with_panes=len(self._with_panes()))
        here = replace(here, apart=here.apart or self._screens is not None)
        if not self._on_wall:
            return replace(here, leads_on=here.row is not None and open_wake_of(self.snapshot, here.row) is not None)
        entry = self.snapshot.entry(self.wall.chosen)
        found = (entry,) if entry else ()
        return replace(
            here,
            row=self.wall.chosen or None,
            target=entry,
            marked=(),
            targets=found,
            agents=found,
            view=view_of(self.snapshot, found),
            wakes=wakes_of(self.snapshot, entry) if entry else (),
            apart=True,
        )

    def take_moment(self) -> None:
        """Forget what was loaded for the moment before."""
        self._screens = self._facts = self._asked = None
        super().take_moment()

    def action_wall(self) -> None:
        """Open the wall, or return from it to the list."""
        self._show_wall(not self._on_wall)

    def _show_wall(self, on_wall: bool) -> None:
        self._on_wall = on_wall
        self.set_class(on_wall, "-wall")
        if on_wall:
            self.remove_class("-inside")
            self.call_after_refresh(self._enter_wall)  # only then has it a size
        else:
            self.focus_list()
            self.draw()

    def _enter_wall(self) -> None:
        self.draw()
        self.wall.focus_chosen()

    def _draw_wall(self) -> None:
        entries = self._with_panes()
        self.wall.show(self.snapshot, entries, self.now())
        shown = {tile.agent_id for tile in self.wall.tiles}
        self._watch_only(*(entry for entry in entries if entry.agent.agent_id in shown))

    def _with_panes(self) -> list[RosterEntry]:
        """Return the marked agents, or all that are listed, in the order of the list; only those with a pane."""
        panel = self.list_panel
        keys = [key for key in panel.table.keys if key in panel.marked] if panel.marked else panel.table.keys
        entries = (self.snapshot.entry(key) for key in keys)
        return [entry for entry in entries if entry and entry.agent.binding]

    def go_back(self) -> bool:
        """Show the pane as it is again, or leave the wall; otherwise what every list has."""
        if self._screens and not self._on_wall:
            self._screens = None
            self.draw()
            return True
        if not self._on_wall:
            return super().go_back()
        self._show_wall(False)
        return True

    async def action_earlier_look(self) -> None:
        """Show the screen that was kept before the shown one."""
        agent = self.situation().agent
        if agent is None:
            return
        if self._screens is None:
            view = self.snapshot.view(agent)
            kept = await self.desk.source.looks(agent.agent.agent_id)
            looks = tuple(look for look in kept if view is None or look.look.screen != view.look.screen)
            if looks:
                self._screens = KeptLooks(agent_id=agent.agent.agent_id, looks=looks)
            else:
                self.tell("no screen of this pane is kept yet")
        elif not self._screens.turn(1):
            self.tell("no earlier screen of this pane is kept")
        self.draw()

    def action_later_look(self) -> None:
        """Show the screen that was kept after the shown one; after the last, the pane as it is."""
        if self._screens and not self._screens.turn(-1):
            self._screens = None
        self.draw()

    def action_next_panel(self) -> None:
        """Move between the list and the detail, or to the next tile of the wall."""
        if self._on_wall:
            self.wall.step(1)
        else:
            super().action_next_panel()

    def action_previous_panel(self) -> None:
        """Move between the list and the detail, or to the tile before."""
        if self._on_wall:
            self.wall.step(-1)
        else:
            super().action_previous_panel()

    def focus_list(self) -> None:
        """Focus the list, or the wall that takes its place."""
        if self._on_wall:
            self.wall.focus_chosen()
        else:
            super().focus_list()

    @on(TeamsPanel.Opened)
    def _team_opened(self, event: TeamsPanel.Opened) -> None:
        self.limit_to(None if self.snapshot.team == event.team else event.team)

    @on(Wall.Chosen)
    def _tile_chosen(self) -> None:
        self.draw_keys()

    @on(Tile.Opened)
    async def _tile_opened(self) -> None:
        await self.action_perform("open")

    def action_open(self) -> None:
        """Open the detail, also of a tile; from inside it, go to the agent's open wake."""
        if self._on_wall:
            agent_id = self.wall.chosen
            self._show_wall(False)
            self.list_panel.table.choose(agent_id)
            super().action_open()
            return
        row = self.list_panel.table.chosen
        wake = open_wake_of(self.snapshot, row) if row and self.inside else None
        if wake:
            self.want(Mode.WAKES, row=wake.key, inside=True)
        else:
            super().action_open()

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the pane and the agent's detail."""
        yield PanePanel()
        yield from super().compose_detail()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of an agent."""
        facts = self._facts[1] if self._facts and self._facts[0] == key else AgentFacts()
        return agent_detail(snapshot, key, now, facts)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail and the pane."""
        if self._on_wall:
            return
        super().draw_detail(key)
        entry = self.snapshot.entry(key) if key else None
        self._draw_pane(entry)
        self._watch_only(entry)
        if entry and not self.paused and self._asks_anew(entry.agent.agent_id, self.now()):
            self._asked = (entry.agent.agent_id, self.now())
            self._look(entry.agent.agent_id)

    def _draw_pane(self, entry: RosterEntry | None) -> None:
        """Draw the pane as it is, or the kept screen that is shown in its place."""
        panel = self.query_one("#pane", PanePanel)
        if self._screens and (entry is None or entry.agent.agent_id != self._screens.agent_id):
            self._screens = None
        if self._screens:
            panel.show(self._screens.title(self.now()), self._screens.shown, "")
        else:
            draw_preview(panel, self.snapshot, entry, self.now())

    def _asks_anew(self, agent_id: str, now: datetime) -> bool:
        return self._asked is None or self._asked[0] != agent_id or now - self._asked[1] >= WAYS_LAST

    @work(exclusive=True, group="facts")
    async def _look(self, agent_id: str) -> None:
        await asyncio.sleep(RESTS_S)
        source, wake = self.desk.source, open_wake_of(self.snapshot, agent_id)
        try:
            ways = await source.ways(agent_id)
            gates = await source.why_not(wake.message_id, agent_id) if wake else None
        except Exception as error:  # the detail is shown without the facts; the header shows that it is stale
            logger.warning("the ways to agent %s could not be loaded: %s", agent_id, error)
            return
        if self._facts != (agent_id, facts := AgentFacts(ways=ways, gates=gates)):
            self._facts = (agent_id, facts)
            self.post_message(self.DetailChanged())

    def _watch_only(self, *entries: RosterEntry | None) -> None:
        if is_watched_otherwise(self.desk, *entries):
            self._watch(*entries)

    @work(exclusive=True, group="watch")
    async def _watch(self, *entries: RosterEntry | None) -> None:
        await watch(self.desk, *entries)
