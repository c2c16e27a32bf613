"""What a pane is doing: readers from a captured screen to a state, and the monitor that looks.

`read_pane` is the door to the readers.  They are pure: everything they know is in their arguments.
"""

from collections.abc import Mapping
from typing import Any

from xats_tui.backend.model import Client, PaneReading, PaneState
from xats_tui.backend.panes.generic import read_generic
from xats_tui.backend.panes.screen import parse_screen

SHELLS = frozenset({"ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "nu", "sh", "tcsh", "xonsh", "zsh"})
"""Programs whose prompt means that the agent is gone."""


def read_pane(client: Client | str | None, screen: str, formats: Mapping[str, Any]) -> PaneReading:
    """The state of a pane.

    Args:
        client: the program that should be in it; None or `custom` for any other.
        screen: the visible screen as `capture-pane -p -e` prints it.
        formats: tmux formats of the same moment: cursor_x, cursor_y (cells from 0), pane_in_mode, pane_dead,
            pane_current_command, pane_title, width or pane_width, …

    Returns:
        The state with what made the reader say so.  What it does not recognise is `unknown`, never `idle`.
    """
    if int(formats.get("pane_dead") or 0):
        return PaneReading(state=PaneState.DEAD, reason="the program in the pane has ended")
    if int(formats.get("pane_in_mode") or 0):
        return PaneReading(state=PaneState.COPY_MODE, reason="the pane is in copy mode")
    if client in (None, Client.CUSTOM):
        return read_generic(parse_screen(screen), formats)
    command = str(formats.get("pane_current_command") or "").removeprefix("-")
    if command in SHELLS:
        return PaneReading(state=PaneState.SHELL, reason=f"{command} is in front: the agent has ended")
    return PaneReading(state=PaneState.UNKNOWN, reason=f"screens of {client} are not read")
