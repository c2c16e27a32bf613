"""Wall of the Agents mode: the screens of several agents side by side, to look at only.

It knows how tiles share the screen, and which one has the focus; what the keys do stands in the Agents mode.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import Struct
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Click, DescendantFocus
from textual.message import Message
from textual.widgets import Static

from xats_tui.core.model.agents import RosterEntry
from xats_tui.screens.actions import with_shown_keys
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import Tone, age, count
from xats_tui.screens.widgets.panels import PanePanel
from xats_tui.screens.widgets.preview import NOT_KEPT, NOT_LOOKED_AT
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MAX_TILES = 12
"""Maximum panes side by side: each is looked at once a second."""

LEAST_CELLS, LEAST_ROWS = 38, 7
"""Least width and height of a tile, with its border."""

USUAL_CELLS, USUAL_ROWS = 80, 24
"""Size of a pane that nothing is cut from."""

FRESH = timedelta(seconds=4)
"""Age up to which a look is not told: every pane is looked at within it."""


class Arrangement(Struct, frozen=True):
    """Number of columns and rows of tiles, and of tiles that are shown."""

    columns: int
    rows: int
    shown: int


def arrange(number: int, width: int, height: int) -> Arrangement:
    """Return how so many tiles share a screen of `width` × `height` cells, so that as much as possible of each is seen.

    Tiles that would become too small are left out; at least one is shown.
    """
    most_columns, most_rows = max(1, width // LEAST_CELLS), max(1, height // LEAST_ROWS)
    shown = max(1, min(number, MAX_TILES, most_columns * most_rows))
    fitting = [columns for columns in range(1, most_columns + 1) if -(-shown // columns) <= most_rows]
    columns = max(fitting, key=lambda columns: (_seen(columns, shown, width, height), -(-shown % columns), columns))
    return Arrangement(columns, -(-shown // columns), shown)


def _seen(columns: int, shown: int, width: int, height: int) -> float:
    """Return the share of a usual pane that a tile shows in so many columns."""
    rows = -(-shown // columns)
    return min(1.0, width // columns / USUAL_CELLS) * min(1.0, height // rows / USUAL_ROWS)


def _note(number: int, shown: int) -> str:
    """Return what to say below the tiles of so many agents."""
    if not number:
        return with_shown_keys("No agent with a known pane is here any more; {back} returns to the list.")
    keys = with_shown_keys("{mark} in the list marks those to show, {team} limits to a team")
    return f"{count(number - shown, 'more pane')} not shown: {keys}" if number > shown else ""


class Tile(PanePanel):
    """The end of one agent's screen."""

    @dataclass
    class Opened(Message):
        """Posted when a tile was clicked twice."""

    def __init__(self) -> None:
        super().__init__(None, "panel tile")
        self.agent_id = ""

    def draw(self, snapshot: Snapshot, entry: RosterEntry, now: datetime) -> None:
        """Show an agent's pane, with name and state; and its age, if it was not looked at lately."""
        self.agent_id = entry.agent.agent_id
        view = snapshot.view(entry)
        looked = now - view.look.at if view else timedelta()
        old = f" · looked at {age(looked)} ago" if looked > FRESH else ""
        self.label = name_of(snapshot, self.agent_id)
        instead = NOT_KEPT if snapshot.moment else NOT_LOOKED_AT
        self.show(f"{agent_state(snapshot, entry, now).text}{old}", view, instead)

    @on(Click)
    def _clicked(self, event: Click) -> None:
        if event.chain == 2:
            self.post_message(self.Opened())


class Wall(Vertical):
    """Tiles of several agents, and a line about those that have no room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "tile left", show=False),
        Binding("right", "move(1, 0)", "tile right", show=False),
        Binding("up", "move(0, -1)", "tile up", show=False),
        Binding("down", "move(0, 1)", "tile down", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Posted when another tile has the focus."""

    grid = getters.query_one("#tiles", Container)
    note = getters.query_one("#wall-note", Static)

    def __init__(self) -> None:
        super().__init__(id="wall")
        self._arrangement = Arrangement(1, 1, 1)
        self._chosen = ""

    def compose(self) -> ComposeResult:
        """Yield the grid, without tiles until they are needed, and the note below it."""
        yield Container(id="tiles")
        yield Static(id="wall-note")

    @property
    def chosen(self) -> str:
        """Id of the agent whose tile has or had the focus; empty without tiles."""
        return self._chosen

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The tiles that are shown, in their order."""
        return tuple(tile for tile in self.grid.query(Tile) if tile.display)

    def show(self, snapshot: Snapshot, entries: Sequence[RosterEntry], now: datetime) -> None:
        """Show as many of these agents as fit, and how to choose others."""
        height = self.size.height - 1  # of the note
        self._arrangement = made = arrange(len(entries), self.size.width, height)
        shown = entries[: made.shown]
        self._have_tiles(len(shown))
        styles = self.grid.styles
        styles.grid_size_columns, styles.grid_size_rows = made.columns, made.rows
        tiles = self.tiles  # a wall that is being removed gets no further ones
        for tile, entry in zip(tiles, shown, strict=False):
            tile.draw(snapshot, entry, now)
        self.note.update(Content.styled(_note(len(entries), len(shown)), CONTENT_STYLES[Tone.WARN]))
        if self._chosen not in {tile.agent_id for tile in tiles}:
            self._chosen = tiles[0].agent_id if tiles else ""
            if isinstance(self.screen.focused, Tile):  # its agent has left, or another one took its place
                self.focus_chosen()

    def focus_chosen(self) -> None:
        """Focus the tile that had the focus."""
        tile = next((tile for tile in self.tiles if tile.agent_id == self._chosen), None)
        self.screen.set_focus(tile)

    def step(self, by: int) -> None:
        """Focus another tile, in their order."""
        tiles = self.tiles
        if tiles:
            place = next((place for place, tile in enumerate(tiles) if tile.agent_id == self._chosen), 0)
            self.screen.set_focus(tiles[(place + by) % len(tiles)])

    def action_move(self, right: int, down: int) -> None:
        """Focus the tile beside, above or below; at the edge, stay."""
        tiles, columns = self.tiles, self._arrangement.columns
        place = next((place for place, tile in enumerate(tiles) if tile.agent_id == self._chosen), 0)
        column, row = place % columns + right, place // columns + down
        if 0 <= column < columns and 0 <= row * columns + column < len(tiles):
            self.screen.set_focus(tiles[row * columns + column])

    def _have_tiles(self, number: int) -> None:
        """Show so many tiles; those that are not needed any more are only hidden."""
        tiles = tuple(self.grid.query(Tile))
        for place, tile in enumerate(tiles):
            tile.display = place < number
        if number > len(tiles):
            self.grid.mount_all(Tile() for _ in range(number - len(tiles)))

    @on(DescendantFocus)
    def _focused(self) -> None:
        focused = self.screen.focused
        if isinstance(focused, Tile) and focused.agent_id != self._chosen:
            self._chosen = focused.agent_id
            self.post_message(self.Chosen())
