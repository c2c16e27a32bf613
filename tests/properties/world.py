"""A coordinator without its doors: every tool and service on a real file, with a clock, panes and a channel that obey.

It lives on an event loop that runs only while it is asked something, so that nothing happens between two steps.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from tests.fakes import FakeChannel, FakePane, FakeProcesses, FakeTerminals, FakeTmux, Notified, SkippingClock
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.health.notices import Notices
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSession, McpSessions
from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.agents.recognition import Recognition
from xats_tui.backend.services.agents.registration import Registrar
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.agents.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.agents.takeovers import Takeovers
from xats_tui.backend.services.bundle import Services
from xats_tui.backend.services.contracts.book import ContractBook
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator.held_dialogs import HeldDialogs
from xats_tui.backend.services.operator.operator import Operator
from xats_tui.backend.services.operator.tasks import OperatorTasks
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.search import Search
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes.channels import Channels
from xats_tui.backend.services.wakes.codex_threads import CodexThreads
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import receipts as receipts_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.known_agents import KnownAgents
from xats_tui.backend.system.callers import Callers
from xats_tui.backend.system.processes import Process
from xats_tui.backend.system.terminals import PaneTerminals
from xats_tui.backend.tools import TOOLS
from xats_tui.backend.tools.answers import room
from xats_tui.backend.tools.base import Toolbox
from xats_tui.backend.transports.claude_channel import OpenChannels
from xats_tui.backend.transports.pane.transport import TmuxPane
from xats_tui.backend.transports.tokens import Tokens
from xats_tui.clients.spec import AnswerLimit
from xats_tui.core.events import EventBus
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import Agent, Binding, Delivery, DeliveryKind, VerificationMode
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.wakes import Wake

T = TypeVar("T")

QUIET = timedelta(seconds=2)
LIFETIME = timedelta(hours=24)
HINT_BUDGET = 8
"""Few, so that it is spent now and then."""
BODY_LIMIT = 6_000
PAGE_LIMIT = AnswerLimit(tokens=600, size_bytes=2_400)
"""Little, so that many a message comes in parts."""

SOCKET = "/tmp/no/such/server"

AT_REST = 2
"""Rounds of the Waker in which nothing was tried, after which nothing is going to be."""


class CountedRounds(Waker):
    """A Waker that tells when it has gone through its queue: each round ends by asking how long to pause."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.round_over = asyncio.Event()

    async def _pause(self) -> timedelta:
        self.round_over.set()
        return await super()._pause()


