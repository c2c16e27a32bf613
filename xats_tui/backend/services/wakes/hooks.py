"""Reports of clients' hooks: states for the gates, hints at the end of a turn, and answers to permissions.

The protocol is Claude Code's own, which Codex has taken over: an event on the hook's stdin, and for `Stop` an answer
that may start another turn with a reason as its input.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.services.operator.held_dialogs import HeldDialogs
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import agents as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.clients.registry import PERMISSION_TIMEOUTS_S, PROMPTS, SESSION_ENDS, TURN_ENDS, hook_reader
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent

ENDS = TURN_ENDS | SESSION_ENDS
"""Events after which an agent may be free for a hint."""

TELLING = ENDS | PROMPTS
"""These events, and the one that proves that a hint was submitted."""

MOVING_ON = TELLING | {"PostToolUse", "PostToolUseFailure"}
"""Events that come only after the dialog before them was answered."""

NOTHING: Mapping[str, Any] = {}


class HostHooks:
    """Receiver of hook reports."""

    def __init__(
        self,
        database: Database,
        waker: Waker,
        receipts: Receipts,
        reports: HookReports,
        held: HeldDialogs,
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
            held: permissions that wait for the operator.
            is_watched: says whether somebody can see the agent's turn go on.
            agent_in: tells the agent in a session that the client has begun since the agent registered.
            clock: the coordinator's clock.
        """
        self._database = database
        self._waker = waker
        self._receipts = receipts
        self._reports = reports
        self._held = held
        self._is_watched = is_watched
        self._agent_in = agent_in
        self._clock = clock

    async def hear(self, fields: Mapping[str, Any], patience_s: float = 0.0) -> Mapping[str, Any]:
        """Record an event; return the hook's output, empty for none.

        A hook that asks for a permission waits up to `patience_s` for the operator's answer.
        """
        session, event = fields.get("session_id"), fields.get("hook_event_name")
        if not isinstance(session, str) or not isinstance(event, str):
            return NOTHING
        self._reports.note(session, event, fields, self._clock.now())
        if event in MOVING_ON:
            self._held.moved_on(session, fields.get("tool_input"))
        asks = patience_s > 0 and event in PERMISSION_TIMEOUTS_S
        agents = await self._agents_in(session) if asks or event in TELLING else ()
        if not agents:
            return NOTHING
        if asks:
            reader = hook_reader(agents[0].client)
            return await self._held.ask(agents[0], reader(fields), patience_s) if reader else NOTHING
        hint = None
        if event in TURN_ENDS:
            hint = await self._turn_ended(agents[0], begun_by_hook=bool(fields.get("stop_hook_active")))
        self._waker.nudge(agents[0].agent_id)
        return {"decision": "block", "reason": hint} if hint else NOTHING

    async def _agents_in(self, session: str) -> Sequence[Agent]:
        """Return the agents of a session; after `/clear` only the client itself can tell whose it is."""
        agent_id = self._agent_in(session)
        agent = await store.by_id(self._database, agent_id) if agent_id else None
        return (agent,) if agent else await store.by_host_session(self._database, session)

    async def _turn_ended(self, agent: Agent, *, begun_by_hook: bool) -> str | None:
        """Return the hint with which the turn goes on; without one, retry the wakes of unread messages."""
        await self._receipts.turn_ended(agent)
        # a turn that a hook began gets no second hint: it might never end
        goes_on = not begun_by_hook and await self._is_watched(agent)
        hint = await self._waker.hand_over(agent.agent_id) if goes_on else None
        if hint is None:
            async with self._database.write() as tx:
                await self._waker.release_unread(tx, agent.agent_id)
        return hint
