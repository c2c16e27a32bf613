"""Detail of an agent: identity, state, waiting messages and wakes, and recent messages and wakes."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from textual.content import Content

from xats_tui.core.model.agents import DeliveryKind, RosterEntry
from xats_tui.core.model.client_states import Dialog, ToldState, ToldWork
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import PaneView
from xats_tui.core.model.wakes import Gate, Wake
from xats_tui.core.model.ways import Way, WayState, next_used
from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import open_wake_of, queued_at
from xats_tui.screens.details.lines import field, heading, lines, styled, when
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.doing import tasks_in_progress
from xats_tui.screens.rows.names import name_of, widest
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.format import (
    TableCell,
    Tone,
    age,
    count,
    cut,
    cut_names,
    date_and_time,
    one_line,
    padded,
    since,
    time_of_day,
)
from xats_tui.screens.widgets.theme import CONTENT_STYLES

JUST_NOW = timedelta(seconds=2)
"""Age below which a look at the pane counts as current."""

LISTED_NEWEST = 5
"""Maximum entries in each list."""

NAME_CELLS = 10
"""Width of a name in these lists, in cells."""

TEXT_CELLS = 60
"""Width of a subject in these lists, in cells."""


class AgentFacts(Struct, frozen=True, kw_only=True):
    """Facts that are loaded for the agent on the screen."""

    ways: tuple[Way, ...] = ()
    gates: tuple[Gate, ...] | None = None
    """Each gate's verdict on its open wake, if that were tried now; None while it is not known."""


NO_FACTS = AgentFacts()

UNKNOWN_THEN = "unknown at that time"
"""What stands for a fact of the past that was not stored."""


def agent_detail(snapshot: Snapshot, agent_id: str, now: datetime, facts: AgentFacts = NO_FACTS) -> Content | None:
    """Return an agent's identity, state, pending work and ways, if they are known; None if it has left."""
    entry = snapshot.entry(agent_id)
    if entry is None:
        return None
    inbox = [message for message in snapshot.stream if message.to_agent_id == agent_id]
    sent = [message for message in snapshot.stream if message.from_agent_id == agent_id]
    wakes = [wake for wake in snapshot.wakes if wake.agent_id == agent_id]
    return lines(
        [
            *_now(snapshot, entry, now, facts),
            *_listed("inbox", _letters(snapshot, inbox[:LISTED_NEWEST], now, lambda message: message.from_agent_id)),
            *_listed("sent", _letters(snapshot, sent[:LISTED_NEWEST], now, lambda message: message.to_agent_id)),
            *_listed("wakes", (_wake(wake, now) for wake in wakes[:LISTED_NEWEST])),
            *_ways(facts.ways, now),
            *heading("identity"),
            *_identity(entry, now),
        ]
    )


def _now(snapshot: Snapshot, entry: RosterEntry, now: datetime, facts: AgentFacts) -> list[Content]:
    oldest = since(entry.oldest_unread_at, now)
    return [
        field("agent", entry.agent.address),
        field("state", agent_state(snapshot, entry, now)),
        *(field("asks", _question(dialog, now)) for dialog in entry.dialogs),
        *_work(snapshot, entry, now),
        *([field("told", _told(entry.told, now))] if entry.told else []),
        field("reader", _reader(snapshot.view(entry), now)),
        *([field("version", TableCell(one_line(entry.reader_note), Tone.WARN))] if entry.reader_note else []),
        field("messages", f"{entry.unread} unread, the oldest for {oldest}" if entry.unread else "none unread"),
        field("wakes", f"{entry.wakes_waiting or 'none'} waiting"),
        *_open_wake(snapshot, entry, now, facts.gates),
        field("may be woken", _may_be_woken(entry, now)),
        field("reached by", _way_to(entry, facts.ways)),
    ]


def _work(snapshot: Snapshot, entry: RosterEntry, now: datetime) -> list[Content]:
    """Return the tasks that the agent works on, and what is known of its tools, model and tokens."""
    tasks = tasks_in_progress(snapshot).get(entry.agent.agent_id, ())
    used, told = entry.last_tool, entry.work or ToldWork()
    return [
        *(field("works on", f"{each.task.title}, for {since(each.task.claimed_at, now)}") for each in tasks),
        *([field("last tool", f"{used.name}, {since(used.at, now)} ago")] if used else []),
        *([field("model", f"{told.model} (its hooks say)")] if told.model else []),
        *([field("tokens", f"{told.tokens:,} (its hooks say)")] if told.tokens is not None else []),
    ]


def _open_wake(snapshot: Snapshot, entry: RosterEntry, now: datetime, gates: Sequence[Gate] | None) -> list[Content]:
    """Return the wake that enter leads to, and the first gate that is closed for it."""
    wake = open_wake_of(snapshot, entry.agent.agent_id)
    if wake is None:
        return []
    state, sender = wake_state(wake), name_of(snapshot, wake.sender_id) if wake.sender_id else ""
    said = [f"{state.text} {age(now - queued_at(wake))}", f"“{one_line(wake.subject)}”" if wake.subject else ""]
    told = " ".join(filter(None, (*said, f"from {sender}" if sender else "")))
    return [
        field("open wake", TableCell(f"{told}; {ACTION['open'].shown_key} shows it", state.tone)),
        field("held by", TableCell(UNKNOWN_THEN, Tone.MUTED) if entry.past else _held_by(gates)),
    ]


