"""Rows of the Activity mode: actions of agents, of the operator, and tmux commands, newest first."""

from collections.abc import Mapping
from datetime import datetime

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.health import Notice
from xats_tui.core.model.pages import ListName
from xats_tui.core.model.panes import TmuxCommand
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.targets import LogEntry, horizon_of, log_key, log_of
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.names import NAME_CELLS, TEAM_CELLS, filter_name, name_of, total_of
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, one_line, time_of_day

COORDINATOR = "xats"
"""Actor of what the coordinator does by itself."""

COLUMNS = (
    Column(key="time", title="time", width=8),
    Column(key="kind", title="type", width=8, drop=2),
    Column(key="actor", title="by", width=8, grow=1, fits=NAME_CELLS, names=True),
    Column(key="verb", title="what", width=12, grow=1),
    Column(key="agent", title="agent", width=8, grow=1, drop=1, fits=NAME_CELLS, names=True),
    Column(key="detail", title="detail", width=18, grow=4),
    Column(key="team", title="team", width=6, drop=3, fits=TEAM_CELLS, names=True),
)

TONES = {
    "operator": Tone.ACCENT,
    "tmux": Tone.WARN,
    "notice": Tone.WARN,
    "message": Tone.PLAIN,
    "task": Tone.PLAIN,
    "contract": Tone.PLAIN,
    "dialog": Tone.WARN,
    "agent": Tone.WARN,
}
"""Tone of each kind of row; the keys are the words that a filter takes."""


def kind_of(entry: LogEntry) -> str:
    """Return the kind of an entry, as the word that a filter takes."""
    match entry:
        case Activity():
            return "operator"
        case TmuxCommand():
            return "tmux"
        case Notice():
            return "notice"
        case LoggedEvent():
            return entry.kind.partition("_")[0]


def _titled(snapshot: Snapshot) -> list[tuple[LogEntry, Mapping[str, str]]]:
    """Return the entries, newest first, each with the titles of the tasks by their ids."""
    titles = {entry.task.id: entry.task.title for entry in snapshot.tasks}
    return [(entry, titles) for entry in log_of(snapshot)]


def _row(snapshot: Snapshot, titled: tuple[LogEntry, Mapping[str, str]], now: datetime) -> TableRow:
    entry, titles = titled
    kind = kind_of(entry)
    actor, verb, agents, said, team = _said(snapshot, entry)
    detail = titles.get(said, said)  # some entries record only a task's id
    cells = (
        TableCell(time_of_day(entry.at, now), Tone.MUTED, order=entry.at.timestamp()),
        TableCell(one_line(kind), TONES.get(kind, Tone.PLAIN)),
        TableCell(one_line(actor), Tone.MUTED),
        TableCell(one_line(verb), Tone.STRONG),
        TableCell(one_line(", ".join(agents)) or NOTHING, Tone.PLAIN if agents else Tone.MUTED),
        TableCell(one_line(detail)),
        TableCell(one_line(team), Tone.MUTED),
    )
    return TableRow(log_key(entry), cells, agents=_parties(snapshot, entry), states=(kind,))


def _parties(snapshot: Snapshot, entry: LogEntry) -> tuple[str, ...]:
    """Return the actor and the agents concerned, as a filter names them."""
    match entry:
        case Activity():
            return entry.actor, *((filter_name(snapshot, entry.agent_id),) if entry.agent_id else ())
        case LoggedEvent():
            by = filter_name(snapshot, entry.actor_id, entry.actor_name)
            return by, *(filter_name(snapshot, other) for other in entry.others)
        case TmuxCommand():
            agent = snapshot.entry_in(entry.pane)
            return COORDINATOR, *((agent.agent.address,) if agent else ())
        case Notice():
            return (COORDINATOR,)


def _said(snapshot: Snapshot, entry: LogEntry) -> tuple[str, str, tuple[str, ...], str, str]:
    """Return actor, verb, agents concerned, detail and team of an entry."""
    match entry:
        case Activity():
            agent = snapshot.entry(entry.agent_id or "")
            names = (name_of(snapshot, entry.agent_id),) if entry.agent_id else ()
            detail = entry.detail.removeprefix(f"agent:{entry.agent_id}").strip()  # the agent has its own column
            return entry.actor, entry.verb, names, detail, agent.agent.team if agent else ""
        case LoggedEvent():
            verb = entry.kind.partition("_")[2].replace("_", " ")
            by = name_of(snapshot, entry.actor_id, entry.actor_name)
            return by, verb, tuple(name_of(snapshot, other) for other in entry.others), entry.detail, entry.team
        case TmuxCommand():
            agent = snapshot.entry_in(entry.pane)
            names = (snapshot.names.of(agent.agent),) if agent else ()
            verb, _, what = entry.what.partition(" ")
            return COORDINATOR, verb, names, f"{what}, pane {entry.pane.pane_id}", agent.agent.team if agent else ""
        case Notice():
            return COORDINATOR, "trouble" if entry.is_trouble else "done", (), f"{entry.subject}: {entry.text}", ""


def activity_summary(snapshot: Snapshot) -> str:
    """Return the number of entries."""
    number, total = len(log_of(snapshot)), total_of(snapshot, ListName.HISTORY)
    is_cut = horizon_of(snapshot) is not None
    return f"{number:,} of {total:,}" if is_cut and total and total > number else f"{number}{'+' if is_cut else ''}"


ACTIVITY = Listing(
    title="Activity",
    columns=COLUMNS,
    entries=lambda snapshot, now: _titled(snapshot),
    row=_row,
    summary=activity_summary,
    reads=frozenset({Slice.ROSTER, Slice.ACTIVITY, Slice.EVENTS, Slice.COMMANDS, Slice.HEALTH, Slice.TASKS}),
    newest_first=True,
    when_empty="Nothing has happened yet.  This list shows messages, tasks and contracts, what agents ask, your own "
    "actions, and what xats types into panes.",
    states=frozenset(TONES),
)
