"""The Waker: carries out wakes, one agent at a time, and writes down what was seen.

It has no rules of its own: `wake_policy` decides, a transport acts, the store remembers.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import StoreError
from xats_tui.backend.events import Event, InboxRead, MessageSent, PaneBound, WakeChanged
from xats_tui.backend.model import (
    Agent,
    PaneRef,
    PaneState,
    Proof,
    Reach,
    Sighting,
    Wake,
    WakeAttempt,
    WakeStatus,
    WakeStep,
)
from xats_tui.backend.panes.monitor import FAST, PaneMonitor
from xats_tui.backend.services.wake_policy import (
    REMIND_AFTER,
    Defer,
    Deliver,
    GiveUp,
    Skip,
    Verdict,
    after_delivery,
    decide,
    hint,
)
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import wakes as store
from xats_tui.backend.store.database import Database, Transaction
from xats_tui.backend.store.messages import Outgoing
from xats_tui.backend.transports import Transport

logger = logging.getLogger(__name__)

FIRST_DECISION = 1.0
"""Seconds that a sender waits for the first decision about its message at the most."""

AFTER_ERROR = timedelta(seconds=1)
"""How long an attempt that failed unexpectedly is left alone."""

LONGEST_SLEEP = timedelta(seconds=60)
"""After this the queue is looked at again whatever was heard: wall clocks jump."""

NO_TRANSPORT = Sighting(reach=Reach.NO_PANE, detail="no pane is bound")


class Waker:
    """Gets agents to read their mail."""

    def __init__(
        self,
        database: Database,
        transports: Sequence[Transport],
        monitor: PaneMonitor,
        clock: Clock,
        *,
        lifetime: timedelta,
        quiet: timedelta,
    ) -> None:
        self._database = database
        self._transports = transports
        self._monitor = monitor
        self._clock = clock
        self._lifetime = lifetime
        self._quiet = quiet
        self._news = asyncio.Event()
        self._next_decision = asyncio.Event()
        self._under_way: set[str] = set()
        self._held_up: dict[str, tuple[PaneRef, datetime]] = {}
        """Agents whose wakes wait for their pane, with since when it was unchanged at the last try."""

    def hear(self, event: Event) -> None:
        """Take note of what may change when a wake can be carried out."""
        if isinstance(event, MessageSent | PaneBound | InboxRead):
            self._news.set()

    async def queue(self, tx: Transaction, letter: Outgoing, *, auto_poke: bool) -> None:
        """Write the wakes of a letter in the letter's own transaction."""
        await store.queue(
            tx, [self._new_wake(letter, position, auto_poke, tx.now) for position in range(len(letter.recipients))]
        )

    async def revive(self, tx: Transaction, agent_id: str) -> None:
        """Begin again with the wakes that an agent's new pane may carry out."""
        if await store.revive(tx, agent_id, tx.now + self._lifetime):
            self._held_up.pop(agent_id, None)
            tx.record(WakeChanged(agent_id=agent_id))

    async def first_decisions(self, message_id: str) -> tuple[Wake, ...]:
        """The wakes of a message as soon as each was decided on, at the latest after `FIRST_DECISION`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_DECISION):
                while True:
                    decision = self._next_decision
                    wakes = await store.of_message(self._database, message_id)
                    if all(wake.is_over or wake.attempts for wake in wakes):
                        return wakes
                    await decision.wait()
        return await store.of_message(self._database, message_id)

    async def statuses(self, message_id: str) -> tuple[Wake, ...]:
        """The wakes of a message, by recipient."""
        return await store.of_message(self._database, message_id)

    async def queue_of(self, agent_id: str) -> tuple[Wake, ...]:
        """The wakes for an agent that are not over."""
        return await store.open_for(self._database, agent_id)

    async def newest(self, limit: int = 300) -> tuple[Wake, ...]:
        """Wakes of all agents, the newest first."""
        return await store.newest(self._database, limit)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Every attempt of one wake."""
        return await store.attempts(self._database, message_id, agent_id)

    async def failed_count(self) -> int:
        """How many wakes have failed whose message is still unread."""
        return await store.failed_count(self._database)

    async def run(self) -> None:
        """Carry out wakes as they fall due, for ever; first those that a restart has interrupted."""
        async with self._database.write() as tx:
            await store.make_all_due(tx)
        async with asyncio.TaskGroup() as attempts:
            while True:
                self._news.clear()
                try:
                    for agent_id in await self._due():
                        if agent_id not in self._under_way:
                            self._under_way.add(agent_id)
                            attempts.create_task(self._attempt(agent_id))
                    pause = await self._pause()
                except StoreError:
                    logger.exception("the wake queue cannot be read")
                    pause = AFTER_ERROR
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause.total_seconds()):
                        await self._news.wait()

    async def _due(self) -> tuple[str, ...]:
        """Agents to try now: those whose time has come, and those whose pane has turned idle."""
        now = self._clock.now()
        due = await store.agents_due(self._database, now)
        ready = [agent_id for agent_id in self._held_up if agent_id not in due and self._is_ready(agent_id, now)]
        return (*due, *ready)

    def _is_ready(self, agent_id: str, now: datetime) -> bool:
        pane, tried = self._held_up[agent_id]
        view = self._monitor.view(pane)
        return (
            view is not None
            and view.reading.state is PaneState.IDLE
            and view.unchanged_since > tried
            and now - view.unchanged_since >= self._quiet
        )

    async def _pause(self) -> timedelta:
        """Until the next wake is due, or the next look at a pane that one waits for."""
        self._monitor.await_change(frozenset(pane for pane, _ in self._held_up.values()))
        if self._held_up:
            return timedelta(seconds=FAST / 2)
        due = await store.next_due(self._database)
        return min(max(due - self._clock.now(), timedelta(milliseconds=20)), LONGEST_SLEEP) if due else LONGEST_SLEEP

    async def _attempt(self, agent_id: str) -> None:
        try:
            await self._try_once(agent_id)
        except Exception:  # one agent's trouble must not keep the others asleep
            logger.exception("a wake of agent %s could not be tried", agent_id)
            await self._clock.sleep(AFTER_ERROR.total_seconds())
        finally:
            self._under_way.discard(agent_id)
            self._news.set()

    async def _try_once(self, agent_id: str) -> None:
        wakes = await store.open_for(self._database, agent_id)
        if not wakes:
            self._held_up.pop(agent_id, None)
            return
        agent = await agents_store.by_id(self._database, agent_id)
        transport = next((one for one in self._transports if agent and one.serves(agent)), None)
        sighting = await transport.sight(agent) if agent and transport else NO_TRANSPORT
        verdict: Verdict | None = decide(wakes, agent, sighting, self._clock.now())
        proof = Proof(
            step=WakeStep.ATTEMPTED, detail=sighting.detail, seen_before=sighting.seen, seen_after=sighting.seen
        )
        if isinstance(verdict, Deliver) and agent and transport:
            proof = await transport.deliver(agent, await self._hint(wakes))
            verdict = after_delivery(wakes, proof.step, proof.detail, failed=proof.failed, now=self._clock.now())
        self._note_hold_up(agent, verdict)
        await self._write_down(agent_id, transport.name if transport else "none", verdict, proof)

    async def _hint(self, wakes: Sequence[Wake]) -> str:
        senders = [wake.sender_id for wake in wakes if wake.sender_id]
        names = await agents_store.names(self._database, senders)
        return hint([names.get(sender, "someone who left") for sender in senders], len(wakes))

    async def _write_down(self, agent_id: str, transport: str, verdict: Verdict | None, proof: Proof) -> None:
        """Record one attempt for every wake that is open now: a hint answers for all mail that was there by then."""
        async with self._database.write() as tx:
            for wake in await store.open_for(tx, agent_id):
                outcome = _outcome(wake, verdict, proof, tx.now)
                attempt = WakeAttempt(
                    number=wake.attempts + 1,
                    at=tx.now,
                    transport=transport,
                    outcome=f"{_word(verdict, proof)}: {outcome.detail}",
                    seen_before=proof.seen_before,
                    seen_after=proof.seen_after,
                )
                await store.note_attempt(tx, wake, attempt, outcome)
            tx.record(WakeChanged(agent_id=agent_id))
        self._next_decision.set()
        self._next_decision = asyncio.Event()

    def _note_hold_up(self, agent: Agent | None, verdict: Verdict | None) -> None:
        if agent is None or agent.binding is None or not isinstance(verdict, Defer):
            if agent is not None:
                self._held_up.pop(agent.agent_id, None)
            return
        view = self._monitor.view(agent.binding.pane)
        waits_for_quiet = view is not None and self._clock.now() - view.unchanged_since < self._quiet
        if view is not None:
            tried = datetime.min.replace(tzinfo=view.look.at.tzinfo) if waits_for_quiet else view.unchanged_since
            self._held_up[agent.agent_id] = (agent.binding.pane, tried)

    def _new_wake(self, letter: Outgoing, position: int, auto_poke: bool, now: datetime) -> store.NewWake:
        recipient = letter.recipients[position]
        skip_reason = "self" if recipient == letter.from_agent_id else None
        if not auto_poke:
            skip_reason = "auto_poke_disabled"
        return store.NewWake(
            message_id=letter.id,
            agent_id=recipient,
            recipient_message_id=letter.row_id(position),
            status=WakeStatus.SKIPPED if skip_reason else WakeStatus.RETRYING,
            skip_reason=skip_reason,
            due_at=None if skip_reason else now,
            expires_at=now + self._lifetime,
        )


