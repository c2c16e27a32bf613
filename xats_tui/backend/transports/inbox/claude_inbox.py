"""Transport to Claude Code with nothing typed: a message to the inbox socket of its session.

An idle session begins a turn, and a draft in its input line stays; a busy one gets the message in its next request.
Behind a dialog a message would begin a turn right after the person's answer, so nothing is posted there.
"""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates, StateWatch
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.sessions.claude_files import LivingSession, SessionFiles
from xats_tui.backend.system.sessions.processes import NO_PROCESS, InboxKey, process_of
from xats_tui.backend.transports.inbox.claude_posts import Post, evidence_of, lines_of
from xats_tui.backend.transports.inbox.gates import own_hint_gate, state_gates, stopped_gate
from xats_tui.backend.transports.inbox.posts import NoInbox, inbox_of, send
from xats_tui.backend.transports.pane.evidence import rows_of
from xats_tui.backend.transports.results import not_taken, submitted, uncertain
from xats_tui.clients.claude_code.inbound import BYPASS, mode_in_footer, why_held
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxError
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import DeliveryResult, Gate, Observation, Reachability, first_closed

EVIDENCE_WITHIN_S = 2.5
"""Time to wait for evidence after a post to an idle session, which begins a turn within 0.3 s.

A hook at the end of a turn waits three seconds for the coordinator, and this delivery must be over by then.
"""
REPEATS_DROPPED_FOR = timedelta(minutes=2)
"""Time in which no line is posted twice: Claude Code 2.1.332 drops a text that it took within the last 30 s."""

FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.2
"""Time between two looks for evidence; the pause grows."""

LOST_AFTER = timedelta(seconds=60)
"""Time for which a session must be idle after a post without evidence, until the post counts as lost."""

AVOIDED_FOR = timedelta(hours=1)
"""Time for which a session that lost a post gets no other one."""

OVERRULED = frozenset({"state", "hooks"})
"""Gates that the operator may overrule: a message to a busy session waits there, and does no harm."""


class _Seen(Struct, frozen=True, kw_only=True):
    """A session with its key, and everything that the gates judge."""

    session: LivingSession
    key: InboxKey
    gates: tuple[Gate, ...]

    def closed(self, passing: frozenset[str] = frozenset()) -> Gate | None:
        return first_closed(self.gates, passing)


