"""Helpers for rows of several nouns: agents' names, and the count behind a title."""

from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import one_line, short_id


def name_of(snapshot: Snapshot, agent_id: str, known: str | None = None) -> str:
    """Return the agent's current name; otherwise its last known name, or the beginning of its id."""
    entry = snapshot.entry(agent_id)
    return one_line(entry.agent.name if entry else known) or short_id(agent_id)


def counted(counts: str, number: int, limit: int) -> str:
    """Return the counts of a list, with a note if the list was cut."""
    return " · ".join(filter(None, (counts, f"newest {limit}" if number >= limit else "")))
