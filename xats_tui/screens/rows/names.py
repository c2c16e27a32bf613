"""Helpers for rows of several nouns: agents' names, and the count behind a title."""

from collections.abc import Iterable

from rich.cells import cell_len

from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.pages import ListName
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Slice, Snapshot
from xats_tui.screens.widgets.format import one_line, short_id

NAME_CELLS, TEAM_CELLS = 24, 12
"""Widths up to which a column of agents' names, and one of teams' names, widens, in cells."""


def name_of(snapshot: Snapshot, agent_id: str, known: str | None = None) -> str:
    """Return the agent's current name, with its team if several teams have that name.

    For an agent that has left, return its last `known` name, with its id if a registered agent has that name, too; or
    the beginning of its id.
    """
    if entry := snapshot.entry(agent_id):
        return one_line(snapshot.names.of(entry.agent))
    if not known:
        return short_id(agent_id)
    return f"{one_line(known)} ({short_id(agent_id)})" if snapshot.names.is_taken(known) else one_line(known)


def filter_name(snapshot: Snapshot, agent_id: str, known: str | None = None) -> str:
    """Return the name by which `@name` in a filter finds an agent: `name@team` while it is registered."""
    entry = snapshot.entry(agent_id)
    return entry.agent.address if entry else known or agent_id


def full_name(snapshot: Snapshot, agent_id: str, known: str | None, team: str) -> str:
    """Return `name@team`, for an agent that may have left its team."""
    entry = snapshot.entry(agent_id)
    return one_line(entry.agent.address if entry else f"{known or short_id(agent_id)}@{team}")


def contract_name(snapshot: Snapshot, summary: ContractSummary) -> str:
    """Return the contract's name, with its team if several teams have a contract of that name."""
    teams = {each.team for each in snapshot.whole.contracts if each.name == summary.name}
    return one_line(f"{summary.name}@{summary.team}" if len(teams) > 1 else summary.name)


def widest(names: Iterable[str], at_least: int) -> int:
    """Return the cells for a column of these names."""
    return min(NAME_CELLS, max((at_least, *map(cell_len, names))))


def loaded(snapshot: Snapshot, part: Slice) -> int:
    """Return the number of entries of a slice that were loaded, of whatever team."""
    return len(getattr(snapshot.whole, part.value))


def more_than(snapshot: Snapshot, part: Slice) -> str:
    """Return the sign behind a count that older entries, which were not loaded, may add to."""
    return "+" if loaded(snapshot, part) >= MAX_LIST_ROWS else ""


def counted(counts: str, number: int, limit: int, total: int | None = None) -> str:
    """Return the counts of a list, with a note if the list was cut.

    Args:
        counts: the counts, of the entries that were loaded.
        number: number of entries that were loaded.
        limit: maximum number of entries that are loaded.
        total: number of entries in the store; None if it is not known how many of them belong to the list.
    """
    cut = f"{number:,} of {total:,}" if total and total > number else f"newest {limit}"
    return " · ".join(filter(None, (counts, cut if number >= limit else "")))


def total_of(snapshot: Snapshot, name: ListName) -> int | None:
    """Return the number of entries of a list in the store; None if the list is limited to a team."""
    if snapshot.team is not None or snapshot.totals is None:
        return None
    totals = snapshot.totals
    by_name = {
        ListName.MESSAGES: totals.messages,
        ListName.WAKES: totals.wakes,
        ListName.TASKS: totals.tasks,
        ListName.HISTORY: totals.activity,
    }
    return by_name[name]
