"""Posts to the inbox of a Claude Code: their form, and what shows that one was taken.

The socket never answers.  What is posted is a message of another program, without a permission mode and without a
sender's identity, because we have neither.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.backend.system.sessions.claude_files import LivingSession
from xats_tui.backend.system.sessions.processes import InboxKey
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import PaneState


class Post(Struct, frozen=True, kw_only=True):
    """A hint that was posted, until its outcome is known."""

    hint: str
    at: datetime
    session: LivingSession
    """The session as it was just before the post."""


def lines_of(key: InboxKey, hint: str) -> tuple[Mapping[str, Any], ...]:
    """Return the lines of a post."""
    said = {"role": "user", "content": hint}
    return (
        {"type": "auth", "token": key.token},
        {"type": "user", "msgV": 1, "msg_id": str(uuid.uuid4()), "priority": "next", "message": said},
    )


def evidence_of(posted: Post, session: LivingSession | None, prompt: str, agent: Agent) -> str:
    """Return what shows that a post was taken, for people; empty if nothing does.

    Args:
        posted: the post.
        session: the session now; None if it has ended.
        prompt: the prompt that its hooks reported since the post; empty for none.
        agent: the agent, with the time of its latest call.
    """
    if prompt.strip() == posted.hint:
        return "the client says that it was prompted with the hint"
    # in the middle of a turn neither a call nor the state tells whether the hint was the reason
    if posted.session.file.state is not PaneState.IDLE:
        return ""
    if session is not None and _began_turn(posted.session, session):
        return "a turn has begun"
    return "the agent has called" if agent.last_seen_at > posted.at else ""


def _began_turn(before: LivingSession, now: LivingSession) -> bool:
    same = before.process.is_same(now.process)
    return same and now.file.state is PaneState.BUSY and now.file.since > before.file.since
