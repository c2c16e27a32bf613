"""Receipts: a message that was handed out is read once the model has it, as its next call or its own program shows.

The program shows it by ending the turn in which the message was fetched: its hook reports it, its thread or session is
idle, or its screen is at rest.  Receipts survive a restart of the coordinator.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import receipts as store
from xats_tui.backend.store.receipts import HandedPart, PartlyHanded, ReceiptHolder
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Event, InboxFetched, WakeChanged
from xats_tui.core.model.agents import Agent, DeliveryKind

logger = logging.getLogger(__name__)

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
"""Bounds of the interval between looks at an agent with messages in hand: a tenth of the time it has had them."""

GATHERING_S = 0.1
"""Time in which answers with messages are gathered before a look at who has some in hand."""

LEAVES_WITHIN_S = 2.0
"""Time after which an answer has left this process, if the process still lives."""

RETRY_INTERVAL_S = 1.0
"""Time between two tries to announce again what was lost, while the database cannot be written."""


@dataclass(slots=True, kw_only=True)
class _Watch:
    """An agent with messages in hand, and the time of the next look at it."""

    newest: int
    """Number of the newest answer to the agent."""
    since: float
    at: float
    is_noted: bool = False
    """True once it is recorded that the answer has left this process."""


def host_reader(host_session: str) -> str:
    """Return the reader id of a Claude Code session."""
    return f"host {host_session}"


def thread_reader(thread_id: str) -> str:
    """Return the reader id of a Codex thread."""
    return f"thread {thread_id}"


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Answers that may not have arrived: those of a reader from a number on."""

    agent_id: str
    number: int
    is_on_its_way: Callable[[], bool]


def _unsent() -> bool:
    """Tell of an answer that is not sent yet, or lost, that it has not arrived."""
    return True


class AnswerNumbers:
    """Numbers that tell whether an answer had arrived before a call began."""

    def __init__(self) -> None:
        self._newest = 0
        self._held: defaultdict[str, list[_Held]] = defaultdict(list)
        """The answers to each reader that may not have arrived yet."""

    def of_answer(self) -> int:
        """Return a number for an answer that is about to be given."""
        self._newest += 1
        return self._newest

    def of_call(self, reader: str) -> int:
        """Return a number that is greater than those of the reader's answers that have arrived, and of no others."""
        held = [one.number for one in self._held.get(reader, ()) if one.is_on_its_way()]
        return min(held) if held else self.of_answer()

    def of_turn_end(self, agent_id: str) -> int:
        """Return a number that is greater than those of the agent's answers that were sent, and of no others.

        The end of a turn shows that what was sent in it has arrived.
        """
        unsent = (one for one in self._on_their_way() if one.agent_id == agent_id and one.is_on_its_way is _unsent)
        return min((one.number for one in unsent), default=self.of_answer())

    @property
    def first_held(self) -> int:
        """A number that is not greater than those of the answers that may not have arrived."""
        return min((one.number for one in self._on_their_way()), default=self._newest + 1)

    def hold(self, reader: str, agent_id: str, is_on_its_way: Callable[[], bool], number: int) -> Callable[[], None]:
        """Let answers from this number on not count as arrived while they are on their way; return what ends it."""
        held = _Held(agent_id, number, is_on_its_way)
        self._held[reader].append(held)

        def release() -> None:
            self._held[reader].remove(held)
            if not self._held[reader]:
                del self._held[reader]

        return release

    def _on_their_way(self) -> Iterator[_Held]:
        return (one for held in self._held.values() for one in held if one.is_on_its_way())


