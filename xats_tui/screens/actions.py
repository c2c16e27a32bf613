"""The one table of what the operator can do: it feeds key bindings, footer, palette and help.

It knows where an action applies and why it may not be possible; how an action is carried out is the business of the
screen, which has a method `action_<id>` for each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Mode(StrEnum):
    """The modes that can be opened, in the order of their digits."""

    LIVE = "live"

    @property
    def label(self) -> str:
        """What the mode row calls it."""
        return self.value.capitalize()

    @property
    def digit(self) -> str:
        """The key that opens it."""
        return str(list(Mode).index(self) + 1)


class Panel(StrEnum):
    """The panels of the Live screen, in the order of tab."""

    ATTENTION = "attention"
    AGENTS = "agents"
    PANE = "pane"
    STREAM = "stream"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"

    @property
    def label(self) -> str:
        """What its border calls it."""
        return self.value.capitalize()


EVERYWHERE = frozenset(Mode)
ANY_PANEL = frozenset(Panel)
TABLES = ANY_PANEL - {Panel.PANE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where the operator is, as far as it decides what is possible."""

    mode: Mode
    panel: Panel | None
    """The panel with the focus."""
    row: str | None = None
    """The key of the row under its cursor."""
    filtered: bool = False
    zoomed: bool = False


def always(_: Situation) -> str | None:
    """Nothing stands in the way."""
    return None


def needs_row(situation: Situation) -> str | None:
    """There has to be something under the cursor."""
    return None if situation.row else "nothing is selected"


def needs_marker(situation: Situation) -> str | None:
    """There has to be something to go back from."""
    return None if situation.filtered or situation.zoomed else "no filter and no zoom to leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that the operator can do."""

    id: str
    """The screen carries it out in `action_<id>`."""
    key: str
    """As Textual names it; several are separated by commas, and the first one is shown."""
    shown_key: str
    """As the operator reads it."""
    title: str
    help: str
    """One sentence."""
    modes: frozenset[Mode] = EVERYWHERE
    panels: frozenset[Panel] = ANY_PANEL
    in_footer: bool = True
    why_not: Callable[[Situation], str | None] = always
    """The reason why it cannot be done in a situation, or None if it can."""
    quiet: bool = False
    """Its key pressed in vain needs no word: esc is pressed by habit."""

    def applies(self, situation: Situation) -> bool:
        """Whether it belongs to where the operator is, be it possible or not."""
        return situation.mode in self.modes and (situation.panel is None or situation.panel in self.panels)

    @property
    def binding(self) -> Binding:
        """The key binding, which asks `why_not` through the screen's `perform`."""
        return Binding(
            self.key, f"perform('{self.id}')", self.title, id=self.id, tooltip=self.help, key_display=self.shown_key
        )


ACTIONS: tuple[Action, ...] = (
    Action(
        id="open",
        key="enter",
        shown_key="enter",
        title="open",
        help="Open what is selected: all of it, or the cause of what needs attention.",
        why_not=needs_row,
    ),
    Action(
        id="filter",
        key="slash",
        shown_key="/",
        title="filter",
        help="Show only the rows of this panel that contain some words.",
        panels=TABLES,
    ),
    Action(
        id="zoom",
        key="z",
        shown_key="z",
        title="zoom",
        help="Give this panel the whole screen, or give it back.",
    ),
    Action(
        id="copy_id",
        key="y",
        shown_key="y",
        title="copy id",
        help="Copy the identifier of what is selected to the clipboard.",
        why_not=needs_row,
    ),
    Action(
        id="next_panel",
        key="tab",
        shown_key="tab",
        title="next panel",
        help="Go to the next panel.",
    ),
    Action(
        id="previous_panel",
        key="shift+tab",
        shown_key="shift+tab",
        title="previous panel",
        help="Go to the previous panel.",
        in_footer=False,
    ),
    Action(
        id="back",
        key="escape",
        shown_key="esc",
        title="back",
        help="Leave the filter, then the zoom.",
        why_not=needs_marker,
        quiet=True,
    ),
    Action(
        id="toggle_theme",
        key="ctrl+t",
        shown_key="ctrl+t",
        title="dark or light",
        help="Change between the dark and the light theme.",
        in_footer=False,
    ),
    Action(
        id="themes",
        key="f2",
        shown_key="f2",
        title="all themes",
        help="Choose any theme from a list.",
        in_footer=False,
    ),
    Action(
        id="palette",
        key="ctrl+p",
        shown_key="ctrl+p",
        title="palette",
        help="Find an action by its name.",
    ),
    Action(
        id="help",
        key="question_mark,f1",
        shown_key="?",
        title="help",
        help="List every key that works here.",
    ),
    Action(
        id="quit",
        key="ctrl+q",
        shown_key="ctrl+q",
        title="quit",
        help="Stop the dashboard and the coordinator in it; asks if agents are connected.",
    ),
)

ACTION: dict[str, Action] = {action.id: action for action in ACTIONS}


def bindings(mode: Mode) -> list[Binding]:
    """The key bindings of a mode's screen."""
    return [action.binding for action in ACTIONS if mode in action.modes]


def possible(situation: Situation) -> Iterator[Action]:
    """What can be done now, in the order of the table."""
    return (action for action in ACTIONS if action.applies(situation) and action.why_not(situation) is None)
