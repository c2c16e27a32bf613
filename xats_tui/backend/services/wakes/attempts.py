"""One attempt to wake an agent: look, decide, act, write down.

It knows the transports and the store; when to try is `services/wakes.py`'s business, whether to, `wake_policy`'s.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from xats_tui.backend.services.wakes.ack_loop import LOOP_PERIOD, loop_ends_at
from xats_tui.backend.services.wakes.policy import (
    BUDGET_PERIOD,
    STOP_HOOK,
    Defer,
    Deliver,
    GiveUp,
    Skip,
    Verdict,
    WakeContext,
    after_delivery,
    choose,
    decide,
    hint,
    hold_reasons,
    is_unanswered,
    look_again_at,
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
    DeliveryResult,
    Gate,
    Observation,
    Reachability,
    Wake,
    WakeAttempt,
    WakeStage,
    WakeStatus,
)
from xats_tui.core.transport import Transport

logger = logging.getLogger(__name__)

LEADS_NOWHERE = frozenset({Reachability.BROKEN, Reachability.NO_PANE, Reachability.AGENT_GONE})

MAX_WAKES_AT_ONCE = 200
"""Wakes of one agent that are written down in one transaction, which takes some 20 ms."""

NO_TRANSPORT = Observation(reach=Reachability.NO_PANE, detail="no pane is bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What an attempt was for, and what was decided."""

    agent: Agent | None
    transport: Transport | None
    verdict: Verdict | None
    """None: the hint was submitted."""


