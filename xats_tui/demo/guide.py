"""Guide of the demo: one line at a time that says what to try, for the first minute and whenever somebody asks."""

from collections.abc import Mapping
from typing import Any

FIRST_MINUTE_S = 60.0

TIPS = (
    "five agents work on one board: 2 lists them, 1 leads back here",
    "docs has a half-typed draft: its wakes wait, and 4 says why",
    "press ? for all keys, . for what can be done with the row under the cursor",
    "g goes to the pane of an agent, F12 comes back",
    "m writes a message to the agent under the cursor, who is woken for it",
)
"""Lines of the first minute, one after another, while nobody needs a person."""


def tip(seconds: float, status: Mapping[str, Any]) -> str:
    """Return the line to show so many seconds after the start; empty if there is nothing to say.

    Args:
        seconds: time since the dashboard was shown.
        status: the coordinator's answer to `status`.
    """
    if asking := status.get("dialogs"):
        return f"{str(asking[0]).partition('@')[0]} asks a permission: press ! and then a"
    if seconds >= FIRST_MINUTE_S:
        return ""
    return TIPS[int(seconds / FIRST_MINUTE_S * len(TIPS))]
