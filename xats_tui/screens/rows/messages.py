"""Rows of the messages: the stream, newest first; a broadcast is one row."""

from datetime import datetime, timedelta
from functools import lru_cache

from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import BROADCAST_MARK, Message
from xats_tui.core.model.pages import ListName
from xats_tui.screens.data.snapshot import MAX_STREAM_MESSAGES, Slice, Snapshot
from xats_tui.screens.data.targets import Letter, letters
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.names import NAME_CELLS, TEAM_CELLS, counted, filter_name, loaded, name_of, total_of
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import (
    ARROW,
    MAX_LINE_CHARS,
    TableCell,
    TableRow,
    Tone,
    age,
    one_line,
    start_of_day,
    time_of_day,
)

COLUMNS = (
    Column(key="time", title="time", width=8),
    Column(key="route", title="from → to", width=18, grow=1, fits=30, names=True),
    Column(key="text", title="message", width=14, grow=3),
    Column(key="marks", title="", width=2),
)

FULL_COLUMNS = (
    Column(key="time", title="time", width=8),
    Column(key="team", title="team", width=8, drop=2, fits=TEAM_CELLS + 1, names=True),
    Column(key="route", title="from → to", width=18, grow=1, fits=2 * NAME_CELLS, names=True),
    Column(key="text", title="message", width=12, grow=3),
    Column(key="reply", title="reply", width=7, drop=1),
    Column(key="read", title="read", width=5),
)

KEPT = 2 * MAX_STREAM_MESSAGES
"""Size of the row cache."""

LONG_SILENCE = timedelta(minutes=10)
"""Time without the requested reply after which a message is highlighted."""


def _dated(snapshot: Snapshot, now: datetime) -> list[tuple[Letter, datetime]]:
    """Return the messages, newest first, each with the start of the present day; a broadcast is one message."""
    today = start_of_day(now)
    return [(letter, today) for letter in letters(snapshot.stream)]


def stream_row(snapshot: Snapshot, dated: tuple[Letter, datetime], now: datetime) -> TableRow:
    """Return the row of a message in the Live mode's stream."""
    letter, today = dated
    return _stream_row(letter, _route(snapshot, letter), _parties(snapshot, letter), today)


@lru_cache(KEPT)
def _stream_row(letter: Letter, route: str, parties: tuple[str, ...], today: datetime) -> TableRow:
    message, copies = letter.first, letter.copies
    read = sum(copy.read_at is not None for copy in copies)
    text = gist(message)
    tone = Tone.MUTED if read == len(copies) else Tone.PLAIN
    mark = ("↩" if message.need_reply else " ") + ("✓" if read == len(copies) else "◐" if read else "●")
    cells = (
        TableCell(time_of_day(message.sent_at, today), Tone.MUTED, order=message.sent_at.timestamp()),
        TableCell(route, tone),
        TableCell(text, tone),
        TableCell(mark, Tone.MUTED if read == len(copies) else Tone.ACCENT),
    )
    return TableRow(letter.key, cells, agents=parties, states=_states(letter), text=one_line(message.to_team))


def message_row(snapshot: Snapshot, letter: Letter, now: datetime) -> TableRow:
    """Return the row of a message in the Messages mode, with team, reply and readers."""
    message = letter.first
    states = _states(letter)
    mine = OPERATOR_ID in {copy.to_agent_id for copy in letter.copies} and "unread" in states
    tone = Tone.STRONG if mine else Tone.MUTED if "read" in states else Tone.PLAIN
    cells = (
        TableCell(time_of_day(message.sent_at, now), Tone.MUTED, order=message.sent_at.timestamp()),
        TableCell(_team(message), Tone.MUTED),
        TableCell(_route(snapshot, letter), tone),
        TableCell(gist(message), tone),
        reply_cell(letter, now),
        read_cell(letter),
    )
    parties = _parties(snapshot, letter)
    return TableRow(letter.key, cells, agents=parties, states=states, text=beyond_a_line(message.body))


def beyond_a_line(body: str) -> str:
    """Return a body that is longer than a row shows, so that a filter finds its end as well."""
    return body if len(body) > MAX_LINE_CHARS else ""


def gist(message: Message) -> str:
    """Return subject and body in one line."""
    return " — ".join(filter(None, (one_line(message.subject), one_line(message.body))))


