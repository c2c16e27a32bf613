"""Dialogs that ask for a single line, or for a choice from a list.

They return the answer, or None if they were closed with esc.  Foreign text in them is never read as markup.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from xats_tui.core.model.labels import folded
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.widgets.editors import LineEditor
from xats_tui.screens.widgets.format import Tone, cut, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

Check = Callable[[str], str | None]
"""Function that returns the problem with a line; None if there is none."""


def not_empty(line: str) -> str | None:
    """Return a problem unless something was typed."""
    return None if line.strip() else "nothing is typed"


class Ask(DialogScreen[str]):
    """Asks for a single line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "leave")]

    line = getters.query_one("#line", Input)

    def __init__(self, title: str, prompt: str, value: str = "", *, check: Check = not_empty) -> None:
        super().__init__()
        self._title = title
        self._prompt = prompt
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        """Yield the prompt, the input line, and a place for a problem."""
        with Vertical(id="box", classes="ask") as box:
            box.border_title = Content(one_line(self._title))
            box.border_subtitle = Content("enter do it  esc leave")
            yield Static(Content(one_line(self._prompt)))
            yield LineEditor(self._value, id="line", compact=True)
            yield Static(id="wrong")

    def on_mount(self) -> None:
        """Focus the input line."""
        self.line.focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#wrong", Static).update(Content())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        wrong = self._check(event.value)
        if wrong is None:
            self.dismiss(event.value)
        else:
            self.query_one("#wrong", Static).update(Content(wrong))


class PickOption(Struct, frozen=True):
    """An option of a `Pick` dialog."""

    id: str
    label: str
    note: str = ""
    """Explanation of the option."""
    why_not: str | None = None
    """Reason why the option is unavailable."""
    key: str = ""
    """Key that does the same without the dialog."""


class Pick(DialogScreen[str]):
    """Offers a list with a filter and returns the id of the choice; unavailable options show the reason."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("up", "move('up')", "up", show=False),
        Binding("down", "move('down')", "down", show=False),
        Binding("pageup", "move('page_up')", "page up", show=False),
        Binding("pagedown", "move('page_down')", "page down", show=False),
    ]

    choices_shown = getters.query_one(OptionList)

    def __init__(self, title: str, choices: Sequence[PickOption]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        """Yield the filter line and the list."""
        with Vertical(id="box", classes="pick") as box:
            box.border_title = Content(one_line(self._title))
            box.border_subtitle = Content("type to filter  enter choose  esc leave")
            yield Input(id="line", placeholder="filter", compact=True)
            yield OptionList(markup=False, compact=True)

    def on_mount(self) -> None:
        """Show all options."""
        self._offer("")
        self.query_one("#line").focus()

    def action_move(self, where: str) -> None:
        """Move in the list while the filter line has the focus."""
        getattr(self.choices_shown, f"action_{'cursor_' if '_' not in where else ''}{where}")()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._offer(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.choices_shown.action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def _offer(self, words: str) -> None:
        wanted = folded(words).split()
        kept = [choice for choice in self._choices if all(word in _searched(choice) for word in wanted)]
        keys = max((len(choice.key) for choice in self._choices), default=0)
        labels = max((len(one_line(choice.label)) for choice in self._choices), default=0)
        offered = self.choices_shown
        offered.clear_options()
        offered.add_options(
            Option(_drawn(choice, keys, labels), choice.id, choice.why_not is not None) for choice in kept
        )
        offered.action_first()


def _searched(choice: PickOption) -> str:
    return folded(f"{choice.label} {choice.note}")


def _drawn(choice: PickOption, keys: int, labels: int) -> Content:
    label = cut(one_line(choice.label), labels)
    note = choice.why_not or choice.note
    muted = CONTENT_STYLES[Tone.MUTED]
    return Content.assemble(
        (f"{choice.key:<{keys}}  " if keys else "", CONTENT_STYLES[Tone.ACCENT]),
        (f"{label:<{labels}}  ", muted if choice.why_not else ""),
        (f"not now: {one_line(note)}" if choice.why_not else one_line(note), muted),
    )
