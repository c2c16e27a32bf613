"""The find screen: a line to type, and hits of all kinds while it is typed."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from xats_tui.core.errors import Refusal
from xats_tui.core.records import replace
from xats_tui.core.refusals import sentence_of
from xats_tui.core.search.query_line import read_query
from xats_tui.core.search.records import FindOrder, FindQuery, FoundPage
from xats_tui.screens.data.desk import KEY_REPEAT_S, Keyboard
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.query.finding import Finding, Search
from xats_tui.screens.rows.hits import hit_line
from xats_tui.screens.widgets.editors import LineEditor
from xats_tui.screens.widgets.format import Tone, one_line, time_of_day
from xats_tui.screens.widgets.theme import CONTENT_STYLES

HINT = 'words  "a phrase"  -not  from:bob  to:qa  team:shop  since:2h  before:14:00  kind:message  is:unread'

NEXT_AT = 10
"""Hits below the highlighted one at which the next page is loaded."""

ORDERS = {FindOrder.TIME: "newest first", FindOrder.RANK: "best first"}


class FindDialog(DialogScreen[int]):
    """Searches everything that is stored; returns the place of the chosen hit in the `Finding`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+o", "reorder", "order"),
        Binding("up", "move('cursor_up')", "up", show=False),
        Binding("down", "move('cursor_down')", "down", show=False),
        Binding("pageup", "move('page_up')", "page up", show=False),
        Binding("pagedown", "move('page_down')", "page down", show=False),
    ]

    line = getters.query_one("#line", Input)
    hits = getters.query_one(OptionList)

    def __init__(
        self,
        finding: Finding,
        search: Search,
        keyboard: Keyboard,
        now: Callable[[], datetime],
        *,
        line: str,
        team: str | None,
    ) -> None:
        """Create the dialog.

        Args:
            finding: what was found before, and where to keep what is found now.
            search: carries out a search.
            keyboard: tells when the operator types.
            now: returns the current time.
            line: what is to be found.
            team: team that is searched unless the line names one.
        """
        super().__init__()
        self._finding = finding
        self._search = search
        self._keyboard = keyboard
        self._now = now
        self._first_line = line
        self._team = team
        self._is_looking = False
        self._wrong = ""

    def compose(self) -> ComposeResult:
        """Yield the line, its state and the hits."""
        with Vertical(id="box", classes="find") as box:
            box.border_title = Content("Find" if self._team is None else f"Find in team {one_line(self._team)}")
            yield LineEditor(self._first_line, id="line", placeholder="what to find, however old", compact=True)
            yield Static(id="state")
            yield OptionList(markup=False, compact=True)

    def on_mount(self) -> None:
        """Search for the line; while a hit of the last search is shown, list its hits."""
        self.line.focus()
        self.line.cursor_position = len(self._first_line)
        if self._finding.shown and self._first_line == self._finding.line:
            self._list(0)
            self.hits.highlighted = self._finding.index or 0
            self._tell()
        else:
            self._typed()

    def action_move(self, where: str) -> None:
        """Move in the list while the line has the focus."""
        getattr(self.hits, f"action_{where}")()

    def action_reorder(self) -> None:
        """Change between the newest and the best hits."""
        orders = list(ORDERS)
        self._finding.order = orders[(orders.index(self._finding.order) + 1) % len(orders)]
        self._typed()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._finding.line or self._finding.page is None:
            self._typed()

    def _typed(self) -> None:
        """Search for the line, as soon as nobody types."""
        self._finding.line, self._wrong = self.line.value, ""
        self.hits.clear_options()
        try:
            query = read_query(self.line.value, self._now()) if self.line.value.strip() else None
        except Refusal as refusal:
            query, self._wrong = None, sentence_of(refusal)
        if query:
            ordered = replace(query, team=query.team or self._team)
            if "order:" not in self.line.value:
                ordered = replace(ordered, order=self._finding.order)
            self._finding.begin(ordered)
        else:
            self._finding.begin(FindQuery())
            self._finding.query = None
        self._look(query is not None)

    @work(exclusive=True, group="find")
    async def _look(self, is_asked: bool) -> None:
        """Load pages until one has a hit."""
        self._is_looking = is_asked
        self._tell()
        if is_asked:
            await self._keyboard.rested(KEY_REPEAT_S)
            await self._load()
        self._is_looking = False
        self._tell()

    async def _load(self) -> None:
        known = len(self._finding.hits)
        try:
            while await self._finding.go_on(self._search):
                if len(self._finding.hits) > known:
                    break
                self._tell()  # how far it has looked
        except VerbRefused as refused:
            self._wrong = refused.sentence
        self._list(known)

    @work(exclusive=True, group="find")
    async def _load_more(self) -> None:
        self._is_looking = True
        await self._load()
        self._is_looking = False
        self._tell()

    def _list(self, first: int) -> None:
        """List the hits from this one on."""
        width, now = self.size.width, self._now()
        fresh = self._finding.hits[first:]
        self.hits.add_options(Option(hit_line(hit, now, width)) for hit in fresh)
        if fresh and self.hits.highlighted is None:
            self.hits.action_first()

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        page, hits = self._finding.page, self._finding.hits
        if page and page.next_cursor and event.option_index >= len(hits) - NEXT_AT and not self._is_looking:
            self._load_more()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Show the highlighted hit; without one, search again."""
        # While the first hit is looked for, nothing that nobody has seen is chosen.
        event.stop()
        if self.hits.highlighted is not None:
            self.hits.action_select()
        elif not self._is_looking:
            self._typed()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)

    def _tell(self) -> None:
        """Say what was found, and how far was looked."""
        box, state = self.query_one("#box"), self.query_one("#state", Static)
        other = next(words for order, words in ORDERS.items() if order is not self._finding.order)
        box.border_subtitle = Content(f"enter show it  ctrl+o {other}  esc leave")
        tone = Tone.WARN if self._wrong else Tone.MUTED
        state.update(Content.styled(self._wrong or self._state(), CONTENT_STYLES[tone]))

    def _state(self) -> str:
        page, hits = self._finding.page, self._finding.hits
        if self._finding.query is None:
            return HINT
        if page is None:
            return "looking …"
        back = self._looked_back(page)
        if not hits and self._is_looking:
            return f"nothing found{back}; looking on …"
        if not hits:
            return "nothing matches" if page.is_complete else f"nothing found{back}"
        more = "+" if page.next_cursor else ""
        index = f" · the index is {page.indexed_percent} % built" if page.indexed_percent < 100 else ""
        looking = "; looking on …" if self._is_looking else ""
        number = f"{len(hits)}{more} {'hit' if len(hits) == 1 and not more else 'hits'}"
        return f"{number} · {ORDERS[self._finding.order]}{back}{index}{looking}"

    def _looked_back(self, page: FoundPage) -> str:
        at = page.looked_back_to
        if page.is_complete or at is None:
            return ""
        day, clock = time_of_day(at, self._now()), at.astimezone().strftime("%H:%M")
        return f" back to {clock}" if ":" in day else f" back to {day} {clock}"
