"""The live MCP sessions: who speaks, as which agent, and how to notify it.

It knows nothing of HTTP or of the SDK; whoever opens a session hands in the function that notifies.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, SessionChanged
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.health import SessionEntry

JUST_NOW = timedelta(minutes=1)
"""A client without a standing stream counts as connected for so long after a call."""

Notify = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """That another session speaks as the agent a session was."""

    agent_id: str
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class McpSession:
    """One connection; what it is changes while it lives."""

    session_id: str
    client: str
    """Name and version that the client gave at `initialize`; empty if it gave none."""
    opened_at: datetime
    notify: Notify
    """Sends a notification on the session's standing stream; without one it is dropped."""
    program: str = ""
    """Name and version of the agent's program, as the bridge in between says; empty without one."""
    last_call_at: datetime | None = None
    agent_id: str | None = None
    evidence: frozenset[str] = frozenset()
    """What proved its runtime when it registered: opaque, one string a proof."""
    identified_at: datetime | None = None
    """When it registered last."""
    superseded: Superseded | None = None
    """Why it speaks for no agent any more; until it registers again."""
    credential: bytes | None = None
    """Digest of the Authorization header that its first registration came with."""
    peer: int | None = None
    """The port of this machine that its newest message came from; None if it came from elsewhere."""
    stream_peer: int | None = None
    """The port of this machine that its standing stream goes to."""
    under_way: int = 0
    """Its calls that are being answered."""
    process: SeenProcess | None = None
    """The process that it came from when it registered last; None if that cannot be told."""
    left_at: datetime | None = None
    """When its stream ended, or its process was seen to have; None without such a sign."""
    turned_away: str = ""
    """Why it does not speak as the agent whose name it was configured with; empty if it was not refused that."""
    untold: list[str] = field(default_factory=list)
    """Sentences that its next answer has to tell it."""
    reader: str = ""
    """What its newest call shows of whose context its answers come into (`tools/place.py`)."""

    @property
    def has_left(self) -> bool:
        """Whether its client went away, and has not called since."""
        return self.left_at is not None and (self.last_call_at is None or self.last_call_at <= self.left_at)

    def proofs_as(self, agent_id: str | None, evidence: frozenset[str]) -> frozenset[str]:
        """What proves its runtime once it has registered as this agent with this evidence."""
        return self.evidence | evidence if self.agent_id == agent_id else evidence


