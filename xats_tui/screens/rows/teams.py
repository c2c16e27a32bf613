"""Rows of the teams: a summary of each, shown below the agents where there is room."""

from datetime import datetime

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.tasks import TaskStatus
from xats_tui.core.model.wakes import WakeStatus
from xats_tui.screens.data.snapshot import Slice, Snapshot, is_present, present_of
from xats_tui.screens.data.targets import was_not_read
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.names import NAME_CELLS, more_than
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, one_line

COLUMNS = (
    Column(key="team", title="team", width=9, grow=1, fits=NAME_CELLS, names=True),
    Column(key="online", title="online", width=6, right=True),
    Column(key="busy", title="busy", width=4, drop=5, right=True),
    Column(key="asks", title="asks", width=4, right=True),
    Column(key="mail", title="unread", width=6, drop=4, right=True),
    Column(key="waiting", title="waiting", width=7, drop=1, right=True),
    Column(key="failed", title="failed", width=6, drop=2, right=True),
    Column(key="doing", title="doing", width=5, drop=3, right=True),
    Column(key="pending", title="todo", width=4, drop=6, right=True),
)


def _team_row(snapshot: Snapshot, team: str, now: datetime) -> TableRow:
    """Return the row of a team: its agents, unread messages, wakes and tasks."""
    members = [entry for entry in snapshot.roster if entry.agent.team == team]
    ids = {entry.agent.agent_id for entry in members}
    failed = [wake for wake in snapshot.wakes if wake.status is WakeStatus.FAILED and was_not_read(wake)]
    tasks = [entry.task.status for entry in snapshot.tasks if entry.task.team == team]
    online = sum(is_present(entry) for entry in members)
    cells = (
        TableCell(one_line(team), Tone.STRONG),
        TableCell(f"{present_of(members)}/{len(members)}", Tone.GOOD if online else Tone.MUTED, order=online),
        _number(sum(_is(snapshot, entry, PaneState.BUSY) for entry in members), Tone.ACCENT),
        _number(sum(_is(snapshot, entry, PaneState.DIALOG) for entry in members), Tone.WARN),
        _number(sum(entry.unread for entry in members), Tone.PLAIN),
        _number(sum(entry.wakes_waiting for entry in members), Tone.WARN),
        _number(sum(wake.agent_id in ids for wake in failed), Tone.BAD, more_than(snapshot, Slice.WAKES)),
        _number(tasks.count(TaskStatus.IN_PROGRESS), Tone.PLAIN, more_than(snapshot, Slice.TASKS)),
        _number(tasks.count(TaskStatus.PENDING), Tone.PLAIN, more_than(snapshot, Slice.TASKS)),
    )
    return TableRow(team, cells)


def _is(snapshot: Snapshot, entry: RosterEntry, state: PaneState) -> bool:
    known = snapshot.state(entry)
    return known is not None and known.state is state


def _number(number: int, tone: Tone, more: str = "") -> TableCell:
    return TableCell(f"{number}{more}", tone, order=number) if number else TableCell(NOTHING, Tone.MUTED, order=0)


TEAMS = Listing(
    title="Teams",
    columns=COLUMNS,
    entries=lambda snapshot, now: sorted({entry.agent.team for entry in snapshot.roster}),
    row=_team_row,
    summary=lambda snapshot: "",
    reads=frozenset({Slice.ROSTER, Slice.VIEWS, Slice.WAKES, Slice.TASKS}),
    when_empty="",
)
