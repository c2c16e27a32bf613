"""Prompt line for a filter or a command; it replaces the footer while it is open."""

from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.suggester import Suggester
from textual.widgets import Input, Static


class PromptInput(Input):
    """Input that tab completes and esc closes."""

    # Textual lays out the whole screen for each letter, in case the input grows with its text; this one does not.
    virtual_size = Reactive(Size(0, 0))

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", show=False),
        Binding("escape", "leave", "leave", show=False),
    ]

    def action_complete(self) -> None:
        """Accept the suggestion."""
        if self._suggestion:
            self.value = self._suggestion
            self.cursor_position = len(self.value)

    def action_leave(self) -> None:
        """Close the line."""
        self.post_message(PromptLine.Left())


class PromptLine(Horizontal):
    """Input line with a label."""

    @dataclass
    class Typed(Message):
        """Posted when the text changes."""

        text: str

    @dataclass
    class Kept(Message):
        """Posted when enter is pressed."""

        text: str

    @dataclass
    class Left(Message):
        """Posted when esc is pressed."""

    label = getters.query_one("#prompt-name", Static)
    line = getters.query_one(PromptInput)

    def compose(self) -> ComposeResult:
        """Yield the label and the input."""
        yield Static(id="prompt-name")
        yield PromptInput(id="prompt-input", compact=True)

    def ask(self, name: str, value: str, placeholder: str, suggester: Suggester | None = None) -> None:
        """Open the line with an initial text."""
        self.label.update(Content(name))
        with self.prevent(Input.Changed):
            self.line.value = value
        self.line.placeholder = placeholder
        self.line.suggester = suggester
        self.line.cursor_position = len(value)
        self.screen.set_focus(self.line)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Kept(event.value))
