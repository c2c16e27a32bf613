"""The words that a person types to connect the programs that could be agents.  Nothing is typed for them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from xats_tui.core.model.client_states import UnconnectedProgram
from xats_tui.screens.dialogs.overlays import Sheet
from xats_tui.screens.widgets.format import Tone, age, one_line
from xats_tui.screens.widgets.theme import cell_styles

TELL = "register to xats as NAME"
SET_UP = "xats-tui setup"


class HowToConnect(Sheet):
    """The programs that have not registered, and what to type there."""

    def __init__(self, programs: Sequence[UnconnectedProgram], now: datetime) -> None:
        super().__init__("Not connected")
        self._programs = programs
        self._now = now

    def on_mount(self) -> None:
        """Draw the text."""
        styles = cell_styles(self.app.theme_variables)
        lines = [Text(line, styles[tone]) for line, tone in text_of(self._programs, self._now)]
        self.text.update(Text("\n").join(lines))


def text_of(programs: Sequence[UnconnectedProgram], now: datetime) -> Iterator[tuple[str, Tone]]:
    """Yield the lines, each with its tone."""
    yield "These programs run here, and have not registered as agents:", Tone.STRONG
    for one in programs:
        pane = f", pane {one_line(one.pane_id)}" if one.pane_id else ""
        yield f"  {one.client} {one.pid} in {one_line(one.folder)}{pane}, for {age(now - one.since)}", Tone.PLAIN
    yield "", Tone.PLAIN
    yield "To connect one, type this in it, with a name of your choice:", Tone.STRONG
    yield f"  {TELL}", Tone.ACCENT
    yield "", Tone.PLAIN
    yield "If it does not know xats, run this once in a shell, and start the program again:", Tone.STRONG
    yield f"  {SET_UP}", Tone.ACCENT
    yield "", Tone.PLAIN
    yield "Nothing is typed there for you.", Tone.MUTED
