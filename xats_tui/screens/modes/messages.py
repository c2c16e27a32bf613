"""Messages mode: messages between agents and with the operator, their readers, and the threads.

The list shows the newest messages, a page of older ones, or the operator's inbox.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from textual import on, work
from textual.content import Content
from textual.events import DescendantFocus
from textual.widget import Widget

from xats_tui.core.model.messages import Thread
from xats_tui.core.model.wakes import Wake
from xats_tui.core.records import replace
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import Letter
from xats_tui.screens.details.messages import message_detail, thread_items, thread_title
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.paging import long_lists
from xats_tui.screens.paging.window import ListWindow
from xats_tui.screens.rows.messages import MESSAGES
from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.thread import ThreadPanel

logger = logging.getLogger(__name__)

INBOX = "My inbox"

NO_MAIL = "No message to you yet.  Agents write to you with send_message to operator; esc shows all messages."


class MessagesMode(ListMode):
    """List of messages."""

    mode = Mode.MESSAGES
    listing = MESSAGES
    divides = True

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._inbox = False
        self._receipts: tuple[Letter, tuple[Wake, ...]] | None = None
        self._asked: object = None
        """Letter and wakes for which receipts were last requested."""
        self._thread: tuple[str, Thread] | None = None
        """Loaded thread, with the key of the message it was opened at."""
        self._thread_asked: object = None

    def take_moment(self) -> None:
        """Forget what was loaded for the moment before."""
        self._receipts = self._asked = self._thread = self._thread_asked = None
        super().take_moment()

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the message and the thread that takes its place when it is opened."""
        yield from super().compose_detail()
        yield ThreadPanel()

    @property
    def window(self) -> ListWindow:
        """The window on all messages, or on the operator's inbox."""
        return self.desk.windows.of(long_lists.MAIL if self._inbox else long_lists.MESSAGES)

    def situation(self) -> Situation:
        """Return the situation; inbox and older messages count as something to leave."""
        return replace(super().situation(), apart=self._inbox or self.window.is_away)

    def aside(self) -> Iterable[Piece]:
        """Yield a note on unread messages to the operator after the general notes."""
        yield from super().aside()
        unread = sum(mail.read_at is None for mail in self.snapshot.inbox)
        if unread and not self._inbox:
            yield (f" ✉ {unread} for you: {self.key_of('inbox')} ", Tone.ACCENT)

    def draw_body(self) -> None:
        """Draw the selected part of the messages."""
        self.snapshot = self.as_listed(self.snapshot)
        self.list_panel.title = INBOX if self._inbox else self.listing.title
        super().draw_body()
        if self._inbox and not self.snapshot.inbox:
            self.list_panel.show((), "", NO_MAIL)

    def as_listed(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the messages that are listed as its stream."""
        return replace(snapshot, stream=snapshot.inbox) if self._inbox else snapshot

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of a message."""
        return message_detail(snapshot, key, now, self._receipts_of(key))

    def draw_detail(self, key: str | None) -> None:
        """Draw the message or its thread, and reload what belongs to it if something has changed."""
        super().draw_detail(key)
        letter = self.find(key) if key else None
        if not isinstance(letter, Letter):
            return
        if (letter, self.snapshot.wakes) != self._asked:
            self._asked = (letter, self.snapshot.wakes)
            self._load_receipts(letter)
        if self.inside:
            self._draw_thread(letter)

    def focus_detail(self) -> None:
        """Open the thread."""
        self.add_class("-inside")
        self.set_focus(self.query_one(ThreadPanel))
        self.draw_detail(self.list_panel.table.chosen)

    def go_back(self) -> bool:
        """Close the thread or clear what every list has; then leave older messages, then the inbox."""
        if super().go_back():
            return True
        if not self._inbox:
            return False
        self.action_inbox()
        return True

    def arrive(self, words: str | None, row: str | None) -> None:
        """Select a row where it is: among all messages or in the inbox."""
        if row is not None:
            self.window.close()
            among = {str(message.event_id) for message in self._latest.stream}
            self._inbox = row not in among and row in {str(mail.event_id) for mail in self._latest.inbox}
            self._show_part()
        super().arrive(words, row)

    def action_inbox(self) -> None:
        """Switch between the operator's inbox and all messages."""
        self.window.close()
        self._inbox = not self._inbox
        self._show_part()

    def _show_part(self) -> None:
        self.snapshot = self.placed(self.desk.scope.of(self._latest))
        self.draw()

    def _receipts_of(self, key: str) -> Sequence[Wake]:
        """Return the loaded receipts, if they belong to this message."""
        return self._receipts[1] if self._receipts and self._receipts[0].key == key else ()

    def _draw_thread(self, letter: Letter) -> None:
        panel = self.query_one(ThreadPanel)
        if (letter.key, self._latest.stream) != self._thread_asked:
            self._thread_asked = (letter.key, self._latest.stream)
            self._load_thread(letter.key)
        if self._thread and self._thread[0] == letter.key:
            thread = self._thread[1]
            items = thread_items(self.snapshot, thread, letter.key, self.now(), self._receipts_of(letter.key))
            panel.show(f"Thread {thread_title(self.snapshot, letter)}", letter.key, items)
        else:
            panel.wait()

    @on(DescendantFocus)
    def _detail_clicked(self) -> None:
        """Open the thread when the message is clicked."""
        if self.focused is self.detail_panel:
            self.focus_detail()

    @work(exclusive=True, group="receipts")
    async def _load_receipts(self, letter: Letter) -> None:
        try:
            receipts = await self.desk.source.receipts(letter.first.id)
        except Exception as error:  # the detail is shown without receipts
            logger.warning("the receipts of message %s could not be loaded: %s", letter.first.id, error)
        else:
            self._receipts = (letter, receipts)
            self.post_message(self.DetailChanged())

    @work(exclusive=True, group="thread")
    async def _load_thread(self, key: str) -> None:
        try:
            thread = await self.desk.source.thread(int(key))
        except Exception as error:  # the panel keeps showing that it is loading
            logger.warning("the thread of message %s could not be loaded: %s", key, error)
        else:
            self._thread = (key, thread)
            self.post_message(self.DetailChanged())
