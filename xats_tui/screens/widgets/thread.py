"""Panel of a thread: a block for each message, oldest first, scrolled to the opened message."""

from collections.abc import Mapping

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.panels import entitle
from xats_tui.screens.widgets.theme import CONTENT_STYLES

LOADING = Content.styled("loading…", CONTENT_STYLES[Tone.MUTED])


class Block(Static):
    """A message, drawn only when it changes."""

    def __init__(self, content: Content, *, is_opened: bool) -> None:
        super().__init__(content, classes="-opened" if is_opened else "")
        self._drawn = content

    def draw(self, content: Content, *, is_opened: bool) -> None:
        """Show this content."""
        self.set_class(is_opened, "-opened")
        if not content.is_same(self._drawn):
            self._drawn = content
            self.update(content)


class ThreadPanel(VerticalScroll, can_focus=True):
    """Messages below each other; keeps its scroll position while they change, and follows the end."""

    def __init__(self) -> None:
        super().__init__(id="thread", classes="panel")
        self._opened_at: str | None = None
        self._blocks: dict[str, Block] = {}

    def show(self, title: str, opened_at: str, items: Mapping[str, Content]) -> None:
        """Show these messages by key, and scroll to the opened one if it has changed."""
        entitle(self, Content.styled(title, "bold"), Content())
        at_end = self.max_scroll_y > 0 and self.scroll_y >= self.max_scroll_y
        with self.app.batch_update():
            added = self._change(opened_at, items)
        if opened_at != self._opened_at:
            self._opened_at = opened_at
            # Blocks that were just mounted have no position before the refresh.
            self.call_after_refresh(self._scroll_to_opened)
        elif added and at_end:
            self.call_after_refresh(self.scroll_end, animate=False)

    def wait(self) -> None:
        """Show that the thread is loading."""
        self.show("Thread", "", {"": LOADING})

    def _change(self, opened_at: str, items: Mapping[str, Content]) -> bool:
        """Update the blocks; return whether messages were added."""
        for key in self._blocks.keys() - items.keys():
            self._blocks.pop(key).remove()
        added = False
        after: Block | None = None
        for key, content in items.items():
            if block := self._blocks.get(key):
                block.draw(content, is_opened=key == opened_at)
            else:
                block, added = Block(content, is_opened=key == opened_at), True
                self._blocks[key] = block
                self._place(block, after)
            after = block
        return added

    def _place(self, block: Block, after: Block | None) -> None:
        if after is not None:
            self.mount(block, after=after)
        elif self.children:
            self.mount(block, before=0)
        else:
            self.mount(block)

    def _scroll_to_opened(self) -> None:
        if (block := self._blocks.get(self._opened_at or "")) and block.is_mounted:
            self.scroll_to_widget(block, animate=False, top=True, force=True)
