"""One attempt to wake an agent: observe, decide, deliver, record.

`waker.py` decides when to try, `policy.py` whether to deliver.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from xats_tui.backend.services.wakes.ack_loop import LOOP_PERIOD, loop_ends_at
from xats_tui.backend.services.wakes.asking import NO_TRANSPORT, Asked, Transports, is_urgent, seen_by, stumbled
from xats_tui.backend.services.wakes.policy import (
    BUDGET_PERIOD,
    NO_CONTEXT,
    TURN_END_HOOK,
    Defer,
    Deliver,
    GiveUp,
    Skip,
    Verdict,
    WakeContext,
    after_delivery,
    decide,
    hint,
    hold_reasons,
    is_unanswered,
    look_again_at,
    waits_for_effect,
)
from xats_tui.backend.services.wakes.tool_names import full_name
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import exchanges as exchanges_store
from xats_tui.backend.store import wakes as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import WakeChanged
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import (
    UNCONFIRMED,
    DeliveryResult,
    Gate,
    Passed,
    Reachability,
    Wake,
    WakeAttempt,
    WakeStage,
    WakeStatus,
)
from xats_tui.core.records import replace
from xats_tui.core.transport import Transport

logger = logging.getLogger(__name__)

MAX_WAKES_ON_LOOP = 10
"""Maximum number of wakes that are written in a short transaction."""

MAX_WAKES_AT_ONCE = 200
"""Maximum number of wakes in one transaction, which takes about 20 ms."""


class Tried(Struct, frozen=True, kw_only=True):
    """Result of an attempt: agent, transport and verdict."""

    agent: Agent | None
    transport: Transport | None
    verdict: Verdict | None
    """None if the hint was submitted."""


class _Told(Struct, frozen=True):
    """The wakes that a hint announces, and the time at which it was about to be put."""

    wakes: Mapping[str, Wake]
    at: datetime

    @classmethod
    def of(cls, wakes: Sequence[Wake], at: datetime) -> "_Told":
        """Return it for these wakes."""
        return cls({wake.key: wake for wake in wakes}, at)


class WakeAttempts:
    """Attempts to wake agents; the caller prevents two attempts for one agent at a time."""

    def __init__(
        self,
        database: Database,
        transports: Sequence[Transport],
        clock: Clock,
        *,
        hint_budget: int,
        takes_hints: Callable[[Agent], bool],
    ) -> None:
        self._database = database
        self._transports = Transports(transports, clock, takes_hints)
        self._clock = clock
        self.hint_budget = hint_budget

    async def try_once(self, agent_id: str, *, forced: bool = False) -> Tried | None:
        """Try the open wakes of an agent; return None if there are none."""
        wakes = await store.open_for(self._database, agent_id)
        if not wakes:
            return None
        agent = await agents_store.by_id(self._database.quick, agent_id)
        asked = await self._transports.ask(agent, wakes)
        transport, observation = asked.transport, asked.observation
        now = self._clock.now()
        wake_context = await self._wake_context(agent, now) if agent else NO_CONTEXT
        types = transport is None or transport.types
        verdict: Verdict | None = decide(wakes, agent, observation, now, wake_context, types=types)
        seen = observation.seen
        result = DeliveryResult(step=WakeStage.ATTEMPTED, detail=observation.detail, seen_before=seen, seen_after=seen)
        wanted = isinstance(verdict, Deliver) or observation.is_taken or (forced and isinstance(verdict, Defer))
        told = _Told.of(wakes, now)
        if agent and transport and wanted:
            line = await self._hint(agent, wakes)
            told = _Told.of(wakes, self._clock.now())
            result = await _delivered_by(transport, agent, line, forced=forced, urgent=is_urgent(wakes))
            now = self._clock.now()
            verdict = after_delivery(wakes, result, now, types=types)
            await self._write_down_overtaken(told, asked, verdict, result)
        await self._write_down(agent_id, told, asked, verdict, result, self._names(agent))
        return Tried(agent=agent, transport=transport, verdict=verdict)

    async def poke(self, agent: Agent, text: str) -> DeliveryResult:
        """Deliver a line of the operator through every gate."""
        transport = next((one for one in self._transports.serving(agent) if one.types), None)
        if transport is None:
            return DeliveryResult(step=WakeStage.QUEUED, detail=NO_TRANSPORT.detail, seen_before="", seen_after="")
        return await transport.deliver(agent, text)

    async def verdicts(self, agent: Agent, message_id: str | None = None) -> tuple[Gate, ...]:
        """Return every gate's verdict for an agent, or for one wake of it; change nothing."""
        wakes = await store.open_for(self._database, agent.agent_id)
        if message_id:
            wakes = _with_replayed(wakes, await store.of_message(self._database, message_id), agent.agent_id)
        now = self._clock.now()
        held_back = hold_reasons(wakes, agent, await self._wake_context(agent, now), now)
        mail = any(message_id in (None, wake.message_id) for wake in wakes)
        unread = Gate(name="mail", holds=mail, detail="not read yet" if mail else "there is nothing to wake it for")
        observation = (await self._transports.ask(agent, wakes)).observation
        reach = Gate(name="reach", holds=observation.reach is Reachability.OPEN, detail=observation.detail)
        return (unread, *(hold_reason.gate for hold_reason in held_back), *(observation.gates or (reach,)))

    async def sees_open(self, agent_id: str) -> bool:
        """Return whether a try would succeed: every gate holds, or an earlier hint turned out to be submitted."""
        agent = await agents_store.by_id(self._database.quick, agent_id)
        wakes = await store.open_for(self._database, agent_id)
        observation = (await self._transports.ask(agent, wakes)).observation
        is_open = observation.reach is Reachability.OPEN and all(gate.holds for gate in observation.gates)
        return observation.is_taken or (is_open and not waits_for_effect(wakes, self._clock.now()))

    def _names(self, agent: Agent | None) -> list[str]:
        return [transport.name for transport in self._transports.serving(agent)]

    async def is_at_rest(self, agent: Agent) -> bool:
        """Return whether the agent's program shows that its turn is over."""
        for transport in self._transports.serving(agent):
            observation = await seen_by(transport, agent)
            if observation.reach is Reachability.OPEN and observation.at_rest is not None:
                return observation.at_rest
        return False

    async def hand_over(self, agent_id: str, give: Callable[[str], Awaitable[Passed]]) -> bool:
        """Give the hint to a program that asks at the end of its turn, and record it as submitted once it was taken.

        Without mail, or if it is not taken, nothing is recorded, and the answer is False.  If that is not known, the
        hint is unconfirmed: it may take effect yet.
        """
        wakes = await store.open_for(self._database, agent_id)
        agent = await agents_store.by_id(self._database.quick, agent_id)
        if agent is None or not await self._takes_hint_at_turn_end(agent, wakes):
            return False
        line = await self._hint(agent, wakes)
        given_at = self._clock.now()
        passed = await give(line)
        if passed is Passed.NOT:
            return False
        result = _taken_at_turn_end(line, given_at) if passed is Passed.ON else _given_at_turn_end(line)
        verdict = after_delivery(wakes, result, self._clock.now(), types=False)
        # no quick second try on a channel: it would deliver in the middle of the turn that this hint begins
        others = self._names(agent) if agent.delivery.kind is not DeliveryKind.CLAUDE_CHANNEL else []
        asked = Asked(name=TURN_END_HOOK)
        told = _Told.of(wakes, given_at)
        await self._write_down_overtaken(told, asked, verdict, result)
        await self._write_down(agent_id, told, asked, verdict, result, (TURN_END_HOOK, *others))
        return True

    async def _takes_hint_at_turn_end(self, agent: Agent, wakes: Sequence[Wake]) -> bool:
        """Return whether a hint for these wakes may be handed over at the end of the agent's turn.

        If its last hint is unanswered, the turn that ends began with that hint.  If that hint may be taken yet, the
        agent would be told twice.
        """
        if all(is_unanswered(wake, agent) for wake in wakes) or any(wake.is_unconfirmed for wake in wakes):
            return False
        now = self._clock.now()
        return all(one.gate.holds for one in hold_reasons((), agent, await self._wake_context(agent, now), now))

    async def _wake_context(self, agent: Agent, now: datetime) -> WakeContext:
        resting, until = await activity_store.resting(self._database.quick, agent, now)
        wasted = await store.wasted_hints(self._database.quick, agent.agent_id, now - BUDGET_PERIOD)
        return WakeContext(
            resting=resting,
            resting_until=until,
            hints=wasted.count,
            oldest_hint_at=wasted.oldest_at,
            hint_budget=self.hint_budget,
            ack_loop_until=await self._ack_loop_until(agent, now - LOOP_PERIOD),
        )

    async def _ack_loop_until(self, agent: Agent, since: datetime) -> datetime | None:
        exchange = await exchanges_store.exchange(self._database, agent.agent_id, since)
        until = loop_ends_at(agent.agent_id, exchange)
        if until is None:
            return None
        talking = frozenset(one for said in exchange for one in (said.sender, said.recipient))
        return None if await exchanges_store.worked_since(self._database.quick, agent.team, talking, since) else until

    async def _hint(self, agent: Agent | None, wakes: Sequence[Wake]) -> str:
        """Return the hint for these wakes; messages that a reader has got are counted only if there are no others."""
        unseen = [wake for wake in wakes if WakeStage.SEEN not in wake.reached]
        told = unseen or wakes
        senders = [wake.sender_id for wake in told if wake.sender_id]
        names = await agents_store.names(self._database, senders)
        tool = full_name("get_inbox", agent) if agent else "get_inbox"
        shown = [names.get(sender, "someone who left") for sender in senders]
        return hint(shown, len(told), tool, new=bool(unseen))

    async def _write_down(
        self,
        agent_id: str,
        told: _Told,
        asked: Asked,
        verdict: Verdict | None,
        result: DeliveryResult,
        serving: Sequence[str],
    ) -> None:
        """Record one attempt for every open wake: a hint announces all messages that were there at the time.

        Few are written on the loop.  Thousands of wakes are written in several transactions, so that other callers can
        write in between.
        """

        async def write(tx: Transaction) -> list[_Note]:
            wakes, at = await store.open_for(tx, agent_id), tx.now
            notes = _notes(wakes, told, asked, verdict, result, look_again_at(serving, asked.name, at), at)
            await _carry_out(tx, notes[:MAX_WAKES_AT_ONCE])
            tx.record(WakeChanged(agent_id=agent_id))
            return notes

        if len(told.wakes) <= MAX_WAKES_ON_LOOP:
            notes = await self._database.transact(write)
        else:
            async with self._database.write() as tx:
                notes = await write(tx)
        for begin in range(MAX_WAKES_AT_ONCE, len(notes), MAX_WAKES_AT_ONCE):
            async with self._database.write() as tx:
                await _carry_out(tx, notes[begin : begin + MAX_WAKES_AT_ONCE])
                tx.record(WakeChanged(agent_id=agent_id))

    async def _write_down_overtaken(
        self, told: _Told, asked: Asked, verdict: Verdict | None, result: DeliveryResult
    ) -> None:
        """Record a hint for wakes that have ended meanwhile: the agent may be quicker than the evidence."""
        if result.step not in (WakeStage.TYPED, WakeStage.SUBMITTED) and not result.uncertain:
            return
        agent_id = next(iter(told.wakes.values())).agent_id
        async with self._database.write() as tx:
            left = {wake.key for wake in await store.open_for(tx, agent_id)}
            ended = [wake for key, wake in told.wakes.items() if key not in left]
            overtaken = [wake for wake in ended if not _came_after(wake, told, result)]
            for wake, attempt, outcome in _notes(overtaken, told, asked, verdict, result, told.at, told.at):
                times = {step: result.times.get(step, told.at) for step in WakeStage}
                await store.note_overtaken(tx, wake, attempt, replace(outcome, times=times))
            if overtaken:
                tx.record(WakeChanged(agent_id=agent_id))