def reply_cell(letter: Letter, now: datetime) -> TableCell:
    """Return whether a reply is requested, and how long it has been missing."""
    message = letter.first
    if not message.need_reply:
        return TableCell("", order=0)
    answers = sum(copy.answered_at is not None for copy in letter.copies)
    if answers == len(letter.copies):
        return TableCell("✓", Tone.GOOD, order=0)
    waits = now - message.sent_at
    some = f" {answers}/{len(letter.copies)}" if answers else ""
    return TableCell(f"↩{some or f' {age(waits)}'}", _tone_of_silence(waits), order=-message.sent_at.timestamp())


def _tone_of_silence(waits: timedelta) -> Tone:
    return Tone.WARN if waits > LONG_SILENCE else Tone.ACCENT


def read_cell(letter: Letter) -> TableCell:
    """Return the number of recipients who have read the letter."""
    read = sum(copy.read_at is not None for copy in letter.copies)
    if read == len(letter.copies):
        return TableCell("✓", Tone.MUTED, order=1)
    some = f"◐ {read}/{len(letter.copies)}" if read else f"● {len(letter.copies)}"
    return TableCell(some if len(letter.copies) > 1 else "●", Tone.ACCENT, order=read / len(letter.copies))


def _parties(snapshot: Snapshot, letter: Letter) -> tuple[str, ...]:
    """Return the sender and all recipients, as a filter names them."""
    message = letter.first
    to = (filter_name(snapshot, copy.to_agent_id, copy.to_name) for copy in letter.copies)
    return (filter_name(snapshot, message.from_agent_id, message.from_name), *to)


def _states(letter: Letter) -> tuple[str, ...]:
    copies = letter.copies
    states = ["read" if all(copy.read_at for copy in copies) else "unread"]
    if letter.first.need_reply:
        states += ["reply", "answered" if all(copy.answered_at for copy in copies) else "unanswered"]
    return tuple(states)


def _team(message: Message) -> str:
    return f"{'' if message.to_team == message.from_team else '→'}{one_line(message.to_team)}"


def sender(snapshot: Snapshot, message: Message) -> str:
    """Return the sender's current name, or its last known name, or its id."""
    return name_of(snapshot, message.from_agent_id, message.from_name)


def addressee(snapshot: Snapshot, letter: Letter) -> str:
    """Return the addressee of a letter: a name, a role or the whole team."""
    message = letter.first
    if message.to_role == BROADCAST_MARK:
        return f"all of {one_line(message.to_team)} ({len(letter.copies)})"
    if message.to_role:
        return f"{one_line(message.to_role)}s ({len(letter.copies)})"
    return name_of(snapshot, message.to_agent_id, message.to_name)


def _route(snapshot: Snapshot, letter: Letter) -> str:
    return f"{sender(snapshot, letter.first)}{ARROW}{addressee(snapshot, letter)}"


def stream_summary(snapshot: Snapshot) -> str:
    """Return the number of unread messages."""
    unread = sum(message.read_at is None for message in snapshot.stream)
    is_inbox = snapshot.stream is snapshot.inbox
    number = len(snapshot.inbox) if is_inbox else loaded(snapshot, Slice.STREAM)
    total = None if is_inbox else total_of(snapshot, ListName.MESSAGES)
    more = "+" if number >= MAX_STREAM_MESSAGES else ""
    return counted(f"{unread}{more} unread" if unread else "", number, MAX_STREAM_MESSAGES, total)


MESSAGE_STATES = frozenset({"read", "unread", "reply", "answered", "unanswered"})

STREAM = Listing(
    title="Stream",
    columns=COLUMNS,
    entries=_dated,
    row=stream_row,
    summary=stream_summary,
    reads=frozenset({Slice.ROSTER, Slice.STREAM}),
    newest_first=True,
    when_empty="No message yet.  Agents write with send_message and broadcast.",
    states=MESSAGE_STATES,
)


MESSAGES = Listing(
    title="Messages",
    columns=FULL_COLUMNS,
    entries=lambda snapshot, now: letters(snapshot.stream),
    row=message_row,
    times=lambda snapshot, letter: (letter.first.sent_at,) if letter.first.need_reply else (),
    summary=stream_summary,
    reads=frozenset({Slice.ROSTER, Slice.STREAM}),
    newest_first=True,
    when_empty="No message yet.  Agents write with send_message and broadcast; {message} writes one as the operator.",
    states=MESSAGE_STATES,
)
