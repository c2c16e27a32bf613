"""Choice of the sessions to close when there are too many."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.core.model.agents import SeenProcess

# the client of a new session may be about to register
IDLE = timedelta(seconds=2)
"""Idle time after which a session without an agent may be closed."""

SILENT = timedelta(minutes=1)
"""Idle time after which an agent's session without a stream and with an unknown process may be closed."""


class SessionUse(Struct, frozen=True, kw_only=True):
    """A session, and the reasons to keep it."""

    session: McpSession
    listens: bool
    """True if the standing stream is open."""
    process: SeenProcess | None
    """Process behind the session, if it can be determined."""
    lives: bool
    """True if that process is running."""

    @property
    def since(self) -> datetime:
        """Time of the last use."""
        return self.session.last_call_at or self.session.opened_at

    def is_spare(self, now: datetime) -> bool:
        """Return whether the session is unused: it has no agent, or its program has gone."""
        if self.listens or self.session.under_way:
            return False
        idle = now - self.since
        if self.session.agent_id is None:
            return idle >= IDLE
        return not self.lives and (self.process is not None or idle >= SILENT)


def making_room(occupants: Sequence[SessionUse], share: int, now: datetime) -> list[McpSession]:
    """Return the sessions to close, in order: first unused ones, then those beyond one process's share.

    Sessions without an agent come before those with one, and within each group the longest unused come first.
    """
    ordered = sorted(occupants, key=lambda one: one.since)
    spare = sorted((one for one in ordered if one.is_spare(now)), key=lambda one: one.session.agent_id is not None)
    ending = [one.session for one in spare]
    # unknown processes share one share, because a client hides its process by hanging up
    count = Counter(one.process for one in ordered if one.session not in ending)
    for one in ordered:
        if count[one.process] > share and one.session not in ending and not one.session.under_way:
            count[one.process] -= 1
            ending.append(one.session)
    return ending
