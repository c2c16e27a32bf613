"""What every mode has: the rows around it, the way from a key to an action, help.

When the terminal is too small, one sentence takes the place of all of it.  A mode fills in its body; it is handed each
new picture and drawn again each second, because times age.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from xats_tui.backend.clock import Clock
from xats_tui.screens.actions import ACTION, Mode, Situation, possible
from xats_tui.screens.dialogs import Help
from xats_tui.screens.frame import FooterRow, HeaderRow, ModeRow, Piece
from xats_tui.screens.reloads import staleness
from xats_tui.screens.source import Part, Picture
from xats_tui.screens.theme import DARK, LIGHT

logger = logging.getLogger(__name__)

BODY_PARTS = frozenset(Part) - {Part.HEALTH}

TICK = 1.0
"""Seconds between two drawings when nothing happens."""


class ModeScreen(Screen[None]):
    """The frame of a mode."""

    mode: ClassVar[Mode]

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.picture = Picture()

    def compose(self) -> ComposeResult:
        """Header, modes, body, footer, and the sentence that takes their place."""
        yield HeaderRow(id="header")
        yield ModeRow(id="modes")
        yield from self.compose_body()
        yield FooterRow(id="footer")
        yield Static(id="too-small")

    def compose_body(self) -> Iterable[Widget]:
        """The mode's own part."""
        raise NotImplementedError

    def draw_body(self) -> None:
        """Show the picture as it is now."""
        raise NotImplementedError

    def situation(self) -> Situation:
        """Where the operator is."""
        raise NotImplementedError

    def aside(self) -> Iterable[Piece]:
        """What stands at the right end of the mode row."""
        return ()

    def on_mount(self) -> None:
        """Age what is shown."""
        self.set_interval(TICK, self.draw)

    def on_resize(self) -> None:
        """Lay the rows out anew once the new classes are there."""
        self.query_one("#too-small", Static).update(
            Content(f"This terminal is {self.size.width}×{self.size.height}; xats-tui needs at least 80×24.")
        )
        self.call_after_refresh(self.draw)

    def show(self, picture: Picture) -> None:
        """Take over a new picture; if only its age and health are new, the body can wait for its tick."""
        known, self.picture = self.picture, picture
        if all(getattr(known, part.value) is getattr(picture, part.value) for part in BODY_PARTS):
            with _unless_taken_down():
                self.draw_header()
        else:
            self.draw()

    def draw(self) -> None:
        """Draw everything as it is now."""
        if self.is_mounted:
            with _unless_taken_down():
                self.draw_header()
                self.draw_body()
                self.draw_keys()

    def draw_header(self) -> None:
        """Draw how things are on the whole, and how fresh that is."""
        if self.is_mounted:
            now = self.clock.now()
            self.set_class(staleness(self.picture, now) is not None, "-stale")
            self.query_one(HeaderRow).show(self.picture, now)

    def draw_keys(self) -> None:
        """Draw what depends on where the operator is."""
        self.query_one(ModeRow).show(self.mode, self.aside())
        self.query_one(FooterRow).show(tuple(possible(self.situation())))

    async def action_perform(self, action_id: str) -> None:
        """Carry out one action of the table, or say why it cannot be done now."""
        action, situation = ACTION[action_id], self.situation()
        reason = action.why_not(situation) if action.applies(situation) else f"not in {situation.panel}"
        if reason is None:
            await self.run_action(f"screen.{action_id}")
        elif not action.quiet:
            self.notify(f"{action.title}: {reason}", severity="warning", markup=False)

    def action_toggle_theme(self) -> None:
        """Change between our own dark and light theme."""
        self.app.theme = LIGHT.name if self.app.current_theme.dark else DARK.name

    def action_themes(self) -> None:
        """Choose any theme."""
        self.app.search_themes()

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    async def action_quit(self) -> None:
        """Leave; the program asks if that has consequences."""
        await self.app.action_quit()

    def action_help(self) -> None:
        """List the keys that are bound here, by where they are bound."""
        groups: dict[str, list[tuple[str, str, str]]] = {f"In {self.mode.label}": [], "In a table": []}
        for active in self.active_bindings.values():
            action = ACTION.get(active.binding.id or "")
            if action and action.key.split(",")[0] == active.binding.key:
                groups[f"In {self.mode.label}"].append((action.shown_key, action.title, action.help))
            elif action is None and active.node is self.focused:
                groups["In a table"].append((active.binding.key, active.binding.description, ""))
        self.app.push_screen(Help({group: keys for group, keys in groups.items() if keys}))


@contextmanager
def _unless_taken_down() -> Iterator[None]:
    """A picture or a tick may come while the program is left and the widgets go one by one."""
    try:
        yield
    except NoMatches as missing:
        logger.debug("not drawn: %s", missing)
