"""What comes after the screen, and the question about it when agents are connected.

It knows neither the coordinator nor how a choice is carried out.
"""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from xats_tui.screens.widgets.format import count

LISTED_AGENTS = 6
"""Agents that the question names; more would not be read."""

CONSEQUENCE = """
Leave running: the coordinator goes on without a screen, on the same port.  The agents notice nothing; `xats-tui` \
opens the screen again.

Stop all: until a coordinator runs again, no message is sent and nobody is woken.  What was accepted is kept."""


class Next(Enum):
    """What comes after the screen."""

    SCREEN = "screen"
    """The screen again."""
    HEADLESS = "headless"
    """A coordinator without a screen, in a process of its own."""
    NOTHING = "nothing"
    """The coordinator stops, too."""


class LeaveQuestion(ModalScreen[Next]):
    """Asks what becomes of the agents that are connected; closed with escape, nothing is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c", "dismiss", "cancel"),
        Binding("l", "choose('headless')", "leave running"),
        Binding("s", "choose('nothing')", "stop all"),
        Binding("left,up", "app.focus_previous", "other button", show=False),
        Binding("right,down", "app.focus_next", "other button", show=False),
    ]

    def __init__(self, connected: Sequence[str]) -> None:
        super().__init__()
        self._connected = connected

    def compose(self) -> ComposeResult:
        """Who is connected, what each choice means for them, and three buttons."""
        with Vertical(id="box", classes="question") as box:
            box.border_title = Content("Quit?")
            box.border_subtitle = Content("l leave running  s stop all  esc cancel")
            yield Static(Content(_who(self._connected) + CONSEQUENCE))
            with Horizontal(id="buttons"):
                yield Button("Leave running", id="headless", variant="primary")
                yield Button("Stop all", id="nothing", variant="error")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """What harms nobody is what a stray enter does."""
        self.query_one("#headless").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "cancel":
            self.dismiss()
        else:
            self.action_choose(event.button.id or "")

    def action_choose(self, choice: str) -> None:
        """Close with this choice."""
        self.dismiss(Next(choice))


def _who(connected: Sequence[str]) -> str:
    names = ", ".join(connected[:LISTED_AGENTS])
    more = f" and {len(connected) - LISTED_AGENTS} more" if len(connected) > LISTED_AGENTS else ""
    verb = "is" if len(connected) == 1 else "are"
    return f"{count(len(connected), 'agent')} {verb} connected: {names}{more}.\n"