class WakeAttempts:
    """Carries out the wakes of one agent at a time; its caller sees to it that nobody else does meanwhile."""

    def __init__(self, database: Database, transports: Sequence[Transport], clock: Clock, *, hint_budget: int) -> None:
        self._database = database
        self._transports = transports
        self._clock = clock
        self.hint_budget = hint_budget

    async def try_once(self, agent_id: str, *, forced: bool = False) -> Tried | None:
        """Try the open wakes of an agent; None if there are none."""
        wakes = await store.open_for(self._database, agent_id)
        if not wakes:
            return None
        agent = await agents_store.by_id(self._database, agent_id)
        transport, observation = await self._readiness(agent, wakes)
        now = self._clock.now()
        wake_context = await self._wake_context(agent, now) if agent else WakeContext()
        types = transport is None or transport.types
        verdict: Verdict | None = decide(wakes, agent, observation, now, wake_context, types=types)
        seen = observation.seen
        proof = DeliveryResult(step=WakeStage.ATTEMPTED, detail=observation.detail, seen_before=seen, seen_after=seen)
        wanted = isinstance(verdict, Deliver) or observation.is_taken or (forced and isinstance(verdict, Defer))
        if agent and transport and wanted:
            proof = await _delivered_by(transport, agent, await self._hint(agent, wakes), forced=forced)
            now = self._clock.now()
            verdict = after_delivery(wakes, proof, now, types=types)
        await self._write_down(agent_id, transport.name if transport else "none", verdict, proof, self._serving(agent))
        return Tried(agent=agent, transport=transport, verdict=verdict)

    async def poke(self, agent: Agent, text: str) -> DeliveryResult:
        """Put a line of the operator's own before an agent, through every gate."""
        transport = next((one for one in self._transports if one.types and one.serves(agent)), None)
        if transport is None:
            return DeliveryResult(step=WakeStage.QUEUED, detail=NO_TRANSPORT.detail, seen_before="", seen_after="")
        return await transport.deliver(agent, text)

    async def verdicts(self, agent: Agent, message_id: str | None = None) -> tuple[Gate, ...]:
        """Every gate's verdict for an agent now, or for one wake of it if that were tried; changes nothing."""
        wakes = await store.open_for(self._database, agent.agent_id)
        if message_id:
            wakes = _with_replayed(wakes, await store.of_message(self._database, message_id), agent.agent_id)
        now = self._clock.now()
        held_back = hold_reasons(wakes, agent, await self._wake_context(agent, now), now)
        mail = any(message_id in (None, wake.message_id) for wake in wakes)
        unread = Gate(name="already read", holds=mail, detail="no" if mail else "there is nothing to wake it for")
        _, observation = await self._readiness(agent, wakes)
        reach = Gate(name="reach", holds=observation.reach is Reachability.OPEN, detail=observation.detail)
        return (unread, *(hold_reason.gate for hold_reason in held_back), *(observation.gates or (reach,)))

    def _serving(self, agent: Agent | None) -> list[str]:
        return [one.name for one in self._transports if agent and one.serves(agent)]

    async def sees_open(self, agent_id: str) -> bool:
        """Whether a try would come to something now: the way is free, or an earlier hint was submitted after all."""
        agent = await agents_store.by_id(self._database, agent_id)
        _, observation = await self._readiness(agent, await store.open_for(self._database, agent_id))
        is_open = observation.reach is Reachability.OPEN and all(gate.holds for gate in observation.gates)
        return is_open or observation.is_taken

    async def is_at_rest(self, agent: Agent) -> bool:
        """Whether the agent's program shows that its turn is over."""
        for transport in self._named(self._serving(agent)):
            observation = await _seen_by(transport, agent)
            if observation.reach is Reachability.OPEN and observation.at_rest is not None:
                return observation.at_rest
        return False

    async def hand_over(self, agent_id: str) -> str | None:
        """The hint for a program that asks at the end of its turn, written down as taken; None if there is no mail.

        A wake whose hint is still unanswered is not handed over: the turn that the hint began ends here.
        """
        wakes = await store.open_for(self._database, agent_id)
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None or all(is_unanswered(wake, agent) for wake in wakes):
            return None
        now = self._clock.now()
        if not all(one.gate.holds for one in hold_reasons((), agent, await self._wake_context(agent, now), now)):
            return None
        line = await self._hint(agent, wakes)
        proof = DeliveryResult(
            step=WakeStage.SUBMITTED,
            detail="the turn goes on with the hint",
            seen_before="end of turn",
            seen_after=line,
            typed=False,
        )
        # A channel takes a hint in the middle of the turn that this one begins: there it is no quick second try.
        others = self._serving(agent) if agent.delivery.kind is not DeliveryKind.CLAUDE_CHANNEL else []
        await self._write_down(agent_id, STOP_HOOK, None, proof, (STOP_HOOK, *others))
        return line

    async def _readiness(self, agent: Agent | None, wakes: Sequence[Wake]) -> tuple[Transport | None, Observation]:
        """The transport to use and what it sees; one that gets nowhere gives way to the next that does.

        Those before the first have had their turn, and get another where the others lead to no agent any more.
        """
        serving = self._serving(agent)
        first = choose(serving, wakes, agent, self._clock.now()) if agent else None
        if agent is None or first is None:
            return None, NO_TRANSPORT
        chosen: tuple[Transport | None, Observation] = (None, NO_TRANSPORT)
        for transport in self._named(serving[serving.index(first) :]):
            observation = await _seen_by(transport, agent)
            if observation.reach not in LEADS_NOWHERE:
                return transport, observation
            if chosen[1].reach is Reachability.NO_PANE or observation.reach is Reachability.AGENT_GONE:
                chosen = (transport, observation)
        if chosen[1].reach is not Reachability.BROKEN:
            for transport in self._named(serving[: serving.index(first)]):
                observation = await _seen_by(transport, agent)
                if observation.reach not in LEADS_NOWHERE:
                    return transport, observation
        return chosen

    def _named(self, names: Sequence[str]) -> list[Transport]:
        return [transport for name in names for transport in self._transports if transport.name == name]

    async def _wake_context(self, agent: Agent, now: datetime) -> WakeContext:
        resting, until = await activity_store.resting(self._database, agent, now)
        wasted = await store.wasted_hints(self._database, agent.agent_id, now - BUDGET_PERIOD)
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
        return None if await exchanges_store.worked_since(self._database, agent.team, talking, since) else until

    async def _hint(self, agent: Agent | None, wakes: Sequence[Wake]) -> str:
        """The line for these wakes; mail that was in somebody's hands is counted only where nothing else waits."""
        unseen = [wake for wake in wakes if WakeStage.SEEN not in wake.reached]
        told = unseen or wakes
        senders = [wake.sender_id for wake in told if wake.sender_id]
        names = await agents_store.names(self._database, senders)
        tool = full_name("get_inbox", agent) if agent else "get_inbox"
        shown = [names.get(sender, "someone who left") for sender in senders]
        return hint(shown, len(told), tool, new=bool(unseen))

    async def _write_down(
        self, agent_id: str, transport: str, verdict: Verdict | None, proof: DeliveryResult, serving: Sequence[str]
    ) -> None:
        """Record one attempt for every wake that is open now: a hint answers for all mail that was there by then.

        Thousands are written in several transactions, between which other callers have their turn.
        """
        async with self._database.write() as tx:
            wakes, at = await store.open_for(tx, agent_id), tx.now
            notes = _notes(wakes, transport, verdict, proof, look_again_at(serving, transport, at), at)
            await _carry_out(tx, notes[:MAX_WAKES_AT_ONCE])
            tx.record(WakeChanged(agent_id=agent_id))
        for begin in range(MAX_WAKES_AT_ONCE, len(notes), MAX_WAKES_AT_ONCE):
            async with self._database.write() as tx:
                await _carry_out(tx, notes[begin : begin + MAX_WAKES_AT_ONCE])
                tx.record(WakeChanged(agent_id=agent_id))


