"""Captured panes as text: colours are kept, all other control characters are drawn as symbols."""

import re

from rich.ansi import AnsiDecoder
from rich.text import Text

from xats_tui.screens.widgets.format import visible

COLOUR_OR_SUSPECT = re.compile(r"(\x1b\[[0-9;:]*m)|([^\x20-\x7e])")
"""Colour sequences and characters to check; only colour sequences reach rich's decoder."""


def pane_lines(screen: str) -> list[Text]:
    """Return the lines of a captured screen (`capture-pane -p -e`), without blank lines at the end."""
    decoder = AnsiDecoder()
    lines = [decoder.decode_line(_harmless(line)) for line in screen.split("\n")]
    for line in lines:
        line.rstrip()
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _harmless(line: str) -> str:
    return COLOUR_OR_SUSPECT.sub(lambda match: match[1] or visible(match[2]), line)
