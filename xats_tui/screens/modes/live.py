"""Live mode: attention list, agents, and all recent activity on one screen.

It draws snapshots and never loads them; its only request is to look at the selected pane more often.  Everything in it
is shown in full by another mode, which enter opens.
"""

from collections.abc import Iterable, Mapping, Sequence

from textual import on, work
from textual.containers import Container
from textual.events import DescendantFocus
from textual.widget import Widget

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.records import replace
from xats_tui.screens.actions import ACTION, with_shown_keys
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.data.snoozes import SNOOZE
from xats_tui.screens.data.targets import agent_of, all_failed, find
from xats_tui.screens.modes.listing import Listing, Reading, instead_of_rows
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.attention import ATTENTION, SNOOZED, attention_rows
from xats_tui.screens.rows.contracts import CONTRACTS
from xats_tui.screens.rows.messages import STREAM
from xats_tui.screens.rows.tasks import TASKS
from xats_tui.screens.rows.wakes import WAKES
from xats_tui.screens.widgets.format import TableRow, Tone, age, start_of_day
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.panels import PanePanel, TablePanel
from xats_tui.screens.widgets.preview import draw_preview, is_watched_otherwise, watch
from xats_tui.screens.widgets.rates import RatesStrip
from xats_tui.screens.widgets.tables import KeyedTable

DECK = (Panel.PANE, Panel.STREAM, Panel.WAKES, Panel.TASKS, Panel.CONTRACTS)
"""Panels that share one place on a small screen."""

LISTINGS: Mapping[Panel, Listing] = {
    Panel.ATTENTION: ATTENTION,
    Panel.AGENTS: AGENTS,
    Panel.STREAM: STREAM,
    Panel.WAKES: WAKES,
    Panel.TASKS: TASKS,
    Panel.CONTRACTS: CONTRACTS,
}


