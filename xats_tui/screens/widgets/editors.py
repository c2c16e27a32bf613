"""Editors for text that agents wrote: the text is kept as it is, and control characters are drawn as symbols."""

from rich.text import Text
from textual.widgets import Input, TextArea

from xats_tui.screens.widgets.format import visible


class LineEditor(Input):
    """Editor for a single line."""

    @property
    def _value(self) -> Text:
        return Text(_drawn(self.value), no_wrap=True, overflow="ignore", end="")


class BlockEditor(TextArea):
    """Editor for several lines."""

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is drawn."""
        return Text(_drawn(self.document.get_line(line_index)), no_wrap=True, end="")


def _drawn(text: str) -> str:
    """Return the text with each character made harmless; the number of characters stays the same."""
    return text if text.isascii() and text.isprintable() else "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    # The editor expands tabs itself.
    return character if character == "\t" else visible(character) or character
