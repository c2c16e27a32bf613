"""Hooks of clients: states for the gates and the board, hints at the end of a turn, and answers to permissions.

The client's `HookTable` has the meaning of each event and the form of the answer.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import MAX_NAME_CHARS, MAX_SESSIONS, HookReport, HookReports
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.operator.held_dialogs import HeldDialogs
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import agents as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.clients.hook_table import (
    EVENT_NAME,
    HookMeaning,
    HookTable,
    text_at,
    told_model,
    told_tokens,
    told_tool,
)
from xats_tui.clients.registry import hook_reader, hook_table
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.client_states import StateSource, ToldState, ToldWork, UsedTool
from xats_tui.core.model.wakes import Passed

FREE = frozenset({HookMeaning.RESTS, HookMeaning.TURN_ENDS, HookMeaning.SESSION_ENDS})
"""Events after which an agent may be free for a hint."""

TELLING = FREE | {HookMeaning.TURN_BEGINS}
"""These events, and the one that proves that a hint was submitted."""

USING = frozenset({HookMeaning.WORKS, HookMeaning.TOOL_RAN})
"""Events that name a tool that is being used or was used."""

MOVING_ON = frozenset({HookMeaning.TURN_ENDS, HookMeaning.SESSION_ENDS, HookMeaning.TURN_BEGINS, HookMeaning.TOOL_RAN})
"""Events that come only after the dialog before them was answered."""

WITHIN_A_TURN = frozenset({HookMeaning.WORKS, HookMeaning.TOOL_RAN})
"""Events that come often, and for which nobody's process is searched: the turn began with another event."""

MARGIN_S = 10
"""Seconds before the client's own time limit at which a hook that waits for a person is answered."""

NOTHING: Mapping[str, Any] = {}

Give = Callable[[Mapping[str, Any]], Awaitable[Passed]]
"""Hands the output to a hook, and returns whether the hook has passed it on to its client."""


class HookCall(Struct, frozen=True, kw_only=True):
    """One run of a hook."""

    fields: Mapping[str, Any]
    """The event, as its client gave it."""
    client: str = ""
    """The client that its command line names."""
    event: str = ""
    """The event that its command line names."""
    port: int | None = None
    """The port of this machine that it connects from."""
    pid: int | None = None
    """The process that it says it is; where its connection is looked for first."""

    @property
    def name(self) -> str:
        """The name of the event."""
        return text_at(self.fields, EVENT_NAME) or self.event


