"""Overlays: the help and the confirmation dialog.

Each closes with esc.  Overlays are given what to show and do not know where it comes from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.widgets.format import Tone, one_line
from xats_tui.screens.widgets.theme import cell_styles

KeyGroups = Mapping[str, Sequence[tuple[str, str, str]]]
"""Title and help of each key, by the place where it is bound."""


LEGEND = (
    ("● idle, there, sent", Tone.GOOD, "nothing to do, or on its way: an idle agent, a message that was not read yet"),
    ("◐ busy, waiting", Tone.ACCENT, "an agent or a task at work, a wake that waits, a broadcast that some have read"),
    ("✓ done, read", Tone.GOOD, "a message that was read, a wake whose message was, a task that is done"),
    ("◆ dialog", Tone.WARN, "an agent asks a person: a answers"),
    ("✎ draft", Tone.WARN, "somebody's unfinished text stands in an input line: nothing is typed there"),
    ("⚠ look", Tone.WARN, "a change of a contract that breaks readers, or something to look at"),
    ("✕ failed, gone", Tone.BAD, "a wake that failed, an agent whose program has ended, a cancelled task"),
    ("○ away, pending", Tone.MUTED, "an agent without a connection, a task that nobody has begun, a wake not tried"),
    ("‖ DND", Tone.WARN, "do not disturb is on: messages are kept, and wakes wait"),
    ("↩", Tone.MUTED, "a reply is wanted"),
    ("–", Tone.MUTED, "nothing is known or set"),
)
"""Symbols with their tone and meaning; the words beside them say the rest."""


COLUMN_CELLS = (11, 17)
"""Width of the first two columns of the help."""


class Sheet(DialogScreen[None]):
    """Box of scrolling text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "close", key_display="esc"),
        Binding("up", "scroll('up')", "up", show=False),
        Binding("down", "scroll('down')", "down", show=False),
        Binding("pageup", "scroll('page_up')", "page up", show=False),
        Binding("pagedown", "scroll('page_down')", "page down", show=False),
        Binding("home", "scroll('home')", "top", show=False),
        Binding("end", "scroll('end')", "end", show=False),
    ]
    KEYS: ClassVar[str] = "↑↓ scroll  esc close"

    box = getters.query_one("#box", VerticalScroll)
    text = getters.query_one("#text", Static)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Yield a scrolling box with a title and its keys."""
        with VerticalScroll(id="box", classes="sheet", can_focus=True) as box:
            box.border_title = Content(one_line(self._title))
            box.border_subtitle = Content(self.KEYS)
            yield Static(id="text")

    def action_scroll(self, where: str) -> None:
        """Scroll the text."""
        getattr(self.box, f"scroll_{where}")(animate=False)


class Help(Sheet):
    """Help: the keys that work on the screen below it, and the symbols."""

    def __init__(self, groups: KeyGroups) -> None:
        super().__init__("Help")
        self._groups = groups

    def on_mount(self) -> None:
        """Draw the keys."""
        # Once is enough: keys do not change while the help is open.
        styles = cell_styles(self.app.theme_variables)
        parts: list[RenderableType] = []
        for group, keys in self._groups.items():
            rows = [(Text(f"  {key}", styles[Tone.ACCENT]), title, sentence) for key, title, sentence in keys]
            parts += [Text(group, styles[Tone.STRONG]), _grid(rows, styles[Tone.MUTED])]
        signs = [(symbol.partition(" "), tone, meaning) for symbol, tone, meaning in LEGEND]
        rows = [(Text(f"  {sign}", styles[tone]), words, meaning) for (sign, _, words), tone, meaning in signs]
        parts += [Text("Symbols", styles[Tone.STRONG]), _grid(rows, styles[Tone.MUTED])]
        self.text.update(Group(*parts))


def _grid(rows: Iterable[tuple[Text, str, str]], muted: Style) -> Table:
    """Return the rows in columns that stand below those of other grids."""
    grid = Table.grid(padding=(0, 2))
    for width in COLUMN_CELLS:
        grid.add_column(width=width)
    grid.add_column()
    for key, title, sentence in rows:
        grid.add_row(key, Text(title), Text(sentence, muted))
    return grid


class ConfirmDialog(DialogScreen[bool]):
    """Asks for confirmation before an action that cannot be undone or touches much; names the consequence."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "cancel"),
        Binding("left,up", "app.focus_previous", "other button", show=False),
        Binding("right,down", "app.focus_next", "other button", show=False),
    ]

    def __init__(self, title: str, consequence: str, yes: str, *, is_safe: bool = False) -> None:
        """Create the question; `is_safe` has Enter agree, because nothing is lost by it."""
        super().__init__()
        self._is_safe = is_safe
        self._title = title
        self._consequence = consequence
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Yield the consequence and two buttons."""
        with Vertical(id="box", classes="question") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._consequence))
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no")
                yield Button(Content(self._yes), id="yes", variant="error")

    def on_mount(self) -> None:
        """Focus the harmless choice."""
        # A stray enter must not confirm.
        self.set_focus(self.query_one("#yes" if self._is_safe else "#no"))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Close with this answer."""
        self.dismiss(answer)
