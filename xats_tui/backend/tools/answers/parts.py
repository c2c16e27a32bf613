"""Messages in answers: whole, or in consecutive parts if they are too long.

The joined subjects and bodies of all parts are those of the message.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from xats_tui.backend.store.receipts import NOTHING, HandedPart, PartlyHanded
from xats_tui.backend.tools.answers.room import AnswerRoom
from xats_tui.core.clock import to_wire
from xats_tui.core.model.messages import Message

WIDEST_LABEL = "9999 of 9999"
"""Longest `part` label."""

JOINERS = frozenset("\u200d\ufe0e\ufe0f")
"""Characters that belong to the previous one; ZWJ also belongs to the next."""
SKIN_TONES = range(0x1F3FB, 0x1F400)


class MessagePart(Struct, frozen=True, kw_only=True):
    """Range of a message in an answer, in characters of subject and body together."""

    message: Message
    start: int
    end: int
    label: str | None
    """`2 of 3`; None for a whole message."""

    @property
    def piece(self) -> HandedPart:
        """The part in the form that receipts use."""
        return HandedPart(message_id=self.message.id, end=self.end, total=length(self.message))

    def shown(self) -> dict[str, Any]:
        """Return the message with the part's share of its texts."""
        subject, of_subject = self.message.subject, len(self.message.subject or "")
        shown = shown_message(self.message)
        if self.label is None:
            return shown
        shown["subject"] = (subject or "")[self.start : self.end] or None
        shown["body"] = self.message.body[max(self.start - of_subject, 0) : max(self.end - of_subject, 0)]
        return shown | {"part": self.label}


def length(message: Message) -> int:
    """Return the number of characters in a message's subject and body."""
    return len(message.subject or "") + len(message.body)


def next_part(message: Message, begun: PartlyHanded, room: AnswerRoom, fresh: AnswerRoom) -> MessagePart | None:
    """Return the next part of a message that fits; None if it must wait for the next page.

    Args:
        message: the message.
        begun: parts that the model has already received.
        room: remaining room on the page.
        fresh: room of an empty page.
    """
    total, number = length(message), begun.parts + 1
    label = f"{number} of {number}" if begun.parts else None
    rest = MessagePart(message=message, start=begun.characters, end=total, label=label)
    if room.fits(rest.shown()):
        return rest
    # a message is only split on an empty page
    if room.bytes_left < fresh.bytes_left:
        return None
    ends = list(_ends(message, begun.characters, fresh))
    return MessagePart(
        message=message, start=begun.characters, end=ends[0], label=f"{number} of {begun.parts + len(ends)}"
    )


def part_of(message: Message, number: int, fresh: AnswerRoom) -> MessagePart | None:
    """Return the part with this number, as an empty page holds it; None if there are not so many."""
    whole = next_part(message, NOTHING, fresh, fresh)
    if whole is None or whole.label is None:
        return whole if number == 1 else None
    ends = [0, *_ends(message, 0, fresh)]
    if number >= len(ends):
        return None
    return MessagePart(message=message, start=ends[number - 1], end=ends[number], label=f"{number} of {len(ends) - 1}")


def _ends(message: Message, start: int, room: AnswerRoom) -> Iterator[int]:
    """Yield the end of each part that fills an empty page."""
    while start < length(message):
        start = _end(message, start, room)
        yield start


def _end(message: Message, start: int, room: AnswerRoom) -> int:
    """Return the end of the next part."""

    def shown(end: int) -> dict[str, Any]:
        return MessagePart(message=message, start=start, end=end, label=WIDEST_LABEL).shown()

    furthest = room.furthest(start, length(message), shown)
    return _seam((message.subject or "") + message.body, start, furthest)


def _seam(text: str, start: int, end: int) -> int:
    """Return the best place to cut near `end`: after a line, else after a word, never inside a character."""
    if end >= len(text):
        return end
    earliest = start + (end - start) * 3 // 4 + 1
    for mark in ("\n", " "):
        if (at := text.rfind(mark, earliest, end)) > 0:
            return at + 1
    # never cut inside a character that is composed of several
    while end > earliest and _joined(text[end - 1], text[end]):
        end -= 1
    return end


def _joined(one: str, other: str) -> bool:
    return one == "\u200d" or other in JOINERS or unicodedata.combining(other) > 0 or ord(other) in SKIN_TONES


def shown_message(message: Message) -> dict[str, Any]:
    """Return a message as its recipient sees it."""
    return {
        "id": message.id,
        "event_id": message.event_id,
        "from_team": message.from_team,
        "to_team": message.to_team,
        "from_agent_id": message.from_agent_id,
        "from_name": message.from_name,
        "from_role": message.from_role,
        "to_agent_id": message.to_agent_id,
        "to_role": message.to_role,
        "subject": message.subject,
        "body": message.body,
        "need_reply": message.need_reply,
        "sent_at": to_wire(message.sent_at),
    }
