"""Messages, threads, and the recipients of an operator's message."""

from datetime import datetime

from msgspec import Struct

BROADCAST_MARK = "*broadcast*"
"""`to_role` of a message that went to a whole team."""


class Message(Struct, frozen=True, kw_only=True):
    """A message to one recipient; a broadcast is one of these for each recipient."""

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
    """The sender's name now; None if the sender is gone."""
    from_role: str | None
    to_name: str | None
    """The recipient's name now; None if the recipient is gone."""
    answered_at: datetime | None = None
    """Time of the recipient's first message back to the sender; filled only where it was asked for and a reply is
    wanted."""


class Thread(Struct, frozen=True, kw_only=True):
    """The conversation around one message: between its two agents, or a broadcast and its replies."""

    messages: tuple[Message, ...]
    """Oldest first; a broadcast is one message for each recipient."""
    more_before: bool
    more_after: bool


class Addressees(Struct, frozen=True, kw_only=True):
    """The recipients of an operator's message in one team."""

    team: str
    agent_ids: tuple[str, ...]
    to_role: str | None = None
    """None for a single agent, else the role or `BROADCAST_MARK`."""
