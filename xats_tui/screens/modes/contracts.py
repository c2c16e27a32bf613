"""Contracts mode: every contract with its versions, any two versions side by side, and who has fetched which."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from textual import work
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from xats_tui.core.model.contracts import ContractChange, ContractSummary
from xats_tui.core.records import replace
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import Target, contract_key, find
from xats_tui.screens.details.contracts import change_detail, contract_title, interest_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.modes.tickets import UNREADABLE, TicketWriter
from xats_tui.screens.rows.contracts import VERSIONS, Shown, shown_versions, version_rows
from xats_tui.screens.widgets.format import TableRow
from xats_tui.screens.widgets.panels import entitle

logger = logging.getLogger(__name__)


class InterestPanel(Static):
    """Panel with subscribers and readers of a contract, as high as its text."""

    def __init__(self) -> None:
        super().__init__(id="interest", classes="panel")
        self._drawn = Content()
        self._height = 0

    def show(self, interest: Content | None) -> None:
        """Show this content, or hide the panel."""
        self.display = interest is not None
        # A new layout is expensive: only a new height needs one.
        if interest is not None and not interest.is_same(self._drawn):
            height = interest.get_height({}, max(1, self.size.width))
            self.update(interest, layout=height != self._height)
            self._drawn, self._height = interest, height
        entitle(self, Content.styled("Subscribers and readers", "bold"), Content())


class ContractsMode(ListMode):
    """List of contracts and their versions."""

    mode = Mode.CONTRACTS
    listing = VERSIONS

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._unfolded: set[str] = set()
        """Keys of the contracts whose older versions are listed."""
        self._whole = False
        """True if the later schema is shown alone, without a comparison."""
        self._change: tuple[Shown, ContractChange | None] | None = None
        """Change that was loaded last, with its versions."""
        self._asked: Shown | None = None
        # Drawing takes longer than a tick should.
        self._drawn: tuple[ContractChange, int, bool, Content] | None = None
        """Cached drawing, with what it was drawn from."""

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the schemas and the panel with subscribers and readers."""
        yield from super().compose_detail()
        yield InterestPanel()

    def rows(self) -> Sequence[TableRow]:
        """Return the rows, with older versions for unfolded contracts only."""
        return version_rows(self.snapshot, self.now(), frozenset(self._unfolded))

    def draw_detail(self, key: str | None) -> None:
        """Draw the versions to show, and load them if they are not known yet."""
        shown = shown_versions(self.snapshot, key, self.list_panel.marked)
        about = contract_title(self.snapshot, shown.summary, shown.latest, shown.old) if shown else Content()
        described = self.detail(self.snapshot, key, self.now()) if key else None
        self.detail_panel.show(key, described, "No contract is selected.", about)
        self.query_one(InterestPanel).show(interest_detail(self.snapshot, shown.summary, self.now()) if shown else None)
        if shown and shown.versions != (self._asked and self._asked.versions):
            self._asked = shown
            self._load(shown)

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the versions to show, side by side."""
        shown = shown_versions(snapshot, key, self.list_panel.marked)
        if shown is None:
            return None
        if self._change is None or self._change[0].versions != shown.versions:
            return Content("loading…")
        change = self._change[1]
        if change is None:
            return Content(UNREADABLE)
        width = self.detail_panel.text_width
        if self._drawn is None or self._drawn[:3] != (change, width, self._whole):
            self._drawn = (change, width, self._whole, change_detail(change, width, whole=self._whole))
        return self._drawn[3]

    def ticket_writer(self) -> TicketWriter:
        """Return the writer, which compares what the detail compares."""
        return replace(super().ticket_writer(), marked=self.list_panel.marked, is_whole=self._whole)

    def find(self, key: str) -> Target | None:
        """Return the contract of a row; a version's row stands for its contract."""
        return find(self.snapshot, Mode.CONTRACTS, key.split("\n")[0])

    def action_mark(self) -> None:
        """Mark a version; two marked versions are compared."""
        super().action_mark()
        self.draw_detail(self.list_panel.table.chosen)

    def action_versions(self) -> None:
        """Show or hide the older versions of the contract under the cursor."""
        summary = self.situation().target
        if isinstance(summary, ContractSummary):
            key = contract_key(summary)
            if key in self._unfolded:
                self.list_panel.table.choose(key)
            self._unfolded ^= {key}
            self.draw_body()

    def action_whole_schema(self) -> None:
        """Switch between the whole schema and the comparison."""
        self._whole = not self._whole
        self.draw_detail(self.list_panel.table.chosen)

    @work(exclusive=True, group="schemas")
    async def _load(self, shown: Shown) -> None:
        await self._read(shown)

    async def _read(self, shown: Shown) -> None:
        team, name, old, new = shown.versions
        try:
            change = await self.desk.source.contract_change(team, name, old, new)
        except Exception as error:  # the header shows that the data is stale; the next snapshot asks again
            logger.warning("contract %s v%s could not be loaded: %s", name, new, error)
            self._asked = None
        else:
            self._change = (shown, change)
            self.post_message(self.DetailChanged())
