"""Alerts: agents that have opened a dialog since the last snapshot, and the line that announces them.  Pure."""

from collections.abc import Sequence
from operator import itemgetter

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.health import Notice
from xats_tui.core.model.panes import PaneState
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import one_line


def begun_to_ask(before: Snapshot, after: Snapshot) -> tuple[RosterEntry, ...]:
    """Return the agents that have begun to ask a person something since the previous snapshot."""
    # Dialogs found by the first look are on the screen already, under attention.
    if before.confirmed_at is None or (before.roster is after.roster and before.views is after.views):
        return ()
    asked = {entry.agent.agent_id for entry in asking(before)}
    return tuple(entry for entry in asking(after) if entry.agent.agent_id not in asked)


def asking(snapshot: Snapshot) -> list[RosterEntry]:
    """Return the agents that ask a person something, the one that has waited longest first."""
    states = ((snapshot.state(entry), entry) for entry in snapshot.roster)
    found = [(state.since, entry) for state, entry in states if state and state.state is PaneState.DIALOG]
    return [entry for _, entry in sorted(found, key=itemgetter(0))]


def fresh_notices(before: Snapshot, after: Snapshot) -> tuple[Notice, ...]:
    """Return the notices that are new since the previous snapshot; for the first snapshot, current troubles only."""
    if after.health is None:
        return ()
    if before.health is None:
        return after.health.troubles
    known = max((notice.number for notice in before.health.notices), default=0)
    return tuple(notice for notice in after.health.notices if notice.number > known)


def alert_text(begun: Sequence[RosterEntry], snapshot: Snapshot) -> str:
    """Return the alert as one line, for a person who is looking at another tmux window."""
    first, state = begun[0], snapshot.state(begun[0])
    more = f" and {len(begun) - 1} more" if len(begun) > 1 else ""
    return f"xats: {one_line(first.agent.address)}{more} needs you: {one_line(state.reason if state else None)}"
