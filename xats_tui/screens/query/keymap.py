"""Keys that `config.toml` changes: which are valid, and which actions they belong to.  Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from textual.keys import _character_to_key, format_key

from xats_tui.core.records import replace
from xats_tui.screens.actions.action import Action
from xats_tui.screens.modes.places import Mode, Panel

FIXED = frozenset({"open", "back", "next_panel", "previous_panel"})
"""Actions whose keys cannot be changed."""

RESERVED = frozenset(
    {"enter", "escape", "esc", "tab", "shift+tab", "up", "down", "pageup", "pagedown", "home", "end", "ctrl+c"}
)
"""Keys that lists, fields and dialogs need."""

NAMED = frozenset(
    {"space", "backspace", "delete", "insert", "left", "right", *RESERVED, *(f"f{number}" for number in range(1, 25))}
)

KEY = re.compile(r"(?P<held>(?:(?:ctrl|alt|shift)\+)*)(?P<key>.|[a-z]+\d*)")
"""Name of a key: `r`, `ctrl+r`, `f5`."""


class InvalidKey(ValueError):
    """A key cannot be used; the text is one sentence."""


def with_keys(actions: Sequence[Action], wanted: Mapping[str, Sequence[str]]) -> list[Action]:
    """Return the actions with the keys that are wanted for some of them.

    Raises:
        InvalidKey: an action or a key is unknown or reserved, or a key would mean two things in the same place.
    """
    known = {action.id: action for action in actions}
    changed: dict[str, Action] = {}
    for action_id, keys in wanted.items():
        if action_id not in known:
            near = get_close_matches(action_id, known, n=1)
            raise InvalidKey(f"{action_id!r} is not an action{f'; did you mean {near[0]}?' if near else ''}")
        if action_id in FIXED:
            raise InvalidKey(f"the key of {action_id} cannot be changed")
        if not keys:
            raise InvalidKey(f"{action_id} has no key")
        spelled = ",".join(map(_spelled, keys))
        changed[action_id] = replace(known[action_id], key=spelled, shown_key=keys[0].strip())
    after = [changed.get(action.id, action) for action in actions]
    if twice := next(_meant_twice(after), None):
        raise InvalidKey(twice)
    return after


def _spelled(key: str) -> str:
    """Return a key as Textual spells it."""
    match = KEY.fullmatch(key.strip())
    if not match or (len(match["key"]) > 1 and match["key"] not in NAMED) or not match["key"].isprintable():
        raise InvalidKey(f"{key!r} is not a key; a key is a character, or a name such as ctrl+r, f5 or space")
    spelled = match["held"] + (_character_to_key(match["key"]) if len(match["key"]) == 1 else match["key"])
    if spelled in RESERVED:
        raise InvalidKey(f"{key!r} is reserved")
    return spelled


def _meant_twice(actions: Sequence[Action]) -> Iterator[str]:
    """Yield a sentence for each key that would mean two things in the same place."""
    for mode in Mode:
        for panel in Panel if mode is Mode.LIVE else (None,):
            meant: dict[str, list[Action]] = defaultdict(list)
            for action in actions:
                if mode in action.modes and (panel is None or panel in action.panels):
                    for key in action.key.split(","):
                        meant[key].append(action)
            for key, sharing in meant.items():
                ids = {action.id for action in sharing}
                claimed = [action.id for action in sharing if action.gives_way_to not in ids]
                if len(claimed) > 1:
                    both = " and ".join(claimed)
                    yield f"{format_key(key)} would mean {both} in {mode.label}; give one of them another key"