class McpSessions:
    """All open sessions."""

    def __init__(self, clock: Clock, publish: Callable[[Iterable[Event]], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._by_id: dict[str, McpSession] = {}
        self._streams: Counter[str] = Counter()
        self._by_agent: dict[str, list[McpSession]] = {}
        """Oldest registration first; the last one speaks for the agent."""
        self._gone: set[str] = set()
        """The agents of whom the last session has ended that listened, or whose processes had."""

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, session_id: str) -> McpSession | None:
        """The open session of that id."""
        return self._by_id.get(session_id)

    def open(self, session_id: str, client: str, notify: Notify) -> McpSession:
        """Add a session."""
        session = McpSession(session_id=session_id, client=client, opened_at=self._clock.now(), notify=notify)
        self._by_id[session_id] = session
        self._tell(session)
        return session

    def close(self, session: McpSession) -> None:
        """Forget a session; an older one of the same agent speaks for it again."""
        if session.agent_id is not None and (self.has_stream(session) or session.has_left):
            self._gone.add(session.agent_id)
        if self._by_id.pop(session.session_id, None) is None:
            return
        self._silence(session)
        self._tell(session)

    def leave(self, session: McpSession) -> None:
        """Note that a session's client has gone away without a word."""
        session.left_at = self._clock.now()
        self._tell(session)

    def forget(self, agent_ids: Iterable[str]) -> None:
        """Note that nobody is there any more who spoke as these agents before a restart."""
        self._gone |= {agent_id for agent_id in agent_ids if agent_id not in self._by_agent}

    def identify(
        self,
        session: McpSession,
        agent_id: str | None,
        evidence: frozenset[str] = frozenset(),
        process: SeenProcess | None = None,
    ) -> tuple[McpSession, ...]:
        """The session speaks as this agent from now on, and gets its notifications.

        Sessions that spoke as this agent before and share no evidence with it are another runtime: they are superseded,
        and returned.
        """
        proofs = session.proofs_as(agent_id, evidence)
        self._silence(session)
        session.agent_id, session.evidence, session.superseded = agent_id, proofs, None
        session.identified_at, session.process, session.turned_away = self._clock.now(), process, ""
        superseded = self._supersede(agent_id, session) if agent_id is not None else ()
        if agent_id is not None:
            self._by_agent.setdefault(agent_id, []).append(session)
            self._gone.discard(agent_id)
        self._tell(session)
        return superseded

    def resume(self, session: McpSession) -> None:
        """A session that has just been given back its identity speaks again, before those that registered later."""
        if session.agent_id is not None:
            speaking = self._by_agent.setdefault(session.agent_id, [])
            speaking.append(session)
            speaking.sort(key=lambda one: one.identified_at or one.opened_at)
            self._gone.discard(session.agent_id)
        self._tell(session)

    def dismiss(self, agent_id: str) -> None:
        """No session speaks as this agent any more."""
        for session in tuple(self._by_agent.get(agent_id, ())):
            self.identify(session, None)

    def all_of(self, agent_id: str) -> tuple[McpSession, ...]:
        """The sessions that speak as an agent, the newest registration last."""
        return tuple(self._by_agent.get(agent_id, ()))

    def readers_of(self, agent_id: str) -> frozenset[str]:
        """The readers that get an agent's mail in some session."""
        return frozenset(session.reader for session in self._by_agent.get(agent_id, ()))

    def of_agent(self, agent_id: str) -> McpSession | None:
        """The session that gets an agent's notifications."""
        sessions = self._by_agent.get(agent_id)
        return sessions[-1] if sessions else None

    def speaking(self) -> tuple[McpSession, ...]:
        """The sessions that get some agent's notifications."""
        return tuple(sessions[-1] for sessions in self._by_agent.values())

    def is_connected(self, agent_id: str) -> bool:
        """Whether somebody is there who speaks for an agent: a stream of its is open, or it has just called.

        A client that is killed leaves its session behind.
        """
        return any(self._is_there(session) for session in self._by_agent.get(agent_id, ()))

    def is_listened_to(self, agent_id: str) -> bool:
        """Whether somebody listens now to the standing stream of a session that speaks for an agent."""
        return any(self.has_stream(session) for session in self._by_agent.get(agent_id, ()))

    def has_left(self, agent_id: str) -> bool:
        """Whether everybody who spoke for an agent is known to have gone away."""
        speaking = self._by_agent.get(agent_id)
        return all(session.has_left for session in speaking) if speaking else agent_id in self._gone

    def open_ones(self) -> tuple[McpSession, ...]:
        """Every open session."""
        return tuple(self._by_id.values())

    @contextmanager
    def calling(self, session: McpSession) -> Iterator[None]:
        """A call of a session is answered for the life of the block."""
        session.under_way += 1
        try:
            yield
        finally:
            session.under_way -= 1

    def entries(self) -> tuple[SessionEntry, ...]:
        """Every open session as it is shown, the one that was opened last first."""
        return tuple(
            SessionEntry(
                session_id=session.session_id,
                client=session.client,
                agent_id=session.agent_id,
                opened_at=session.opened_at,
                last_call_at=session.last_call_at,
                has_stream=self.has_stream(session),
            )
            for session in reversed(self._by_id.values())
        )

    def has_stream(self, session: McpSession) -> bool:
        """Whether the session is open and somebody listens to its standing stream now."""
        return self._by_id.get(session.session_id) is session and self._streams[session.session_id] > 0

    @contextmanager
    def streaming(self, session_id: str) -> Iterator[None]:
        """The standing stream of a session is open for the life of the block."""
        self._streams[session_id] += 1
        if session := self._by_id.get(session_id):
            session.left_at = None
        self._publish([SessionChanged(session_id=session_id)])
        try:
            yield
        finally:
            self._streams[session_id] -= 1
            if not self._streams[session_id]:
                del self._streams[session_id]
                if session := self._by_id.get(session_id):
                    session.left_at = self._clock.now()
            self._publish([SessionChanged(session_id=session_id)])

    def _is_there(self, session: McpSession) -> bool:
        called = session.last_call_at
        lately = called is not None and self._clock.now() - called < JUST_NOW
        return self.has_stream(session) or (lately and not session.has_left)

    def _supersede(self, agent_id: str, by: McpSession) -> tuple[McpSession, ...]:
        others = [one for one in self._by_agent.get(agent_id, ()) if one.evidence.isdisjoint(by.evidence)]
        for session in others:
            self._silence(session)
            session.agent_id = None
            session.superseded = Superseded(agent_id=agent_id, at=self._clock.now())
            self._tell(session)
        return tuple(others)

    def _silence(self, session: McpSession) -> None:
        sessions = self._by_agent.get(session.agent_id or "", [])
        if session in sessions:
            sessions.remove(session)
            if not sessions:
                del self._by_agent[session.agent_id or ""]

    def _tell(self, session: McpSession) -> None:
        self._publish([SessionChanged(session_id=session.session_id)])
