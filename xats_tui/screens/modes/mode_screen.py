"""Base class of all modes: header, mode row, prompt line, footer, keys, pause and help.

A mode provides the body.  It receives each new snapshot, at least one a second, and redraws with it because ages grow.
If the terminal is too small, a single sentence replaces everything.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import ScreenResume, ScreenSuspend
from textual.geometry import Size
from textual.screen import UPDATE_PERIOD
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from xats_tui.core.records import replace
from xats_tui.screens.actions import ACTION, AIMS, ON_THE_DASHBOARD, aim_of, bindings, offered, possible, sharing
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.agents import AgentActions
from xats_tui.screens.actions.finding import FindActions
from xats_tui.screens.actions.general import GeneralActions
from xats_tui.screens.actions.launching import LaunchActions
from xats_tui.screens.actions.messages import MessageActions
from xats_tui.screens.actions.moments import SummingActions, TravelActions
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.actions.storing import StoringActions
from xats_tui.screens.actions.tasks import TaskActions
from xats_tui.screens.actions.wakes import WakeActions
from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.refresh import staleness
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.targets import agent_of, find, identifier, view_of, wakes_of
from xats_tui.screens.dialogs.asking import Pick, PickOption
from xats_tui.screens.dialogs.overlays import Help
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.modes.saved_filters import SavedFilters
from xats_tui.screens.modes.tickets import TicketWriter
from xats_tui.screens.past.bar import PastBar
from xats_tui.screens.query.command_line import (
    Call,
    CommandCompletions,
    LimitTo,
    OpenMode,
    Perform,
    Unknown,
    read,
    read_team,
)
from xats_tui.screens.query.typeahead import is_still
from xats_tui.screens.terminal.compositor import LineCompositor
from xats_tui.screens.widgets.format import Tone, age, one_line
from xats_tui.screens.widgets.frame import FooterRow, HeaderRow, ModeRow, Piece
from xats_tui.screens.widgets.panels import TablePanel
from xats_tui.screens.widgets.prompt import PromptLine

logger = logging.getLogger(__name__)

BODY_PARTS = frozenset(Slice) - {Slice.HEALTH, Slice.RATES}
"""Slices whose change is drawn at once; the others can wait until nobody types."""

STALE, FRAMES = "-stale", ".panel, .tile"
"""Class of a mode whose data is old, and the widgets whose style follows it in the stylesheets."""

# The stale mark and the ages must keep moving even if no snapshot arrives.
LATE_AFTER_S = 1.25
"""Seconds after which the screen is redrawn without a new snapshot."""

STILL_INTERVAL_S = 0.001
"""Seconds between two looks whether every widget is done."""

# Textual's own 1/60 s would be added to every key that follows a frame closely, or that takes two.
FRAME_INTERVAL_S = 0.004
"""Minimum seconds between two frames."""

MAX_UNPAINTED_S = UPDATE_PERIOD
"""Maximum seconds for which painting waits for widgets that are not done."""

MAX_FROZEN_S = 2.5
"""Maximum seconds for which ages may stand still while keys are being pressed."""


class ModeScreen(
    SavedFilters,
    AgentActions,
    LaunchActions,
    WakeActions,
    MessageActions,
    TaskActions,
    StoringActions,
    FindActions,
    SummingActions,
    TravelActions,
    GeneralActions,
):
    """Frame of a mode."""

    AUTO_FOCUS = ""
    mode: ClassVar[Mode]

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._compositor = LineCompositor()
        ours = BindingsMap(bindings(self.mode))
        self._bindings = BindingsMap.from_keys({**self._bindings.key_to_bindings, **ours.key_to_bindings})
        self.came_from: Mode | None = None
        """Mode from which this one was opened."""
        self._latest = Snapshot()
        """The latest snapshot, of all teams."""
        self._held = Snapshot()
        """The snapshot of all teams that the body shows: the latest, or the one at the time of the pause."""
        self._paused_at: datetime | None = None
        self._typing_command = False
        self._needing = 0
        """Number of concerns at the last drawing; 0 in the Live mode, which lists them."""
        self._outdated = True
        """True if the screen was covered since it was last drawn."""
        self._drawn_at: Size | None = None
        """Size of the terminal at the last drawing."""
        self._aged_at = 0.0
        """Time of the last drawing, by `time.monotonic`."""
        self._is_ageing = False
        """True while the screen is drawn because time has passed, which leaves mode row and footer as they are."""
        self._late: Timer | None = None
        self._frames: Timer | None = None

    @property
    def _update_timer(self) -> Timer:
        """The timer that paints; Textual's own would paint the beginning of a change, and the rest a frame later."""
        if self._frames is None:
            self._frames = self.set_interval(FRAME_INTERVAL_S, self._paint_when_still, pause=True)
        return self._frames

    async def _paint_when_still(self) -> None:
        """Paint as soon as every widget is done with what was set off, but do not wait longer than a frame."""
        until = time.monotonic() + MAX_UNPAINTED_S
        while not is_still(self.app, self) and time.monotonic() < until:  # noqa: ASYNC110 - nothing tells when it is
            await asyncio.sleep(STILL_INTERVAL_S)
        self._on_timer_update()

    def compose(self) -> ComposeResult:
        """Yield header, mode row, body, prompt line, footer, and the sentence for a small terminal."""
        yield HeaderRow(id="header")
        yield ModeRow(id="modes")
        yield from self.compose_body()
        yield PastBar(id="past")
        yield PromptLine(id="prompt")
        yield FooterRow(id="footer")
        yield Static(id="too-small")

    def compose_body(self) -> Iterable[Widget]:
        """Yield the mode's own widgets."""
        raise NotImplementedError

    def draw_body(self) -> None:
        """Draw the snapshot."""
        raise NotImplementedError

    def arrive(self, words: str | None, row: str | None) -> None:
        """Take a filter to set or a row to select as the mode is opened; None changes nothing."""
        raise NotImplementedError

    def stand_at_newest(self) -> None:
        """Move lists that are newest first to their first row, unless a person has moved away from it."""
        raise NotImplementedError

    def focus_list(self) -> None:
        """Return the focus to the list after typing."""
        raise NotImplementedError

    def go_back(self) -> bool:
        """Leave the innermost level within this mode; return False if there is none."""
        raise NotImplementedError

    def aside(self) -> Iterable[Piece]:
        """Yield the notes at the right end of the mode row."""
        if self.under_way:
            yield (f" ⋯ {one_line(', '.join(self.under_way))} ", Tone.ACCENT)
        if self._paused_at:
            yield (f" ‖ paused {age(self.desk.clock.now() - self._paused_at)} ", Tone.WARN)
        if note := self.hit_note:
            yield (f" {note} ", Tone.ACCENT)
        if self._needing:
            needs = "needs" if self._needing == 1 else "need"
            yield (f" {self.key_of('next_concern')} {self._needing} {needs} you ", Tone.WARN)

    @property
    def is_typing(self) -> bool:
        """True while the prompt line is open."""
        return self.query_one(PromptLine).has_class("-open")

    def show_prompt(self, *, is_open: bool) -> None:
        """Show the prompt line in the place of the footer, or the footer again."""
        # A class of the screen would have every widget styled anew.
        self.query_one(PromptLine).set_class(is_open, "-open")
        self.query_one(FooterRow).set_class(is_open, "-covered")

    def leave(self) -> None:
        """Take note that another mode is opened."""

    @property
    def unseen(self) -> frozenset[Slice]:
        """Slices that the mode does not show, so that they need not be loaded."""
        return frozenset({Slice.RATES})

    @property
    def paused(self) -> bool:
        """True if the list is paused."""
        return self._paused_at is not None

    def ticket_writer(self) -> TicketWriter:
        """Return the writer of tickets of what is shown."""
        return TicketWriter(snapshot=self.snapshot, source=self.desk.source, now=self.now())

    def now(self) -> datetime:
        """Return the time that the body shows: the time of the pause, if the list is paused, or the past."""
        return self._paused_at or self.desk.now()

    def on_mount(self) -> None:
        """Start the timer that redraws without a snapshot, and show lists as they were at the last start."""
        for panel in self.query(TablePanel):
            panel.name_columns_key(ACTION["columns"].shown_key)
            panel.show_order(self.desk.memory.order_of(self._name_of(panel)))
            panel.table.put_columns_aside(self.desk.memory.columns_aside(self._name_of(panel)))
        self._late = self.set_interval(LATE_AFTER_S, self._age)

    def on_resize(self) -> None:
        """Redraw after the size classes have changed."""
        self.query_one("#too-small", Static).update(
            Content(f"This terminal is {self.size.width}×{self.size.height}; xats-tui needs at least 80×24.")
        )
        self.call_after_refresh(self.draw)

    def _screen_resized(self, size: Size) -> None:
        """Lay out for a size, unless that is how the screen is laid out."""
        # Textual calls this for every mode that is opened.
        if size != self._compositor.size or self._layout_required or self._scroll_required:
            super()._screen_resized(size)

    def _compositor_refresh(self) -> None:
        """Paint, unless painting is held back: Textual would draw the whole screen then, and throw it away."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    @on(ScreenSuspend)
    def _covered(self) -> None:
        self._outdated = True
        if self._late and not self.is_current:  # a dialog does not cover it whole
            self._late.pause()

    @on(ScreenResume)
    def _resumed(self, event: ScreenResume) -> None:
        # Only another theme changes the styles of a covered screen, and Textual restyles it by itself then.
        event.refresh_styles = False
        if self._drawn_at == self.app.size:
            self._catch_up()  # in the first frame: the layout is unchanged
        else:
            self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        """Redraw if the screen was covered since the last drawing."""
        # Opening a mode hands it a snapshot, which usually draws it already.
        if self._outdated:
            self.draw()

    def show(self, snapshot: Snapshot) -> None:
        """Take a new snapshot; if only ages and health changed, a key press has priority."""
        known, self._latest = self._latest, snapshot
        if self.paused or all(getattr(known, part.value) is getattr(snapshot, part.value) for part in BODY_PARTS):
            self._age()
        else:
            self._held = snapshot
            self.snapshot = self.placed(self.desk.scope.of(snapshot))
            self.draw()

    def _age(self) -> None:
        """Redraw because time has passed, in a pause between two key presses if possible."""
        rest = self.desk.keyboard.rest()
        if rest and time.monotonic() - self._aged_at < MAX_FROZEN_S:
            self.set_timer(rest, self._age)
        else:
            self._is_ageing = not (self._keys_tell_time or self._outdated)
            self.draw()
            self._is_ageing = False

    def placed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the part of the mode's list that is to be shown."""
        return snapshot

    @property
    def _keys_tell_time(self) -> bool:
        """True if the mode row or the footer changes with time alone."""
        return self.paused or self.desk.last_change.done is not None

    def draw(self) -> None:
        """Redraw everything, if the screen is visible."""
        if self.is_mounted and self.is_current:
            self._outdated, self._drawn_at, self._aged_at = False, self.size, time.monotonic()
            if self._late:
                self._late.reset()
            self._held = self._held if self.paused else self._latest
            self.snapshot = self.placed(self.desk.scope.of(self._held))
            with _unless_taken_down():
                needing, self._needing = self._needing, 0 if self.mode is Mode.LIVE else len(self.needs()[0])
                self.draw_header()
                self.draw_body()
                if not self._is_ageing or needing != self._needing:
                    self.draw_keys()

    def draw_header(self) -> None:
        """Draw the header: overall state and freshness."""
        if self.is_mounted:
            now, travel = self.desk.clock.now(), self.desk.travel
            self._mark_stale(staleness(self._latest, now) is not None)
            self.set_class(travel.is_away, "-past")
            if travel.is_away:
                self.query_one(HeaderRow).show_past(self.desk.scope.of(self._latest), travel, now)
                self.query_one(PastBar).show(travel, now, self._travel_keys())
                return
            shown = self.desk.scope.of(self._latest)
            outside = self.desk.concerns.outside(shown, now)
            self.query_one(HeaderRow).show(shown, now, outside, read_only=self.desk.verbs.read_only)

    def _mark_stale(self, is_stale: bool) -> None:
        if is_stale == self.has_class(STALE):
            return
        # Only the frames have another style.  To style the whole screen makes the styles of all parts of its widgets
        # anew: 3,000 objects that refer to each other and so stay until garbage is searched for, each time that a busy
        # machine falls behind or catches up.
        self.set_class(is_stale, STALE, update=False)
        self.app.stylesheet.update_nodes(self.query(FRAMES))

    def draw_keys(self) -> None:
        """Draw the mode row and the footer."""
        if self.is_mounted:
            with _unless_taken_down():
                self.query_one(ModeRow).show(self.mode, tuple(self.aside()))
                self.query_one(FooterRow).show(tuple(possible(self.situation())))

    def key_of(self, action_id: str) -> str:
        """Return the key of an action, as a person reads it."""
        return ACTION[action_id].shown_key

    async def action_press(self, action_id: str) -> None:
        """Perform the action that this key means in the current panel."""
        await self.action_perform(self._meant(ACTION[action_id], self.situation()).id)

    async def action_perform(self, action_id: str) -> None:
        """Perform an action on the selection or else on what needs a person, or show why it is unavailable."""
        action, situation = ACTION[action_id], self.situation()
        reason = action.reason(situation)
        found = self._fitting(action, situation) if reason else None
        self._aim = found[1] if found else None
        if reason and not action.quiet:
            self.post_message(self.Refused())
        if reason is None or self._aim:
            try:
                await self.run_action(f"screen.{action.call or action_id}")
            finally:
                self._aim = None
        elif not action.quiet:
            self.tell(f"{action.title}: {reason}", "warning")

    def limit_to(self, team: str | None) -> None:
        """Limit all modes to a team; None shows every team."""
        self.desk.scope.team = team
        self.desk.memory.change(team=team)
        self.draw()

    def _meant(self, named: Action, situation: Situation) -> Action:
        """Return the action that a key means here: one that gives way does so to what is possible."""
        here = [action for action in sharing(named, self.mode) if action.applies(situation)]
        possible_here = [action for action in here if action.reason(situation) is None]
        taken = {action.id for action in possible_here}
        chosen = [action for action in possible_here if action.gives_way_to not in taken]
        sought = (action for action in here if self._fitting(action, situation))
        loud = (action for action in here if not action.quiet)  # it says why it is not possible
        return next(chain(chosen, sought, loud, here, [named]))

    def explain(self, action: Action, situation: Situation) -> tuple[str, str | None]:
        """Return an action's help, with the concern that it would turn to, and the reason why it is unavailable."""
        reason = action.reason(situation)
        found = self._fitting(action, situation) if reason else None
        return (f"{found[0].subject}: {action.help}", None) if found else (action.help, reason)

    def _fitting(self, action: Action, situation: Situation) -> tuple[Concern, Situation] | None:
        """Return the first concern that an action fits, and its situation; first those that name it as their remedy."""
        if (action.changes and situation.read_only) or not action.seeks(situation):
            return None
        needs = sorted(self.needs()[0], key=lambda concern: concern.remedy != action.id)
        about = ((concern, self.on_rows(concern.mode, concern.rows, situation)) for concern in needs)
        return next((one for one in about if action.why_not(one[1]) is None), None)

    def needs(self) -> tuple[tuple[Concern, ...], tuple[Concern, ...]]:
        """Return what needs a person, most urgent first, and what is snoozed."""
        now = self.now()
        known = self.desk.concerns.of(self.desk.scope.of(self._held), now, tmux_missing=self.desk.tmux_missing)
        return self.desk.snoozes.split(known, now)

    def on_rows(self, mode: Mode | None, rows: Sequence[str], here: Situation) -> Situation:
        """Return a situation in which these rows of a mode are selected."""
        newest = self.desk.scope.of(self._held)
        found = [target for row in rows if mode and (target := find(newest, mode, row))]
        agents = {entry.agent.agent_id: entry for target in found if (entry := agent_of(self.snapshot, target))}
        wakes = {wake.key: wake for target in found for wake in wakes_of(self.snapshot, target)}
        return replace(
            here,
            row=rows[0] if rows else None,
            target=found[0] if found else None,
            targets=tuple(found),
            agents=tuple(agents.values()),
            view=view_of(self.snapshot, tuple(agents.values())),
            wakes=tuple(wakes.values()),
        )

    def action_next_concern(self) -> None:
        """Go to the most urgent concern in the attention list."""
        awake, asleep = self.needs()
        if awake:
            self.want(Mode.LIVE, row=awake[0].key)
        else:
            self.tell(f"nothing needs you{f'; {len(asleep)} snoozed' if asleep else ''}")

    def action_menu(self) -> None:
        """List what can be done here, and why the rest cannot."""
        situation = self.situation()
        choices = [
            PickOption(action.id, action.title, *self.explain(action, situation), action.shown_key)
            for action, _ in offered(situation)
            if action.id != "menu"
        ]
        possible_first = sorted(choices, key=lambda choice: choice.why_not is not None)
        self.app.push_screen(Pick("Actions", possible_first), self._perform_chosen)

    async def _perform_chosen(self, action_id: str | None) -> None:
        if action_id:
            await self.action_perform(action_id)

    def action_pause(self) -> None:
        """Pause or resume the list."""
        self._paused_at = None if self._paused_at else self.desk.clock.now()
        self.draw()

    def action_columns(self) -> None:
        """Show the columns that are hidden now."""
        if panel := self.listed():
            panel.table.show_hidden_columns()
            self.desk.memory.put_columns_aside(self._name_of(panel), panel.table.put_aside)

    @on(TablePanel.Sorted)
    def _remember_order(self, event: TablePanel.Sorted) -> None:
        self.desk.memory.sort(self._name_of(event.panel), event.order)

    def _name_of(self, panel: TablePanel) -> str:
        """Return the name under which a list is remembered."""
        return f"{self.mode}/{panel.id}"

    def action_copy_id(self) -> None:
        """Copy the identifier of the selected row."""
        if target := self.situation().target:
            self.app.copy_to_clipboard(identifier(target))
            self.tell(f"copied {one_line(identifier(target))}")

    def action_filter(self) -> None:
        """Open the prompt line for a filter."""
        if panel := self.listed():
            self._typing_command = False
            self.show_prompt(is_open=True)
            words = "words, @agent, a state, !not; enter keeps, esc leaves"
            self.query_one(PromptLine).ask(f" / {panel.title}: ", panel.words, words)

    def action_command(self) -> None:
        """Open the prompt line for a command."""
        self._typing_command = True
        self.show_prompt(is_open=True)
        names = CommandCompletions(
            lambda: [one_line(self._latest.names.of(entry.agent)) for entry in self._latest.roster],
            lambda: self._latest.teams,
            self.desk.memory.state.filters,
        )
        self.query_one(PromptLine).ask(" : ", "", "wakes failed, tasks @bob, help, q; tab completes, esc leaves", names)

    def action_back(self) -> None:
        """Leave the innermost level, or at the top level the mode."""
        if not self.situation().inside and self.end_search():
            return
        if not self.go_back() and not self.return_to_now() and self.came_from:
            self.post_message(self.Returned())
        self.draw_keys()

    def action_help(self) -> None:
        """List the keys that work here, by what one wants to do."""
        groups: dict[str, list[tuple[str, str, str]]] = {aim: [] for aim in (*AIMS, ON_THE_DASHBOARD, "In a table")}
        for active in self.active_bindings.values():
            action = ACTION.get(active.binding.id or "")
            if action and action.key.split(",")[0] == active.binding.key:
                same = sharing(action, self.mode) or (action,)
                for one in same:
                    groups[aim_of(one)].append((one.shown_key, one.title, one.help))
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
            match read(event.text, self.desk.memory.state.filters):
                case OpenMode(mode, words):
                    self.want(mode, words=words)
                case Perform(action_id):
                    await self.action_perform(action_id)
                case Call("team", words):
                    await self._limit_to_named(words)
                case Call("at", words):
                    await self.travel(words)
                case Call("now", _):
                    if not self.return_to_now():
                        self.tell("this is the present")
                case Call(name, words):
                    self._call(name, words)
                case Unknown(sentence):
                    self.tell(sentence, "warning")

    def _call(self, name: str, words: str) -> None:
        """Do what a command with words says."""
        calls = {
            "export": self.export,
            "find": self.search_for,
            "since": self.since,
            "save": self.save_filter,
            "filter": self.use_filter,
            "forget": self.forget_filter,
        }
        calls[name](words)

    async def _limit_to_named(self, words: str) -> None:
        match read_team(words, self._latest.teams):
            case Perform(action_id):
                await self.action_perform(action_id)
            case LimitTo(team):
                self.limit_to(team)
            case Unknown(sentence):
                self.tell(sentence, "warning")

    @on(PastBar.Clicked)
    async def _place_clicked(self, event: PastBar.Clicked) -> None:
        await self.travel_to(event.at)

    def take_moment(self) -> None:
        """Show that another moment is being gone to; a pause ends with that."""
        self._paused_at = None
        self.draw_header()

    def _travel_keys(self) -> str:
        keys = [self.key_of(one) for one in ("earlier_event", "later_event", "earlier_minute", "later_minute")]
        return f" {keys[0]} {keys[1]} event  {keys[2]} {keys[3]} minute  {self.key_of('back')} now "

    def stop_typing(self) -> None:
        """Close the prompt line."""
        self.show_prompt(is_open=False)
        self.focus_list()
        self.call_after_refresh(self.draw_keys)  # the footer has no width until it is shown again


@contextmanager
def _unless_taken_down() -> Iterator[None]:
    """Ignore missing widgets."""
    # A snapshot or a tick may arrive while the app closes and removes its widgets one by one.
    try:
        yield
    except NoMatches as missing:
        logger.debug("not drawn: %s", missing)
