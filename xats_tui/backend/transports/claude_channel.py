"""Transport to Claude Code with nothing typed: a notification on the stream of the session that carries its channel.

A channel is named by its csid.  A channel proxy's session carries it, or the agent's own.  The sessions are known only
in memory: after a restart each attaches its channel again.
"""

from dataclasses import dataclass

from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Observation, Reachability, WakeStage
from xats_tui.core.transport import IntervalWatch

WAKE = "notifications/channel_wake"

SENT = "sent on the channel's open stream; nothing confirms it but the agent's next call"
NOT_READ = "the program does not read its channel's stream, and may take the hint later"
NOBODY_LISTENS = "nobody listens on the agent's channel"
NOT_CARRIED = "no session carries the agent's channel"


@dataclass(slots=True, kw_only=True)
class _Carried:
    """A channel and the session that carries it."""

    session: McpSession
    agents_own: bool
    """True if the session is the agent's own and wakes that agent only."""
    streams: bool | None = None
    """State of its standing stream at the last look; None if the stream was never open."""


class OpenChannels:
    """Channels that open sessions carry."""

    def __init__(self, sessions: McpSessions) -> None:
        self._sessions = sessions
        self._by_csid: dict[str, _Carried] = {}

    def attach(self, session: McpSession, csid: str, *, agents_own: bool = False) -> None:
        """Let a session carry this channel from now on; a session may carry several."""
        self._by_csid[csid] = _Carried(session=session, agents_own=agents_own)

    def detach(self, session: McpSession) -> None:
        """End all channels of a session."""
        self._by_csid = {csid: carried for csid, carried in self._by_csid.items() if carried.session is not session}

    def look(self) -> frozenset[str]:
        """Forget the channels of closed sessions; return those whose stream was opened since the last look."""
        self._by_csid = {csid: carried for csid, carried in self._by_csid.items() if self._is_open(carried)}
        opened = set()
        for csid, carried in self._by_csid.items():
            streams = self._sessions.has_stream(carried.session)
            if streams and not carried.streams:
                opened.add(csid)
            if streams or carried.streams:
                carried.streams = streams
        return frozenset(opened)

    def carrier(self, csid: str) -> McpSession | None:
        """Return the open session that carries a channel."""
        carried = self._by_csid.get(csid)
        return carried.session if carried is not None and self._is_open(carried) else None

    def has_stream(self, csid: str) -> bool:
        """Return whether the channel has an open stream."""
        session = self.carrier(csid)
        return session is not None and self._sessions.has_stream(session)

    def is_given_up(self, csid: str) -> bool:
        """Return whether the stream of this channel was open and has ended, as when its proxy was killed."""
        carried = self._by_csid.get(csid)
        return carried is not None and carried.streams is not None and not self._sessions.has_stream(carried.session)

    def reaches(self, csid: str, agent_id: str) -> bool:
        """Return whether a channel leads to this agent."""
        carried = self._by_csid.get(csid)
        return carried is not None and (not carried.agents_own or carried.session.agent_id == agent_id)

    async def wake(self, csid: str, content: str) -> bool | None:
        """Send a line on a channel; return False if there is no open stream, None if it may be taken later."""
        session = self.carrier(csid)
        if session is None or not self._sessions.has_stream(session):
            return False
        return await session.notify(WAKE, {"content": content, "meta": {}}) or None

    def _is_open(self, carried: _Carried) -> bool:
        return self._sessions.get(carried.session.session_id) is carried.session


class ClaudeChannel:
    """Transport that sends hints on channels."""

    name = "claude-channel"
    types = False

    def __init__(self, channels: OpenChannels, clock: Clock) -> None:
        self._channels = channels
        self._clock = clock

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent has a channel, whatever its client."""
        return agent.delivery.kind is DeliveryKind.CLAUDE_CHANNEL

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe whether the channel's stream is open."""
        csid = agent.delivery.address["channel_session_id"]
        # no gate besides: Claude Code itself queues what comes while it is at work
        if self._channels.carrier(csid) is None or not self._channels.reaches(csid, agent.agent_id):
            return Observation(reach=Reachability.NO_PANE, detail=NOT_CARRIED)
        if not self._channels.has_stream(csid):
            return Observation(reach=Reachability.BROKEN, detail=NOBODY_LISTENS)
        return Observation(reach=Reachability.OPEN, detail="the channel's stream is open", seen=f"channel {csid}")

    def watch(self, agent: Agent) -> IntervalWatch:
        """Watch the agent by asking again: nothing tells sooner."""
        return IntervalWatch(self._clock)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Send the hint; `forced` has no effect here."""
        csid = agent.delivery.address["channel_session_id"]
        sent = self._channels.reaches(csid, agent.agent_id) and await self._channels.wake(csid, hint)
        if sent:
            return DeliveryResult(step=WakeStage.SUBMITTED, detail=SENT, seen_before="", seen_after=hint, typed=False)
        return DeliveryResult(
            step=WakeStage.ATTEMPTED,
            detail=f"{UNCONFIRMED}{NOT_READ}" if sent is None else NOBODY_LISTENS,
            seen_before="",
            seen_after="",
            typed=False,
            failed=sent is False,
            uncertain=sent is None,
        )
