"""Messages mode: messages between agents and with the operator, their readers, and the threads.

The list shows the newest messages, a page of older ones, or the operator's inbox.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from textual import on, work
from textual.content import Content
from textual.events import DescendantFocus
from textual.widget import Widget

from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import MAX_STREAM_MESSAGES, Snapshot
from xats_tui.screens.data.targets import Letter, letters
from xats_tui.screens.details.messages import message_detail, thread_items, thread_title
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.messages import MESSAGES, message_rows
from xats_tui.screens.widgets.format import Tone, one_line
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.tables import KeyedTable
from xats_tui.screens.widgets.thread import ThreadPanel

logger = logging.getLogger(__name__)

INBOX = "My inbox"

MAX_SEARCHED_PAGES = 20
"""Maximum pages of older messages that are searched for a match of the filter."""

NO_MAIL = "No message to you yet.  Agents write to you with send_message to operator; esc shows all messages."


class MessagesMode(ListMode):
    """List of messages."""

    mode = Mode.MESSAGES
    listing = MESSAGES
    divides = True

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._inbox = False
        self._pages: list[tuple[Message, ...]] = []
        """Pages of older messages, each reached from the one before; the last one is shown."""
        self._receipts: tuple[Letter, tuple[Wake, ...]] | None = None
        self._asked: object = None
        """Letter and wakes for which receipts were last requested."""
        self._thread: tuple[str, Thread] | None = None
        """Loaded thread, with the key of the message it was opened at."""
        self._thread_asked: object = None

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the message and the thread that takes its place when it is opened."""
        yield from super().compose_detail()
        yield ThreadPanel()

    def on_mount(self) -> None:
        """Watch the scroll position, to load older messages at the end of the list."""
        self.watch(self.list_panel.table, "scroll_y", self._scrolled, init=False)

    def situation(self) -> Situation:
        """Return the situation; inbox and older messages count as something to leave."""
        return replace(super().situation(), apart=self._inbox or bool(self._pages))

    def aside(self) -> Iterable[Piece]:
        """Yield notes on older messages and on unread messages to the operator."""
        yield from super().aside()
        if self._pages:
            yield (" older messages; esc newest ", Tone.WARN)
        unread = sum(mail.read_at is None for mail in self.snapshot.inbox)
        if unread and not self._inbox:
            yield (f" ✉ {unread} for you: {self.key_of('inbox')} ", Tone.ACCENT)

    def draw_body(self) -> None:
        """Draw the selected part of the messages."""
        if self._inbox:
            self.snapshot = replace(self.snapshot, stream=self.snapshot.inbox)
        elif self._pages:
            self.snapshot = replace(self.snapshot, stream=self.desk.scope.messages(self._pages[-1]))
        self.list_panel.title = INBOX if self._inbox else self.listing.title
        super().draw_body()
        if self._inbox and not self.snapshot.inbox:
            self.list_panel.show((), "", NO_MAIL)

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of a message."""
        return message_detail(snapshot, key, now, self._receipts_of(key))

    def ticket_title(self, key: str) -> str:
        """Return the title of a message's ticket: its subject, or who wrote to whom."""
        letter = self.find(key)
        if not isinstance(letter, Letter):
            return super().ticket_title(key)
        return f"Message {letter.first.subject or thread_title(self.snapshot, letter)}"

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
        if not (self._pages or self._inbox):
            return False
        self._inbox = self._inbox and bool(self._pages)
        self._pages.clear()
        self._show_part()
        return True

    def arrive(self, words: str | None, row: str | None) -> None:
        """Select a row where it is: among the newest messages or in the inbox."""
        if row is not None:
            self._pages.clear()
            among = {str(message.event_id) for message in self._latest.stream}
            self._inbox = row not in among and row in {str(mail.event_id) for mail in self._latest.inbox}
            self._show_part()
        super().arrive(words, row)

    def action_inbox(self) -> None:
        """Switch between the operator's inbox and all messages."""
        self._inbox = not self._inbox
        self._pages.clear()
        self._show_part()

    def action_older(self) -> None:
        """Go back a whole page."""
        if self.snapshot.stream:
            self._load_older(self.snapshot.stream[-1].event_id)

    def _show_part(self) -> None:
        self.snapshot = self.desk.scope.of(self._latest)
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

    @on(KeyedTable.Chosen)
    def _cursor_moved(self) -> None:
        """Load more messages when the cursor reaches the first or last row."""
        # If the list has yet to scroll there, `_scrolled` is called again then.
        cursor, last = self.list_panel.table.cursor_row, self.list_panel.table.row_count - 1
        if 0 in (cursor, last - cursor):
            self._scrolled()

    def _scrolled(self) -> None:
        """Load more messages when the list is scrolled to an end."""
        table = self.list_panel.table
        if table.scroll_y >= table.max_scroll_y and (table.max_scroll_y or table.cursor_row):
            self._go_on()
        elif table.scroll_y <= 0:
            self._go_newer()

    def _go_on(self) -> None:
        """Go back half a page, so that the row under the cursor stays."""
        # A list of some of the messages has no meaningful half: `o` goes on there.
        shown = letters(self.snapshot.stream)
        complete = self._inbox or len(self._held.stream) < MAX_STREAM_MESSAGES
        if not complete and len(shown) > 1 and not self._is_partial:
            self._load_older(shown[len(shown) // 2].first.event_id + 1)

    @property
    def _is_partial(self) -> bool:
        """True if a filter or the team scope leaves messages out."""
        return bool(self.list_panel.words or self.snapshot.team)

    def _go_newer(self) -> None:
        if self._pages and not self._is_partial:
            self._pages.pop()
            self._show_part()

    @work(exclusive=True, group="older")
    async def _load_older(self, before_event_id: int) -> None:
        """Load the page before an event; with a filter, the next page with a match."""
        for _ in range(MAX_SEARCHED_PAGES):
            try:
                page = await self.desk.source.older(before_event_id)
            except Exception as error:  # the list stays where it is; the header shows that the data is stale
                logger.warning("older messages could not be loaded: %s", error)
                return
            if not page or page[-1].event_id >= self.snapshot.stream[-1].event_id:
                break
            theirs = replace(self.snapshot, stream=self.desk.scope.messages(page))
            if self.list_panel.has_matches(message_rows(theirs, self.now())):
                self._pages.append(page)
                self.draw()
                return
            before_event_id = page[-1].event_id
        self.tell(f"no older message {self._partial_words}" if self._is_partial else "there are no older messages")

    @property
    def _partial_words(self) -> str:
        words = "matches the filter" if self.list_panel.words else "is"
        return f"{words} in team {one_line(self.snapshot.team)}" if self.snapshot.team else words

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
