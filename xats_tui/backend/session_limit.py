"""Which sessions make room for others when there are too many.  Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.core.model.agents import SeenProcess

IDLE = timedelta(seconds=2)
"""A session that is nobody's makes room after so long without a call: its client may be about to make one."""

SILENT = timedelta(minutes=1)
"""A session that is an agent's makes room after so long, if its process is not known and it listens to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUse:
    """A session, and what keeps it."""

    session: McpSession
    listens: bool
    """Its standing stream is open."""
    process: SeenProcess | None
    """The process behind it, where that can be told."""
    lives: bool
    """That process runs."""

    @property
    def since(self) -> datetime:
        """When it was last used."""
        return self.session.last_call_at or self.session.opened_at

    def is_spare(self, now: datetime) -> bool:
        """Whether nobody would miss it: it is no agent's, or its program is not seen any more."""
        if self.listens or self.session.under_way:
            return False
        idle = now - self.since
        if self.session.agent_id is None:
            return idle >= IDLE
        return not self.lives and (self.process is not None or idle >= SILENT)


def making_room(occupants: Sequence[SessionUse], share: int, now: datetime) -> list[McpSession]:
    """The sessions that are to end, first one first: the spare ones, then those beyond the share of one process.

    Those that are nobody's come before those of agents, and in each group the one that was used longest ago.  Those
    whose process is not known have one share together: whoever hangs up at once hides his.
    """
    ordered = sorted(occupants, key=lambda one: one.since)
    spare = sorted((one for one in ordered if one.is_spare(now)), key=lambda one: one.session.agent_id is not None)
    ending = [one.session for one in spare]
    count = Counter(one.process for one in ordered if one.session not in ending)
    for one in ordered:
        if count[one.process] > share and one.session not in ending and not one.session.under_way:
            count[one.process] -= 1
            ending.append(one.session)
    return ending
