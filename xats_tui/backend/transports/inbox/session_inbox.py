"""Transport to sessions with an inbox that answers with receipts, with nothing typed.

An idle session begins a turn, and a draft in its input line stays.  A busy one, or one with a dialog open, would take
the message when that is over; nothing is posted there all the same, because the agent may read its mail before.
A receipt says that a message is queued, held for a person, or turned away, never that it was read.
"""

import asyncio
import socket
from collections import defaultdict
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.sessions.processes import NO_PROCESS, process_of
from xats_tui.backend.system.sessions.registered import RegisteredSession, SessionRegistry
from xats_tui.backend.transports.inbox.allowance import Allowance
from xats_tui.backend.transports.inbox.gates import (
    declined_gate,
    own_hint_gate,
    screen_gates,
    stopped_gate,
)
from xats_tui.backend.transports.inbox.outcomes import (
    declined_until,
    evidence_of,
    refuse_if_turned_away,
    result_of,
    told_of,
)
from xats_tui.backend.transports.inbox.posts import NoInbox, inbox_of, send
from xats_tui.backend.transports.inbox.receipt_inbox import ReceiptInbox
from xats_tui.backend.transports.inbox.receipts import SentMessage
from xats_tui.backend.transports.results import not_taken, uncertain
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxError
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import PaneState, PaneView
from xats_tui.core.model.wakes import DECLINED, DeliveryResult, Gate, Observation, Reachability, first_closed
from xats_tui.core.transport import IntervalWatch

RECEIPT_WITHIN_S = 2.5
"""Time to wait for a receipt, which comes within 0.2 s; a later one is noted as well."""

ASKED_AGAIN_AFTER = timedelta(seconds=20)
"""Time after which a message without a final receipt is posted again: it is taken once, and its receipt is repeated."""

OVERRULED = frozenset({"dialog", "state", "hooks", DECLINED})
"""Gates that the operator may overrule: a message waits in the inbox, and does no harm."""

NO_SESSION = (
    "none of its bridges leads to a session with an inbox: messages are off, it has ended, or this is not Linux"
)


class _Seen(Struct, frozen=True, kw_only=True):
    """A session, and everything that the gates judge."""

    session: RegisteredSession
    gates: tuple[Gate, ...]
    state: PaneState | None
    """The state on the screen; None if none is seen."""

    def closed(self, passing: frozenset[str] = frozenset()) -> Gate | None:
        return first_closed(self.gates, passing)

    @property
    def told(self) -> str:
        return f"screen {self.state}" if self.state else "no screen"


