"""Messages and threads, and whom a letter of the operator goes to."""

from dataclasses import dataclass
from datetime import datetime

BROADCAST_MARK = "*broadcast*"
"""What `to_role` says of a message that went to a whole team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient; a broadcast is as many of these as it has recipients."""

    id: str
    event_id: int
    from_team: str
    to_team: str
    from_agent_id: str
    to_agent_id: str
    to_role: str | None
    """None for a direct message, else the role or `BROADCAST_MARK`."""
    subject: str | None
    body: str
    need_reply: bool
    sent_at: datetime
    read_at: datetime | None
    from_name: str | None
    """Name of the sender now; None if it is gone."""
    from_role: str | None
    to_name: str | None
    """Name of the recipient now; None if it is gone."""
    answered_at: datetime | None = None
    """When its recipient first wrote back to its sender; only of messages that want a reply, where that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What was said around one message: between its two agents, or a broadcast and what came back."""

    messages: tuple[Message, ...]
    """Oldest first; a broadcast is one of these for each recipient."""
    more_before: bool
    more_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressees:
    """Those of one team to whom one letter of the operator goes."""

    team: str
    agent_ids: tuple[str, ...]
    to_role: str | None = None
    """None for one agent, else the role or `BROADCAST_MARK`."""