class HostHooks:
    """Receiver of hook reports."""

    def __init__(
        self,
        database: Database,
        waker: Waker,
        receipts: Receipts,
        reports: HookReports,
        states: ClientStates,
        held: HeldDialogs,
        runtimes: Runtimes,
        is_watched: Callable[[Agent], Awaitable[bool]],
        agent_in: Callable[[str], str | None],
        clock: Clock,
    ) -> None:
        """Set what events are passed to.

        Args:
            database: the store.
            waker: gives the hint at the end of a turn.
            receipts: learn that a turn has ended.
            reports: the newest report of each session.
            states: the board of states that clients tell.
            held: permissions that wait for the operator.
            runtimes: tell the program that a hook runs in.
            is_watched: says whether somebody can see the agent's turn go on.
            agent_in: tells the agent in a session that the client has begun since the agent registered.
            clock: the coordinator's clock.
        """
        self._database = database
        self._waker = waker
        self._receipts = receipts
        self._reports = reports
        self._states = states
        self._held = held
        self._runtimes = runtimes
        self._is_watched = is_watched
        self._agent_in = agent_in
        self._clock = clock
        self._reached: set[str] = set()
        """Agents whose hooks are heard, and take hints."""
        self._proved: dict[str, tuple[str, SeenProcess]] = {}
        """By session, the agent whose process was seen to report it, and that process."""

    def waits_s(self, call: HookCall) -> int:
        """Return the seconds for which a hook waits for a person's answer; 0 if it gets its answer at once."""
        table = hook_table(call.client)
        limit = table.timeout_s(call.name) if table else 0
        return max(limit - MARGIN_S, 0) if limit else 0

    async def hear(self, call: HookCall, give: Give) -> Mapping[str, Any]:
        """Record an event; return the hook's output, empty for none.

        The hint at the end of a turn goes through `give`; only a hint that was passed on is recorded as submitted.
        A hook that asks for a permission waits for the operator's answer.
        """
        table = hook_table(call.client)
        session = text_at(call.fields, table.session) if table else ""
        meaning = table.meaning(call.name, call.fields) if table else None
        if table is None or meaning is None or not 0 < len(session) <= MAX_NAME_CHARS:
            return NOTHING
        report = self._reports.note(session, call.name, table, call.fields, self._clock.now())
        if meaning in MOVING_ON:
            self._held.moved_on(session, call.fields.get("tool_input"))
        agents = await self._agents_in(session, call, search=meaning not in WITHIN_A_TURN)
        if not agents:
            return NOTHING
        self._note_state(agents[0], report)
        self._note_work(agents[0], meaning, call.fields)
        await self._note_way(agents[0])
        return await self._answer(agents[0], table, meaning, call, give)

    async def _answer(
        self, agent: Agent, table: HookTable, meaning: HookMeaning, call: HookCall, give: Give
    ) -> Mapping[str, Any]:
        reader = hook_reader(agent.client)
        if reader and (patience_s := self.waits_s(call)):
            return await self._held.ask(agent, reader(call.fields), patience_s)
        if meaning is HookMeaning.TURN_ENDS:
            await self._turn_ended(agent, table, call, give)
        if meaning in TELLING:
            self._waker.nudge(agent.agent_id)
        return NOTHING

    def _note_state(self, agent: Agent, report: HookReport | None) -> None:
        """Write to the board what a hook tells; None if its session is over."""
        source = StateSource.HOOKS
        told = ToldState(state=report.state, detail=report.detail, source=source, at=report.at) if report else None
        self._states.note(agent.agent_id, source, told)

    def _note_work(self, agent: Agent, meaning: HookMeaning, fields: Mapping[str, Any]) -> None:
        """Write to the board which tool a hook names, and the model and tokens."""
        name = told_tool(fields) if meaning in USING else ""
        tool = UsedTool(name=name, at=self._clock.now()) if name else None
        work = ToldWork(tool=tool, model=told_model(fields), tokens=told_tokens(fields))
        if work != ToldWork():
            self._states.note_work(agent.agent_id, work)

    async def _note_way(self, agent: Agent) -> None:
        """Start the wakes again that found no way to an agent before its hooks were heard."""
        if not self._reports.takes_hints(agent):
            self._reached.discard(agent.agent_id)
            return
        if agent.agent_id not in self._reached and agent.binding is None:
            await self._waker.revive_ended(agent.agent_id)
        self._reached.add(agent.agent_id)

    async def _agents_in(self, session: str, call: HookCall, *, search: bool) -> Sequence[Agent]:
        """Return the agents of a session; after `/clear` only the client itself can tell whose it is."""
        if agent_id := self._agent_in(session):
            agent = await store.by_id(self._database, agent_id)
            return (agent,) if agent else ()
        return await store.by_host_session(self._database, session) or await self._proved_in(
            session, call, search=search
        )

    async def _proved_in(self, session: str, call: HookCall, *, search: bool) -> Sequence[Agent]:
        """Return the agent whose own process was seen to report a session; with `search`, look whose process does."""
        agent_id, process = self._proved.get(session, ("", None))
        known = await store.by_id(self._database, agent_id) if agent_id else None
        if known and known.process and known.process.is_same(process):
            return (known,)
        if not search:
            return ()
        agents = [one for one in await store.all_teams(self._database) if call.client and one.client == call.client]
        agent = await self._runtimes.agent_behind(agents, call.port, call.pid) if agents else None
        if agent is None or agent.process is None:
            return ()
        self._proved.pop(session, None)
        self._proved[session] = (agent.agent_id, agent.process)
        if len(self._proved) > MAX_SESSIONS:
            del self._proved[next(iter(self._proved))]
        self._reports.attribute(session, agent.agent_id)
        return (agent,)

    async def _turn_ended(self, agent: Agent, table: HookTable, call: HookCall, give: Give) -> None:
        """Let the turn go on with the hint; without one, retry the wakes of unread messages."""
        await self._receipts.turn_ended(agent)

        async def hand(hint: str) -> Passed:
            return await give(table.answered(call.name, hint))

        # a turn that a hook began gets no second hint: it might never end
        goes_on = table.answer is not None and not table.is_continued(call.fields) and await self._is_watched(agent)
        # another user may know the session's id
        goes_on = goes_on and await self._runtimes.may_speak_for(agent, call.port)
        if not (goes_on and await self._waker.hand_over(agent.agent_id, hand)):
            async with self._database.write() as tx:
                await self._waker.release_unread(tx, agent.agent_id)