class SessionInboxes:
    """Transport that posts hints to inboxes of sessions."""

    name = "session-inbox"
    types = False

    def __init__(
        self,
        sessions: McpSessions,
        processes: Processes,
        monitor: PaneMonitor,
        reports: HookReports,
        states: ClientStates,
        receipts: ReceiptInbox,
        clock: Clock,
        registry: SessionRegistry | None = None,
    ) -> None:
        self._sessions = sessions
        self._processes = processes
        self._monitor = monitor
        self._reports = reports
        self._states = states
        self._receipts = receipts
        self._clock = clock
        self._registry = registry or SessionRegistry()
        self._allowance = Allowance(clock)
        self._sent: dict[str, SentMessage] = {}
        """The newest message to each agent."""
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent's client has such an inbox, and its process is known."""
        return _has_inbox(agent) and process_of(agent) is not None

    def missing(self, agent: Agent) -> str:
        """Return what would make the agent's process known."""
        return NO_PROCESS if _has_inbox(agent) else ""

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the session; a message without a final receipt is asked for once more."""
        if evidence := evidence_of(self._sent.get(agent.agent_id), agent):
            return Observation(reach=Reachability.OPEN, detail=f"submitted: {evidence}", is_taken=True)
        try:
            seen = await self._look(agent)
            if seen.closed() is None:  # else nothing would be posted, and whoever listens there is left alone
                async with _connected(seen.session):
                    pass
        except NoInbox as error:
            return Observation(reach=Reachability.UNUSABLE, detail=str(error))
        await self._ask_again(agent)
        closed = seen.closed()
        return Observation(
            reach=Reachability.OPEN,
            detail=closed.told if closed else "every gate is open",
            gates=seen.gates,
            seen=seen.told,
            at_rest=_at_rest(seen),
        )

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Post the hint, or report what became of an earlier one."""
        async with self._writers[agent.agent_id]:
            sent = self._sent.get(agent.agent_id)
            if sent is not None and evidence_of(sent, agent):
                return result_of(sent, agent)
            try:
                return await self._posted(agent, hint, forced=forced)
            except NoInbox as error:
                return not_taken(str(error))

    def watch(self, agent: Agent) -> IntervalWatch:
        """Watch the agent by asking: neither its screen nor a receipt tells of itself here."""
        return IntervalWatch(self._clock)

    async def _posted(self, agent: Agent, hint: str, *, forced: bool) -> DeliveryResult:
        before = await self._session(agent)
        async with _connected(before) as connection:
            # everything is judged now, when nothing but the two lines is left to do
            seen = await self._look(agent)
            if closed := seen.closed(OVERRULED if forced else frozenset()):
                return not_taken(closed.told)
            if seen.session.record.socket != before.record.socket:
                raise NoInbox("its inbox socket has changed")
            sent = SentMessage(
                text=hint,
                at=self._clock.now(),
                session=seen.session,
                seen_before=seen.told,
                was_idle=_at_rest(seen) is True,
            )
            self._sent[agent.agent_id] = sent
            self._receipts.expect(sent)
            try:
                await self._send(connection, sent)
            except (OSError, TimeoutError) as error:
                return uncertain(f"the inbox socket broke while the hint was sent ({type(error).__name__})")
        with suppress(TimeoutError):
            async with asyncio.timeout(RECEIPT_WITHIN_S):
                await sent.news.wait()
        return result_of(sent, agent)

    async def _ask_again(self, agent: Agent) -> None:
        """Post a message again that may be taken yet: it is taken once, and a receipt that was lost is repeated."""
        sent = self._sent.get(agent.agent_id)
        if sent is None or not sent.may_be_taken or sent.asked_at is None:
            return
        if self._clock.now() - sent.asked_at < ASKED_AGAIN_AFTER or not self._receipts.path:
            return
        with suppress(NoInbox, OSError, TimeoutError):
            async with _connected(sent.session) as connection:
                await self._send(connection, sent)

    async def _send(self, connection: socket.socket, sent: SentMessage) -> None:
        self._allowance.spend(sent.session.process)
        sent.asked_at = self._clock.now()
        await send(connection, sent.lines(self._receipts.path))

    async def _session(self, agent: Agent) -> RegisteredSession:
        """Return the agent's session.

        Raises:
            NoInbox: no session with an inbox is found.
        """
        process, spec = process_of(agent), CLIENTS.get(agent.client or "")
        connections = self._sessions.all_of(agent.agent_id)
        bridges = [one.process for one in reversed(connections) if one.process is not None]
        inbox = spec.inbox if spec else None
        session = await self._registry.session_of(process, bridges, inbox) if process and inbox else None
        if session is None:
            raise NoInbox(NO_SESSION)
        if not self._receipts.path:
            raise NoInbox("no receipt could come: the coordinator's own inbox is not open")
        return session

    async def _look(self, agent: Agent) -> _Seen:
        """Observe everything that the gates judge.

        Raises:
            NoInbox: a post would have no effect.
        """
        session, now = await self._session(agent), self._clock.now()
        occupant = await self._processes.occupant(session.process.pid, session.process.started_at)
        stopped = stopped_gate(occupant, session.process.pid)
        sent = self._newest(agent, session)
        if sent is not None and stopped.holds:
            refuse_if_turned_away(sent, session, now)
        view, left = await self._view(agent), self._allowance.left(session.process)
        report = self._reports.of_agent(agent, now)
        gates = (
            stopped,
            own_hint_gate(told_of(sent) if sent and sent.may_be_taken else ""),
            declined_gate(declined_until(sent, now)),
            Gate(name="rate", holds=left >= 1, detail=f"its inbox takes {left:.0f} messages now"),
            *screen_gates(view, report, self._states.dialogs(agent.agent_id), now),
        )
        return _Seen(session=session, gates=gates, state=view.reading.state if view else None)

    def _newest(self, agent: Agent, session: RegisteredSession) -> SentMessage | None:
        """Return the newest message to this program; forget a message to an earlier program, which ended with that."""
        sent = self._sent.get(agent.agent_id)
        if sent is not None and not sent.session.process.is_same(session.process):
            del self._sent[agent.agent_id]
            return None
        return sent

    async def _view(self, agent: Agent) -> PaneView | None:
        """Return the agent's screen now; None if it has none, or it cannot be seen."""
        if agent.binding is None:
            return None
        try:
            return await self._monitor.look(agent.binding.pane, agent.client)
        except (PaneGone, TmuxError):
            return None


def _has_inbox(agent: Agent) -> bool:
    spec = CLIENTS.get(agent.client or "")
    return spec is not None and spec.inbox is not None


def _connected(session: RegisteredSession) -> AbstractAsyncContextManager[socket.socket]:
    """Connect to a session's inbox.

    Raises:
        NoInbox: the session does not listen there, or others have access.
    """
    return inbox_of(session.record.socket, session.process.pid, private=True)


def _at_rest(seen: _Seen) -> bool | None:
    closed = {gate.name for gate in seen.gates if not gate.holds}
    if closed & {"own hint", DECLINED, "dialog", "state", "hooks"}:
        return False
    return True if seen.state is PaneState.IDLE else None
