"""Alerts: agents that have opened a dialog since the last snapshot, and the line that announces them.  Pure."""

from collections.abc import Sequence

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.health import Notice
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import one_line


def begun_to_ask(before: Snapshot, after: Snapshot) -> tuple[RosterEntry, ...]:
    """Return the agents that have begun to ask a person something since the previous snapshot."""
    # Dialogs found by the first look are on the screen already, under attention.
    if before.confirmed_at is None:
        return ()
    asked = {entry.agent.agent_id for entry in _asking(before)}
    return tuple(entry for entry in _asking(after) if entry.agent.agent_id not in asked)


def fresh_notices(before: Snapshot, after: Snapshot) -> tuple[Notice, ...]:
    """Return the notices that are new since the previous snapshot; for the first snapshot, current troubles only."""
    if after.health is None:
        return ()
    if before.health is None:
        return after.health.troubles
    known = max((notice.number for notice in before.health.notices), default=0)
    return tuple(notice for notice in after.health.notices if notice.number > known)


def alert_text(asking: Sequence[RosterEntry], snapshot: Snapshot) -> str:
    """Return the alert as one line, for a person who is looking at another tmux window."""
    first, state = asking[0], snapshot.state(asking[0])
    more = f" and {len(asking) - 1} more" if len(asking) > 1 else ""
    return f"xats: {one_line(first.agent.address)}{more} needs you: {one_line(state.reason if state else None)}"


def _asking(snapshot: Snapshot) -> list[RosterEntry]:
    return [entry for entry in snapshot.roster if snapshot.asks(entry)]
