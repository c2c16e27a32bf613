"""Wakes mode: queue and history; for the selected wake, its evidence, each gate's verdict, and every attempt."""

import logging
from datetime import datetime, timedelta

from textual import on, work
from textual.content import Content
from textual.events import ScreenSuspend

from xats_tui.core.model.wakes import Wake
from xats_tui.core.records import replace
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import WakeGroup, failed_for_somebody, was_not_read
from xats_tui.screens.details.wakes import Looked, letter_of, wake_detail, wake_title
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.paging import long_lists
from xats_tui.screens.rows.wakes import WAKES
from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.theme import CONTENT_STYLES

logger = logging.getLogger(__name__)

# Judging the gates costs a look at the pane.
VERDICTS_LAST = timedelta(seconds=2)
"""Time after which the gates of the selected wake are judged again."""


class WakesMode(ListMode):
    """List of wakes."""

    mode = Mode.WAKES
    listing = WAKES
    long_list = long_lists.WAKES

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._looked: tuple[str, Looked] | None = None
        """Key of a wake, with the data loaded for it."""
        self._asked: Wake | None = None
        """The wake for which data was last requested."""
        self._asked_at: datetime | None = None
        self._known_failed: frozenset[str] = frozenset()
        """Keys of the failed wakes when this mode was last on the screen."""

    def take_moment(self) -> None:
        """Forget what was loaded for the moment before."""
        self._looked = self._asked = self._asked_at = None
        super().take_moment()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of a wake."""
        looked = self._looked[1] if self._looked and self._looked[0] == key else None
        return wake_detail(snapshot, key, now, looked, self.detail_panel.text_width)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail, and reload its data when the wake has changed or the verdicts are outdated."""
        now, wake = self.now(), self._wake(key)
        described = self.detail(self.snapshot, wake.key, now) if wake else None
        about = self._title(key, wake) if key and wake else Content()
        self.detail_panel.show(key, described, "No wake is selected.", about)
        if wake and not self.paused and (wake != self._asked or self._is_outdated(wake, now)):
            self._asked, self._asked_at = wake, now
            self._look(wake)

    def _title(self, key: str, wake: Wake) -> Content:
        """Return the title of a detail; for the row of a group, which is the most urgent wake of so many."""
        title, members = wake_title(self.snapshot, wake, self.now()), len(self.list_panel.members(key))
        of = (f" · most urgent of {members}", CONTENT_STYLES[Tone.WARN])
        return Content.assemble(title, of) if members > 1 else title

    def ticket_row(self) -> str | None:
        """Return the key of the wake whose detail is shown."""
        wake = self._wake(self.list_panel.table.chosen)
        return wake.key if wake else None

    @on(ScreenSuspend)
    def _suspended(self) -> None:
        """Remember the failed wakes, so that new failures can be recognised later."""
        self._known_failed = self._failed()

    def situation(self) -> Situation:
        """Return the situation; from inside the detail, enter leads to the message."""
        here = super().situation()
        wake = self._wake(here.row)
        return replace(here, leads_on=wake is not None and letter_of(self.snapshot, wake) is not None)

    def action_open(self) -> None:
        """Open the detail; from inside it, go to the message."""
        wake = self._wake(self.list_panel.table.chosen)
        letter = letter_of(self.snapshot, wake) if wake and self.inside else None
        if letter:
            self.want(Mode.MESSAGES, row=letter.key)
        else:
            super().action_open()

    def arrive(self, words: str | None, row: str | None) -> None:
        """Apply a filter or select a row; without either, select the newest wake that failed since the last visit."""
        fresh = self._failed() - self._known_failed
        super().arrive(words, row)
        # A failure is what the operator came for: with it selected, replay is a single key.
        if words is None and row is None and fresh:
            newest = next(shown.key for shown in self.listing.rows(self.snapshot, self.now()) if shown.key in fresh)
            self.list_panel.choose_head(newest)

    def action_fold(self) -> None:
        """Fold the group under the cursor."""
        self.list_panel.fold()

    def action_unfold(self) -> None:
        """Unfold the group under the cursor."""
        self.list_panel.unfold()

    def action_fold_all(self) -> None:
        """Fold all groups, or unfold them if all are folded."""
        self.list_panel.fold_or_unfold_all()

    def _wake(self, key: str | None) -> Wake | None:
        """Return the wake of a row; for the row of a group, the most urgent one that the list shows."""
        found = self.find(key) if key else None
        if isinstance(found, WakeGroup):
            shown = set(self.list_panel.members(key or ""))
            return next((wake for wake in found.wakes if wake.key in shown), found.lead)
        return found if isinstance(found, Wake) else None

    def _failed(self) -> frozenset[str]:
        return frozenset(wake.key for wake in self.snapshot.wakes if failed_for_somebody(self.snapshot, wake))

    def _is_outdated(self, wake: Wake, now: datetime) -> bool:
        return was_not_read(wake) and (self._asked_at is None or now - self._asked_at >= VERDICTS_LAST)

    @work(exclusive=True, group="looks")
    async def _look(self, wake: Wake) -> None:
        await self._read(wake)

    async def _read(self, wake: Wake) -> None:
        source = self.desk.source
        try:
            attempts = await source.attempts(wake.message_id, wake.agent_id)
            gates = await source.why_not(wake.message_id, wake.agent_id) if was_not_read(wake) else ()
        except Exception as error:  # the detail is shown without the data; the header shows that it is stale
            logger.warning("the attempts of wake %s could not be loaded: %s", wake.key, error)
        else:
            self._looked = (wake.key, Looked(attempts=attempts, gates=gates))
            self.post_message(self.DetailChanged())
