"""Table of keys, taken from the dashboard's table of actions."""

from docs_generator.markdown import code, table
from xats_tui.screens.actions import ACTIONS
from xats_tui.screens.actions.action import Action
from xats_tui.screens.modes.places import Mode


def keys() -> str:
    """Return a row for each action, in the order of the action menu."""
    return table(("key", "name in `[keys]`", "what it does", "where"), [_row(action) for action in ACTIONS])


def _row(action: Action) -> tuple[str, str, str, str]:
    everywhere = set(action.modes) == set(Mode)
    where = "everywhere" if everywhere else ", ".join(mode.label for mode in Mode if mode in action.modes)
    return code(action.shown_key), code(action.id), f"{action.title}: {action.help}", where
