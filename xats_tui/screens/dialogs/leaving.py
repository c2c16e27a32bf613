"""Question on leaving the dashboard while agents are connected.

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
from textual.widgets import Button, Static

from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.widgets.format import count

LISTED_AGENTS = 6
"""Maximum agents that the question names."""

CONSEQUENCE = """
Leave running: the coordinator keeps running without a dashboard, on the same port.  Agents are not affected; \
`xats-tui` opens the dashboard again.
Stop all: until a coordinator runs again, no message is sent and no agent is woken.  Accepted messages are kept."""


class Next(Enum):
    """Next step after the dashboard has closed."""

    SCREEN = "screen"
    """Open the dashboard again."""
    HEADLESS = "headless"
    """Keep a coordinator running without a dashboard, in a process of its own."""
    NOTHING = "nothing"
    """Stop the coordinator, too."""


class LeaveQuestion(DialogScreen[Next]):
    """Asks what happens to the connected agents; esc cancels leaving."""

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
        """Yield the connected agents, the consequence of each choice, and three buttons."""
        with Vertical(id="box", classes="question") as box:
            box.border_title = Content("Quit?")
            box.border_subtitle = Content("l leave running  s stop all  esc cancel")
            yield Static(Content(_who(self._connected) + CONSEQUENCE))
            with Horizontal(id="buttons"):
                yield Button("Leave running", id="headless", variant="primary")
                yield Button("Stop all", id="nothing", variant="error")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Focus the harmless choice."""
        # A stray enter must not stop the agents' coordinator.
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
