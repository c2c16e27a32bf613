"""Rows of the agents: presence, state, and pending messages and wakes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from xats_tui.core.model.agents import DeliveryKind, RosterEntry
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.data.snapshot import Slice, Snapshot, is_away, is_present
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.doing import doing, doing_since, tasks_in_progress
from xats_tui.screens.rows.names import NAME_CELLS, TEAM_CELLS, name_of
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, age, one_line, since

STATES: Mapping[PaneState, TableCell] = {
    PaneState.IDLE: TableCell("● idle", Tone.GOOD),
    PaneState.BUSY: TableCell("◐ busy", Tone.ACCENT),
    PaneState.DIALOG: TableCell("◆ dialog", Tone.WARN),
    PaneState.DRAFT: TableCell("✎ draft", Tone.WARN),
    PaneState.COPY_MODE: TableCell("⧉ copy", Tone.WARN),
    PaneState.TMUX_MODE: TableCell("⧉ tmux", Tone.WARN),
    PaneState.SHELL: TableCell("✕ shell", Tone.BAD),
    PaneState.FOREIGN: TableCell("✕ foreign", Tone.BAD),
    PaneState.DEAD: TableCell("✕ dead", Tone.BAD),
    PaneState.UNKNOWN: TableCell("? unknown", Tone.MUTED),
}
"""Shape, word and tone of each state of a pane."""

WAYS: Mapping[DeliveryKind, str] = {
    DeliveryKind.NONE: "",
    DeliveryKind.CLAUDE_CHANNEL: "channel",
    DeliveryKind.CODEX_APPSERVER: "server",
    DeliveryKind.OPENCODE_SERVER: "server",
}
"""Delivery channel of an agent, if it is not its pane."""

COLUMNS = (
    Column(key="name", title="name", width=10, grow=3, fits=NAME_CELLS, names=True),
    Column(key="team", title="team", width=7, grow=1, drop=4, fits=TEAM_CELLS, names=True),
    Column(key="state", title="state", width=13),
    Column(key="doing", title="doing", width=15, grow=4, drop=1),
    Column(key="mail", title="unread", width=8, drop=2, right=True),
    Column(key="wake", title="wake", width=9, drop=3),
    Column(key="client", title="client", width=11, drop=5),
    Column(key="role", title="role", width=8, grow=1, drop=8),
    Column(key="pane", title="pane", width=5, drop=7),
    Column(key="seen", title="seen", width=5, drop=6, right=True),
    Column(key="way", title="by", width=7, drop=9),
)


def agent_state(snapshot: Snapshot, entry: RosterEntry, now: datetime) -> TableCell:
    """Return an agent's state and its duration: from its client or its pane, otherwise from its calls."""
    known = snapshot.state(entry)
    if known:
        state = STATES[known.state]
        return TableCell(f"{state.text} {age(now - known.since)}", state.tone)
    if is_present(entry):
        return TableCell("● online", Tone.GOOD)
    if not is_away(entry):
        return STATES[PaneState.UNKNOWN]
    return TableCell(f"○ away {last_call(entry, now)}", Tone.MUTED)


def last_call(entry: RosterEntry, now: datetime) -> str:
    """Return how long ago an agent called last; a question mark if that is unknown."""
    return since(entry.agent.last_seen_at, now) if entry.past is None or entry.past.last_call_known else "?"


class _Listed(Struct, frozen=True):
    """An agent and its tasks in progress."""

    entry: RosterEntry
    tasks: Sequence[TaskEntry]


def _listed(snapshot: Snapshot) -> list[_Listed]:
    """Return the agents, by team and name."""
    entries = sorted(snapshot.roster, key=lambda entry: (entry.agent.team, entry.agent.name))
    tasks = tasks_in_progress(snapshot)
    return [_Listed(entry, tasks.get(entry.agent.agent_id, ())) for entry in entries]


def _agent_row(snapshot: Snapshot, listed: _Listed, now: datetime) -> TableRow:
    entry = listed.entry
    agent, state = entry.agent, agent_state(snapshot, entry, now)
    waited = f"{entry.unread} ({since(entry.oldest_unread_at, now)})" if entry.unread else NOTHING
    cells = (
        TableCell(name_of(snapshot, agent.agent_id), Tone.STRONG),
        TableCell(one_line(agent.team), Tone.MUTED),
        state,
        doing(entry, listed.tasks, now),
        TableCell(waited, Tone.PLAIN if entry.unread else Tone.MUTED, order=entry.unread),
        TableCell("‖ DND", Tone.WARN) if entry.resting else _wake_word(entry.latest_wake),
        TableCell(one_line(agent.client or "") or NOTHING, Tone.MUTED),
        TableCell(one_line(agent.role), Tone.MUTED),
        TableCell(one_line(agent.binding.pane.pane_id) if agent.binding else NOTHING, Tone.MUTED),
        TableCell(last_call(entry, now), Tone.MUTED, order=-agent.last_seen_at.timestamp()),
        TableCell(WAYS[agent.delivery.kind] or ("pane" if agent.binding else NOTHING), Tone.MUTED),
    )
    states = (
        state.text.split()[1],
        *(["online"] if is_present(entry) else ["away"] if is_away(entry) else []),
        *(["unread"] if entry.unread else []),
        *(["dnd"] if entry.resting else []),
    )
    return TableRow(agent.agent_id, cells, agents=(agent.address,), states=states)


def _times(snapshot: Snapshot, listed: _Listed) -> Iterator[datetime]:
    """Yield the instants whose age an agent's row tells."""
    entry = listed.entry
    yield entry.agent.last_seen_at
    if state := snapshot.state(entry):
        yield state.since
    if entry.oldest_unread_at:
        yield entry.oldest_unread_at
    yield from doing_since(entry, listed.tasks)


def _wake_word(wake: Wake | None) -> TableCell:
    if wake is None:
        return TableCell(NOTHING, Tone.MUTED)
    state = wake_state(wake)
    return TableCell(state.text[2:], state.tone)


AGENTS = Listing(
    title="Agents",
    columns=COLUMNS,
    entries=lambda snapshot, now: _listed(snapshot),
    row=_agent_row,
    times=_times,
    summary=lambda snapshot: str(len(snapshot.roster)),
    reads=frozenset({Slice.ROSTER, Slice.VIEWS, Slice.WAKES, Slice.TASKS}),
    when_empty="No agent yet.  Run `xats-tui setup`, then start an agent in a tmux pane; {launch} launches one.  "
    "`xats-tui demo` shows a team at work.",
    states=frozenset({"online", "away", "unread", "dnd", *(cell.text.split()[1] for cell in STATES.values())}),
)
