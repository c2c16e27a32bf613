"""The Waker: carries out wakes, one agent at a time, and writes down what was seen.

It has no rules of its own: `wake_policy` decides, a transport acts, the store remembers.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from xats_tui.backend.services.wakes.attempts import Tried, WakeAttempts
from xats_tui.backend.services.wakes.policy import (
    READS_ON_UNSEEN_WITHIN,
    REMIND_AFTER,
    REST_PATIENCE,
    STOP_HOOK,
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
from xats_tui.core.model.wakes import DeliveryResult, Gate, Wake, WakeAttempt, WakeStatus
from xats_tui.core.transport import AgentWatch, Transport

logger = logging.getLogger(__name__)

FIRST_DECISION_TIMEOUT_S = 1.0
"""Seconds that a sender waits for the first decision about its message at the most."""

WATCH_INTERVAL_S = 0.25
"""Seconds between two questions to the watches over agents that are held up; a pane is looked at half as often."""

MAX_CONCURRENT_ATTEMPTS = 16
"""Attempts that begin at once: a queue of thousands must leave the database and the loop to those who call."""

RECENT_S = 1.0
"""Time after which an attempt that still goes on keeps no other from beginning: it waits for something that hangs."""

AFTER_ERROR = timedelta(seconds=1)
"""How long an attempt that failed unexpectedly is left alone."""

CLOCK_SET_BACK_S = 5.0
"""Seconds that the wall clock has to lose on the monotonic one to count as set back."""

LONGEST_SLEEP = timedelta(seconds=60)
"""After this the queue is looked at again whatever was heard: wall clocks jump."""


class Waker:
    """Gets agents to read their mail."""

    def __init__(
        self,
        database: Database,
        transports: Sequence[Transport],
        clock: Clock,
        *,
        lifetime: timedelta,
        hint_budget: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = lifetime
        self._trials = WakeAttempts(database, transports, clock, hint_budget=hint_budget)
        self._ahead = self._wall_ahead()
        """Seconds of the wall clock less those of the monotonic one, when that was looked at last."""
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One writer an agent: the loop, or the operator's hand."""
        self._is_tuned = False
        """Whether what waits may wait for a setting that has changed."""
        self._news = asyncio.Event()
        self._next_decision = asyncio.Event()
        self._under_way: set[str] = set()
        self._recent: set[str] = set()
        """Those whose attempts have begun only just now; no more than `MAX_CONCURRENT_ATTEMPTS` of them."""
        self._held_up: dict[str, AgentWatch] = {}
        """Agents whose wakes wait for something other than time."""

    def tune(self, *, lifetime: timedelta, hint_budget: int) -> None:
        """Use these from the next wake on, and have every waiting wake tried with them now."""
        self._lifetime = lifetime
        self._trials.hint_budget = hint_budget
        self._is_tuned = True
        self._news.set()

    def hear(self, event: Event) -> None:
        """Take note of what may change when a wake can be carried out."""
        if isinstance(event, PaneBound | InboxFetched | InboxRead | WakeChanged) or (
            isinstance(event, MessageSent) and event.to_wake
        ):
            self._news.set()

    async def queue(self, tx: Transaction, letter: Outgoing, *, auto_poke: bool) -> None:
        """Write the wakes of a letter in the letter's own transaction."""
        await store.queue(
            tx, [self._new_wake(letter, position, auto_poke, tx.now) for position in range(len(letter.recipients))]
        )

    async def revive(self, tx: Transaction, agent_id: str) -> None:
        """Begin again with the wakes that an agent's new pane may carry out."""
        if await store.revive(tx, agent_id, tx.now + self._lifetime):
            self._let_go(agent_id)
            tx.record(WakeChanged(agent_id=agent_id))

    async def first_decisions(self, message_id: str) -> tuple[Wake, ...]:
        """The wakes of a message as soon as each was decided on, at the latest after `FIRST_DECISION_TIMEOUT_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_DECISION_TIMEOUT_S):
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

    async def newest(self, limit: int = 300) -> tuple[Wake, ...]:
        """Wakes of all agents, the newest first."""
        return await store.newest(self._database, limit)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Every attempt of one wake."""
        return await store.attempts(self._database, message_id, agent_id)

    def nudge(self, agent_id: str) -> None:
        """Try an agent's wakes as soon as its transport allows: its own program has told of a change."""
        if watch := self._held_up.get(agent_id):
            watch.nudge()
        self._news.set()

    def look_now(self) -> None:
        """Look at the queue at once: something was changed by hand."""
        self._news.set()

    async def replay(self, tx: Transaction, message_id: str, agent_id: str) -> bool:
        """Begin again with one wake, through every gate; False if its message has been read."""
        self._let_go(agent_id)
        return await store.replay(tx, message_id, agent_id, tx.now + self._lifetime)

    async def cancel(self, tx: Transaction, message_id: str, agent_id: str) -> bool:
        """End one wake; False if it is over."""
        return await store.cancel(tx, message_id, agent_id)

    async def release(self, tx: Transaction) -> None:
        """Have every waiting wake tried now."""
        await store.make_all_due(tx, REMIND_AFTER)

    async def force(self, agent_id: str) -> None:
        """Try an agent's open wakes at once, asking only the gates that nobody may overrule."""
        await self._take_turn(agent_id, forced=True)

    async def poke(self, agent: Agent, text: str) -> DeliveryResult:
        """Put a line of the operator's own before an agent, through every gate."""
        async with self._turns[agent.agent_id]:
            return await self._trials.poke(agent, text)

    async def hand_over(self, agent_id: str) -> str | None:
        """The hint for a program that asks at the end of its turn; None if there is no mail to announce."""
        async with self._turns[agent_id]:
            line = await self._trials.hand_over(agent_id)
            if line is not None:
                self._let_go(agent_id)
            return line

    async def is_at_rest(self, agent: Agent) -> bool:
        """Whether the agent's program shows that its turn is over."""
        return await self._trials.is_at_rest(agent)

    async def note_fetched(self, tx: Transaction, agent: Agent, whole: Sequence[str], begun: Sequence[str]) -> None:
        """Wake nobody any more for messages that an answer holds; what is left in the inbox comes after a while."""
        await store.end_as_seen(tx, whole)
        await store.note_begun(tx, begun, tx.now + REST_PATIENCE)
        await store.let_read_on(tx, agent.agent_id, reads_on_until(agent, tx.now))
        tx.record(InboxFetched(agent_id=agent.agent_id))

    async def release_unread(self, tx: Transaction, agent_id: str) -> None:
        """Try now what an agent has left in its inbox by the end of a turn that a hint had begun."""
        if await store.release_unread(tx, agent_id, tx.now + READS_ON_UNSEEN_WITHIN, STOP_HOOK):
            tx.record(WakeChanged(agent_id=agent_id))

    async def announce_again(self, tx: Transaction, row_ids: Sequence[str]) -> None:
        """Wake again for unread messages whose reader is gone."""
        await store.reopen(tx, row_ids, tx.now + self._lifetime)

    async def verdicts(self, agent: Agent, message_id: str | None = None) -> tuple[Gate, ...]:
        """Every gate's verdict for an agent now, or for one wake of it if that were tried; changes nothing."""
        return await self._trials.verdicts(agent, message_id)

    async def run(self) -> None:
        """Carry out wakes as they fall due, for ever; first those that a restart has interrupted."""
        async with self._database.write() as tx:
            await store.make_all_due(tx, REMIND_AFTER)
        async with asyncio.TaskGroup() as attempts:
            while True:
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
                    if error.fault is None:  # else it is told already, and would be told every second
                        logger.exception("the wake queue cannot be read")
                    pause = AFTER_ERROR
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause.total_seconds()):
                        await self._news.wait()

    async def _mind_the_clock(self) -> None:
        """Have everything tried if settings have changed, or the wall clock was set back: it would be so much later."""
        before, self._ahead = self._ahead, self._wall_ahead()
        is_set_back = self._ahead < before - CLOCK_SET_BACK_S
        if is_set_back:
            logger.warning("the clock was set back by %.0f s", before - self._ahead)
        if is_set_back or self._is_tuned:
            async with self._database.write() as tx:
                await store.make_all_due(tx, REMIND_AFTER)
            self._is_tuned = False

    def _wall_ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    async def _due(self) -> Mapping[str, bool]:
        """Agents to try now, whose time has come or that nothing seems to hold up; True: ask the transport first."""
        self._database.see_that_it_is_kept()  # else what is typed would not be written down, and typed again
        enough = MAX_CONCURRENT_ATTEMPTS + len(self._under_way)
        due = dict.fromkeys(await store.agents_due(self._database, self._clock.now(), enough), False)
        for agent_id, watch in self._held_up.items():
            if agent_id not in due and agent_id not in self._under_way and watch.may_be_free():
                due[agent_id] = True
        return due

    async def _pause(self) -> timedelta:
        """Return the time until the next wake is due, or until the watches are asked again."""
        if len(self._recent) >= MAX_CONCURRENT_ATTEMPTS:
            return timedelta(seconds=RECENT_S)
        if self._held_up:
            return timedelta(seconds=WATCH_INTERVAL_S)
        due = await store.next_due(self._database)
        return min(max(due - self._clock.now(), timedelta(milliseconds=20)), LONGEST_SLEEP) if due else LONGEST_SLEEP

    async def _attempt(self, agent_id: str, *, asks_first: bool) -> None:
        HAS_TIME.set(True)
        expiry = asyncio.get_running_loop().call_later(RECENT_S, self._make_room, agent_id)
        try:
            if not asks_first or await self._trials.sees_open(agent_id):
                await self._take_turn(agent_id)
        except Exception:  # one agent's trouble must not keep the others asleep
            logger.exception("a wake of agent %s could not be tried", agent_id)
            await self._clock.sleep(AFTER_ERROR.total_seconds())
        finally:
            expiry.cancel()
            self._under_way.discard(agent_id)
            self._make_room(agent_id)

    def _make_room(self, agent_id: str) -> None:
        """Let other attempts begin, as soon as there is room for several: to look for them costs something."""
        self._recent.discard(agent_id)
        if len(self._recent) <= MAX_CONCURRENT_ATTEMPTS // 2:
            self._news.set()

    async def _take_turn(self, agent_id: str, *, forced: bool = False) -> None:
        async with self._turns[agent_id]:
            tried = await self._trials.try_once(agent_id, forced=forced)
        self._note_hold_up(agent_id, tried)
        self._next_decision.set()
        self._next_decision = asyncio.Event()

    def _note_hold_up(self, agent_id: str, tried: Tried | None) -> None:
        """Watch an agent whose wakes wait for something other than time."""
        waits = tried is not None and isinstance(tried.verdict, Defer) and tried.verdict.until_idle
        before = self._held_up.pop(agent_id, None)
        if tried and tried.agent and tried.transport and waits:
            self._held_up[agent_id] = tried.transport.watch(tried.agent)
        if before:  # closed after the next one is open: what both watch is not let go of
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
        )