_Note = tuple[Wake, WakeAttempt, store.AttemptOutcome]


def _notes(
    wakes: Sequence[Wake],
    transport: str,
    verdict: Verdict | None,
    proof: DeliveryResult,
    look_again: datetime,
    at: datetime,
) -> list[_Note]:
    """Describe one attempt for each wake that it was for; all have one time, by which hints are counted."""
    notes = []
    for wake in wakes:
        if isinstance(verdict, Defer) and _rests_on_its_hint(wake, at):
            continue
        if _came_after(wake, proof):
            continue
        outcome = _outcome(wake, verdict, proof, look_again)
        attempt = WakeAttempt(
            number=wake.attempts + 1,
            at=at,
            transport=transport,
            outcome=f"{_word(verdict, proof)}: {outcome.detail}",
            seen_before=proof.seen_before,
            seen_after=proof.seen_after,
        )
        notes.append((wake, attempt, outcome))
    return notes


async def _carry_out(tx: Transaction, notes: Sequence[_Note]) -> None:
    for wake, attempt, outcome in notes:
        await store.note_attempt(tx, wake, attempt, outcome)


async def _seen_by(transport: Transport, agent: Agent) -> Observation:
    """What a transport sees; one that stumbles over what it meets is broken, and holds up no other agent's wakes."""
    try:
        return await transport.readiness(agent)
    except StoreError:
        raise
    except Exception as error:
        return Observation(reach=Reachability.BROKEN, detail=_stumbled(transport, agent, error))


async def _delivered_by(transport: Transport, agent: Agent, line: str, *, forced: bool) -> DeliveryResult:
    """What a transport did; of one that stumbled nothing is claimed."""
    try:
        return await transport.deliver(agent, line, forced=forced)
    except StoreError:
        raise
    except Exception as error:
        detail = _stumbled(transport, agent, error)
        return DeliveryResult(step=WakeStage.ATTEMPTED, detail=detail, seen_before="", seen_after=detail, failed=True)


def _stumbled(transport: Transport, agent: Agent, error: Exception) -> str:
    logger.error("%s stumbled over %s", transport.name, agent.address, exc_info=error)
    return f"{transport.name} met what it does not understand ({type(error).__name__}); the log says more"


def _with_replayed(open_wakes: Sequence[Wake], of_message: Sequence[Wake], agent_id: str) -> tuple[Wake, ...]:
    """The open wakes and, as a replay would leave it, the agent's wake for a message unless that has been read."""
    known = {wake.key for wake in open_wakes}
    replayed = [
        replace(wake, status=WakeStatus.RETRYING, failures=0)
        for wake in of_message
        if wake.agent_id == agent_id and wake.key not in known and WakeStage.READ not in wake.reached
    ]
    return (*open_wakes, *replayed)


def _rests_on_its_hint(wake: Wake, now: datetime) -> bool:
    """Whether a hint was submitted for this wake and it is not time to look again."""
    return wake.status is WakeStatus.DELIVERED and wake.due_at is not None and wake.due_at > now


def _came_after(wake: Wake, proof: DeliveryResult) -> bool:
    """Whether the mail came when the hint was submitted already: it answers for what was there by then."""
    submitted, queued = proof.times.get(WakeStage.SUBMITTED), wake.reached.get(WakeStage.QUEUED)
    return submitted is not None and queued is not None and queued > submitted


def _outcome(wake: Wake, verdict: Verdict | None, proof: DeliveryResult, look_again: datetime) -> store.AttemptOutcome:
    submitted = store.AttemptOutcome(
        status=WakeStatus.DELIVERED,
        skip_reason=None,
        detail=proof.detail,
        due_at=look_again,
        step=proof.step,
        times=proof.times,
        typed=proof.typed,
    )
    match verdict:
        case Defer(detail=detail, until=until, failed=failed) if wake.status is WakeStatus.DELIVERED:
            # Mail that stays unread is no reason to take the earlier hint back.
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


def _word(verdict: Verdict | None, proof: DeliveryResult) -> str:
    match verdict:
        case Defer():
            return "deferred" if proof.step is WakeStage.ATTEMPTED else str(proof.step)
        case Skip():
            return "skipped"
        case GiveUp():
            return "failed"
    return str(proof.step)
