"""The live MCP sessions: who speaks, as which agent, and how to notify it.

It knows nothing of HTTP or of the SDK; whoever opens a session hands in the function that notifies.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from xats_tui.backend.clock import Clock
from xats_tui.backend.events import Event, SessionChanged

JUST_NOW = timedelta(minutes=1)
"""A client without a standing stream counts as connected for so long after a call."""

Notify = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One connection; what it is changes while it lives."""

    session_id: str
    client: str
    """Name and version that the client gave at `initialize`; empty if it gave none."""
    opened_at: datetime
    notify: Notify
    """Sends a notification on the session's standing stream; without one it is dropped."""
    last_call_at: datetime | None = None
    agent_id: str | None = None
    offered: list[str] = field(default_factory=list)
    """Message rows in the newest get_inbox answer: read, once the agent calls again."""


class Sessions:
    """All open sessions."""

    def __init__(self, clock: Clock, publish: Callable[[Iterable[Event]], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._by_id: dict[str, Session] = {}
        self._streams: Counter[str] = Counter()
        self._speakers: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, session_id: str) -> Session | None:
        """The open session of that id."""
        return self._by_id.get(session_id)

    def open(self, session_id: str, client: str, notify: Notify) -> Session:
        """Add a session."""
        session = Session(session_id=session_id, client=client, opened_at=self._clock.now(), notify=notify)
        self._by_id[session_id] = session
        self._tell(session)
        return session

    def close(self, session: Session) -> None:
        """Forget a session; one that has taken over its agent meanwhile keeps it."""
        self._by_id.pop(session.session_id, None)
        self._silence(session)
        self._tell(session)

    def identify(self, session: Session, agent_id: str | None) -> None:
        """The session speaks as this agent from now on; the newest session of an agent gets its notifications."""
        self._silence(session)
        session.agent_id = agent_id
        session.offered.clear()
        if agent_id is not None:
            self._speakers[agent_id] = session
        self._tell(session)

    def of_agent(self, agent_id: str) -> Session | None:
        """The session that gets an agent's notifications."""
        return self._speakers.get(agent_id)

    def is_connected(self, agent_id: str) -> bool:
        """Whether somebody is there who speaks for an agent: its stream is open, or it has just called.

        A client that is killed leaves its session behind.
        """
        session = self._speakers.get(agent_id)
        if session is None:
            return False
        called = session.last_call_at
        lately = called is not None and self._clock.now() - called < JUST_NOW
        return lately or self._streams[session.session_id] > 0

    @contextmanager
    def streaming(self, session_id: str) -> Iterator[None]:
        """The standing stream of a session is open for the life of the block."""
        self._streams[session_id] += 1
        try:
            yield
        finally:
            self._streams[session_id] -= 1
            if not self._streams[session_id]:
                del self._streams[session_id]
            self._publish([SessionChanged(session_id=session_id)])

    def speaking(self) -> tuple[Session, ...]:
        """The sessions that get some agent's notifications."""
        return tuple(self._speakers.values())

    def _silence(self, session: Session) -> None:
        if session.agent_id is not None and self._speakers.get(session.agent_id) is session:
            del self._speakers[session.agent_id]

    def _tell(self, session: Session) -> None:
        self._publish([SessionChanged(session_id=session.session_id)])
