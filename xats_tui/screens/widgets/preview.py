"""Live preview of an agent's pane; the pane is looked at more often while the preview is shown."""

import logging
from collections.abc import Iterable
from datetime import datetime

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneRef
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import one_line, time_of_day
from xats_tui.screens.widgets.panels import PanePanel

logger = logging.getLogger(__name__)

NOT_LOOKED_AT = "This pane has not been looked at yet."
NOT_KEPT = "It is unknown what this pane showed then."
"""Texts in the place of a screen."""


def draw_preview(panel: PanePanel, snapshot: Snapshot, entry: RosterEntry | None, now: datetime) -> None:
    """Show the agent's pane, or the reason why there is none."""
    binding = entry.agent.binding if entry else None
    if entry is None:
        panel.show("", None, "No agent is selected.")
    elif binding is None:
        name = name_of(snapshot, entry.agent.agent_id)
        panel.show(name, None, f"No known pane for {name}.")
    else:
        view, pane = snapshot.view(entry), one_line(binding.pane.pane_id)
        told = f" · {agent_state(snapshot, entry, now).text}"
        if view and snapshot.moment:
            told = f"{told} · as of {time_of_day(view.look.at, now)}"
        name = panel.fitted(name_of(snapshot, entry.agent.agent_id), f"{panel.label} {pane} {told}")
        panel.show(f"{pane} {name}{told}", view, NOT_KEPT if snapshot.moment else NOT_LOOKED_AT)


def is_watched_otherwise(desk: ModeContext, *entries: RosterEntry | None) -> bool:
    """Return whether other panes than those of these agents are looked at more often now."""
    return _panes(entries) != desk.watched.panes


async def watch(desk: ModeContext, *entries: RosterEntry | None) -> None:
    """Have only the panes of these agents looked at more often."""
    panes = _panes(entries)
    if panes == desk.watched.panes:
        return
    desk.watched.panes = panes
    try:
        await desk.source.attend(panes)
    except Exception as error:  # the preview is then refreshed less often, which its age shows
        logger.warning("the previewed panes are not looked at more often: %s", error)


def _panes(entries: Iterable[RosterEntry | None]) -> frozenset[PaneRef]:
    return frozenset(entry.agent.binding.pane for entry in entries if entry and entry.agent.binding)
