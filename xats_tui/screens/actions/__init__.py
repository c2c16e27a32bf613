"""The action table: every action that the operator can perform, in one place.

Key bindings, footer, palette, help and the action menu are all derived from this table.  An action has two parts: an
`Action` entry (modes, key, reason why it is unavailable) and a method `action_<id>` that performs it.  Both live in the
file of their noun in this folder.  To add an action:

1. Add an `Action` to the tuple in its noun's file (`wakes.py` is a good example), with a key that is free in its
   modes.  For a new file, add its tuple to `ACTIONS` below and its class to the bases of `mode_screen.ModeScreen`.
2. Set `why_not` to a function of the `Situation` (`actions/situation.py`) that returns a short reason, or None.
3. Write the method: read `self.situation()`, ask with a dialog if necessary (`dialogs/asking.py`, `self.confirm`), and
   pass a coroutine to `self.carry_out("doing it", …)`.  It calls `self.desk.verbs` and returns the toast's sentence.

An action that helps with what needs a person sets `seeks` and reads `self.aim()`: where nothing fitting is selected, it
turns to the first concern that it fits.

Actions that change something set `changes=True`, so that read-only mode refuses them.  tests/screens/test_actions.py
checks every entry.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from textual.binding import Binding

from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.agents import AGENT_ACTIONS
from xats_tui.screens.actions.contracts import CONTRACT_ACTIONS
from xats_tui.screens.actions.finding import FIND_ACTIONS
from xats_tui.screens.actions.general import BACK, GENERAL, MODES, NEEDS_YOU, OPEN
from xats_tui.screens.actions.launching import LAUNCH
from xats_tui.screens.actions.messages import MESSAGE_ACTIONS, WRITE
from xats_tui.screens.actions.moments import SUM_UP, TRAVELLING
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.actions.storing import COPY_TICKET, SAVE_DATABASE
from xats_tui.screens.actions.task_table import TASK_ACTIONS
from xats_tui.screens.actions.wakes import WAKE_ACTIONS
from xats_tui.screens.modes.places import Mode

DEFAULTS: tuple[Action, ...] = (
    OPEN,
    BACK,
    *FIND_ACTIONS,
    *NEEDS_YOU,
    *WAKE_ACTIONS,
    *CONTRACT_ACTIONS,
    *MESSAGE_ACTIONS,
    *TASK_ACTIONS,
    *AGENT_ACTIONS,
    LAUNCH,
    WRITE,
    *GENERAL,
    SUM_UP,
    *TRAVELLING,
    COPY_TICKET,
    SAVE_DATABASE,
    *MODES,
)
"""All actions with their default keys, in the order in which they are shown."""

ACTIONS: list[Action] = list(DEFAULTS)
"""All actions with the keys that they have in this process."""


def _ids(*actions: Action) -> frozenset[str]:
    return frozenset(action.id for action in actions)


ACTION: dict[str, Action] = {action.id: action for action in ACTIONS}


AIMS: Mapping[str, frozenset[str]] = {
    "Wake agents, answer them, go to them": _ids(*WAKE_ACTIONS, *AGENT_ACTIONS, LAUNCH),
    "Messages": _ids(*MESSAGE_ACTIONS, WRITE),
    "Tasks": _ids(*TASK_ACTIONS),
    "Contracts": _ids(*CONTRACT_ACTIONS),
    "Choose rows": frozenset(
        {
            "mark",
            "mark_all",
            "invert_marks",
            "filter",
            "older",
            "sort",
            "reverse",
            "columns",
            "pause",
            "copy_id",
            COPY_TICKET.id,
        }
    ),
    "Look around": _ids(OPEN, BACK, *FIND_ACTIONS, *TRAVELLING, *MODES)
    | {"next_panel", "previous_panel", "zoom", "team"},
}
"""Ids of the actions by what one wants to do, in the order of the help; all others concern the dashboard itself."""

ON_THE_DASHBOARD = "The dashboard"


def aim_of(action: Action) -> str:
    """Return what the action is for, a title of the help."""
    return next((aim for aim, ids in AIMS.items() if action.id in ids), ON_THE_DASHBOARD)


def use(actions: Sequence[Action]) -> None:
    """Take these actions instead, which differ in their keys; before the dashboard is made."""
    ACTIONS[:] = actions
    ACTION.update({action.id: action for action in actions})


def with_shown_keys(text: str) -> str:
    """Return the text with the key of an action for each `{id}`."""
    return re.sub(r"\{(\w+)\}", lambda found: ACTION[found[1]].shown_key if found[1] in ACTION else found[0], text)


def bindings(mode: Mode) -> list[Binding]:
    """Return the key bindings of a mode's screen."""
    return [action.binding for action in ACTIONS if mode in action.modes]


def sharing(action: Action, mode: Mode) -> tuple[Action, ...]:
    """Return all actions of a mode that share this action's key, itself included.

    Each is for different panels, or gives way to another one.
    """
    return tuple(other for other in ACTIONS if other.key == action.key and mode in other.modes)


def possible(situation: Situation) -> Iterator[Action]:
    """Return the actions that can be performed now, in the order of the table."""
    return (action for action in ACTIONS if action.reason(situation) is None)


def offered(situation: Situation) -> Iterator[tuple[Action, str | None]]:
    """Return the actions that apply to the situation, each with the reason why it is unavailable, or None."""
    return ((action, action.reason(situation)) for action in ACTIONS if action.applies(situation))