class ClaudeInbox:
    """Transport that posts hints to the inboxes of Claude Codes."""

    name = "claude-inbox"
    types = False

    def __init__(
        self,
        sessions: McpSessions,
        processes: Processes,
        monitor: PaneMonitor,
        reports: HookReports,
        states: ClientStates,
        clock: Clock,
        files: SessionFiles | None = None,
    ) -> None:
        self._sessions = sessions
        self._processes = processes
        self._monitor = monitor
        self._reports = reports
        self._states = states
        self._clock = clock
        self._files = files or SessionFiles()
        self._began = clock.now()
        self._posts: dict[str, Post] = {}
        """The outstanding post of each agent."""
        self._lost: dict[str, Post] = {}
        """The latest post of each agent that had no effect."""
        self._lines: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        """The hints that each agent's inbox was given lately, with their times."""
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent runs in a Claude Code whose process is known."""
        return agent.client == SPEC.id and process_of(agent) is not None

    def missing(self, agent: Agent) -> str:
        """Return what would make the agent's process known."""
        return NO_PROCESS if agent.client == SPEC.id else ""

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the session; with `urgent` a busy one may be posted to."""
        if evidence := await self._evidence(agent):
            return Observation(reach=Reachability.OPEN, detail=f"submitted: {evidence}", is_taken=True)
        try:
            seen = await self._look(agent, urgent=urgent)
            if seen.closed() is None:  # else nothing would be posted, and whoever listens there is left alone
                async with inbox_of(seen.session.file.socket, seen.session.process.pid):
                    pass
        except NoInbox as error:
            return Observation(reach=Reachability.UNUSABLE, detail=str(error))
        closed, state = seen.closed(), seen.session.file.state
        return Observation(
            reach=Reachability.OPEN,
            detail=closed.told if closed else "every gate is open",
            gates=seen.gates,
            seen=f"session {state}",
            at_rest=state is PaneState.IDLE and not (closed and closed.name == "hooks"),
        )

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Post the hint, or report what became of an earlier one."""
        async with self._writers[agent.agent_id]:
            posted = self._posts.get(agent.agent_id)
            if posted and (evidence := await self._evidence(agent)):
                return self._submitted(agent, posted, evidence)
            try:
                return await self._posted(agent, hint, forced=forced, urgent=urgent)
            except NoInbox as error:
                return not_taken(str(error))

    def watch(self, agent: Agent) -> StateWatch:
        """Watch the agent's state, as its session file tells it."""
        return StateWatch(agent.agent_id, self._states, self._clock)

    async def _posted(self, agent: Agent, hint: str, *, forced: bool, urgent: bool) -> DeliveryResult:
        process = process_of(agent)
        session = await self._session(process)
        async with inbox_of(session.file.socket, session.process.pid) as connection:
            # everything is judged now, when nothing but the two lines is left to do
            seen = await self._look(agent, urgent=urgent)
            if closed := seen.closed(OVERRULED if forced else frozenset()):
                return not_taken(closed.told)
            if seen.session.file.socket != session.file.socket:
                raise NoInbox("its inbox socket has changed")
            line, now = self._told_apart(agent, hint, seen.session), self._clock.now()
            posted = self._posts[agent.agent_id] = Post(hint=line, at=now, session=seen.session)
            try:
                await send(connection, lines_of(seen.key, line))
            except (OSError, TimeoutError) as error:
                return uncertain(f"the inbox socket broke while the hint was sent ({type(error).__name__})")
            if seen.session.file.state is not PaneState.IDLE:
                return uncertain("posted in the middle of a turn, for its next request")
            evidence = await self._evidence_in_time(agent)
        if evidence:
            return self._submitted(agent, posted, evidence)
        return uncertain("posted to its inbox, but no turn has begun")

    def _told_apart(self, agent: Agent, hint: str, session: LivingSession) -> str:
        """Return the hint with the time, if the same one may have been posted lately: a repetition would be dropped."""
        now, lines = self._clock.now(), self._lines[agent.agent_id]
        is_repeated = hint in lines and now - lines[hint] < REPEATS_DROPPED_FOR
        # its last turn may have been begun by a coordinator before this one
        is_repeated |= now - REPEATS_DROPPED_FOR < session.file.since < self._began
        for line in [line for line, at in lines.items() if now - at >= REPEATS_DROPPED_FOR]:
            del lines[line]
        lines[hint] = now
        return f"{hint} ({now.astimezone():%H:%M:%S})" if is_repeated else hint

    async def _evidence_in_time(self, agent: Agent) -> str:
        """Return the evidence once there is some; empty if there is none in time."""
        pause, until = FIRST_LOOK_S, self._clock.monotonic() + EVIDENCE_WITHIN_S
        while not (evidence := await self._evidence(agent)) and self._clock.monotonic() < until:
            await self._clock.sleep(pause)
            pause = min(pause * 1.5, LAST_LOOK_S)
        return evidence

    async def _evidence(self, agent: Agent) -> str:
        """Return what shows that the agent's outstanding post was taken; empty for none."""
        posted = self._posts.get(agent.agent_id)
        if posted is None:
            return ""
        session = await self._files.of(posted.session.process)
        now = session or posted.session
        # `/clear` gives the session another id
        ids = {agent.host_session, posted.session.file.session_id, now.file.session_id}
        prompts = [self._reports.prompt_since(one, posted.at) for one in ids]
        told = next((prompt for prompt in prompts if prompt.strip() == posted.hint), "")
        return evidence_of(posted, session, told, agent)

    async def _session(self, process: SeenProcess | None) -> LivingSession:
        session = await self._files.of(process) if process else None
        if session is None:
            raise NoInbox(
                f"its process has no session file: it has ended, this {SPEC.title} is too old, or this is not Linux"
            )
        if not session.file.socket:
            raise NoInbox("its session has no inbox socket")
        if session.file.state is PaneState.UNKNOWN:
            raise NoInbox("its session file tells no state that is known")
        return session

    async def _look(self, agent: Agent, *, urgent: bool) -> _Seen:
        """Observe everything that the gates judge.

        Raises:
            NoInbox: a post would have no effect, or do harm.
        """
        session = await self._session(process_of(agent))
        key = await self._key(agent, session)
        ids = (session.file.session_id, agent.host_session)
        reported = next((mode for one in ids if (mode := self._reports.mode_of(one))), "")
        said = await self._files.inbound(session)
        shown = await self._shown_mode(agent, fresh=said.may_bypass or reported == BYPASS)
        if why := why_held(said, shown, reported):
            raise NoInbox(why)
        posted = self._outstanding(agent, session)
        occupant = await self._processes.occupant(session.process.pid, session.process.started_at)
        report = next((one for name in ids if (one := self._reports.of(name, self._clock.now()))), None)
        gates = (
            stopped_gate(occupant, session.process.pid),
            own_hint_gate("an earlier hint may be taken yet" if posted else ""),
            *state_gates(session, report, self._states.dialogs(agent.agent_id), self._clock.now(), urgent=urgent),
        )
        return _Seen(session=session, key=key, gates=gates)

    async def _shown_mode(self, agent: Agent, *, fresh: bool) -> str:
        """Return the permission mode that the pane shows; a new look is needed only where it can change to bypass."""
        if agent.binding is None:
            return ""
        try:
            pane = agent.binding.pane
            view = await self._monitor.look(pane, agent.client) if fresh else self._monitor.view(pane)
        except (PaneGone, TmuxError):
            return ""
        return mode_in_footer(rows_of(view)) if view else ""

    async def _key(self, agent: Agent, session: LivingSession) -> InboxKey:
        """Return the key of the inbox, which only programs have that this Claude Code has started."""
        connections = self._sessions.all_of(agent.agent_id)
        bridges = [one.process for one in reversed(connections) if one.process is not None]
        key = await self._files.key(session, bridges)
        if key is None:
            raise NoInbox("no bridge of it runs that has the key of its inbox")
        return key

    def _outstanding(self, agent: Agent, session: LivingSession) -> Post | None:
        """Return the post whose outcome is open; one that had no effect keeps the inbox from being used again.

        Raises:
            NoInbox: the session has lost a post.
        """
        now, posted = self._clock.now(), self._posts.get(agent.agent_id)
        if posted and not posted.session.process.is_same(session.process):
            del self._posts[agent.agent_id]
            posted = None
        idle_since = max(session.file.since, posted.at) if posted else now
        if posted and session.file.state is PaneState.IDLE and now - idle_since >= LOST_AFTER:
            del self._posts[agent.agent_id]
            if posted.session.file.state is PaneState.IDLE:  # else the turn may have taken it
                self._lost[agent.agent_id] = posted
            posted = None
        lost = self._lost.get(agent.agent_id)
        if lost and lost.session.process.is_same(session.process) and now - lost.at < AVOIDED_FOR:
            raise NoInbox("its inbox took an earlier hint, and nothing came of it")
        return posted

    def _submitted(self, agent: Agent, posted: Post, evidence: str) -> DeliveryResult:
        for posts in (self._posts, self._lost):
            posts.pop(agent.agent_id, None)
        return submitted(f"posted to its inbox: {evidence}", posted.at, f"session {posted.session.file.state}")
