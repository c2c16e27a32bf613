"""States of panes: readers that turn a captured screen into a state, and the monitor that captures screens.

`read_pane` selects the reader.  Readers are pure functions of their arguments.
"""

from collections.abc import Mapping
from typing import Any

from xats_tui.backend.panes.front import read_shell
from xats_tui.backend.panes.generic import read_generic
from xats_tui.clients.dialogs import read_prompt
from xats_tui.clients.registry import screen_reader
from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.records import replace
from xats_tui.core.screen.ansi_grid import parse_screen

MAX_QUESTION_CHARS = 120
"""Maximum characters of a question in a reason."""

SCROLLING_MODES = frozenset({"copy-mode", "view-mode"})
"""tmux modes that scroll the pane's screen, or the output of a command."""


def read_pane(client: str | None, screen: str, formats: Mapping[str, Any]) -> PaneReading:
    """Return the state of a pane.

    Args:
        client: the expected program; None or `custom` for any other.
        screen: the visible screen as `capture-pane -p -e` prints it.
        formats: tmux formats of the same moment: cursor_x, cursor_y (cells from 0), pane_in_mode, pane_dead,
            pane_current_command, pane_title, width or pane_width, …; and `standing` of the bound process.

    Returns:
        The state and the reason for it.  An unrecognised screen is `unknown`, never `idle`.
    """
    if int(formats.get("pane_dead") or 0):
        return PaneReading(state=PaneState.DEAD, reason="the program in the pane has ended")
    if int(formats.get("pane_in_mode") or 0):
        return _in_a_mode(str(formats.get("pane_mode") or "copy-mode"))
    lines = parse_screen(screen, str(formats.get("version") or ""))
    reader = screen_reader(client)
    if shell := read_shell(formats, known_client=reader is not None):
        return shell
    if reader is None:
        return read_generic(lines, formats)
    reading = reader(lines, formats)
    if reading.state is PaneState.DIALOG and (asked := read_prompt(client, screen, formats).question):
        return replace(reading, reason=f"asks: {asked[:MAX_QUESTION_CHARS]}")
    return reading


def _in_a_mode(mode: str) -> PaneReading:
    state = PaneState.COPY_MODE if mode in SCROLLING_MODES else PaneState.TMUX_MODE
    return PaneReading(state=state, reason=f"the pane is in tmux's {mode.replace('-', ' ')}: q leaves it")
