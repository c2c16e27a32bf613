"""The rows of the messages: the stream, newest first, in which a broadcast is one row."""

from datetime import datetime, timedelta
from functools import lru_cache

from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import BROADCAST_MARK, Message
from xats_tui.screens.actions.targets import Letter, letters
from xats_tui.screens.data.snapshot import STREAM_LIMIT, Part, Picture
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.names import counted, name_of
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import Cell, Row, Tone, age, is_young, one_line, start_of_day, time_of_day

COLUMNS = (
    Column(key="time", title="time", width=8),
    Column(key="route", title="from → to", width=18, grow=1),
    Column(key="text", title="message", width=14, grow=3),
    Column(key="marks", title="", width=2),
)

FULL_COLUMNS = (
    Column(key="time", title="time", width=8),
    Column(key="team", title="team", width=8, drop=2),
    Column(key="route", title="from → to", width=18, grow=1),
    Column(key="text", title="message", width=12, grow=3),
    Column(key="reply", title="reply", width=7, drop=1),
    Column(key="read", title="read", width=5),
)

KEPT = 2 * STREAM_LIMIT
"""Rows that are not made anew, as long as what they are made of stays."""

LONG_SILENCE = timedelta(minutes=10)
"""A message that wants a reply and has had none for longer than this stands out."""


def stream_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each message, newest first; what went to many is one row."""
    today = start_of_day(now)
    return [_stream_row(letter, _names(picture, letter), today) for letter in letters(picture.stream)]


def message_rows(picture: Picture, now: datetime) -> list[Row]:
    """The same with what is to be known of each at length: its team, how long it waits for a reply, who has read it."""
    return [_message_row(picture, letter, now) for letter in letters(picture.stream)]


@lru_cache(KEPT)
def _stream_row(letter: Letter, names: tuple[str, ...], today: datetime) -> Row:
    message, copies = letter.first, letter.copies
    read = sum(copy.read_at is not None for copy in copies)
    text = gist(message)
    tone = Tone.MUTED if read == len(copies) else Tone.PLAIN
    mark = ("↩" if message.need_reply else " ") + ("✓" if read == len(copies) else "◐" if read else "●")
    cells = (
        Cell(time_of_day(message.sent_at, today), Tone.MUTED, order=message.sent_at.timestamp()),
        Cell(_route(letter, names), tone),
        Cell(text, tone),
        Cell(mark, Tone.MUTED if read == len(copies) else Tone.ACCENT),
    )
    return Row(letter.key, cells, agents=names, states=_states(letter), text=one_line(message.to_team))


def _message_row(picture: Picture, letter: Letter, now: datetime) -> Row:
    message = letter.first
    names, states = _names(picture, letter), _states(letter)
    mine = OPERATOR_ID in {copy.to_agent_id for copy in letter.copies} and "unread" in states
    tone = Tone.STRONG if mine else Tone.MUTED if "read" in states else Tone.PLAIN
    cells = (
        Cell(time_of_day(message.sent_at, now), Tone.MUTED, order=message.sent_at.timestamp()),
        Cell(_team(message), Tone.MUTED),
        Cell(_route(letter, names), tone),
        Cell(gist(message), tone),
        reply_cell(letter, now),
        read_cell(letter),
    )
    return Row(letter.key, cells, agents=names, states=states)


def gist(message: Message) -> str:
    """Subject and body in one line."""
    return " — ".join(filter(None, (one_line(message.subject), one_line(message.body))))


def reply_cell(letter: Letter, now: datetime) -> Cell:
    """Whether a reply is wanted, and how long there has been none."""
    message = letter.first
    if not message.need_reply:
        return Cell("", order=0)
    answers = sum(copy.answered_at is not None for copy in letter.copies)
    if answers == len(letter.copies):
        return Cell("✓", Tone.GOOD, order=0)
    waits = now - message.sent_at
    some = f" {answers}/{len(letter.copies)}" if answers else ""
    return Cell(f"↩{some or f' {age(waits)}'}", _tone_of_silence(waits), order=waits.total_seconds())


def _tone_of_silence(waits: timedelta) -> Tone:
    return Tone.WARN if waits > LONG_SILENCE else Tone.ACCENT


def read_cell(letter: Letter) -> Cell:
    """How many of its recipients have read it."""
    read = sum(copy.read_at is not None for copy in letter.copies)
    if read == len(letter.copies):
        return Cell("✓", Tone.MUTED, order=1)
    some = f"◐ {read}/{len(letter.copies)}" if read else f"● {len(letter.copies)}"
    return Cell(some if len(letter.copies) > 1 else "●", Tone.ACCENT, order=read / len(letter.copies))


def _names(picture: Picture, letter: Letter) -> tuple[str, ...]:
    """Of the sender and of every recipient."""
    to = (name_of(picture, copy.to_agent_id, copy.to_name) for copy in letter.copies)
    return (sender(picture, letter.first), *to)


def _states(letter: Letter) -> tuple[str, ...]:
    copies = letter.copies
    states = ["read" if all(copy.read_at for copy in copies) else "unread"]
    if letter.first.need_reply:
        states += ["reply", "answered" if all(copy.answered_at for copy in copies) else "unanswered"]
    return tuple(states)


def _team(message: Message) -> str:
    return f"{'' if message.to_team == message.from_team else '→'}{one_line(message.to_team)}"


def sender(picture: Picture, message: Message) -> str:
    """The name that the sender has now, or had, or its id."""
    return name_of(picture, message.from_agent_id, message.from_name)


def addressee(picture: Picture, letter: Letter) -> str:
    """Whom a letter went to: a name, a role or the whole team."""
    return _addressee(letter, name_of(picture, letter.first.to_agent_id, letter.first.to_name))


def _route(letter: Letter, names: tuple[str, ...]) -> str:
    sent_by, first, *_ = names
    return f"{sent_by} → {_addressee(letter, first)}"


def _addressee(letter: Letter, first: str) -> str:
    """`first` is the name of the first recipient."""
    message = letter.first
    if message.to_role == BROADCAST_MARK:
        return f"all of {one_line(message.to_team)} ({len(letter.copies)})"
    if message.to_role:
        return f"{one_line(message.to_role)}s ({len(letter.copies)})"
    return first


def stream_summary(picture: Picture) -> str:
    """How many messages nobody has read."""
    unread = sum(message.read_at is None for message in picture.stream)
    return counted(f"{unread} unread" if unread else "", len(picture.stream), STREAM_LIMIT)


MESSAGE_STATES = frozenset({"read", "unread", "reply", "answered", "unanswered"})

STREAM = Listing(
    title="Stream",
    columns=COLUMNS,
    rows=stream_rows,
    summary=stream_summary,
    reads=frozenset({Part.ROSTER, Part.STREAM}),
    tells_seconds=lambda picture, now: False,
    when_empty="No message yet.  Agents write with send_message and broadcast.",
    states=MESSAGE_STATES,
)


MESSAGES = Listing(
    title="Messages",
    columns=FULL_COLUMNS,
    rows=message_rows,
    summary=stream_summary,
    reads=frozenset({Part.ROSTER, Part.STREAM}),
    tells_seconds=lambda picture, now: any(is_young(message.sent_at, now) for message in picture.stream),
    when_empty="No message yet.  Agents write with send_message and broadcast; m writes one as the operator.",
    states=MESSAGE_STATES,
)
