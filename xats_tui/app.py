"""Application of the dashboard: modes, themes, and the way from stale scopes to a new snapshot.

Modes define what they show; `dashboard/run.py` decides what happens after the app has closed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import ClassVar

from textual import events, on, work
from textual.app import App
from textual.binding import BindingsMap
from textual.command import Provider
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.filter import ANSIToTruecolor, LineFilter
from textual.message import Message
from textual.theme import Theme
from textual.worker import WorkerFailed

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.errors import XatsError
from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Summary
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.health import Notice
from xats_tui.core.records import replace
from xats_tui.runtime.memory_tuning import TIDY_INTERVAL_S, tidy
from xats_tui.screens.actions import ACTION
from xats_tui.screens.actions.acting import ActionContext, Severity
from xats_tui.screens.actions.moments import summary_since
from xats_tui.screens.data.alerts import alert_text, begun_to_ask, fresh_notices
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.refresh import Refresh
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.details.summary import title_of
from xats_tui.screens.dialogs.leaving import LeaveQuestion, Next
from xats_tui.screens.dialogs.palette import ActionCommands
from xats_tui.screens.dialogs.summing_up import KEY_ONLY_OPENED
from xats_tui.screens.modes.activity import ActivityMode
from xats_tui.screens.modes.agents import AgentsMode
from xats_tui.screens.modes.contracts import ContractsMode
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.live import LiveMode
from xats_tui.screens.modes.messages import MessagesMode
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.modes.tasks import TasksMode
from xats_tui.screens.modes.wakes import WakesMode
from xats_tui.screens.query.absence import KEPT_EVERY, FirstKey
from xats_tui.screens.query.typeahead import Typeahead
from xats_tui.screens.terminal.driver import JobDriver
from xats_tui.screens.terminal.line_filters import STYLED
from xats_tui.screens.widgets.format import one_line
from xats_tui.screens.widgets.theme import DARK, LIGHT

logger = logging.getLogger(__name__)

WIDTHS = [(0, "-cramped"), (80, "-narrow"), (120, "-normal"), (160, "-wide")]
HEIGHTS = [(0, "-flat"), (24, "-short"), (32, "-tall"), (44, "-taller"), (56, "-tallest")]
"""Minimum sizes in cells and the classes that a screen gets from them; the stylesheets use the classes."""


FIRST_DATA_S = 0.4
"""Seconds that the data of the first mode may take without an empty frame, which would cost as much to paint."""

FIRST_LOOK, NEXT_LOOK = 0.05, 0.01
"""Seconds without painting while a mode is opened for the first time, and after a choice in the palette."""

PREPARING = "preparing"
"""Group of the worker that creates the screens of other modes."""

PREPARE_AFTER_S, PREPARE_INTERVAL_S = 3.0, 0.5
"""Seconds from the start until the screens of other modes are created, and between two of them."""

ROSTER_TIMEOUT_S = 2.0
"""Seconds to wait for the coordinator's list of connected agents on quitting."""

MOUSE_USE = (events.MouseDown, events.MouseScrollUp, events.MouseScrollDown)
"""Events that show that somebody uses the mouse."""

SAVE_INTERVAL_S = 2.0
"""Seconds between two looks whether the remembered state has to be written."""

SCREENS: tuple[type[ModeScreen], ...] = (
    LiveMode,
    AgentsMode,
    MessagesMode,
    WakesMode,
    TasksMode,
    ContractsMode,
    ActivityMode,
)
"""Screens of the modes."""

STYLES = ("frame", "panels", "dialogs", "live", "lists", "answering", "wakes", "contracts", "activity", "tasks")


