"""Who has begun to ask something since the last picture, and the line that tells of it.  Pure."""

from collections.abc import Sequence

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.health import Notice
from xats_tui.core.model.panes import PaneState
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import one_line


def begun_to_ask(before: Snapshot, after: Snapshot) -> tuple[RosterEntry, ...]:
    """The agents in whose panes a dialog has opened; what stood there at the first look is on the screen anyway."""
    if before.confirmed_at is None:
        return ()
    asked = {entry.agent.agent_id for entry in _asking(before)}
    return tuple(entry for entry in _asking(after) if entry.agent.agent_id not in asked)


def fresh_notices(before: Snapshot, after: Snapshot) -> tuple[Notice, ...]:
    """What the coordinator has told since the last picture; of what it told before the first, only what is wrong."""
    if after.health is None:
        return ()
    if before.health is None:
        return after.health.troubles
    known = max((notice.number for notice in before.health.notices), default=0)
    return tuple(notice for notice in after.health.notices if notice.number > known)


def alert_text(asking: Sequence[RosterEntry], snapshot: Snapshot) -> str:
    """One line for whoever looks at another window."""
    first, view = asking[0], snapshot.view(asking[0])
    more = f" and {len(asking) - 1} more" if len(asking) > 1 else ""
    return f"xats: {one_line(first.agent.address)}{more} needs you: {one_line(view.reading.reason if view else None)}"


def _asking(snapshot: Snapshot) -> list[RosterEntry]:
    views = ((entry, snapshot.view(entry)) for entry in snapshot.roster)
    return [entry for entry, view in views if view and view.reading.state is PaneState.DIALOG]