def _held_by(gates: Sequence[Gate] | None) -> TableCell:
    if gates is None:
        return TableCell("looking…", Tone.MUTED)
    closed = [gate for gate in gates if not gate.holds]
    if not closed:
        return TableCell("nothing: every gate is open", Tone.GOOD)
    more = f" (+{count(len(closed) - 1, 'gate')})" if len(closed) > 1 else ""
    return TableCell(f"✕ {one_line(closed[0].told)}{more}", Tone.WARN)


def _identity(entry: RosterEntry, now: datetime) -> list[Content]:
    agent, binding = entry.agent, entry.agent.binding
    where = f"{binding.pane.pane_id} on {binding.pane.socket or 'the default server'}" if binding else None
    return [
        field("role", agent.role),
        field("client", " ".join(filter(None, (agent.client, agent.client_name, agent.model)))),
        field("pane", where),
        field("process", f"pid {binding.ui_pid} on {binding.tty}" if binding and binding.ui_pid else None),
        field("bound", f"{when(binding.bound_at, now)}, {binding.mode}" if binding else None),
        field("session", UNKNOWN_THEN if entry.past else "open" if entry.connected else "none"),
        field("last call", when(agent.last_seen_at, now) if _knows_last_call(entry) else UNKNOWN_THEN),
        field("registered", date_and_time(agent.registered_at)),
        field("id", agent.agent_id),
    ]


def _knows_last_call(entry: RosterEntry) -> bool:
    return entry.past is None or entry.past.last_call_known


def _reader(view: PaneView | None, now: datetime) -> str | None:
    """Return the reader's reason, how long the state has lasted, and when it was last checked."""
    if view is None:
        return None
    looked = now - view.look.at
    checked = "just now" if looked < JUST_NOW else f"{age(looked)} ago"
    return f"{view.reading.reason}; for {since(view.state_since, now)} (checked {checked})"


def _question(dialog: Dialog, now: datetime) -> TableCell:
    return TableCell(one_line(f"{dialog.asks}; for {since(dialog.opened_at, now)} ({dialog.source})"), Tone.WARN)


def _told(told: ToldState, now: datetime) -> str:
    """Return the state that the client tells, and where it tells it."""
    return one_line(f"{told.state}, {told.detail}; for {since(told.at, now)} ({told.source})")


def _may_be_woken(entry: RosterEntry, now: datetime) -> TableCell:
    if not entry.resting:
        return TableCell("yes")
    until = f"until {time_of_day(entry.resting_until, now)}" if entry.resting_until else "until you turn it off"
    return TableCell(f"‖ do not disturb {until}: messages are kept, wakes wait", Tone.WARN)


def _way_to(entry: RosterEntry, ways: Sequence[Way]) -> str | None:
    """Return the way that the next wake takes; until the ways are known, the one that the registration names."""
    if ways:
        taken = next_used(ways)
        return taken.name if taken else "no way now"
    if entry.agent.delivery.kind is not DeliveryKind.NONE:
        return f"{entry.agent.delivery.kind}, then its pane" if entry.agent.binding else entry.agent.delivery.kind
    return "its pane" if entry.agent.binding else None


def _ways(ways: Sequence[Way], now: datetime) -> list[Content]:
    """Return the ways to the agent in the order in which wakes prefer them, with the reason why one is not taken."""
    if not ways:
        return []
    taken = next_used(ways)
    return [*heading("ways"), *(line for way in ways for line in _way(way, now, is_next=way is taken))]


def _way(way: Way, now: datetime, *, is_next: bool) -> list[Content]:
    used = f", used {since(way.last_used_at, now)} ago" if way.last_used_at else ""
    tone = Tone.PLAIN if is_next else Tone.MUTED
    line = styled(f"{'▸' if is_next else ' '} {way.name}: {way.state}{used}", tone)
    return [line] if way.state is WayState.OPEN else [line, styled(f"    {one_line(way.detail)}", Tone.MUTED)]


def _listed(title: str, rows: Iterable[Content]) -> list[Content]:
    listed = list(rows)
    return [*heading(title), *(listed or [styled("nothing recent", Tone.MUTED)])]


def _letters(
    snapshot: Snapshot, messages: Sequence[Message], now: datetime, other: Callable[[Message], str]
) -> list[Content]:
    """Return a line for each message, with the agent at its other end."""
    width = widest((name_of(snapshot, other(message)) for message in messages), NAME_CELLS)
    return [_letter(snapshot, message, now, other(message), width) for message in messages]


def _letter(snapshot: Snapshot, message: Message, now: datetime, other: str, width: int) -> Content:
    known = message.from_name if other == message.from_agent_id else message.to_name
    unread = message.read_at is None
    who = padded(name_of(snapshot, other, known), width, cut_names)
    what = cut(one_line(message.subject) or one_line(message.body), TEXT_CELLS)
    return _row(message.sent_at, now, TableCell(f"{'●' if unread else ' '} {who} {what}", _tone(unread)))


def _tone(unread: bool) -> Tone:
    return Tone.PLAIN if unread else Tone.MUTED


def _wake(wake: Wake, now: datetime) -> Content:
    state = wake_state(wake)
    what = cut(one_line(wake.detail or wake.subject), TEXT_CELLS)
    return _row(
        wake.updated_at, now, TableCell(f"{cut(state.text, NAME_CELLS + 2):<{NAME_CELLS + 2}} {what}", state.tone)
    )


def _row(at: datetime, now: datetime, what: TableCell) -> Content:
    return Content.assemble(
        (f"{time_of_day(at, now):<8} ", CONTENT_STYLES[Tone.MUTED]), (what.text, CONTENT_STYLES[what.tone])
    )
