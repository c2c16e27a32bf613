"""Detail of a message: its whole body, who has read it, and its thread."""

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.wakes import Wake, WakeStage
from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import Letter, find, letters
from xats_tui.screens.details.lines import block, field, lines, styled, when
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.messages import addressee, read_cell, reply_cell, sender
from xats_tui.screens.rows.names import full_name, name_of
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.format import TableCell, Tone, age, date_and_time, one_line, time_of_day

Receipts = Sequence[Wake]
"""Wakes of a message."""


def message_detail(snapshot: Snapshot, key: str, now: datetime, receipts: Receipts = ()) -> Content | None:
    """Return a message with its whole body and the state of each copy; None if it is gone."""
    letter = find(snapshot, Mode.MESSAGES, key)
    if not isinstance(letter, Letter):
        return None
    message = letter.first
    to = full_name(snapshot, message.to_agent_id, message.to_name, message.to_team)
    return lines(
        [
            field("from", full_name(snapshot, message.from_agent_id, message.from_name, message.from_team)),
            field("to", to if len(letter.copies) == 1 else addressee(snapshot, letter)),
            field("sent", when(message.sent_at, now)),
            field("subject", message.subject),
            *_fate(snapshot, letter, now, receipts),
            field("id", message.id),
            Content(),
            *block(message.body),
        ]
    )


def thread_title(snapshot: Snapshot, letter: Letter) -> str:
    """Return the title of a thread: sender and recipient."""
    return f"{sender(snapshot, letter.first)} {'→' if letter.first.to_role else '⇄'} {addressee(snapshot, letter)}"


def thread_items(
    snapshot: Snapshot, thread: Thread, opened_at: str, now: datetime, receipts: Receipts = ()
) -> dict[str, Content]:
    """Return the messages of a thread by key, oldest first; a broadcast is a single item.

    The message at `opened_at` also shows the state of each copy.
    """
    items = {
        letter.key: _item(
            snapshot, letter, now, _fate(snapshot, letter, now, receipts) if letter.key == opened_at else ()
        )
        for letter in letters(thread.messages)
    }
    before = {"before": styled("… there is more before", Tone.MUTED)} if thread.more_before else {}
    after = {"after": styled("… there is more after", Tone.MUTED)} if thread.more_after else {}
    return before | items | after


def _item(snapshot: Snapshot, letter: Letter, now: datetime, fate: Sequence[Content]) -> Content:
    message, reply, read = letter.first, reply_cell(letter, now), read_cell(letter)
    head = (
        (f"{time_of_day(message.sent_at, now)}  ", Tone.MUTED),
        (f"{sender(snapshot, message)} → {addressee(snapshot, letter)}", Tone.STRONG),
        (f"  {read.text}", read.tone),
        (f"  {reply.text}" if reply.text else "", reply.tone),
    )
    return lines(
        [
            Content("").join(styled(text, tone) for text, tone in head),
            *([styled(one_line(message.subject), Tone.ACCENT)] if message.subject else []),
            *block(message.body),
            *([Content()] if fate else []),
            *fate,
        ]
    )


def _fate(snapshot: Snapshot, letter: Letter, now: datetime, receipts: Receipts) -> list[Content]:
    """Return the state of each copy: answered, read, or how far its wake has come."""
    wakes = {wake.agent_id: wake for wake in receipts}
    alone = len(letter.copies) == 1
    return [
        *(field("reply", _reply(snapshot, copy, now, alone=alone)) for copy in _awaited(letter)),
        *(line for copy in letter.copies for line in _receipt(snapshot, copy, wakes.get(copy.to_agent_id))),
    ]


def _awaited(letter: Letter) -> Sequence[Message]:
    """Return the copies whose reply is shown: only the first one if no reply is requested."""
    return letter.copies if letter.first.need_reply else letter.copies[:1]


def _reply(snapshot: Snapshot, copy: Message, now: datetime, *, alone: bool) -> TableCell:
    if not copy.need_reply:
        return TableCell("not requested", Tone.MUTED)
    whose = "" if alone else f"{name_of(snapshot, copy.to_agent_id, copy.to_name)}: "
    if copy.answered_at:
        return TableCell(f"✓ {whose}answered after {age(copy.answered_at - copy.sent_at)}", Tone.GOOD)
    return TableCell(f"↩ {whose}requested, no reply for {age(now - copy.sent_at)}", Tone.WARN)


def _receipt(snapshot: Snapshot, copy: Message, wake: Wake | None) -> list[Content]:
    """Return whether a copy was read and, if not, how far its wake has come."""
    name = name_of(snapshot, copy.to_agent_id, copy.to_name)
    if copy.read_at:
        return [field("read", TableCell(f"✓ {name} at {date_and_time(copy.read_at)}", Tone.GOOD))]
    if copy.to_agent_id == OPERATOR_ID:
        return [field("read", TableCell(f"● not yet: {ACTION['mark_read'].shown_key} marks it as read", Tone.ACCENT))]
    seen = wake.reached.get(WakeStage.SEEN) if wake else None
    if seen:
        return [field("read", TableCell(f"◐ handed to {name} at {date_and_time(seen)}", Tone.WARN))]
    return [field("read", TableCell(f"○ {name}: not yet", Tone.WARN)), *([field("", _waking(wake))] if wake else [])]


def _waking(wake: Wake) -> TableCell:
    state = wake_state(wake)
    why = one_line(wake.detail or wake.skip_reason)
    return TableCell(f"{state.text}{f': {why}' if why else ''}", state.tone)