class World:
    """Everything there is; `restart` makes all of it anew but the file, the panes and the time."""

    def __init__(self, folder: Path, clock: SkippingClock | None = None, *, hint_budget: int = HINT_BUDGET) -> None:
        self.path = folder / "data.db"
        self.clock = clock or SkippingClock()
        self._hint_budget = hint_budget
        self.tmux = FakeTmux(self.clock)
        self.processes = FakeProcesses()
        self.keyboards: PaneTerminals = FakeTerminals()
        self.channel = FakeChannel(DeliveryKind.CLAUDE_CHANNEL, self.clock)
        self.troubles: list[str] = []
        """Messages that were logged as errors."""
        self._panes_made = 0
        self._loop = asyncio.new_event_loop()
        self._wait(self._open())
        self.begin_to_wake()

    def close(self) -> None:
        """Leave nothing behind."""
        self._wait(self._shut())
        self._wait(self._loop.shutdown_default_executor())
        self._loop.close()

    def restart(self) -> None:
        """New objects on the same file; whoever was connected connects again, and nobody is woken yet."""
        before = self.sessions_by_name
        self._wait(self._shut())
        self._wait(self._open())
        for name, session in before.items():
            self.connect(name, session.agent_id, session.session_id)

    def answers_have_left(self) -> None:
        """The coordinator lives on for long enough to have got rid of every answer."""
        self._wait(self._note_left())

    def begin_to_wake(self) -> None:
        """Have the Waker carry out wakes from now on."""
        self._waking = self._loop.create_task(self.waker.run())

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer of a service, when everything that it set off has come to rest."""
        answer = self._wait(question)
        self._wait(self._settle())
        return answer

    def connect(self, name: str, agent_id: str | None = None, session_id: str = "") -> None:
        """Open a session for an agent; with an id it speaks for that."""
        session_id = session_id or f"session of {name} at {self.clock.monotonic()}"
        session = self.sessions.open(session_id, "test", Notified())
        self.sessions_by_name[name] = session
        if agent_id is not None:
            self.sessions.identify(session, agent_id)

    def call(self, caller: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool as an agent and return its answer."""
        result = self.ask(self._toolbox.call(self.sessions_by_name[caller], tool, arguments, {}))
        assert not result.is_error, result.text
        if result.handed is not None:
            result.handed.arrive()
        answer: dict[str, Any] = json.loads(result.text)
        return answer

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with a look at all panes at the end of it."""
        self.clock.advance(seconds)
        self.ask(self.monitor.tick())

    def seat(self, agent_id: str, kind: type[FakePane] = FakePane) -> tuple[str, FakePane]:
        """A new pane with a program in it, bound to an agent."""
        self._panes_made += 1
        pid, pane_id = 1000 + self._panes_made, f"%{self._panes_made}"
        terminal = self.tmux.terminals[pane_id] = kind(tty=f"pts/{pid}", pid=pid)
        self.processes.there[pid] = Process(pid=pid, started_at=1.0, name="it", command=("it",), tty=terminal.tty)
        self.ask(self._bind(agent_id, pane_id, terminal))
        return pane_id, terminal

    def lead_to_channel(self, agent_id: str) -> None:
        """Have an agent woken through the channel first."""
        self.ask(self._deliver_through(agent_id, Delivery(kind=DeliveryKind.CLAUDE_CHANNEL, address=CHANNEL)))

    def carry_channel(self, agent_ids: list[str]) -> None:
        """The channel is heard again: the wakes of those that it leads to begin again."""
        self.ask(self._revive(agent_ids))

    def wakes(self) -> dict[str, Wake]:
        """Every wake, by key."""
        return {wake.key: wake for wake in self._wait(self.waker.newest(10_000))}

    def look(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer of a service to a question that sets nothing off."""
        return self._wait(question)

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        bus = EventBus()
        self.database = await self._stack.enter_async_context(Database.opened(self.path, self.clock, bus.publish))
        self._stack.enter_context(_errors_kept(self.troubles))
        self._stack.enter_context(patch.dict(room.LIMITS, {CUSTOM: PAGE_LIMIT}))
        self.sessions = McpSessions(self.clock, bus.publish)
        self.sessions_by_name: dict[str, McpSession] = {}
        self._make_services(bus)
        await self.known_agents.watch()
        await self._typing.recall()
        await self.receipts.recover()
        self.monitor.track(await self.registry.bound_panes(), await self.registry.bound_processes())
        bus.listen(self.waker.hear)

    def _make_services(self, bus: EventBus) -> None:
        database, clock = self.database, self.clock
        self.monitor = PaneMonitor(self.tmux, clock, bus.publish)
        reports = HookReports()
        self.states = ClientStates(bus.publish)
        self._typing = typing = TmuxPane(
            self.tmux, self.processes, self.keyboards, self.monitor, database, reports, self.states, clock, QUIET
        )
        self.waker = CountedRounds(
            database,
            (self.channel, typing),
            clock,
            lifetime=LIFETIME,
            hint_budget=self._hint_budget,
        )
        presence = Presence(self.sessions, self.monitor, self.processes, clock)
        self.known_agents = KnownAgents(database)
        self.registry = Registry(
            database, self.known_agents, self.sessions, presence, self.waker, self.monitor, self.states, clock
        )
        self.mailbox = Mailbox(database, presence, self.waker, body_limit=BODY_LIMIT)
        self.receipts = Receipts(database, self.mailbox, self.waker, clock)
        self.board = TaskBoard(database, presence)
        self.contracts = ContractBook(database, self.sessions, schema_limit=10_000)
        acts = Operator(database, self.waker, self.tmux), OperatorTasks(database, self.mailbox)
        self.operator = OperatorApi(Actor(), acts)
        channels = Channels(database, OpenChannels(self.sessions), self.waker)
        identity = RuntimeIdentity(self.tmux, self.processes, clock)
        recognition = Recognition(database, self.processes)
        threads = CodexThreads(Tokens({}))
        runtimes = Runtimes(self.sessions, self.processes, Callers(0), clock, _never)
        services = Services(
            database=database,
            sessions=self.sessions,
            kept_sessions=KeptSessions(database, self.sessions, channels, clock),
            presence=presence,
            registry=self.registry,
            registrar=Registrar(database, self.registry, channels, identity, threads, recognition, runtimes, clock),
            mailbox=self.mailbox,
            is_watched=_always,
            agent_in=lambda session: None,
            receipts=self.receipts,
            waker=self.waker,
            board=self.board,
            channels=channels,
            contracts=self.contracts,
            search=Search(database, clock),
            identity=identity,
            recognition=recognition,
            runtimes=runtimes,
            takeovers=Takeovers(self.sessions, Notices(clock)),
            reports=reports,
            states=self.states,
            held=HeldDialogs(self.states, self.monitor, clock),
            tmux=self.tmux,
            clock=clock,
        )
        self._toolbox = Toolbox(TOOLS, services)

    async def _shut(self) -> None:
        self._waking.cancel()
        await asyncio.wait({self._waking})
        await self._stack.aclose()

    async def _settle(self) -> None:
        """Wait until the Waker has nothing to try."""
        rounds = 0
        while rounds < AT_REST:
            self.waker.round_over.clear()
            self.waker.look_now()
            await self.waker.round_over.wait()
            attempts = asyncio.all_tasks() - {self._waking, asyncio.current_task()}
            rounds = 0 if attempts else rounds + 1
            if attempts:
                await asyncio.wait(attempts)

    async def _bind(self, agent_id: str, pane_id: str, terminal: FakePane) -> None:
        async with self.database.write() as tx:
            binding = Binding(
                pane=PaneRef(SOCKET, pane_id),
                tty=terminal.tty,
                ui_pid=terminal.pid,
                ui_started_at=1.0,
                mode=VerificationMode.PID_TTY_PANE,
                bound_at=tx.now,
            )
            await self.registry.bind(tx, agent_id, binding)
        self.monitor.track(await self.registry.bound_panes(), await self.registry.bound_processes())

    async def _note_left(self) -> None:
        async with self.database.write() as tx:
            await receipts_store.note_left(tx, sys.maxsize)

    async def _deliver_through(self, agent_id: str, delivery: Delivery) -> None:
        agent = await self.registry.by_id(agent_id)
        assert agent is not None and agent.client is not None
        wanted = agents_store.AgentRow(
            team=agent.team,
            name=agent.name,
            role=agent.role,
            client=agent.client,
            client_name=None,
            model="m",
            delivery=delivery,
        )
        async with self.database.write() as tx:
            await self.registry.register(tx, wanted)

    async def _revive(self, agent_ids: list[str]) -> None:
        async with self.database.write() as tx:
            for agent_id in agent_ids:
                await self.waker.revive(tx, agent_id)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(_bounded(work))


CHANNEL = {"channel_session_id": "the channel"}

PATIENCE = 60.0
"""Seconds for one step: it takes milliseconds, unless something never comes to rest."""


async def _bounded(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(PATIENCE):
        return await work


@contextmanager
def _errors_kept(troubles: list[str]) -> Any:
    """Record every error that the coordinator logs."""

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            troubles.append(self.format(record))

    keeping = Keeping(logging.ERROR)
    root = logging.getLogger("xats_tui")
    root.addHandler(keeping)
    try:
        yield
    finally:
        root.removeHandler(keeping)


async def _never(agent: Agent) -> bool:
    return False


async def _always(agent: Agent) -> bool:
    return True
