"""Dialog with what happened since a moment; each line leads to its rows."""

from datetime import datetime
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from xats_tui.core.model.activity import Summary, SummaryLine
from xats_tui.screens.details.summary import URGENT, moment_words, notes_of, title_of
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.widgets.format import Tone, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

KEY_ONLY_OPENED = "The key that you pressed has only opened this summary."


class SummaryDialog(DialogScreen[SummaryLine]):
    """Lists what happened and returns the line whose rows are to be shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "close")]

    lines = getters.query_one(OptionList)

    def __init__(self, summary: Summary, title: str, note: str = "") -> None:
        """Show a summary under a title; the note stands above the lines."""
        super().__init__()
        self._summary = summary
        self._title = title
        self._note = note

    def compose(self) -> ComposeResult:
        """Yield the span, the note and the lines."""
        with Vertical(id="box", classes="pick") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("enter show these rows  esc close")
            yield Static(Content(self._head(self._summary.until)))
            if self._note:
                yield Static(Content.styled(self._note, CONTENT_STYLES[Tone.MUTED]))
            yield Static()
            yield OptionList(markup=False, compact=True)

    def on_mount(self) -> None:
        """List the lines."""
        titles = [title_of(line) for line in self._summary.lines]
        width = max(map(len, titles), default=0)
        for number, (title, line) in enumerate(zip(titles, self._summary.lines, strict=True)):
            self.lines.add_option(Option(_drawn(title, width, line), str(number)))
        self.lines.action_first()
        self.lines.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._summary.lines[event.option_index])

    def _head(self, now: datetime) -> str:
        team = self._summary.team
        return f"Since {moment_words(self._summary.since, now)}, {f'team {one_line(team)}' if team else 'all teams'}:"


def _drawn(title: str, width: int, line: SummaryLine) -> Content:
    tone = Tone.WARN if line.kind in URGENT else Tone.STRONG
    return Content.assemble(
        (f"{title:<{width}}  ", CONTENT_STYLES[tone]), (one_line(notes_of(line)), CONTENT_STYLES[Tone.MUTED])
    )
