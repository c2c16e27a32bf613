"""The Live mode: what needs attention, who is doing what, and everything that moves, on one screen.

It shows pictures and never loads them; what it asks for itself are the attempts of a wake that is opened, and that the
selected pane be looked at more often.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import DataTable, Input, Static

from xats_tui.backend.clock import Clock
from xats_tui.backend.model import PaneRef, RosterEntry, WakeAttempt
from xats_tui.screens import details, rows
from xats_tui.screens.actions import Mode, Panel, Situation, bindings
from xats_tui.screens.attention import Concern, concerns
from xats_tui.screens.columns import COLUMNS, WHEN_EMPTY
from xats_tui.screens.dialogs import Detail
from xats_tui.screens.format import Row, Tone, one_line
from xats_tui.screens.frame import Piece
from xats_tui.screens.mode_screen import ModeScreen
from xats_tui.screens.panels import PanePanel, TablePanel
from xats_tui.screens.source import Source
from xats_tui.screens.tables import KeyedTable

logger = logging.getLogger(__name__)

DECK = (Panel.PANE, Panel.STREAM, Panel.WAKES, Panel.TASKS, Panel.CONTRACTS)
"""The panels that share one place when the screen is small."""


class Live(ModeScreen):
    """Everything that moves."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Mode.LIVE)]
    AUTO_FOCUS = ""
    mode = Mode.LIVE

    @dataclass
    class AttemptsLoaded(Message):
        """The attempts of a wake have come."""

        key: str
        attempts: tuple[WakeAttempt, ...]

    def __init__(self, source: Source, clock: Clock, *, tmux_missing: bool = False) -> None:
        super().__init__(clock)
        self._source = source
        self._tmux_missing = tmux_missing
        self._panel = Panel.AGENTS
        self._zoomed = False
        self._concerns: tuple[Concern, ...] = ()
        self._attended: PaneRef | None = None
        self._attempts: dict[str, tuple[WakeAttempt, ...]] = {}

    def compose_body(self) -> Iterable[Widget]:
        """Seven panels and the line to type a filter in."""
        panels: list[Widget] = [
            PanePanel() if panel is Panel.PANE else TablePanel(panel, COLUMNS[panel]) for panel in Panel
        ]
        yield Container(*panels, id="body")
        with Horizontal(id="filter-line"):
            yield Static(id="filter-name")
            yield Input(id="filter", placeholder="words that a row must contain; enter keeps, esc leaves", compact=True)

    def on_mount(self) -> None:
        """Start at the agents."""
        self._place(Panel.STREAM)
        self._go(Panel.AGENTS)

    def situation(self) -> Situation:
        """The panel with the focus and what is under its cursor."""
        words = self._table_panel(self._panel).words if self._panel is not Panel.PANE else ""
        return Situation(mode=self.mode, panel=self._panel, row=self._row(), filtered=bool(words), zoomed=self._zoomed)

    def draw_body(self) -> None:
        """Show every panel as it is now."""
        now, picture = self.clock.now(), self.picture
        needs = self._concerns = concerns(picture, now, tmux_missing=self._tmux_missing)
        self._fill(Panel.ATTENTION, rows.attention_rows(needs), str(len(needs)) if needs else "")
        self._fill(Panel.AGENTS, rows.agent_rows(picture, now), str(len(picture.roster)))
        self._fill(Panel.STREAM, rows.stream_rows(picture, now), rows.stream_summary(picture))
        self._fill(Panel.WAKES, rows.wake_rows(picture, now), rows.wake_summary(picture))
        self._fill(Panel.TASKS, rows.task_rows(picture, now), rows.task_summary(picture))
        self._fill(Panel.CONTRACTS, rows.contract_rows(picture, now), str(len(picture.contracts)))
        self._draw_pane()

    def aside(self) -> Iterable[Piece]:
        """On a small screen: the panels that share one place, the one that is there marked."""
        if not (self.has_class("-narrow") or self.has_class("-short")):
            return
        for panel in DECK:
            shown = self.query_one(f"#{panel}").has_class("-chosen")
            yield (f" {panel.label} ", Tone.ACCENT if shown else Tone.MUTED)
        yield (" tab ", Tone.MUTED)

    def action_open(self) -> None:
        """Open what is under the cursor."""
        if target := self._target():
            self._open(*target)

    def action_copy_id(self) -> None:
        """Copy the identifier of what is under the cursor."""
        if target := self._target():
            identifier = details.identifier(self.picture, *target)
            self.app.copy_to_clipboard(identifier)
            self.notify(f"copied {one_line(identifier)}", markup=False)

    def action_next_panel(self) -> None:
        """Go to the next panel."""
        self._step(1)

    def action_previous_panel(self) -> None:
        """Go to the previous panel."""
        self._step(-1)

    def action_zoom(self) -> None:
        """Give the panel the whole screen, or give it back."""
        self._zoomed = not self._zoomed
        self._place(self._panel)
        self.draw_keys()

    def action_filter(self) -> None:
        """Type words for the panel with the focus."""
        line = self.query_one("#filter", Input)
        line.value = self._table_panel(self._panel).words
        self.query_one("#filter-name", Static).update(Content(f" / {self._panel.label}: "))
        self.add_class("-filtering")
        self.set_focus(line)

    def action_back(self) -> None:
        """Leave the filter, then the zoom."""
        if self._panel is not Panel.PANE and self._table_panel(self._panel).words:
            self._table_panel(self._panel).filter("")
        elif self._zoomed and not self.has_class("-filtering"):
            self.action_zoom()
        self._go(self._panel)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._table_panel(self._panel).filter(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self._go(self._panel)

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        """A click moves the focus as well as a key; what counts is where it is by now."""
        ids = {widget.id for widget in self.focused.ancestors_with_self} if self.focused else set()
        if panel := next((panel for panel in Panel if panel.value in ids), None):
            self._panel = panel
            self._place(panel)
            self.remove_class("-filtering")
            self._row_chosen()

    @on(KeyedTable.Chosen)
    def _row_chosen(self) -> None:
        self._draw_pane()
        self.draw_keys()

    @on(DataTable.RowSelected)
    async def _row_clicked(self) -> None:
        await self.action_perform("open")

    @on(AttemptsLoaded)
    def _attempts_came(self, event: AttemptsLoaded) -> None:
        self._attempts[event.key] = event.attempts
        if isinstance(self.app.screen, Detail):
            self.app.screen.read_again()

    def _step(self, by: int) -> None:
        order = list(Panel)
        self._go(order[(order.index(self._panel) + by) % len(order)])

    def _go(self, panel: Panel) -> None:
        self._panel = panel
        self._place(panel)
        self.remove_class("-filtering")
        widget = self.query_one(f"#{panel}")
        # At once: the next key may have been pressed already.
        self.set_focus(widget if panel is Panel.PANE else widget.query_one(KeyedTable))

    def _place(self, panel: Panel) -> None:
        """Give a panel its place: the deck's on a small screen, the whole one when zoomed."""
        for each in Panel:
            widget = self.query_one(f"#{each}")
            widget.set_class(each is panel and self._zoomed, "-zoomed")
            if panel in DECK:
                widget.set_class(each is panel, "-chosen")
        self.query_one("#body").set_class(self._zoomed, "-zoomed")

    def _table_panel(self, panel: Panel) -> TablePanel:
        return self.query_one(f"#{panel}", TablePanel)

    def _fill(self, panel: Panel, table_rows: Sequence[Row], summary: str) -> None:
        when_empty = WHEN_EMPTY[panel] if self.picture.confirmed_at else "loading…"
        self._table_panel(panel).show(table_rows, summary, when_empty)

    def _row(self) -> str | None:
        panel = Panel.AGENTS if self._panel is Panel.PANE else self._panel
        return self._table_panel(panel).table.chosen

    def _target(self) -> tuple[Panel, str] | None:
        """The panel and key of what is under the cursor; for a concern, of its cause."""
        row = self._row()
        if self._panel is Panel.ATTENTION:
            found = next((each for each in self._concerns if each.key == row and each.panel), None)
            return (found.panel, found.row) if found and found.panel else None
        panel = Panel.AGENTS if self._panel is Panel.PANE else self._panel
        return (panel, row) if row else None

    def _open(self, panel: Panel, row: str) -> None:
        if panel is Panel.WAKES:
            self._attempts.pop(row, None)
            self.run_worker(self._load_attempts(row), group="attempts", exclusive=True)

        def describe() -> Content | None:
            return details.describe(self.picture, panel, row, self.clock.now(), self._attempts.get(row))

        self.app.push_screen(Detail(details.heading(panel), details.identifier(self.picture, panel, row), describe))

    async def _load_attempts(self, key: str) -> None:
        message_id, _, agent_id = key.rpartition("/")
        try:
            attempts = await self._source.attempts(message_id, agent_id)
        except Exception as error:  # the dialog goes on without them; the header says that the data is stale
            logger.warning("attempts of %s not loaded: %s", key, error)
        else:
            self.post_message(self.AttemptsLoaded(key, attempts))

    def _selected(self) -> RosterEntry | None:
        """The agent under the cursor, also that of a concern; else the one chosen among the agents."""
        target = self._target() if self._panel is Panel.ATTENTION else None
        concerned = (
            {Panel.AGENTS: target[1], Panel.WAKES: target[1].rpartition("/")[2]}.get(target[0]) if target else None
        )
        chosen = concerned or self._table_panel(Panel.AGENTS).table.chosen
        return self.picture.entry(chosen) if chosen else None

    def _draw_pane(self) -> None:
        pane_panel, entry = self.query_one(PanePanel), self._selected()
        binding = entry.agent.binding if entry else None
        self._attend_to(binding.pane if binding else None)
        if entry is None:
            pane_panel.show("", None, "No agent is selected.")
        elif binding is None:
            pane_panel.show(
                one_line(entry.agent.name), None, f"{one_line(entry.agent.name)} has no pane that is known."
            )
        else:
            state = rows.agent_state(self.picture, entry, self.clock.now()).text
            title = f"{one_line(binding.pane.pane_id)} {one_line(entry.agent.name)} · {state}"
            pane_panel.show(title, self.picture.view(entry), "Nobody has looked at this pane yet.")

    def _attend_to(self, pane: PaneRef | None) -> None:
        if pane != self._attended:
            self._attended = pane
            self.run_worker(self._attend(pane), group="attend", exclusive=True)

    async def _attend(self, pane: PaneRef | None) -> None:
        try:
            await self._source.attend(pane)
        except Exception as error:  # the preview is then looked at more slowly, which its age shows
            logger.warning("pane not attended to: %s", error)
