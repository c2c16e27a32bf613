"""Open MCP sessions: the agent that each speaks as, and how to notify it.

This module is independent of HTTP and the SDK; the opener of a session passes in the function that notifies it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from xats_tui.core.clock import Clock
from xats_tui.core.events import Event, SessionChanged
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.client_states import UsedTool
from xats_tui.core.model.health import SessionEntry

JUST_NOW = timedelta(minutes=1)
"""Time after a call for which a client without a standing stream counts as connected."""

Notify = Callable[[str, Mapping[str, Any]], Awaitable[bool]]
"""Sends a notification; returns False if the client does not read its stream, and may get it later or never."""


class Superseded(Struct, frozen=True, kw_only=True):
    """Record that another session now speaks as a session's former agent."""

    agent_id: str
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class McpSession:
    """One connection, with its changing state."""

    session_id: str
    client: str
    """Name and version that the client gave at `initialize`; empty if it gave none."""
    opened_at: datetime
    notify: Notify
    """Sends a notification on the session's standing stream; without a stream, the notification is dropped."""
    program: str = ""
    """Name and version of the agent's program, as reported by a bridge; empty without a bridge."""
    last_call_at: datetime | None = None
    called: UsedTool | None = None
    """The latest call that the model asked for."""
    agent_id: str | None = None
    evidence: frozenset[str] = frozenset()
    """Evidence of the runtime at registration, as opaque strings."""
    identified_at: datetime | None = None
    """Time of the latest registration."""
    superseded: Superseded | None = None
    """Set after the session lost its agent to another session, until it registers again."""
    credential: bytes | None = None
    """Digest of the Authorization header of the session's first registration."""
    peer: int | None = None
    """Local port that the newest message came from; None for another machine."""
    stream_peer: int | None = None
    """Local port of the standing stream."""
    under_way: int = 0
    """Number of calls being answered."""
    process: SeenProcess | None = None
    """Process behind the latest registration; None if it cannot be determined."""
    left_at: datetime | None = None
    """Time when the stream or the process ended; None without such a sign."""
    turned_away: str = ""
    """Reason why the session was refused its configured agent name; empty if it was not refused."""
    untold: list[str] = field(default_factory=list)
    """Sentences to add to the session's next answer."""
    reader: str = ""
    """Reader of the session's answers, from its newest call (`tools/call_context.py`)."""

    @property
    def has_left(self) -> bool:
        """True if the client has left and has not called since."""
        return self.left_at is not None and (self.last_call_at is None or self.last_call_at <= self.left_at)

    def proofs_as(self, agent_id: str | None, evidence: frozenset[str]) -> frozenset[str]:
        """Return the session's evidence after it registers as this agent with this evidence."""
        return self.evidence | evidence if self.agent_id == agent_id else evidence


@dataclass(slots=True)
class _UnderWay:
    """Counts a call of a session; a generator would take three times as long."""

    session: McpSession

    def __enter__(self) -> None:
        self.session.under_way += 1

    def __exit__(self, *error: object) -> None:
        self.session.under_way -= 1