class XatsApp(App[Next]):
    """Dashboard of a coordinator."""

    TITLE = "xats-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = [f"screens/styles/{name}.tcss" for name in STYLES]
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionCommands}
    ENABLE_COMMAND_PALETTE = True

    @dataclass
    class Pictured(Message):
        """Posted when there is a new snapshot."""

        snapshot: Snapshot

    def __init__(
        self,
        desk: ModeContext,
        *,
        note: str = "",
        when_seen: Callable[[], object] | None = None,
        when_prepared: Callable[[], object] | None = None,
    ) -> None:
        """Create the dashboard.

        Args:
            desk: context for all modes.
            note: first notification for the operator.
            when_seen: called once, as soon as something is visible.
            when_prepared: called once, when the screens of all modes have been created.
        """
        super().__init__(driver_class=JobDriver)
        # Textual's stand-in for stdout has no encoding; libtmux, imported when the work begins, reads it.
        self._capture_stdout.encoding = "utf-8"  # type: ignore[attr-defined]
        # In dialogs, too.
        quit_key = replace(ACTION["quit"].binding, action="quit", priority=True)
        palette_key = replace(ACTION["palette"].binding, action="command_palette", priority=True)
        ours = BindingsMap([quit_key, palette_key]).key_to_bindings
        self._bindings = BindingsMap.from_keys({"ctrl+c": self._bindings.get_bindings_for_key("ctrl+c"), **ours})
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        # Before the stylesheets are read: a change of theme reads all of them again.
        known = desk.memory.state.theme
        self.theme = known if known in self.available_themes else DARK.name
        desk.scope.team = desk.memory.state.team
        self.snapshot = Snapshot()
        self._present = Snapshot()
        """The last snapshot of the present."""
        self.failure: Exception | None = None
        """Exception that ended the app, if it was not closed by the operator."""
        self._desk = desk
        self._note = note
        self._when_seen = when_seen
        self._when_prepared = when_prepared
        self._is_held = True
        """True until something is painted: the first data, or a frame without it."""
        self._trail: list[Mode] = []
        """Modes through whose rows the operator came to the open mode."""
        self._opening: Mode | None = None
        self._reloads = Refresh(
            desk.source, desk.clock, lambda snapshot: self.post_message(self.Pictured(snapshot)), self._unseen
        )
        self._unlisten: Callable[[], None] | None = None
        self._typeahead = Typeahead(self, super().on_event)
        self._first_key = FirstKey(self, partial(summary_since, desk), self._welcome_back, self._typeahead.take)

    async def on_event(self, event: events.Event) -> None:
        """Record key presses, and hand each on when the dashboard has acted on those before it."""
        if isinstance(event, events.Key):
            self._desk.keyboard.press()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            if not self._holds_back(event):
                await self._typeahead.take(event)
            return
        if isinstance(event, events.MouseUp):
            self._typeahead.acts()
        if isinstance(event, MOUSE_USE):
            self._desk.absence.stir(self._desk.clock.now())
        await super().on_event(event)

    def _holds_back(self, event: events.Key | events.Paste) -> bool:
        """Record a key press; return whether the key waits for the summary of an absence."""
        absence, now = self._desk.absence, self._desk.clock.now()
        is_back = absence.press(now)
        self._desk.memory.note_key(now, every=KEPT_EVERY)
        if is_back or self._first_key.is_waiting:
            self._first_key.hold(event, absence.left_at)
        return is_back or self._first_key.is_waiting

    def _welcome_back(self, summary: Summary) -> bool:
        """Show what happened in an absence; return whether the key that ended it has done enough by that."""
        screen = self.screen
        if isinstance(screen, ModeScreen) and not screen.is_typing:
            screen.show_summary(summary, "While you were away", KEY_ONLY_OPENED)
            return True
        self.notify(f"While you were away: {', '.join(map(title_of, summary.lines))}", markup=False)
        return False

    async def on_mount(self) -> None:
        """Open the first mode and start loading."""
        self._begin_batch()  # ends with the first data
        for screen in SCREENS:
            self.add_mode(screen.mode, partial(self._made, screen))
        await self._switch_to(self._desk.memory.state.mode or Mode.LIVE)
        self.set_timer(FIRST_DATA_S, self._paint_from_now_on)  # not before: a slow machine takes longer for the mode
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self.set_interval(SAVE_INTERVAL_S, self._desk.memory.save)
        self.set_interval(TIDY_INTERVAL_S, self._tidy)
        self._unlisten = self._desk.source.listen(self._hear)
        self.reload()
        self._prepare_modes()
        if self._note:
            self.notify(self._note, markup=False)

    def _hear(self, scopes: frozenset[Scope]) -> None:
        if self._desk.travel.is_away:
            self._desk.travel.missed += 1
            return
        self._desk.windows.mark(scopes)
        self._reloads.mark(scopes)

    @on(ActionContext.Travelled)
    def _travel(self) -> None:
        """Show another moment in all modes."""
        self._desk.windows.close()
        self._reloads.begin_anew()
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, ModeScreen):
                    screen.take_moment()

    def _made(self, screen: type[ModeScreen]) -> ModeScreen:
        made = screen(self._desk)
        # It is styled when it is mounted.  Without this, Textual reads all stylesheets again, twice for each mode.
        made._css_update_count = self._css_update_count
        # Textual knows the size only after a first layout, and would style all widgets a second time.
        for cells, classes in ((self.size.width, WIDTHS), (self.size.height, HEIGHTS)):
            made.add_class(*made._get_breakpoint_classes(cells, classes))
        return made

    def _paint_from_now_on(self) -> None:
        """Paint what the first data has drawn, or the empty frame if it is late."""
        if self._is_held:
            self._is_held = False
            self._end_batch()
            self.screen.refresh()

    def on_unmount(self) -> None:
        """Stop listening to the coordinator, and keep what is to be remembered."""
        if self._unlisten:
            self._unlisten()
        if pressed_at := self._desk.absence.pressed_at:
            self._desk.memory.note_key(pressed_at)
        self._desk.memory.save()

    def _unseen(self) -> frozenset[Slice]:
        """Return the slices that the open mode does not show."""
        screens = self._screen_stacks.get(self.current_mode)  # there is none while the app opens or closes
        return screens[0].unseen if screens and isinstance(screens[0], ModeScreen) else frozenset()

    def _remember_theme(self, theme: Theme) -> None:
        self._desk.memory.change(theme=theme.name)

    @work(exclusive=True, group="reloads")
    async def reload(self) -> None:
        """Keep the snapshot up to date as long as the app runs."""
        await self._reloads.run()

    @on(Pictured)
    def _show(self, event: Pictured) -> None:
        asking: Sequence[RosterEntry] = ()
        notices: Sequence[Notice] = ()
        if event.snapshot.moment is None:  # the past asks nobody
            asking = begun_to_ask(self._present, event.snapshot)
            notices = fresh_notices(self._present, event.snapshot)
            self._present = event.snapshot
        self.snapshot = event.snapshot
        if asking:
            self._alert(alert_text(asking, event.snapshot))
        for notice in notices:
            severity: Severity = "warning" if notice.is_trouble else "information"
            self.notify(one_line(f"{notice.subject}: {notice.text}"), severity=severity, markup=False)
        for screen in self.screen_stack:
            if isinstance(screen, ModeScreen):
                screen.show(event.snapshot)
        self._paint_from_now_on()
        if self._when_seen:
            self.call_after_refresh(self._when_seen)
            self._when_seen = None

    @property
    def is_prepared(self) -> bool:
        """True if the screens of all modes have been created."""
        return set(Mode) <= self._screen_stacks.keys()

    @work(group=PREPARING)
    async def _prepare_modes(self) -> None:
        """Create the screens of the other modes while nobody types, so that opening one takes no longer than later."""
        await asyncio.sleep(PREPARE_AFTER_S)
        for mode in Mode:
            await self._desk.keyboard.rested()
            if mode not in self._screen_stacks:
                await self._init_mode(mode)  # what switch_mode does before it shows the screen; tests pin it
                self._screen_stacks[mode][0].post_message(events.ScreenSuspend())
            await asyncio.sleep(PREPARE_INTERVAL_S)
        if self._when_prepared:
            self._when_prepared()

    async def _tidy(self) -> None:
        """Search for garbage while nobody types; the coordinator returns the memory to the system."""
        await self._desk.keyboard.rested()
        tidy()

    async def _close_all(self) -> None:
        """Create no more screens, and close those that there are."""
        self.workers.cancel_group(self, PREPARING)
        await super()._close_all()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, after a filter that prepares every line for those that need it."""
        filters = super().get_line_filters()
        return filters if all(isinstance(one, ANSIToTruecolor) for one in filters) else [STYLED, *filters]

    @on(Driver.SignalResume)
    def _draw_all(self) -> None:
        """Redraw the whole screen."""
        # The shell has used the terminal while the process was stopped.
        self.refresh(layout=True)

    def _alert(self, text: str) -> None:
        health = self.snapshot.health
        way = health.alert if health and health.alert else self._desk.alert
        if way == "bell":
            self.bell()
        elif way == "tmux":
            self._tell_in_tmux(text)

    @work(group="alerts")
    async def _tell_in_tmux(self, text: str) -> None:
        try:
            await self._desk.verbs.ask(OperatorApi.alert, text)
        except VerbRefused as refused:
            logger.warning("the alert about a dialog could not be shown: %s", refused.sentence)

    @on(ActionContext.Wanted)
    async def _open(self, event: ActionContext.Wanted) -> None:
        here = Mode(self.current_mode)
        if event.row is None:
            # Opened by its name: an esc too many must not lead to a mode where the next key means something else.
            self._trail = []
        elif event.mode is not here:
            self._trail = [mode for mode in (*self._trail, here) if mode is not event.mode]
        await self._go_to(event.mode, event.words, event.row)
        if event.row is None and isinstance(self.screen, ModeScreen):
            self.screen.stand_at_newest()
        if event.inside and isinstance(self.screen, ListMode):
            self.screen.focus_detail()

    @on(ActionContext.Refused)
    def _drop_typeahead(self) -> None:
        self._typeahead.drop()

    @on(ActionContext.Returned)
    async def _go_back(self) -> None:
        if self._trail:
            await self._go_to(self._trail.pop())

    async def _go_to(self, mode: Mode, words: str | None = None, row: str | None = None) -> None:
        """Open a mode as it was left, with an optional filter or row."""
        if isinstance(here := self.screen_stack[0], ModeScreen) and here.mode is not mode:
            here.leave()
        await self._switch_to(mode)
        self._desk.memory.change(mode=mode)
        screen = self.screen_stack[0]
        if isinstance(screen, ModeScreen):
            screen.came_from = self._trail[-1] if self._trail else None
            screen.show(self.snapshot)
            screen.arrive(words, row)
        self._reloads.hurry()

    async def _switch_to(self, mode: Mode) -> None:
        self._opening = mode
        await self.switch_mode(mode)
        self._opening = None

    def delay_update(self, delay: float = NEXT_LOOK) -> None:
        """Delay painting while something is opened; a mode that was open before is laid out, and waits for nothing."""
        if self._opening not in self._screen_stacks:
            super().delay_update(FIRST_LOOK if self._opening else delay)

    async def action_quit(self) -> None:
        """Quit; if agents are connected, ask first."""
        if isinstance(self.screen, LeaveQuestion):
            return
        if self._desk.travel.leave():  # who is connected is known of the present only
            self._travel()
        connected = [one_line(entry.agent.address) for entry in await self._roster() if entry.connected]
        if connected:
            self.push_screen(LeaveQuestion(connected), self._answered)
        else:
            self.exit(Next.NOTHING)

    async def _roster(self) -> Sequence[RosterEntry]:
        """Return the current roster; if the coordinator does not answer in time, the last one known."""
        # The snapshot may be seconds old, and a newly connected agent must not be cut off without a question.
        try:
            async with asyncio.timeout(ROSTER_TIMEOUT_S):
                loaded = await self._desk.source.load([Slice.ROSTER], ())
        except (TimeoutError, XatsError) as error:
            logger.warning("quitting on the basis of an older snapshot: %s", error or "no answer from the coordinator")
            return self.snapshot.roster
        roster: Sequence[RosterEntry] = loaded[Slice.ROSTER.value]
        return roster

    def _answered(self, choice: Next | None) -> None:
        if choice:
            self.exit(choice)

    def _handle_exception(self, error: Exception) -> None:
        """Log the exception."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not self.is_running and isinstance(cause, NoMatches):
            # Textual gives no widgets to a mode that it mounts while the app ends.
            logger.warning("a mode was closed before it was mounted: %s", error)
            return
        # Textual would print the traceback, with local variables, over the shell.
        if self.failure is None:
            self.failure = error
            logger.error("the dashboard failed", exc_info=error)
        super()._handle_exception(error)
        self._exit_renderables.clear()
