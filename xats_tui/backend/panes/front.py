"""Recognition of a shell in front of a pane: the agent has ended, or the shell only leads its process group.

tmux names the leader of the foreground group.  For `sh -c 'claude; exec bash'`, a wrapper script or `npx`, that is a
shell with the agent beside it; so the bound process decides, if it is known.
"""

from collections.abc import Mapping
from typing import Any

from xats_tui.clients.programs import SHELLS
from xats_tui.core.model.panes import PaneReading, PaneState, Standing

STANDING = "standing"
"""Added format with the standing of the bound process, which tmux does not know."""


def leads_a_shell(formats: Mapping[str, Any]) -> bool:
    """Return whether tmux names a shell as the pane's program."""
    return _command(formats) in SHELLS


def read_shell(formats: Mapping[str, Any], *, known_client: bool) -> PaneReading | None:
    """Return the reading of a shell; None if no shell is in front, or the agent runs beside it."""
    if not leads_a_shell(formats):
        return None
    command, standing = _command(formats), formats.get(STANDING)
    if standing == Standing.BEHIND:
        reason = f"{command} is in front of the agent: fg brings the agent back"
    elif standing == Standing.ENDED or (standing is None and known_client):
        reason = f"{command} is in front: the agent has ended"
    else:
        return None
    return PaneReading(state=PaneState.SHELL, reason=reason)


def _command(formats: Mapping[str, Any]) -> str:
    return str(formats.get("pane_current_command") or "").removeprefix("-")