class InboxReceipt:
    """Receipt for the messages in one reader's hands, as one call sees it.

    The call confirms what earlier answers offered to its reader: its model would not have gone on without them.  Its
    own answer may offer more.  `Receipts` handles what the reader's program confirms.
    """

    def __init__(
        self,
        database: Database,
        mailbox: Mailbox,
        waker: Waker,
        numbers: AnswerNumbers,
        lose: Callable[["InboxReceipt"], None],
        reader: str,
        ui_pid: int | None,
    ) -> None:
        self._database = database
        self._mailbox = mailbox
        self._waker = waker
        self._numbers = numbers
        self._lose = lose
        self._reader = reader
        self._ui_pid = ui_pid
        self._number = numbers.of_call(reader)
        """Answers with a smaller number have arrived; answers that are given while the call runs have a greater one."""
        self._offered: int | None = None
        """Number of the answer to this call, if it hands out messages."""
        self._agent_id = ""
        """The agent whose messages they are."""
        self._release: Callable[[], None] | None = None
        """Lets the answer count as arrived."""

    @property
    def has_offered(self) -> bool:
        """True if the answer to this call hands out messages."""
        return self._offered is not None

    async def begun(self, reader: Reader, agent_id: str) -> Mapping[str, PartlyHanded]:
        """Return how much this reader has got of messages that come in parts, by message id."""
        return await store.begun(reader, self._holder(agent_id))

    async def offer(self, tx: Transaction, agent: Agent, pieces: Sequence[HandedPart]) -> None:
        """Record that the answer to this call hands out these messages, and end their wakes as seen.

        Only within `answering`.
        """
        if pieces:
            self._offered, self._agent_id = self._numbers.of_answer(), agent.agent_id
            await store.hand_out(tx, self._holder(agent.agent_id), pieces, self._offered)
            whole = [piece.message_id for piece in pieces if piece.is_last]
            begun = [piece.message_id for piece in pieces if not piece.is_last]
            await self._waker.note_fetched(tx, agent, whole, begun)

    @contextmanager
    def answering(self, agent_id: str) -> Iterator[None]:
        """Offer an agent's messages in this block; those offered count as arriving until the receipt is told more."""
        self._hold(agent_id, _unsent, self._numbers.of_answer())
        try:
            yield
        except asyncio.CancelledError:  # given up, perhaps when all was stored: the model gets no answer
            self.lose()
            raise
        except BaseException:  # nothing is stored
            self._offered = None
            raise
        finally:
            if self._offered is None:
                self.arrive()

    def leave(self, is_on_its_way: Callable[[], bool]) -> None:
        """Let what was offered count as arriving while its answer, which was sent, is on its way."""
        if self._offered is not None:
            self._hold(self._agent_id, is_on_its_way, self._offered)

    def arrive(self) -> None:
        """Let what was offered count as arrived: a call that begins later confirms it."""
        if self._release is not None:
            self._release()
            self._release = None

    def lose(self) -> None:
        """Announce what was offered again as soon as that can be stored, because nobody gets the answer."""
        if self._offered is not None:
            self._hold(self._agent_id, _unsent, self._offered)
            self._lose(self)

    async def come_back(self) -> None:
        """Announce what was offered again, and be done with it.

        Raises:
            StoreError: that could not be stored.
        """
        if self._offered is not None:
            async with self._database.write() as tx:
                taken = await store.take_back(tx, self._holder(self._agent_id), self._offered)
                await self._waker.announce_again(tx, taken)
                if taken:
                    tx.record(WakeChanged(agent_id=self._agent_id))
        self.arrive()

    async def confirm(self, tx: Transaction, agent_id: str) -> None:
        """Mark as read what earlier answers offered: the reader has called again."""
        read = await store.confirm_of_reader(tx, self._holder(agent_id), self._number)
        await self._mailbox.confirm(tx, agent_id, read)

    def _hold(self, agent_id: str, is_on_its_way: Callable[[], bool], number: int) -> None:
        self.arrive()
        self._release = self._numbers.hold(self._reader, agent_id, is_on_its_way, number)

    def _holder(self, agent_id: str) -> ReceiptHolder:
        return ReceiptHolder(agent_id=agent_id, reader=self._reader, ui_pid=self._ui_pid)