_Note = tuple[Wake, WakeAttempt, store.AttemptOutcome]


def _notes(
    wakes: Sequence[Wake],
    told: _Told,
    asked: Asked,
    verdict: Verdict | None,
    result: DeliveryResult,
    look_again: datetime,
    at: datetime,
) -> list[_Note]:
    """Describe one attempt for each wake that it was for, all with one time, by which hints are counted."""
    notes = []
    for wake in wakes:
        if isinstance(verdict, Defer) and _rests_on_its_hint(wake, at):
            continue
        if _came_after(wake, told, result):
            continue
        outcome = _outcome(wake, verdict, result, look_again)
        attempt = WakeAttempt(
            number=wake.attempts + 1,
            at=at,
            transport=asked.name,
            ways=asked.ways,
            outcome=f"{_word(verdict, result)}: {outcome.detail}",
            seen_before=result.seen_before,
            seen_after=result.seen_after,
        )
        notes.append((wake, attempt, outcome))
    return notes


async def _carry_out(tx: Transaction, notes: Sequence[_Note]) -> None:
    for wake, attempt, outcome in notes:
        await store.note_attempt(tx, wake, attempt, outcome)


async def _delivered_by(transport: Transport, agent: Agent, line: str, *, forced: bool, urgent: bool) -> DeliveryResult:
    """Deliver through a transport; an unexpected exception becomes a failed `DeliveryResult`."""
    try:
        return await transport.deliver(agent, line, forced=forced, urgent=urgent)
    except StoreError:
        raise
    except Exception as error:
        detail = stumbled(transport, agent, error)
        return DeliveryResult(step=WakeStage.ATTEMPTED, detail=detail, seen_before="", seen_after=detail, failed=True)


