"""Detail of an activity entry; detail of the coordinator's health and sessions."""

from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.health import Health, Notice, SessionEntry
from xats_tui.core.model.panes import TmuxCommand
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import LogEntry, find
from xats_tui.screens.details.lines import block, field, heading, lines, styled, when
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import name_of, widest
from xats_tui.screens.widgets.format import (
    NOTHING,
    TableCell,
    Tone,
    count,
    cut_names,
    one_line,
    padded,
    short_id,
    since,
)

# An agent's call waits for the loop, a wake for the wakes before it.
SLOW_LOOP, SLOW_TMUX, SLOW_TICK = 0.5, 0.5, 1.0
"""Seconds from which a measurement is marked as slow."""

CLIENT_WIDTH, NAME_WIDTH = 18, 10
"""Least widths of the columns of a session, in cells."""


def activity_detail(snapshot: Snapshot, key: str, now: datetime) -> Content | None:
    """Return the detail of an activity entry; None if it is no longer among the newest."""
    entry = find(snapshot, Mode.ACTIVITY, key)
    match entry:
        case Activity():
            agent = name_of(snapshot, entry.agent_id) if entry.agent_id else None
            fields = [
                field("what", entry.verb),
                field("by", entry.actor),
                field("agent", agent),
                field("message", entry.message_id),
            ]
            return lines([*fields, field("when", when(entry.at, now)), *heading("outcome"), *block(entry.detail)])
        case LoggedEvent():
            fields = [
                field("what", entry.kind.replace("_", " ")),
                field("by", name_of(snapshot, entry.actor_id, entry.actor_name)),
                field("to", ", ".join(name_of(snapshot, other) for other in entry.others)),
                field("team", entry.team),
                field("id", entry.about),
            ]
            return lines([*fields, field("when", when(entry.at, now)), *heading("about"), *block(entry.detail)])
        case TmuxCommand():
            return _command(snapshot, entry, now)
        case Notice():
            fields = [field("about", entry.subject), field("when", when(entry.at, now))]
            return lines([*fields, *heading("trouble" if entry.is_trouble else "done"), *block(entry.text)])
        case _:
            return None


def _command(snapshot: Snapshot, entry: TmuxCommand, now: datetime) -> Content:
    agent = snapshot.entry_in(entry.pane)
    return lines(
        [
            field("what", entry.what),
            field("pane", f"{entry.pane.pane_id} of {entry.pane.socket or 'the default tmux server'}"),
            field("agent", agent.agent.address if agent else None),
            field("when", when(entry.at, now)),
            Content(),
            styled("The typed text is not kept; the wake or poke shows the reason.", Tone.MUTED),
        ]
    )


def cause_of(snapshot: Snapshot, entry: LogEntry) -> tuple[Mode, str] | None:
    """Return the mode and row key where an entry is explained further; None if nowhere."""
    match entry:
        case LoggedEvent(kind="message_sent"):
            mode, key = Mode.MESSAGES, str(entry.event_id)
        case LoggedEvent(kind="contract_registered"):
            mode, key = Mode.CONTRACTS, f"{entry.team}/{entry.about}"
        case LoggedEvent(kind="dialog_opened" | "dialog_ended" | "agent_lost"):
            mode, key = Mode.AGENTS, entry.actor_id
        case LoggedEvent():
            mode, key = Mode.TASKS, entry.about
        case Activity():
            mode = Mode.WAKES if entry.message_id else Mode.AGENTS
            key = f"{entry.message_id}/{entry.agent_id}" if entry.message_id else entry.agent_id or ""
        case TmuxCommand():
            agent = snapshot.entry_in(entry.pane)
            mode, key = Mode.AGENTS, agent.agent.agent_id if agent else ""
        case Notice():
            return None
    return (mode, key) if find(snapshot, mode, key) else None


def coordinator_detail(snapshot: Snapshot, now: datetime) -> Content:
    """Return the coordinator's health and all open sessions."""
    health = snapshot.health
    if health is None:
        return styled("loading…", Tone.MUTED)
    troubles = [field(one.subject, TableCell(one_line(one.text), Tone.BAD)) for one in health.troubles]
    return lines(
        [
            *_health(health, now),
            *troubles,
            *heading(count(len(snapshot.sessions), "session")),
            *_sessions(snapshot, now),
        ]
    )


def _health(health: Health, now: datetime) -> Iterator[Content]:
    yield field("listens on", f"{health.host}:{health.port}, since {since(health.started_at, now)}")
    yield field("loop lag", _measured(health.loop_lag, SLOW_LOOP, ", worst of the last minute"))
    yield field("tmux", _measured(health.tmux_seconds, SLOW_TMUX, " for the last command"))
    yield field("pane tick", _measured(health.tick_seconds, SLOW_TICK, " for one look at all panes"))
    yield field("database", _size(health.database_bytes))
    failed = Tone.BAD if health.wakes_failed else Tone.PLAIN
    yield field("wakes", TableCell(f"{health.wakes_waiting} waiting, {health.wakes_failed} failed", failed))


def _measured(seconds: float | None, slow: float, what: str) -> TableCell:
    if seconds is None:
        return TableCell(NOTHING, Tone.MUTED)
    sign = "  ⚠ slow" if seconds >= slow else ""
    return TableCell(f"{seconds * 1000:.0f} ms{what}{sign}", Tone.WARN if sign else Tone.PLAIN)


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{size / 1000:.0f} kB"


def _sessions(snapshot: Snapshot, now: datetime) -> Iterator[Content]:
    names = [name_of(snapshot, session.agent_id) if session.agent_id else NOTHING for session in snapshot.sessions]
    width = widest(names, NAME_WIDTH)
    columns = f"{'agent':<{width}} {'client':<{CLIENT_WIDTH}} {'since':>6} {'call':>6} stream"
    if snapshot.sessions:
        yield styled(columns, Tone.MUTED)
    for name, session in zip(names, snapshot.sessions, strict=True):
        yield _session(padded(name, width, cut_names), session, now)
    if not snapshot.sessions:
        yield styled("No agent is connected.", Tone.MUTED)


def _session(name: str, session: SessionEntry, now: datetime) -> Content:
    client = one_line(session.client) or short_id(session.session_id)
    spans = f"{since(session.opened_at, now):>6} {since(session.last_call_at, now):>6}"
    stream = "● open" if session.has_stream else "○ none"
    return Content(f"{name} {padded(client, CLIENT_WIDTH)} {spans} {stream}")
