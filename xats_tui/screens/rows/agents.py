"""The rows of the agents: who is there, what each is doing, what waits for it."""

from collections.abc import Mapping
from datetime import datetime

from xats_tui.core.model.agents import DeliveryKind, RosterEntry
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.data.snapshot import Part, Picture, is_present
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, Cell, Row, Tone, age, one_line, since

STATES: Mapping[PaneState, Cell] = {
    PaneState.IDLE: Cell("● idle", Tone.GOOD),
    PaneState.BUSY: Cell("◐ busy", Tone.ACCENT),
    PaneState.DIALOG: Cell("◆ dialog", Tone.WARN),
    PaneState.DRAFT: Cell("✎ draft", Tone.WARN),
    PaneState.COPY_MODE: Cell("⧉ copy", Tone.WARN),
    PaneState.TMUX_MODE: Cell("⧉ tmux", Tone.WARN),
    PaneState.SHELL: Cell("✕ shell", Tone.BAD),
    PaneState.FOREIGN: Cell("✕ foreign", Tone.BAD),
    PaneState.DEAD: Cell("✕ dead", Tone.BAD),
    PaneState.UNKNOWN: Cell("? unknown", Tone.MUTED),
}
"""Each state of a pane by shape, word and tone."""

WAYS: Mapping[DeliveryKind, str] = {
    DeliveryKind.NONE: "",
    DeliveryKind.CLAUDE_CHANNEL: "channel",
    DeliveryKind.CODEX_APPSERVER: "server",
    DeliveryKind.OPENCODE_SERVER: "server",
}
"""By what an agent is reached, if not by its pane."""

COLUMNS = (
    Column(key="name", title="name", width=10, grow=3),
    Column(key="team", title="team", width=7, grow=2, drop=1),
    Column(key="state", title="state", width=13),
    Column(key="mail", title="mail", width=8, drop=2, right=True),
    Column(key="wake", title="wake", width=9, drop=3),
    Column(key="client", title="client", width=11, drop=4),
    Column(key="role", title="role", width=8, grow=1, drop=7),
    Column(key="pane", title="pane", width=5, drop=6),
    Column(key="seen", title="seen", width=5, drop=5, right=True),
    Column(key="way", title="by", width=7, drop=8),
)


def agent_state(picture: Picture, entry: RosterEntry, now: datetime) -> Cell:
    """What an agent is doing and since when: by its pane if that is looked at, else by its calls."""
    view = picture.view(entry)
    if view:
        state = STATES[view.reading.state]
        return Cell(f"{state.text} {age(now - view.state_since)}", state.tone)
    if is_present(entry):
        return Cell("● online", Tone.GOOD)
    return Cell(f"○ away {since(entry.agent.last_seen_at, now)}", Tone.MUTED)


def agent_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each agent, by team and name."""
    entries = sorted(picture.roster, key=lambda entry: (entry.agent.team, entry.agent.name))
    return [_agent_row(picture, entry, now) for entry in entries]


def _agent_row(picture: Picture, entry: RosterEntry, now: datetime) -> Row:
    agent, state = entry.agent, agent_state(picture, entry, now)
    waited = f"{entry.unread} ({since(entry.oldest_unread_at, now)})" if entry.unread else NOTHING
    cells = (
        Cell(one_line(agent.name), Tone.STRONG),
        Cell(one_line(agent.team), Tone.MUTED),
        state,
        Cell(waited, Tone.PLAIN if entry.unread else Tone.MUTED, order=entry.unread),
        Cell("‖ resting", Tone.WARN) if entry.resting else _wake_word(entry.latest_wake),
        Cell(agent.client.value if agent.client else NOTHING, Tone.MUTED),
        Cell(one_line(agent.role), Tone.MUTED),
        Cell(one_line(agent.binding.pane.pane_id) if agent.binding else NOTHING, Tone.MUTED),
        Cell(since(agent.last_seen_at, now), Tone.MUTED, order=-agent.last_seen_at.timestamp()),
        Cell(WAYS[agent.delivery.kind] or ("pane" if agent.binding else NOTHING), Tone.MUTED),
    )
    there = "online" if is_present(entry) else "away"
    states = (
        state.text.split()[1],
        there,
        *(["unread"] if entry.unread else []),
        *(["resting"] if entry.resting else []),
    )
    return Row(agent.agent_id, cells, agents=(agent.name,), states=states)


def _wake_word(wake: Wake | None) -> Cell:
    if wake is None:
        return Cell(NOTHING, Tone.MUTED)
    state = wake_state(wake)
    return Cell(state.text[2:], state.tone)


AGENTS = Listing(
    title="Agents",
    columns=COLUMNS,
    rows=agent_rows,
    summary=lambda picture: str(len(picture.roster)),
    reads=frozenset({Part.ROSTER, Part.VIEWS, Part.WAKES}),
    when_empty="No agent yet.  Give one `xats-tui mcp` as MCP server, and start it in a tmux pane.",
    states=frozenset({"online", "away", "unread", "resting", *(cell.text.split()[1] for cell in STATES.values())}),
)
