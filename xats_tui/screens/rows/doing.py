"""The present work of an agent: the task that it works on, otherwise its last tool call, otherwise its client's words.

Nothing is guessed: an agent of which nothing of this is known has an empty cell.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.widgets.format import NOTHING, TableCell, Tone, age, one_line, since

Tasks = Mapping[str, Sequence[TaskEntry]]
"""Tasks in progress by the id of the agent that works on them, the latest claimed first."""


def tasks_in_progress(snapshot: Snapshot) -> Tasks:
    """Return the tasks that agents work on."""
    found: dict[str, list[TaskEntry]] = defaultdict(list)
    for entry in sorted(snapshot.whole.tasks, key=_claimed_at, reverse=True):
        if entry.task.status is TaskStatus.IN_PROGRESS and entry.task.claimed_by:
            found[entry.task.claimed_by].append(entry)
    return found


def doing(entry: RosterEntry, mine: Sequence[TaskEntry], now: datetime) -> TableCell:
    """Return what an agent with these tasks in progress is doing, and since when or how long ago."""
    used, told = entry.last_tool, entry.told
    if mine:
        more = f" +{len(mine) - 1}" if len(mine) > 1 else ""
        return TableCell(f"{age(now - _claimed_at(mine[0]))}{more} {one_line(mine[0].task.title)}")
    if used:
        return TableCell(f"{since(used.at, now)} ago {one_line(used.name)}", Tone.MUTED)
    if told and told.state is PaneState.BUSY:
        return TableCell(f"{age(now - told.at)} {one_line(told.detail)}", Tone.MUTED)
    return TableCell(NOTHING, Tone.MUTED)


def doing_since(entry: RosterEntry, mine: Sequence[TaskEntry]) -> Iterator[datetime]:
    """Yield the instant whose age `doing` tells, if it tells one."""
    if mine:
        yield _claimed_at(mine[0])
    elif entry.last_tool:
        yield entry.last_tool.at
    elif entry.told:
        yield entry.told.at


def _claimed_at(entry: TaskEntry) -> datetime:
    return entry.task.claimed_at or entry.task.created_at
