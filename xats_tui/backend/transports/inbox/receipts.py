"""Messages to inboxes, and the receipts for them: Qwen Code's Cross-Session Protocol, frame version 1.  No I/O."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from xats_tui.backend.system.sessions.registered import RegisteredSession

VERSION = 1
"""Version of the frames."""

OUR_NAME = "xats"
"""The sender's name, as the session shows it."""

MAX_REASON_CHARS = 60


class Status(StrEnum):
    """The outcome of a message, in the protocol's words."""

    HELD = "held"
    """It waits for the decision of the session's person."""
    DELIVERED = "delivered"
    """It is queued for the model, which has not read it yet."""
    DENIED = "denied"
    """The session's person declined it."""
    REFUSED = "refused"
    """The session's settings turn such messages away."""
    EXPIRED = "expired"
    """It was held, or queued, until its time or its session was over."""
    MISADDRESSED = "misaddressed"
    """The program has another session now."""
    DROPPED = "dropped"
    """It was turned away before anything else: too many, or too fast."""


FOLLOWS = {
    None: frozenset(Status),
    Status.HELD: frozenset(Status) - {Status.HELD, Status.REFUSED, Status.DROPPED},
    Status.DELIVERED: frozenset({Status.EXPIRED, Status.MISADDRESSED}),
}
"""Outcomes that may follow on one; all others are final."""


@dataclass(slots=True, kw_only=True)
class SentMessage:
    """A message to an inbox, and what is known of its outcome."""

    text: str
    at: datetime
    """Time of the first post."""
    session: RegisteredSession
    """The session as it was just before the post."""
    seen_before: str
    """The agent's state just before the post."""
    was_idle: bool
    """True if its screen showed it idle then."""
    msg_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    reply_token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    status: Status | None = None
    """None until the first receipt."""
    settled_at: datetime | None = None
    """Time of the newest receipt that said something new."""
    reason: str = ""
    """The reason for a dropped message, in the protocol's words."""
    asked_at: datetime | None = None
    """Time of the newest post; None before the first."""
    is_over: bool = False
    """True once its outcome was reported, or nothing can come of it any more."""
    is_lost: bool = False
    """True if no receipt was ever seen of it."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with each receipt that says something new."""

    def lines(self, our_inbox: str) -> tuple[Mapping[str, Any], ...]:
        """Return the lines of its post; the same message may be posted again, and is taken once."""
        return (
            {"msgV": VERSION, "type": "auth", "token": self.session.key.token},
            {
                "msgV": VERSION,
                "msgId": self.msg_id,
                "type": "user",
                "from": our_inbox,
                "replyToken": self.reply_token,
                "fromName": OUR_NAME,
                "toSessionId": self.session.record.session_id,
                "priority": "next",
                "message": {"role": "user", "content": self.text},
            },
        )

    @property
    def may_be_taken(self) -> bool:
        """True if the model may get it yet, as far as is known."""
        return not self.is_over and self.status in (None, Status.HELD)

    def settle(self, status: Status, reason: str, now: datetime) -> None:
        """Note a receipt; a repetition changes nothing."""
        if status in FOLLOWS.get(self.status, ()):
            self.status, self.reason, self.settled_at = status, reason, now
            self.news.set()


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt, as it was sent."""

    status: Status
    ids: tuple[str, ...]
    """The messages that it is about."""
    reason: str


def parsed(line: bytes) -> Receipt | None:
    """Return the receipt in a line; None for anything else, a newer version or an unknown outcome."""
    frame = _frame(line)
    if frame.get("type") != "control" or frame.get("action") != "delivery_status":
        return None
    status, first = frame.get("status"), frame.get("origMsgId")
    if not isinstance(status, str) or status not in set(Status) or not isinstance(first, str):
        return None
    more = frame.get("droppedMsgIds") if status == Status.DROPPED else None
    others = [one for one in more if isinstance(one, str)] if isinstance(more, list) else []
    reason = frame.get("dropReason") if status == Status.DROPPED else None
    told = " ".join(reason.split())[:MAX_REASON_CHARS] if isinstance(reason, str) else ""
    return Receipt(status=Status(status), ids=(first, *others), reason=told)


def token_in(line: bytes) -> str:
    """Return the key in the first line of a connection; empty for anything else."""
    frame = _frame(line)
    token = frame.get("token") if frame.get("type") == "auth" else None
    return token if isinstance(token, str) else ""


def _frame(line: bytes) -> Mapping[str, Any]:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    version = frame.get("msgV") if isinstance(frame, dict) else None
    return frame if isinstance(version, int | float) and version <= VERSION else {}