def _outcome(wake: Wake, verdict: Verdict | None, proof: Proof, now: datetime) -> store.Outcome:
    match verdict:
        case Defer():
            delivered = wake.status is WakeStatus.DELIVERED  # mail that stays unread is no reason to take that back
            return store.Outcome(
                status=wake.status if delivered else WakeStatus.RETRYING,
                skip_reason=None if delivered else verdict.reason,
                detail=verdict.detail,
                due_at=verdict.until,
                step=proof.step,
                failed=verdict.failed,
            )
        case Skip():
            return store.Outcome(
                status=WakeStatus.SKIPPED,
                skip_reason=verdict.reason,
                detail=verdict.detail,
                due_at=None,
                step=WakeStep.QUEUED,
            )
        case GiveUp():
            return store.Outcome(
                status=WakeStatus.FAILED,
                skip_reason=verdict.reason,
                detail=verdict.detail,
                due_at=None,
                step=proof.step,
            )
    return store.Outcome(
        status=WakeStatus.DELIVERED, skip_reason=None, detail=proof.detail, due_at=now + REMIND_AFTER, step=proof.step
    )


def _word(verdict: Verdict | None, proof: Proof) -> str:
    match verdict:
        case Defer():
            return "deferred" if proof.step is WakeStep.ATTEMPTED else str(proof.step)
        case Skip():
            return "skipped"
        case GiveUp():
            return "failed"
    return str(proof.step)
