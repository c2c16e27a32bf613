"""The live preview of an agent's pane: what it shows, and that the pane is looked at more often while it is shown."""

import logging
from datetime import datetime

from xats_tui.core.model.agents import RosterEntry
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.widgets.format import one_line
from xats_tui.screens.widgets.panels import PanePanel

logger = logging.getLogger(__name__)


def draw_preview(panel: PanePanel, snapshot: Snapshot, entry: RosterEntry | None, now: datetime) -> None:
    """Show the pane of this agent, or why there is none."""
    binding = entry.agent.binding if entry else None
    if entry is None:
        panel.show("", None, "No agent is selected.")
    elif binding is None:
        name = one_line(entry.agent.name)
        panel.show(name, None, f"{name} has no pane that is known.")
    else:
        state = agent_state(snapshot, entry, now).text
        title = f"{one_line(binding.pane.pane_id)} {one_line(entry.agent.name)} · {state}"
        panel.show(title, snapshot.view(entry), "Nobody has looked at this pane yet.")


async def watch(desk: ModeContext, entry: RosterEntry | None) -> None:
    """Have the pane of this agent looked at more often, and no other."""
    pane = entry.agent.binding.pane if entry and entry.agent.binding else None
    if pane == desk.watched.pane:
        return
    desk.watched.pane = pane
    try:
        await desk.source.attend(pane)
    except Exception as error:  # the preview is then looked at more slowly, which its age shows
        logger.warning("pane not attended to: %s", error)
