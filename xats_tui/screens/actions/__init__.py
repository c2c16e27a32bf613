"""The one table of what the operator can do: it feeds key bindings, footer, palette, help and the action menu.

An action is an entry (where it applies, its key, why it may not be possible) and a method `action_<id>` that carries it
out; both stand in the file of their noun here.  To add one:

1. an `Action` in the tuple of its noun's file (`wakes.py` is the pattern), with a key that is free in its modes; a new
   file's tuple is named in `ACTIONS` below, its class among the bases of `mode_screen.ModeScreen`;
2. `why_not`: a function of the `Situation` (`screens/situation.py`) that gives the reason in a few words, or None;
3. the method: it reads `self.situation()`, asks with a dialog if it has to (`screens/asking.py`, `self.confirm`), and
   hands a coroutine to `self.carry_out("doing it", …)`, which calls `self.desk.verbs` and returns the toast's sentence.

What changes something says `changes=True`: read-only mode refuses it.  tests/screens/test_actions.py walks the table.
"""

from collections.abc import Iterator

from textual.binding import Binding

from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.agents import AGENT_ACTIONS
from xats_tui.screens.actions.contracts import CONTRACT_ACTIONS
from xats_tui.screens.actions.general import BACK, GENERAL, MODES, OPEN
from xats_tui.screens.actions.launching import LAUNCH
from xats_tui.screens.actions.messages import MESSAGE_ACTIONS, WRITE
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.actions.storing import SAVE_DATABASE
from xats_tui.screens.actions.task_table import TASK_ACTIONS
from xats_tui.screens.actions.wakes import WAKE_ACTIONS
from xats_tui.screens.modes.places import Mode

ACTIONS: tuple[Action, ...] = (
    OPEN,
    BACK,
    *WAKE_ACTIONS,
    *CONTRACT_ACTIONS,
    *MESSAGE_ACTIONS,
    *TASK_ACTIONS,
    *AGENT_ACTIONS,
    LAUNCH,
    WRITE,
    *GENERAL,
    SAVE_DATABASE,
    *MODES,
)
"""In the order in which they are shown."""

ACTION: dict[str, Action] = {action.id: action for action in ACTIONS}


def bindings(mode: Mode) -> list[Binding]:
    """The key bindings of a mode's screen."""
    return [action.binding for action in ACTIONS if mode in action.modes]


def sharing(action: Action, mode: Mode) -> tuple[Action, ...]:
    """The actions of a mode that have the same key, each in panels of its own; the one itself is among them."""
    return tuple(other for other in ACTIONS if other.key == action.key and mode in other.modes)


def possible(situation: Situation) -> Iterator[Action]:
    """What can be done now, in the order of the table."""
    return (action for action in ACTIONS if action.reason(situation) is None)


def offered(situation: Situation) -> Iterator[tuple[Action, str | None]]:
    """What belongs to a situation, each with the reason why it cannot be done now."""
    return ((action, action.reason(situation)) for action in ACTIONS if action.applies(situation))
