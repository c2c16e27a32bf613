"""Where the operator edits what agents wrote: the text stays what it is, and is drawn without what a terminal obeys."""

from rich.text import Text
from textual.widgets import Input, TextArea

from xats_tui.screens.widgets.format import visible


class LineEditor(Input):
    """One line."""

    @property
    def _value(self) -> Text:
        return Text(_drawn(self.value), no_wrap=True, overflow="ignore", end="")


class BlockEditor(TextArea):
    """Many lines."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        return Text(_drawn(self.document.get_line(line_index)), no_wrap=True, end="")


def _drawn(text: str) -> str:
    """As many characters as there are, each harmless; a tab is for the editor to widen."""
    return text if text.isascii() and text.isprintable() else "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    return character if character == "\t" else visible(character) or character
