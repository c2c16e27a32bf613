"""What every mode has: the rows around it, the way from a key to an action, the prompt line, pause, help.

When the terminal is too small, one sentence takes the place of all of it.  A mode fills in its body; it is handed each
new picture, one a second at least, and drawn again with it, because times age.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import ScreenResume, ScreenSuspend
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from xats_tui.screens.actions import ACTION, offered, possible, sharing
from xats_tui.screens.actions.agents import AgentActions
from xats_tui.screens.actions.general import GeneralActions
from xats_tui.screens.actions.launching import LaunchActions
from xats_tui.screens.actions.messages import MessageActions
from xats_tui.screens.actions.storing import StoringActions
from xats_tui.screens.actions.targets import identifier
from xats_tui.screens.actions.tasks import TaskActions
from xats_tui.screens.actions.wakes import WakeActions
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.refresh import staleness
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.dialogs.asking import Pick, PickOption
from xats_tui.screens.dialogs.overlays import Help
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.command_line import CommandCompletions, OpenMode, Perform, Unknown, read
from xats_tui.screens.widgets.format import Tone, age, one_line
from xats_tui.screens.widgets.frame import FooterRow, HeaderRow, ModeRow, Piece
from xats_tui.screens.widgets.panels import TablePanel
from xats_tui.screens.widgets.prompt import PromptLine

logger = logging.getLogger(__name__)

BODY_PARTS = frozenset(Slice) - {Slice.HEALTH}

LATE_AFTER_S = 1.25
"""Seconds after which it is drawn again without a picture: one that does not come has to be seen."""

MAX_FROZEN_S = 2.5
"""Seconds for which times do not age at the most while key after key is pressed."""


class ModeScreen(AgentActions, LaunchActions, WakeActions, MessageActions, TaskActions, StoringActions, GeneralActions):
    """The frame of a mode."""

    AUTO_FOCUS = ""
    mode: ClassVar[Mode]

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self.came_from: Mode | None = None
        """The mode that this one was opened from."""
        self._latest = Snapshot()
        self._paused_at: datetime | None = None
        self._typing_command = False
        self._outdated = True
        """It has not been drawn since another screen lay over it or took its place."""
        self._drawn_at: Size | None = None
        """The size of the terminal when it was."""
        self._aged_at = 0.0
        """When it was, by `time.monotonic`."""
        self._late: Timer | None = None

    def compose(self) -> ComposeResult:
        """Header, modes, body, prompt line, footer, and the sentence that takes their place."""
        yield HeaderRow(id="header")
        yield ModeRow(id="modes")
        yield from self.compose_body()
        yield PromptLine(id="prompt")
        yield FooterRow(id="footer")
        yield Static(id="too-small")

    def compose_body(self) -> Iterable[Widget]:
        """The mode's own part."""
        raise NotImplementedError

    def draw_body(self) -> None:
        """Show the picture as it is now."""
        raise NotImplementedError

    def arrive(self, words: str | None, row: str | None) -> None:
        """The mode was opened with a filter, or to show a row; None leaves things as they are."""
        raise NotImplementedError

    def listed(self) -> TablePanel | None:
        """The list that a filter is for now."""
        raise NotImplementedError

    def focus_list(self) -> None:
        """Give the focus back after typing."""
        raise NotImplementedError

    def go_back(self) -> bool:
        """Leave the innermost thing within this mode; False if there is nothing."""
        raise NotImplementedError

    def aside(self) -> Iterable[Piece]:
        """What stands at the right end of the mode row."""
        if self.under_way:
            yield (f" ⋯ {one_line(', '.join(self.under_way))} ", Tone.ACCENT)
        if self._paused_at:
            yield (f" ‖ paused {age(self.desk.clock.now() - self._paused_at)} ", Tone.WARN)

    @property
    def paused(self) -> bool:
        """Whether the list is held still."""
        return self._paused_at is not None

    def now(self) -> datetime:
        """The time that the body shows: that of the pause, if it is held still."""
        return self._paused_at or self.desk.clock.now()

    def on_mount(self) -> None:
        """Age what is shown."""
        self._late = self.set_interval(LATE_AFTER_S, self._age)

    def on_resize(self) -> None:
        """Lay the rows out anew once the new classes are there."""
        self.query_one("#too-small", Static).update(
            Content(f"This terminal is {self.size.width}×{self.size.height}; xats-tui needs at least 80×24.")
        )
        self.call_after_refresh(self.draw)

    @on(ScreenSuspend)
    def _covered(self) -> None:
        self._outdated = True

    @on(ScreenResume)
    def _resumed(self, event: ScreenResume) -> None:
        # Nothing changes the styles of a covered screen but another theme, upon which Textual restyles it by itself.
        event.refresh_styles = False
        if self._drawn_at == self.app.size:
            self._catch_up()  # in the first frame: it is laid out as it was
        else:
            self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        """Draw what nobody has drawn since: whoever opens a mode hands it a picture, which mostly is new."""
        if self._outdated:
            self.draw()

    def show(self, snapshot: Snapshot) -> None:
        """Take over a new picture; if only its age and health are new, a key comes first."""
        known, self._latest = self._latest, snapshot
        if self.paused or all(getattr(known, part.value) is getattr(snapshot, part.value) for part in BODY_PARTS):
            self._age()
        else:
            self.snapshot = snapshot
            self.draw()

    def _age(self) -> None:
        """Draw because time has passed: between two keys, not before the second."""
        rest = self.desk.keyboard.rest()
        if rest and time.monotonic() - self._aged_at < MAX_FROZEN_S:
            self.set_timer(rest, self._age)
        else:
            self.draw()

    def draw(self) -> None:
        """Draw everything as it is now, if it is on the screen."""
        if self.is_mounted and self.is_current:
            self._outdated, self._drawn_at, self._aged_at = False, self.size, time.monotonic()
            if self._late:
                self._late.reset()
            if not self.paused:
                self.snapshot = self._latest
            with _unless_taken_down():
                self.draw_header()
                self.draw_body()
                self.draw_keys()

    def draw_header(self) -> None:
        """Draw how things are on the whole, and how fresh that is."""
        if self.is_mounted:
            now = self.desk.clock.now()
            self.set_class(staleness(self._latest, now) is not None, "-stale")
            self.query_one(HeaderRow).show(self._latest, now, read_only=self.desk.verbs.read_only)

    def draw_keys(self) -> None:
        """Draw what depends on where the operator is, and what is under way."""
        if self.is_mounted:
            with _unless_taken_down():
                self.query_one(ModeRow).show(self.mode, tuple(self.aside()))
                self.query_one(FooterRow).show(tuple(possible(self.situation())))

    async def action_press(self, action_id: str) -> None:
        """Carry out what the key of an action means where the operator is."""
        situation, named = self.situation(), ACTION[action_id]
        here = (action for action in sharing(named, self.mode) if action.applies(situation))
        await self.action_perform(next(here, named).id)

    async def action_perform(self, action_id: str) -> None:
        """Carry out one action of the table, or say why it cannot be done now."""
        action = ACTION[action_id]
        reason = action.reason(self.situation())
        if reason is None:
            await self.run_action(f"screen.{action.call or action_id}")
        elif not action.quiet:
            self.tell(f"{action.title}: {reason}", "warning")

    def action_menu(self) -> None:
        """List what can be done here, and why the rest cannot."""
        choices = [
            PickOption(action.id, action.title, action.help, reason, action.shown_key)
            for action, reason in sorted(offered(self.situation()), key=lambda offer: offer[1] is not None)
            if action.id != "menu"
        ]
        self.app.push_screen(Pick("Actions", choices), self._perform_chosen)

    async def _perform_chosen(self, action_id: str | None) -> None:
        if action_id:
            await self.action_perform(action_id)

    def action_pause(self) -> None:
        """Hold the list still, or let it go on."""
        self._paused_at = None if self._paused_at else self.desk.clock.now()
        self.draw()

    def action_copy_id(self) -> None:
        """Copy the identifier of what is under the cursor."""
        if target := self.situation().target:
            self.app.copy_to_clipboard(identifier(target))
            self.tell(f"copied {one_line(identifier(target))}")

    def action_filter(self) -> None:
        """Type words for the list."""
        if panel := self.listed():
            self._typing_command = False
            self.add_class("-typing")
            words = "words, @agent, a state; enter keeps, esc leaves"
            self.query_one(PromptLine).ask(f" / {panel.title}: ", panel.words, words)

    def action_command(self) -> None:
        """Type a command."""
        self._typing_command = True
        self.add_class("-typing")
        names = CommandCompletions(lambda: [one_line(entry.agent.name) for entry in self._latest.roster])
        self.query_one(PromptLine).ask(" : ", "", "wakes failed, tasks @bob, help, q; tab completes, esc leaves", names)

    def action_back(self) -> None:
        """Leave the innermost thing, at last the mode."""
        if not self.go_back() and self.came_from:
            self.post_message(self.Left())
        self.draw_keys()

    def action_help(self) -> None:
        """List the keys that are bound here, by where they are bound."""
        groups: dict[str, list[tuple[str, str, str]]] = {f"In {self.mode.label}": [], "In a table": []}
        for active in self.active_bindings.values():
            action = ACTION.get(active.binding.id or "")
            if action and action.key.split(",")[0] == active.binding.key:
                same = sharing(action, self.mode) or (action,)
                groups[f"In {self.mode.label}"] += [(one.shown_key, one.title, one.help) for one in same]
            elif action is None and active.node is self.focused:
                groups["In a table"].append((active.binding.key, active.binding.description, ""))
        self.app.push_screen(Help({group: keys for group, keys in groups.items() if keys}))

    @on(PromptLine.Typed)
    def _typed(self, event: PromptLine.Typed) -> None:
        if not self._typing_command and (panel := self.listed()):
            panel.filter(event.text)

    @on(PromptLine.Left)
    def _prompt_left(self) -> None:
        if not self._typing_command and (panel := self.listed()):
            panel.filter("")
        self.stop_typing()

    @on(PromptLine.Kept)
    async def _kept(self, event: PromptLine.Kept) -> None:
        self.stop_typing()
        if self._typing_command:
            match read(event.text):
                case OpenMode(mode, words):
                    self.want(mode, words=words)
                case Perform(action_id):
                    await self.action_perform(action_id)
                case Unknown(sentence):
                    self.tell(sentence, "warning")

    def stop_typing(self) -> None:
        """Close the prompt line."""
        self.remove_class("-typing")
        self.focus_list()
        self.call_after_refresh(self.draw_keys)  # the footer has no width until it is back


@contextmanager
def _unless_taken_down() -> Iterator[None]:
    """A picture or a tick may come while the program is left and the widgets go one by one."""
    try:
        yield
    except NoMatches as missing:
        logger.debug("not drawn: %s", missing)