class LiveMode(ModeScreen):
    """Overview of everything that changes."""

    mode = Mode.LIVE

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._panel = Panel.AGENTS
        self._zoomed = False
        self._readings = {panel: Reading(listing) for panel, listing in LISTINGS.items()}
        self._awake: tuple[Concern, ...] = ()
        self._asleep: tuple[Concern, ...] = ()
        """Snoozed concerns."""
        self._shows_asleep = False
        self._listed: tuple[tuple[Concern, ...], object, Sequence[TableRow]] = ((), None, ())
        """Concerns of the attention list, what else its rows were made of, and the rows."""

    def compose_body(self) -> Iterable[Widget]:
        """Yield the seven panels."""
        panels: list[Widget] = [
            PanePanel() if panel is Panel.PANE else TablePanel(LISTINGS[panel], panel) for panel in Panel
        ]
        yield Container(*panels, id="body")
        yield RatesStrip()

    def on_mount(self) -> None:
        """Focus the agents."""
        self._place(Panel.STREAM)
        self._go(Panel.AGENTS)

    @property
    def unseen(self) -> frozenset[Slice]:
        """Slices that are not shown: the rates, unless the screen is wide."""
        return frozenset() if self.has_class("-wide") else super().unseen

    def situation(self) -> Situation:
        """Return the situation: the focused panel and its selection; for a concern, the rows that cause it."""
        mode, rows = self._causes()
        listed = self.listed()
        here = Situation(
            finds=self.desk.finding.shown is not None,
            mode=self.mode,
            panel=self._panel,
            concern=(self._chosen_concern or "") if self._panel is Panel.ATTENTION else "",
            failed=all_failed(self.snapshot),
            filtered=bool(listed and listed.words),
            hides_columns=bool(listed and listed.hides_columns),
            zoomed=self._zoomed,
            paused=self.paused,
            came_from=self.came_from,
            read_only=self.desk.verbs.read_only,
            past=self.desk.travel.is_away,
            teams=self.teams,
            undoable=self.undoable,
        )
        about = self.on_rows(mode, rows, here)
        return replace(about, row=SNOOZED) if self._is_on_snoozed else about

    def draw_body(self) -> None:
        """Draw every panel."""
        snapshot = self.snapshot
        self._awake, self._asleep = self.needs()
        for panel, listing in LISTINGS.items():
            instead = instead_of_rows(listing, snapshot, with_shown_keys)
            shown = self._table_panel(panel)
            shown.show(*self._rows_of(panel, shown), instead)
        self._draw_pane()
        self.query_one(RatesStrip).show(snapshot.rates)

    def _rows_of(self, panel: Panel, shown: TablePanel) -> tuple[Sequence[TableRow], str]:
        """Return the rows of a panel, and the text behind its title."""
        if panel is Panel.ATTENTION:
            return self._attention_rows(), self._attention_summary()
        reading = self._readings[panel]
        reading.take(self.snapshot, self.now(), shown.in_sight)
        return reading.rows, reading.summary

    def _attention_rows(self) -> Sequence[TableRow]:
        snoozes = self.desk.snoozes
        asleep = {one.key: (one, until) for one in self._asleep if (until := snoozes.until(one.key))}
        awake, more, rows = self._listed
        if (self._awake, now_more := (asleep, self._shows_asleep, start_of_day(self.now()))) != (awake, more):
            before = zip(awake, rows, strict=False)
            rows = attention_rows(self._awake, asleep, self.now(), shows_asleep=self._shows_asleep, before=before)
            self._listed = (self._awake, now_more, rows)
        return rows

    def _attention_summary(self) -> str:
        snoozed = f"{len(self._asleep)} snoozed" if self._asleep else ""
        silenced = sum(entry.resting for entry in self.snapshot.roster)
        keys = [f"{self.key_of('next_concern')} next", f"{self.key_of('snooze')} snooze"] if self._awake else []
        if sum(concern.remedy == "replay" for concern in self._awake) > 1:
            keys.append(f"{self.key_of('replay_all')} replay failed")
        kept_quiet = f"{silenced} on do not disturb" if silenced else ""
        return " · ".join(filter(None, (str(len(self._awake) or ""), snoozed, kept_quiet, "  ".join(keys))))

    def aside(self) -> Iterable[Piece]:
        """Yield the general notes; without any, on a small screen, the panels that share one place."""
        said = tuple(super().aside())
        yield from said
        if said or not (self.has_class("-narrow") or self.has_class("-short")):
            return
        for panel in DECK:
            shown = self.query_one(f"#{panel}").has_class("-chosen")
            yield (f" {panel.label} ", Tone.ACCENT if shown else Tone.MUTED)
        yield (" tab ", Tone.MUTED)

    def arrive(self, words: str | None, row: str | None) -> None:
        """Filter the focused panel; a row is the key of a concern."""
        if words is not None and (panel := self.listed()):
            panel.filter(words)
        if row is None:
            self._go(self._panel)
        else:
            self._to_concern(row)

    def stand_at_newest(self) -> None:
        """Move the stream to its newest row."""
        self._table_panel(Panel.STREAM).table.return_to_newest()

    async def ticket(self) -> str | None:
        """Return what another mode shows of the selected row, or of what causes the selected concern, as Markdown."""
        mode, rows = self._causes()
        return await self.ticket_writer().write(mode, rows[0]) if mode and rows else None

    def listed(self) -> TablePanel | None:
        """Return the focused panel, if it is a list."""
        return None if self._panel is Panel.PANE else self._table_panel(self._panel)

    def focus_list(self) -> None:
        """Focus the panel that had the focus before."""
        self._go(self._panel)

    def go_back(self) -> bool:
        """Clear the filter; otherwise undo the zoom."""
        panel = self.listed()
        if panel and panel.words:
            panel.filter("")
        elif self._zoomed:
            self.action_zoom()
        else:
            return False
        return True

    def action_open(self) -> None:
        """Open the selected row in the mode that shows it in full; for a concern, open its cause."""
        if self._is_on_snoozed:
            self._shows_asleep = not self._shows_asleep
            self.draw()
            return
        mode, rows = self._causes()
        if mode and rows:
            self.want(mode, row=rows[0])

    def action_next_concern(self) -> None:
        """Go to the most urgent concern, or in Attention to the next one; after the last, to the first."""
        keys = [concern.key for concern in self._awake]
        chosen = self._chosen_concern if self._panel is Panel.ATTENTION else None
        if keys:
            self._to_concern(keys[(keys.index(chosen) + 1) % len(keys)] if chosen in keys else keys[0])
        else:
            super().action_next_concern()

    def action_snooze(self) -> None:
        """Put the selected concern off, or list it again."""
        key = self._chosen_concern
        snoozed = next((concern for concern in self._awake if concern.key == key), None)
        if snoozed:
            self.desk.snoozes.add(snoozed, self.now())
            self.tell(f"{snoozed.subject}: snoozed for {age(SNOOZE)}, or until it gets worse")
        elif key:
            self.desk.snoozes.end(key)
        self.draw()

    def action_next_panel(self) -> None:
        """Move to the next panel."""
        self._step(1)

    def action_previous_panel(self) -> None:
        """Move to the previous panel."""
        self._step(-1)

    def action_zoom(self) -> None:
        """Give the panel the whole screen, or undo that."""
        self._zoomed = not self._zoomed
        self._place(self._panel)
        self.draw_keys()

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        """Follow the focus."""
        # A click moves the focus as well as a key does, and the focus may have moved on since the event.
        ids = {widget.id for widget in self.focused.ancestors_with_self} if self.focused else set()
        if panel := next((panel for panel in Panel if panel.value in ids), None):
            self._panel = panel
            self._place(panel)
            self.show_prompt(is_open=False)
            self._row_chosen()

    @on(KeyedTable.Chosen)
    def _row_chosen(self) -> None:
        self._draw_pane()
        self.draw_keys()

    @on(KeyedTable.Opened)
    async def _row_opened(self) -> None:
        await self.action_perform("open")

    @on(KeyedTable.Clicked)
    async def _cell_clicked(self, event: KeyedTable.Clicked) -> None:
        applies = ACTION[event.action_id].applies(self.situation())
        await self.action_perform(event.action_id if applies else "open")

    @property
    def _is_on_snoozed(self) -> bool:
        """True if the cursor is on the row that tells of the snoozed concerns."""
        return self._panel is Panel.ATTENTION and self._table_panel(Panel.ATTENTION).table.chosen == SNOOZED

    @property
    def _chosen_concern(self) -> str | None:
        """Key of the concern under the cursor of the attention list."""
        chosen = self._table_panel(Panel.ATTENTION).table.chosen
        return chosen if chosen != SNOOZED else None

    def _to_concern(self, key: str) -> None:
        """Focus the attention list with the cursor on this concern."""
        panel = self._table_panel(Panel.ATTENTION)
        panel.filter("")
        panel.table.choose(key)
        self._go(Panel.ATTENTION)

    def _step(self, by: int) -> None:
        order = list(Panel)
        self._go(order[(order.index(self._panel) + by) % len(order)])

    def _go(self, panel: Panel) -> None:
        self._panel = panel
        self._place(panel)
        widget = self.query_one(f"#{panel}")
        # Not after the refresh: the next key may have been pressed already.
        self.set_focus(widget if panel is Panel.PANE else widget.query_one(KeyedTable))

    def _place(self, panel: Panel) -> None:
        """Give a panel its place: the shared one on a small screen, the whole screen when zoomed."""
        for each in Panel:
            widget = self.query_one(f"#{each}")
            widget.set_class(each is panel and self._zoomed, "-zoomed")
            if panel in DECK:
                widget.set_class(each is panel, "-chosen")
        self.query_one("#body").set_class(self._zoomed, "-zoomed")

    def _table_panel(self, panel: Panel) -> TablePanel:
        return self.query_one(f"#{panel}", TablePanel)

    def _causes(self) -> tuple[Mode | None, tuple[str, ...]]:
        """Return mode and keys of the selected row; for a concern, of its causes."""
        panel = Panel.AGENTS if self._panel is Panel.PANE else self._panel
        row = self._table_panel(panel).table.chosen
        if panel is Panel.ATTENTION:
            found = next((concern for concern in (*self._awake, *self._asleep) if concern.key == row), None)
            return (found.mode, found.rows) if found else (None, ())
        return panel.mode, (row,) if row else ()

    def _selected(self) -> RosterEntry | None:
        """Return the selected agent, or the selected concern's agent; otherwise the one chosen in the agents panel."""
        mode, rows = self._causes() if self._panel is Panel.ATTENTION else (None, ())
        concerned = agent_of(self.snapshot, find(self.snapshot, mode, rows[0])) if mode and rows else None
        chosen = self._table_panel(Panel.AGENTS).table.chosen
        return concerned or (self.snapshot.entry(chosen) if chosen else None)

    def _draw_pane(self) -> None:
        entry = self._selected()
        draw_preview(self.query_one(PanePanel), self.snapshot, entry, self.now())
        if is_watched_otherwise(self.desk, entry):
            self._watch(entry)

    @work(exclusive=True, group="watch")
    async def _watch(self, entry: RosterEntry | None) -> None:
        await watch(self.desk, entry)
