"""What rows of several nouns have in common: names for agents, and the count behind a title."""

from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import one_line, short_id


def name_of(snapshot: Snapshot, agent_id: str, known: str | None = None) -> str:
    """The name that an agent has now; else the one that it was known by; else the beginning of its id."""
    entry = snapshot.entry(agent_id)
    return one_line(entry.agent.name if entry else known) or short_id(agent_id)


def counted(counts: str, number: int, limit: int) -> str:
    """The counts of a list, and that it ends where it was cut."""
    return " · ".join(filter(None, (counts, f"newest {limit}" if number >= limit else "")))
