"""The Waker: runs the wakes of all agents, and records every attempt.

The policy decides, a transport delivers, the store remembers.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from xats_tui.backend.services.wakes.attempts import Tried, WakeAttempts
from xats_tui.backend.services.wakes.policy import (
    READS_ON_UNSEEN_WITHIN,
    REMIND_AFTER,
    REST_PATIENCE,
    TURN_END_HOOK,
    Defer,
    reads_on_until,
)
from xats_tui.backend.store import wakes as store
from xats_tui.backend.store.messages import Outgoing
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.precedence import HAS_TIME
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event, InboxFetched, InboxRead, MessageSent, PaneBound, WakeChanged
from xats_tui.core.model.agents import OPERATOR_ID, Agent
from xats_tui.core.model.wakes import DeliveryResult, Gate, Passed, Wake, WakeAttempt, WakeStatus
from xats_tui.core.transport import AgentWatch, Transport

logger = logging.getLogger(__name__)

FIRST_DECISION_TIMEOUT_S = 1.0
"""Maximum time that a sender waits for the first decision about its message."""

WATCH_INTERVAL_S = 0.25
"""Interval between questions to the watches over agents that are held up; panes are looked at half as often."""

MAX_CONCURRENT_ATTEMPTS = 16
"""Maximum number of attempts that begin at once: a long queue must leave database and loop to callers."""

RECENT_S = 1.0
"""Time after which a running attempt no longer counts against that maximum: it waits for something that hangs."""

READING_S = 0.05
"""Time in which reading of inboxes is gathered before a look at the queue, as it makes no wake due at once."""

AFTER_ERROR = timedelta(seconds=1)
"""Pause after an attempt that failed unexpectedly."""

CLOCK_SET_BACK_S = 5.0
"""Loss of the wall clock against the monotonic clock from which it counts as set back."""

LONGEST_SLEEP = timedelta(seconds=60)
"""Maximum pause between two looks at the queue: wall clocks jump."""


class _FirstDecisions:
    """Wait of one sender for decisions about its message: it is woken once, not at every decision of all agents."""

    def __init__(self) -> None:
        self._decided: set[str] = set()
        self._awaited: set[str] | None = None
        self._all_decided = asyncio.Event()

    def begin(self) -> None:
        """Forget earlier decisions: the wakes are read again."""
        self._decided.clear()
        self._awaited = None
        self._all_decided.clear()

    def note(self, agent_id: str) -> None:
        """Note a decision about an agent."""
        self._decided.add(agent_id)
        if self._awaited is not None and self._awaited <= self._decided:
            self._all_decided.set()

    async def of(self, agent_ids: set[str]) -> None:
        """Wait until there was a decision about each of these agents since `begin`."""
        self._awaited = agent_ids
        if not agent_ids <= self._decided:
            await self._all_decided.wait()


class Waker:
    """The queue of wakes."""

    def __init__(
        self,
        database: Database,
        transports: Sequence[Transport],
        clock: Clock,
        *,
        lifetime: timedelta,
        hint_budget: int,
        takes_hints: Callable[[Agent], bool] = lambda agent: False,
    ) -> None:
        """Prepare it; `takes_hints` tells whether an agent's hooks take a hint at the end of a turn."""
        self._database = database
        self._clock = clock
        self._lifetime = lifetime
        self._trials = WakeAttempts(database, transports, clock, hint_budget=hint_budget, takes_hints=takes_hints)
        self._ahead = self._wall_ahead()
        """Seconds of the wall clock minus those of the monotonic clock, at the last look."""
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One lock an agent, for the loop and the operator."""
        self._is_tuned = False
        """True if a setting has changed that waiting wakes may wait for."""
        self._news = asyncio.Event()
        self._queue_due_at: datetime | None = None
        """Time until which no wake is due; None if the queue may have changed."""
        self._soon: asyncio.TimerHandle | None = None
        """Timer of the next look at the queue because inboxes were read."""
        self._awaited: set[_FirstDecisions] = set()
        self._under_way: set[str] = set()
        self._recent: set[str] = set()
        """Agents whose attempts have just begun, at most `MAX_CONCURRENT_ATTEMPTS`."""
        self._held_up: dict[str, AgentWatch] = {}
        """Watches over agents whose wakes wait for something other than time."""

    def tune(self, *, lifetime: timedelta, hint_budget: int) -> None:
        """Apply changed settings, and try every waiting wake with them now."""
        self._lifetime = lifetime
        self._trials.hint_budget = hint_budget
        self._is_tuned = True
        self._news.set()

    def hear(self, event: Event) -> None:
        """Note events that may make a wake possible."""
        if isinstance(event, PaneBound | WakeChanged) or (isinstance(event, MessageSent) and event.to_wake):
            self._news.set()
        elif isinstance(event, InboxFetched | InboxRead) and self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(READING_S, self._look_after_reading)

    def _look_after_reading(self) -> None:
        self._soon = None
        self._news.set()

    async def queue(self, tx: Transaction, letter: Outgoing, *, auto_poke: bool) -> None:
        """Write the wakes of a message in the message's own transaction."""
        await store.queue(
            tx, [self._new_wake(letter, position, auto_poke, tx.now) for position in range(len(letter.recipients))]
        )

    async def revive(self, tx: Transaction, agent_id: str) -> None:
        """Start the wakes of an agent again that its new pane may make possible."""
        if await store.revive(tx, agent_id, tx.now + self._lifetime):
            self._let_go(agent_id)
            tx.record(WakeChanged(agent_id=agent_id))

    async def revive_ended(self, agent_id: str) -> None:
        """Start the wakes again that have ended because nothing led to an agent; the others stay as they are."""
        # not beside an attempt, which may have found nothing yet and would end them again
        async with self._turns[agent_id], self._database.write() as tx:
            if await store.revive(tx, agent_id, tx.now + self._lifetime, ended_only=True):
                tx.record(WakeChanged(agent_id=agent_id))

    async def first_decisions(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message once each has its first decision, or after `FIRST_DECISION_TIMEOUT_S`."""
        awaited = _FirstDecisions()
        self._awaited.add(awaited)
        try:
            async with asyncio.timeout(FIRST_DECISION_TIMEOUT_S):
                while True:
                    awaited.begin()
                    wakes = await store.of_message(self._database.quick, message_id)
                    undecided = {wake.agent_id for wake in wakes if not (wake.is_over or wake.attempts)}
                    if not undecided:
                        return wakes
                    await awaited.of(undecided)
        except TimeoutError:
            return await store.of_message(self._database.quick, message_id)
        finally:
            self._awaited.discard(awaited)

    async def statuses(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message, by recipient."""
        return await store.of_message(self._database.quick, message_id)

    async def newest(self, limit: int = 300) -> tuple[Wake, ...]:
        """Return wakes of all agents, newest first."""
        return await store.newest(self._database, limit)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return every attempt of one wake."""
        return await store.attempts(self._database, message_id, agent_id)

    def nudge(self, agent_id: str) -> None:
        """Try an agent's wakes as soon as its transport allows: its own program has reported a change."""
        if watch := self._held_up.get(agent_id):
            watch.nudge()
        self._news.set()

    def look_now(self) -> None:
        """Look at the queue now, because it was changed by hand."""
        self._news.set()

    async def replay(self, tx: Transaction, message_id: str, agent_id: str) -> bool:
        """Start one wake again, through every gate; return False if its message has been read."""
        self._let_go(agent_id)
        return await store.replay(tx, message_id, agent_id, tx.now + self._lifetime)

    async def cancel(self, tx: Transaction, message_id: str, agent_id: str) -> bool:
        """End one wake; return False if it is over."""
        return await store.cancel(tx, message_id, agent_id)

    async def release(self, tx: Transaction) -> None:
        """Try every waiting wake now."""
        await store.make_all_due(tx, REMIND_AFTER)

    async def force(self, agent_id: str) -> None:
        """Try an agent's open wakes now, with only the gates that nobody may overrule."""
        await self._take_turn(agent_id, forced=True)

    async def poke(self, agent: Agent, text: str) -> DeliveryResult:
        """Deliver a line of the operator through every gate."""
        async with self._turns[agent.agent_id]:
            return await self._trials.poke(agent, text)

    async def hand_over(self, agent_id: str, give: Callable[[str], Awaitable[Passed]]) -> bool:
        """Give the hint to a program that asks at the end of its turn; False without new messages, or if not taken.

        A hint that may have been taken counts as given: until that is known, there is no other.
        """
        async with self._turns[agent_id]:
            is_taken = await self._trials.hand_over(agent_id, give)
            if is_taken:
                self._let_go(agent_id)
            return is_taken

    async def is_at_rest(self, agent: Agent) -> bool:
        """Return whether the agent's program shows that its turn is over."""
        return await self._trials.is_at_rest(agent)

    async def note_fetched(self, tx: Transaction, agent: Agent, whole: Sequence[str], begun: Sequence[str]) -> None:
        """End the wakes of messages in an answer as seen; try the rest of the inbox after a while."""
        await store.end_as_seen(tx, whole)
        await store.note_begun(tx, begun, tx.now + REST_PATIENCE)
        await store.let_read_on(tx, agent.agent_id, reads_on_until(agent, tx.now))
        tx.record(InboxFetched(agent_id=agent.agent_id))

    async def release_unread(self, tx: Transaction, agent_id: str) -> None:
        """Try the wakes of messages that an agent has not fetched by the end of a turn that a hint began."""
        if await store.release_unread(tx, agent_id, tx.now + READS_ON_UNSEEN_WITHIN, TURN_END_HOOK):
            tx.record(WakeChanged(agent_id=agent_id))

    async def announce_again(self, tx: Transaction, row_ids: Sequence[str]) -> None:
        """Start the wakes of unread messages again whose reader is gone."""
        await store.reopen(tx, row_ids, tx.now + self._lifetime)

    async def verdicts(self, agent: Agent, message_id: str | None = None) -> tuple[Gate, ...]:
        """Return every gate's verdict for an agent, or for one wake of it; change nothing."""
        return await self._trials.verdicts(agent, message_id)

    async def run(self) -> None:
        """Try wakes as they fall due, forever; first the wakes that a restart has interrupted."""
        async with self._database.write() as tx:
            await store.make_all_due(tx, REMIND_AFTER)  # whatever an earlier coordinator was doing was cut off
        async with asyncio.TaskGroup() as attempts:
            while True:
                if self._news.is_set():
                    self._queue_due_at = None
                self._news.clear()
                try:
                    await self._mind_the_clock()
                    for agent_id, asks_first in (await self._due()).items():
                        if len(self._recent) >= MAX_CONCURRENT_ATTEMPTS:
                            break
                        if agent_id not in self._under_way:
                            self._under_way.add(agent_id)
                            self._recent.add(agent_id)
                            attempts.create_task(self._attempt(agent_id, asks_first=asks_first))
                    pause = await self._pause()
                except StoreError as error:
                    if error.fault is None:  # else it is reported already, and would be logged every second
                        logger.exception("the wake queue cannot be read")
                    pause = AFTER_ERROR
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause.total_seconds()):
                        await self._news.wait()

    async def _mind_the_clock(self) -> None:
        """Make every wake due if settings have changed, or if the wall clock was set back."""
        before, self._ahead = self._ahead, self._wall_ahead()
        is_set_back = self._ahead < before - CLOCK_SET_BACK_S
        if is_set_back:
            logger.warning("the clock was set back by %.0f s", before - self._ahead)
        if is_set_back or self._is_tuned:
            async with self._database.write() as tx:
                await store.make_all_due(tx, REMIND_AFTER)
            self._is_tuned, self._queue_due_at = False, None

    def _wall_ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    async def _due(self) -> Mapping[str, bool]:
        """Return the agents to try now; True for those whose transport is to be asked first."""
        self._database.see_that_it_is_kept()  # else a hint would be typed, not recorded, and typed again
        due = dict.fromkeys(await self._agents_due(), False)
        for agent_id, watch in self._held_up.items():
            if agent_id not in due and agent_id not in self._under_way and watch.may_be_free():
                due[agent_id] = True
        return due

    async def _agents_due(self) -> tuple[str, ...]:
        """Return the agents with a due wake; the store is not asked before the next one is due."""
        now = self._clock.now()
        if self._queue_due_at and now < self._queue_due_at:
            return ()
        due = await store.agents_due(self._database, now, MAX_CONCURRENT_ATTEMPTS + len(self._under_way))
        following = None if due else await store.next_due(self._database.quick)
        self._queue_due_at = None if due else min(following or now + LONGEST_SLEEP, now + LONGEST_SLEEP)
        return due

    async def _pause(self) -> timedelta:
        """Return the time until the next wake is due, or until the watches are asked again."""
        if len(self._recent) >= MAX_CONCURRENT_ATTEMPTS:
            return timedelta(seconds=RECENT_S)
        if self._held_up:
            return timedelta(seconds=WATCH_INTERVAL_S)
        due = await store.next_due(self._database.quick)
        return min(max(due - self._clock.now(), timedelta(milliseconds=20)), LONGEST_SLEEP) if due else LONGEST_SLEEP

    async def _attempt(self, agent_id: str, *, asks_first: bool) -> None:
        HAS_TIME.set(True)
        expiry = asyncio.get_running_loop().call_later(RECENT_S, self._make_room, agent_id)
        try:
            if not asks_first or await self._trials.sees_open(agent_id):
                await self._take_turn(agent_id)
        except Exception:  # one agent's failure must not stop the wakes of the others
            logger.exception("a wake of agent %s could not be tried", agent_id)
            await self._clock.sleep(AFTER_ERROR.total_seconds())
        finally:
            expiry.cancel()
            self._under_way.discard(agent_id)
            self._make_room(agent_id)

    def _make_room(self, agent_id: str) -> None:
        """Start more attempts once there is room for several."""
        self._recent.discard(agent_id)
        if len(self._recent) <= MAX_CONCURRENT_ATTEMPTS // 2:  # not at each: looking for due wakes costs a query
            self._news.set()

    async def _take_turn(self, agent_id: str, *, forced: bool = False) -> None:
        async with self._turns[agent_id]:
            tried = await self._trials.try_once(agent_id, forced=forced)
        self._note_hold_up(agent_id, tried)
        for awaited in self._awaited:
            awaited.note(agent_id)

    def _note_hold_up(self, agent_id: str, tried: Tried | None) -> None:
        """Watch an agent whose wakes wait for something other than time."""
        waits = tried is not None and isinstance(tried.verdict, Defer) and tried.verdict.until_idle
        before = self._held_up.pop(agent_id, None)
        if tried and tried.agent and tried.transport and waits:
            self._held_up[agent_id] = tried.transport.watch(tried.agent)
        if before:  # after the next watch is open, so that the pane is awaited without a gap
            before.close()

    def _let_go(self, agent_id: str) -> None:
        if watch := self._held_up.pop(agent_id, None):
            watch.close()

    def _new_wake(self, letter: Outgoing, position: int, auto_poke: bool, now: datetime) -> store.NewWake:
        recipient = letter.recipients[position]
        skip_reason = "self" if recipient == letter.from_agent_id else None
        if recipient == OPERATOR_ID:
            skip_reason = "no_pane"
        if not auto_poke:
            skip_reason = "auto_poke_disabled"
        return store.NewWake(
            message_id=letter.id,
            agent_id=recipient,
            recipient_message_id=letter.row_id(position),
            status=WakeStatus.SKIPPED if skip_reason else WakeStatus.RETRYING,
            skip_reason=skip_reason,
            detail="the operator reads mail at the dashboard" if recipient == OPERATOR_ID else None,
            due_at=None if skip_reason else now,
            expires_at=now + self._lifetime,
            urgent=letter.urgent,
        )
