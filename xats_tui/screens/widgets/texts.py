"""Panel for a long text that wraps and scrolls by itself, so that a new text does not lay out the screen anew.

It knows neither what the text is about nor when it changes.
"""

from collections.abc import Sequence
from itertools import islice, zip_longest

from rich.style import Style
from textual import on
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class TextPanel(ScrollView, can_focus=True):
    """Text that can be scrolled and selected."""

    class WidthChanged(Message):
        """Posted when the width of the lines has changed; text laid out for the old width has to be made anew."""

    def __init__(self, name: str) -> None:
        """Create an empty panel whose id is `name`."""
        super().__init__(id=name, classes="panel")
        self._content = Content()
        self._lines: list[Strip] = []
        self._fitted_to = 0
        """Width of the lines when `Fitted` was last posted."""
        self._blank_style = Style()
        """Style of the lines behind the text."""

    @property
    def text_width(self) -> int:
        """Cells in a line of text; 0 before the panel has a size."""
        return max(0, self.container_size.width - self.styles.scrollbar_size_vertical)

    def update(self, content: Content) -> None:
        """Show this content, if it differs from the current one."""
        if not content.is_same(self._content):
            before, top = self._lines, self.scroll_offset.y
            self._content = content
            self._wrap()
            if self.scroll_offset.y == top:
                self._redraw(before, self._lines, top)
            else:
                self._redraw_all()

    def render(self) -> Content:
        """Return the whole text, from which a selection is copied."""
        return self._content

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines of the widget."""
        self._blank_style = self.rich_style  # it is looked for among all ancestors
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return a visible line."""
        index = y + self.scroll_offset.y
        return self._lines[index] if index < len(self._lines) else Strip.blank(self.size.width, self._blank_style)

    def selection_updated(self, selection: Selection | None) -> None:
        """Redraw with the selection."""
        self._wrap()
        self._redraw_all()

    def notify_style_update(self) -> None:
        """Redraw with the new colours."""
        super().notify_style_update()
        self._wrap()
        self._redraw_all()

    @on(Resize)
    def _fit(self) -> None:
        self._wrap()
        self._redraw_all()
        if self.text_width != self._fitted_to:
            self._fitted_to = self.text_width
            self.post_message(self.WidthChanged())

    def _wrap(self) -> None:
        width, height = self.text_width, self.container_size.height
        self._lines = Visual.to_strips(self, self._content, width, None, self.visual_style) if width > 0 else []
        size = Size(width, max(height, len(self._lines)))
        if size != self.virtual_size:
            # Without the watcher, which would lay out the screen.  The scrollbar stays, and is blank when all is in
            # sight.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def _redraw(self, before: Sequence[Strip], lines: Sequence[Strip], top: int) -> None:
        """Redraw the visible lines that have changed; those below a short text, and most labels of a detail, stay."""
        shown = zip_longest(before[top:], lines[top:])
        changed = [y for y, (old, new) in enumerate(islice(shown, self.container_size.height)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.text_width, 1) for y in changed))

    def _redraw_all(self) -> None:
        self.refresh(Region(0, 0, self.text_width, self.container_size.height))  # not the scrollbar