class Receipts:
    """All messages in hand."""

    def __init__(self, database: Database, mailbox: Mailbox, waker: Waker, clock: Clock) -> None:
        self._database = database
        self._mailbox = mailbox
        self._waker = waker
        self._clock = clock
        self._numbers = AnswerNumbers()
        self._news = asyncio.Event()
        self._watched: dict[str, _Watch] = {}
        self._lost: asyncio.Queue[InboxReceipt] = asyncio.Queue()

    def of_call(self, reader: str, ui_pid: int | None) -> InboxReceipt:
        """Return the receipt of a call that begins now.

        Args:
            reader: the context that the answer comes into.
            ui_pid: the process of the caller's user interface, as its bridge reports it.
        """
        lose = self._lost.put_nowait
        return InboxReceipt(self._database, self._mailbox, self._waker, self._numbers, lose, reader, ui_pid)

    def hear(self, event: Event) -> None:
        """Note that messages were handed out."""
        if isinstance(event, InboxFetched):
            self._news.set()

    async def turn_ended(self, agent: Agent) -> None:
        """Mark as read what an agent was handed in a turn that its own program reports as over."""
        before = self._numbers.of_turn_end(agent.agent_id)
        # most turns fetch nothing: they need no transaction
        if await store.has_mail_in_hand(self._database, agent.agent_id):
            async with self._database.write() as tx:
                await self._confirm_of_host(tx, agent, before)

    async def withdraw(self, agent_id: str, staying: Collection[str]) -> None:
        """Announce an agent's messages again that all readers except `staying` have in hand."""
        async with self._database.write() as tx:
            lost = await store.withdraw(tx, agent_id, staying)
            await self._waker.announce_again(tx, lost)
            if lost:
                tx.record(WakeChanged(agent_id=agent_id))

    async def recover(self) -> None:
        """Announce messages again whose answers an earlier process may not have sent."""
        async with self._database.write() as tx:
            await self._waker.announce_again(tx, await store.withdraw_unsent(tx))

    async def run(self) -> None:
        """Look for agents with messages in hand whose turn is over, forever."""
        while True:
            self._news.clear()
            try:
                pause = await self._look_around()
            except StoreError as error:
                if error.fault is None:
                    logger.exception("mail in hand cannot be read")
                pause = LONGEST_PAUSE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()
                await asyncio.sleep(GATHERING_S)

    async def bring_back(self) -> None:
        """Announce again what was handed out in answers that were lost, forever."""
        while True:
            lost = await self._lost.get()
            while not await _came_back(lost):
                await self._clock.sleep(RETRY_INTERVAL_S)

    async def _look_around(self) -> float:
        """Look at the agents that are due; return the seconds until the next one is due."""
        in_hand = await store.agents_with_mail_in_hand(self._database)
        now = self._clock.monotonic()
        self._watched = {agent_id: self._watch(agent_id, newest, now) for agent_id, newest in in_hand.items()}
        for agent_id, watch in self._watched.items():
            if watch.at <= now:
                await self._look_at(agent_id, watch)
        soonest = min((watch.at for watch in self._watched.values()), default=now + LONGEST_PAUSE_S)
        return max(soonest - self._clock.monotonic(), 0.0)

    def _watch(self, agent_id: str, newest: int, now: float) -> _Watch:
        known = self._watched.get(agent_id)
        if known is not None and known.newest == newest:
            return known
        return _Watch(newest=newest, since=now, at=now + SHORTEST_PAUSE_S)

    async def _look_at(self, agent_id: str, watch: _Watch) -> None:
        before, age = self._numbers.of_turn_end(agent_id), self._clock.monotonic() - watch.since
        agent = await agents_store.by_id(self._database, agent_id)
        at_rest = agent is not None and await self._waker.is_at_rest(agent)
        to_note = age >= LEAVES_WITHIN_S and not watch.is_noted and watch.newest < self._numbers.first_held
        if to_note or at_rest:
            async with self._database.write() as tx:
                if to_note:
                    await store.note_left(tx, watch.newest)
                    watch.is_noted = True
                if agent is not None and at_rest:
                    await self._confirm_of_host(tx, agent, before)
                    await self._waker.release_unread(tx, agent_id)
        watch.at = self._clock.monotonic() + min(max(age / 10, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)

    async def _confirm_of_host(self, tx: Transaction, agent: Agent, before: int) -> None:
        read = await store.confirm_of_host(tx, agent.agent_id, _readers(agent), _ui_pids(agent), before)
        await self._mailbox.confirm(tx, agent.agent_id, read)


async def _came_back(lost: InboxReceipt) -> bool:
    try:
        await lost.come_back()
    except StoreError:  # a fault of the database is logged once, not at each try
        return False
    return True


def _readers(agent: Agent) -> list[str]:
    """Return the reader ids of the agent's own program."""
    readers = [host_reader(agent.host_session)] if agent.host_session else []
    if agent.delivery.kind is DeliveryKind.CODEX_APPSERVER:
        readers.append(thread_reader(agent.delivery.address["thread_id"]))
    return readers


def _ui_pids(agent: Agent) -> list[int]:
    known = (agent.binding.ui_pid if agent.binding else None, agent.process.pid if agent.process else None)
    return [pid for pid in dict.fromkeys(known) if pid is not None]