def _with_replayed(open_wakes: Sequence[Wake], of_message: Sequence[Wake], agent_id: str) -> tuple[Wake, ...]:
    """Return the open wakes, and the agent's wake for a message as a replay would leave it unless it was read."""
    known = {wake.key for wake in open_wakes}
    replayed = [
        replace(wake, status=WakeStatus.RETRYING, failures=0)
        for wake in of_message
        if wake.agent_id == agent_id and wake.key not in known and WakeStage.READ not in wake.reached
    ]
    return (*open_wakes, *replayed)


def _rests_on_its_hint(wake: Wake, now: datetime) -> bool:
    """Return whether a hint was submitted for this wake and its next look is not due."""
    return wake.status is WakeStatus.DELIVERED and wake.due_at is not None and wake.due_at > now


def _came_after(wake: Wake, told: _Told, result: DeliveryResult) -> bool:
    """Return whether the message came after the hint was submitted, which therefore does not announce it."""
    submitted, queued = result.times.get(WakeStage.SUBMITTED), wake.reached.get(WakeStage.QUEUED)
    if submitted is None or queued is None:
        return False
    # the clock may have been set back since the message came; a hint of an earlier try did not announce these wakes
    is_announced = wake.key in told.wakes and submitted >= told.at
    return queued > submitted and not is_announced


