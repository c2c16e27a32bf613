"""Conditional typing commands: tmux checks the pane and types in one step, or reports why it did not.

Between our last look and our key, a person may synchronise the window, or another program may take the pane. tmux
parses the text of such a command, so it contains only names of a known form.
"""

import re
from collections.abc import Sequence
from functools import reduce

from xats_tui.core.errors import KeysWithheld, PaneGone
from xats_tui.core.model.panes import PaneRef

UNTYPEABLE = ("pane_synchronized", "pane_input_off", "pane_in_mode", "pane_dead")
"""Formats that are 1 if keys would go to several programs, to none, or to tmux itself."""

WITHHELD = "xats-withheld:"

_PANE_ID = re.compile(r"%\d+", re.ASCII)
_NAME = re.compile(r"\w[\w-]*", re.ASCII)


def paste_command(pane: PaneRef, buffer: str, occupant: int) -> list[str]:
    """Return the command that pastes and deletes a buffer if the pane's first process is still `occupant`."""
    return _guarded(pane, f"paste-buffer -p -d -r -b {_named(buffer)} -t {_id(pane)}", occupant)


def keys_command(pane: PaneRef, keys: Sequence[str], occupant: int) -> list[str]:
    """Return the command that presses keys by their tmux names if the pane's first process is still `occupant`."""
    return _guarded(pane, f"send-keys -t {_id(pane)} {' '.join(map(_named, keys))}", occupant)


def check_sent(pane: PaneRef, answer: Sequence[str]) -> None:
    """Check the output of such a command.

    Raises:
        PaneGone: the pane does not exist.
        KeysWithheld: another program is in the pane, or keys must not be typed into it.
    """
    refusal = next((line for line in answer if line.startswith(WITHHELD)), None)
    if refusal == WITHHELD:
        raise PaneGone(f"can't find pane: {pane.pane_id}")
    if refusal is not None:
        raise KeysWithheld("the pane changed at the last moment: nothing was sent")


def _guarded(pane: PaneRef, command: str, occupant: int) -> list[str]:
    conditions = [f"#{{==:#{{pane_pid}},{occupant}}}", *(f"#{{!=:#{{{name}}},1}}" for name in UNTYPEABLE)]
    condition = reduce(lambda one, other: f"#{{&&:{one},{other}}}", conditions)
    refusal = f"display-message -p -t {_id(pane)} '{WITHHELD}#{{pane_pid}}'"
    return ["if-shell", "-F", "-t", pane.pane_id, condition, command, refusal]


def _id(pane: PaneRef) -> str:
    if not _PANE_ID.fullmatch(pane.pane_id):
        raise PaneGone(f"can't find pane: {pane.pane_id}")
    return pane.pane_id


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a key or a buffer")
    return name
