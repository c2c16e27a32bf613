"""Announcements of take-overs: to the losing session, to the operator, and in the log, every time."""

import logging
from collections.abc import Iterable, Sequence

from xats_tui.backend.health.notices import Notices
from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.backend.services.agents.runtimes import Runtime
from xats_tui.backend.store import activity
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent

logger = logging.getLogger(__name__)

VERB = "take over"
"""Their verb in the activity log."""

SUPERSEDED = "notifications/superseded"
"""Tells a bridge that its agent's name was taken over, so that it does not take it back on reconnecting."""


class Takeovers:
    """Announces which agent took whose name, pane or wakes."""

    def __init__(self, sessions: McpSessions, notices: Notices) -> None:
        self._sessions = sessions
        self._notices = notices

    async def note(self, tx: Transaction, agent: Agent, losers: Sequence[Agent], runtime: Runtime) -> None:
        """Record what an agent took from others, or what a new runtime of the same agent took over."""
        for loser in losers:
            await activity.note(tx, agent.address, VERB, _sentence(agent, loser, runtime), agent_id=loser.agent_id)

    async def tell(
        self, agent: Agent, losers: Sequence[Agent], runtime: Runtime, superseded: Iterable[McpSession] = ()
    ) -> None:
        """Notify everybody concerned after the take-over; the `superseded` sessions no longer speak as the agent."""
        for loser in losers:
            sentence = _sentence(agent, loser, runtime)
            logger.warning("take-over: %s", sentence)
            self._notices.tell(loser.address, sentence)
            if loser.agent_id != agent.agent_id:
                for session in self._sessions.all_of(loser.agent_id):
                    session.untold.append(f"{sentence}; {_way_back(agent)}")
        for session in superseded:
            await session.notify(SUPERSEDED, {"name": agent.name, "team": agent.team})


def _sentence(agent: Agent, loser: Agent, runtime: Runtime) -> str:
    peer = f", process {runtime.peer.pid}" if runtime.peer else ""
    by = f"a {agent.client_name or agent.client} session{peer}"
    if agent.role == CHANNEL_PROXY_ROLE:
        return f"{by} leads the wakes of {_described(loser)} to its channel, and was not started by that program"
    if loser.agent_id == agent.agent_id:
        return f"{by} took the name of {_described(loser)}"
    pane = f"pane {agent.binding.pane.pane_id}" if agent.binding else "the pane"
    return f"{agent.address} ({by}) took {pane} from {_described(loser)}"


def _way_back(by: Agent) -> str:
    if by.role == CHANNEL_PROXY_ROLE:
        return 'if that channel is not yours, call register_agent without ui_pid and with delivery {"kind": "none"}'
    return "call bind_runtime_identity to take it back"


def _described(agent: Agent) -> str:
    where = f" in pane {agent.binding.pane.pane_id}" if agent.binding else ""
    process = f", process {agent.process.pid}" if agent.process else ""
    return f"{agent.address} ({agent.client_name or agent.client}{where}{process})"