def _outcome(wake: Wake, verdict: Verdict | None, result: DeliveryResult, look_again: datetime) -> store.AttemptOutcome:
    submitted = store.AttemptOutcome(
        status=WakeStatus.DELIVERED,
        skip_reason=None,
        detail=result.detail,
        due_at=look_again,
        step=result.step,
        times=result.times,
        typed=result.typed,
    )
    match verdict:
        case Defer(detail=detail, until=until, failed=failed) if wake.status is WakeStatus.DELIVERED:
            # unread messages do not undo a hint that was submitted
            return replace(submitted, detail=detail, due_at=until, failed=failed)
        case Defer(reason=reason, detail=detail, until=until, failed=failed):
            status = WakeStatus.RETRYING
            return replace(submitted, status=status, skip_reason=reason, detail=detail, due_at=until, failed=failed)
        case Skip(reason=reason, detail=detail):
            step = WakeStage.QUEUED
            return replace(
                submitted, status=WakeStatus.SKIPPED, skip_reason=reason, detail=detail, due_at=None, step=step
            )
        case GiveUp(reason=reason, detail=detail):
            return replace(submitted, status=WakeStatus.FAILED, skip_reason=reason, detail=detail, due_at=None)
    return submitted


def _word(verdict: Verdict | None, result: DeliveryResult) -> str:
    match verdict:
        case Defer():
            return "deferred" if result.step is WakeStage.ATTEMPTED else str(result.step)
        case Skip():
            return "skipped"
        case GiveUp():
            return "failed"
    return str(result.step)


def _taken_at_turn_end(line: str, given_at: datetime) -> DeliveryResult:
    return DeliveryResult(
        step=WakeStage.SUBMITTED,
        detail="the turn goes on with the hint",
        seen_before="end of turn",
        seen_after=line,
        typed=False,
        times={WakeStage.SUBMITTED: given_at},
    )


def _given_at_turn_end(line: str) -> DeliveryResult:
    return DeliveryResult(
        step=WakeStage.ATTEMPTED,
        detail=f"{UNCONFIRMED}its hook got the hint and has not said whether it passed it on",
        seen_before="end of turn",
        seen_after=line,
        typed=False,
        uncertain=True,
    )