class McpSessions:
    """All open sessions."""

    def __init__(self, clock: Clock, publish: Callable[[Iterable[Event]], None]) -> None:
        self._clock = clock
        self._publish = publish
        self.calls = 0
        """Tool calls since the start."""
        self._by_id: dict[str, McpSession] = {}
        self._streams: Counter[str] = Counter()
        self._by_agent: dict[str, list[McpSession]] = {}
        """Sessions by agent, oldest registration first; the last one speaks for the agent."""
        self._gone: set[str] = set()
        """Agents whose last session ended while it had a stream, or after its process had ended."""

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, session_id: str) -> McpSession | None:
        """Return the open session with this id."""
        return self._by_id.get(session_id)

    def open(self, session_id: str, client: str, notify: Notify) -> McpSession:
        """Add a session."""
        session = McpSession(session_id=session_id, client=client, opened_at=self._clock.now(), notify=notify)
        self._by_id[session_id] = session
        self._tell(session)
        return session

    def close(self, session: McpSession) -> None:
        """Remove a session; an older session of the same agent speaks for it again."""
        if session.agent_id is not None and (self.has_stream(session) or session.has_left):
            self._gone.add(session.agent_id)
        if self._by_id.pop(session.session_id, None) is None:
            return
        self._silence(session)
        self._tell(session)

    def leave(self, session: McpSession) -> None:
        """Record that a session's client has left without closing the session."""
        session.left_at = self._clock.now()
        self._tell(session)

    def forget(self, agent_ids: Iterable[str]) -> None:
        """Record that the clients of these agents have left since before a restart."""
        self._gone |= {agent_id for agent_id in agent_ids if agent_id not in self._by_agent}

    def identify(
        self,
        session: McpSession,
        agent_id: str | None,
        evidence: frozenset[str] = frozenset(),
        process: SeenProcess | None = None,
    ) -> tuple[McpSession, ...]:
        """Let the session speak as this agent, and get its notifications.

        Other sessions that speak as this agent without shared evidence are different runtimes: they are superseded, and
        returned.
        """
        proofs = session.proofs_as(agent_id, evidence)
        self._silence(session)
        session.agent_id, session.evidence, session.superseded = agent_id, proofs, None
        session.identified_at, session.process, session.turned_away = self._clock.now(), process, ""
        superseded = self._supersede(agent_id, session) if agent_id is not None else ()
        if agent_id is not None:
            self._by_agent.setdefault(agent_id, []).append(session)
            self._gone.discard(agent_id)
        if self.get(session.session_id) is not session:  # it has ended while it registered
            self._silence(session)
        self._tell(session)
        return superseded

    def resume(self, session: McpSession) -> None:
        """Let a session whose identity was restored speak again, ordered before later registrations."""
        if session.agent_id is not None:
            speaking = self._by_agent.setdefault(session.agent_id, [])
            speaking.append(session)
            speaking.sort(key=lambda one: one.identified_at or one.opened_at)
            self._gone.discard(session.agent_id)
        self._tell(session)

    def dismiss(self, agent_id: str) -> None:
        """Let no session speak as this agent any more."""
        for session in tuple(self._by_agent.get(agent_id, ())):
            self.identify(session, None)

    def all_of(self, agent_id: str) -> tuple[McpSession, ...]:
        """Return the sessions that speak as an agent, newest registration last."""
        return tuple(self._by_agent.get(agent_id, ()))

    def readers_of(self, agent_id: str) -> frozenset[str]:
        """Return the readers that get an agent's messages, over all its sessions."""
        return frozenset(session.reader for session in self._by_agent.get(agent_id, ()))

    def of_agent(self, agent_id: str) -> McpSession | None:
        """Return the session that gets an agent's notifications."""
        sessions = self._by_agent.get(agent_id)
        return sessions[-1] if sessions else None

    def called_by(self, agent_id: str) -> UsedTool | None:
        """Return the tool that an agent called last."""
        calls = (session.called for session in self._by_agent.get(agent_id, ()))
        return max((call for call in calls if call), key=lambda call: call.at, default=None)

    def speaking(self) -> tuple[McpSession, ...]:
        """Return the sessions that get notifications for an agent."""
        return tuple(sessions[-1] for sessions in self._by_agent.values())

    def is_connected(self, agent_id: str) -> bool:
        """Return whether a client of an agent is there: a session has a stream, or it has just called."""
        return any(self._is_there(session) for session in self._by_agent.get(agent_id, ()))

    def is_listened_to(self, agent_id: str) -> bool:
        """Return whether a session of an agent has a standing stream now."""
        return any(self.has_stream(session) for session in self._by_agent.get(agent_id, ()))

    def has_left(self, agent_id: str) -> bool:
        """Return whether all clients of an agent are known to have left."""
        speaking = self._by_agent.get(agent_id)
        return all(session.has_left for session in speaking) if speaking else agent_id in self._gone

    def open_ones(self) -> tuple[McpSession, ...]:
        """Return every open session."""
        return tuple(self._by_id.values())

    def calling(self, session: McpSession) -> "_UnderWay":
        """Count a call as being answered for the life of the block."""
        self.calls += 1
        return _UnderWay(session)

    @property
    def is_answering(self) -> bool:
        """True while a call is being answered."""
        return any(session.under_way for session in self._by_id.values())

    def entries(self) -> tuple[SessionEntry, ...]:
        """Return every open session for display, newest first."""
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
        """Return whether the session is open and has a standing stream."""
        return self._by_id.get(session.session_id) is session and self._streams[session.session_id] > 0

    @contextmanager
    def streaming(self, session_id: str) -> Iterator[None]:
        """Count a standing stream as open for the life of the block."""
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
        called = session.last_call_at  # a killed client leaves its session behind: open is not enough
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
