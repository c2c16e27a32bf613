"""The coordinator: creates its parts, starts them in order, and stops them in time."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

from xats_tui import __version__
from xats_tui.backend.api.listener import listen
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.health.counts import Counts
from xats_tui.backend.health.loop_lag import LoopLagMonitor
from xats_tui.backend.health.notices import Notices
from xats_tui.backend.health.rates import RateCounts
from xats_tui.backend.health.report import HealthReport
from xats_tui.backend.health.use import CoordinatorUse
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.agents.departures import Departures
from xats_tui.backend.services.agents.kept_sessions import KeptSessions
from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.agents.process_clients import standing
from xats_tui.backend.services.agents.recognition import Recognition
from xats_tui.backend.services.agents.registration import Registrar
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.agents.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.agents.runtimes import Runtimes
from xats_tui.backend.services.agents.takeovers import Takeovers
from xats_tui.backend.services.bundle import Services
from xats_tui.backend.services.contracts.book import ContractBook
from xats_tui.backend.services.contracts.folder import SUFFIX, ContractFolder
from xats_tui.backend.services.launch.desk import LocalLaunchBackend
from xats_tui.backend.services.launch.launcher import Launcher
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator.agents import OperatorAgents
from xats_tui.backend.services.operator.answering import Answering
from xats_tui.backend.services.operator.held_dialogs import HeldDialogs
from xats_tui.backend.services.operator.lists import LongLists
from xats_tui.backend.services.operator.mail import OperatorMail
from xats_tui.backend.services.operator.operator import Operator
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.services.operator.summaries import Summaries
from xats_tui.backend.services.operator.tasks import OperatorTasks
from xats_tui.backend.services.receipts import Receipts
from xats_tui.backend.services.search import Search
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.upkeep.client_manifests import ClientManifests
from xats_tui.backend.services.upkeep.dialog_log import DialogLog
from xats_tui.backend.services.upkeep.live_settings import SAFE, LiveSettings
from xats_tui.backend.services.upkeep.look_keeper import LookKeeper
from xats_tui.backend.services.upkeep.memory import release_regularly
from xats_tui.backend.services.upkeep.outages import Outages
from xats_tui.backend.services.upkeep.pane_ages import PaneAges
from xats_tui.backend.services.upkeep.retention import Retention
from xats_tui.backend.services.upkeep.search_index import SearchIndex
from xats_tui.backend.services.upkeep.state_log import StateLog
from xats_tui.backend.services.wakes.channels import Channels
from xats_tui.backend.services.wakes.codex_threads import CodexThreads
from xats_tui.backend.services.wakes.opencode_deliveries import OpencodeDeliveries
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.services.wakes.ways import Ways
from xats_tui.backend.store.agents import all_teams
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.known_agents import KnownAgents
from xats_tui.backend.supervisor import kept_running
from xats_tui.backend.system import tmux_commands
from xats_tui.backend.system.callers import Callers
from xats_tui.backend.system.file_watcher import follow
from xats_tui.backend.system.open_files import raise_limit
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.terminals import PaneTerminals
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_windows import TmuxWindows
from xats_tui.backend.transports.claude_channel import ClaudeChannel, OpenChannels
from xats_tui.backend.transports.codex_appserver import CodexAppServer
from xats_tui.backend.transports.codex_windows import CodexWindows
from xats_tui.backend.transports.extension.links import ExtensionLinks
from xats_tui.backend.transports.extension.transport import ClientExtension
from xats_tui.backend.transports.inbox.claude_inbox import ClaudeInbox
from xats_tui.backend.transports.inbox.receipt_inbox import ReceiptInbox
from xats_tui.backend.transports.inbox.session_inbox import SessionInboxes
from xats_tui.backend.transports.opencode_access import OpencodeAccess
from xats_tui.backend.transports.opencode_server import OpencodeServer
from xats_tui.backend.transports.pane.transport import TmuxPane
from xats_tui.backend.transports.tokens import Tokens
from xats_tui.backend.watchers.claude_sessions import ClaudeSessions
from xats_tui.backend.watchers.codex_threads import CodexThreadWatcher
from xats_tui.backend.watchers.extensions import Extensions
from xats_tui.backend.watchers.opencode_sessions import OpencodeSessions
from xats_tui.core.clock import Clock, SystemClock, to_wire
from xats_tui.core.errors import StartError, UnusableStore
from xats_tui.core.events import Event, EventBus, PaneBound
from xats_tui.core.model.activity import Actor
from xats_tui.core.records import replace
from xats_tui.runtime import operator_token, pid_file
from xats_tui.runtime.logs import set_level
from xats_tui.runtime.pid_file import AlreadyRunning, Holding, PidRecord
from xats_tui.runtime.settings import CONFIG_NAME, Loaded, Settings

logger = logging.getLogger(__name__)

FILES_DELAY_S = 1.0
"""Interval between two checks of the database files."""

HOOK_KEY_BYTES = 24
"""Random bytes of the key for hooks, which is another one at each start."""

HANDOVER_TIMEOUT_S = 15.0
"""Time for a predecessor to end completely after it handed its socket over."""


class Coordinator:
    """The running coordinator, on its own event loop."""

    def __init__(
        self,
        settings: Settings,
        holding: Holding,
        database: Database,
        bus: EventBus,
        clock: Clock,
        listener: socket.socket,
        loaded: Loaded | None = None,
    ) -> None:
        quiet = timedelta(milliseconds=settings.quiet_ms)
        self.settings = settings
        self._loaded = loaded
        self._holding = holding
        self._database = database
        self.clock = clock
        self.bus = bus
        self.listener = listener
        self.port: int = listener.getsockname()[1]
        self.started_at = clock.now()
        self.sessions = McpSessions(clock, bus.publish)
        self.reports = HookReports()
        self.states = ClientStates(bus.publish)
        self.tmux = tmux = Tmux(clock)
        self.pulse, self.notices = LoopLagMonitor(clock), Notices(clock)
        self._manifests = ClientManifests(settings.home, self.notices, clock)
        troubles = {"database": lambda: database.trouble, "home": holding.restore, "tmux": lambda: tmux.trouble}
        self._outages = Outages(troubles, self.notices, clock)
        processes = Processes()
        self.panes = PaneMonitor(tmux, clock, bus.publish, partial(standing, processes))
        self.tokens = tokens = Tokens(settings.tokens)
        open_channels = OpenChannels(self.sessions)
        self._typing = typing = TmuxPane(
            tmux, processes, PaneTerminals(), self.panes, database, self.reports, self.states, clock, quiet
        )
        codex = CodexAppServer(CodexWindows(processes, tmux), tokens, clock)
        opencode = OpencodeAccess(processes)
        extension_links = ExtensionLinks(settings.extensions_path, processes)
        self._message_receipts = ReceiptInbox(clock)
        transports = (
            codex,
            OpencodeServer(opencode, self.states, clock),
            ClaudeChannel(open_channels, clock),
            ClaudeInbox(self.sessions, processes, self.panes, self.reports, self.states, clock),
            ClientExtension(extension_links, self.states, clock),
            SessionInboxes(
                self.sessions, processes, self.panes, self.reports, self.states, self._message_receipts, clock
            ),
            typing,
        )
        self.waker = Waker(
            database,
            transports,
            clock,
            lifetime=timedelta(milliseconds=settings.wake_ttl_ms),
            hint_budget=settings.hint_budget,
            takes_hints=self.reports.takes_hints,
        )
        presence = Presence(self.sessions, self.panes, processes, clock)
        self._pane_ages = PaneAges(database, self.panes, DialogLog(database, self.panes, self.states), clock)
        self._state_log = StateLog(database, self.panes, self.states, presence, clock)
        self._past = Past(database)
        self._looks = LookKeeper(database, self.panes, clock, number=settings.looks)
        self._departures = Departures(database, self.sessions, processes, clock, bus.publish)
        self._known_agents = KnownAgents(database)
        self.registry = Registry(
            database, self._known_agents, self.sessions, presence, self.waker, self.panes, self.states, clock
        )
        self.claude_sessions = ClaudeSessions(partial(all_teams, database), self.states, clock, bus.publish)
        self._opencode = OpencodeSessions(
            opencode,
            self.states,
            partial(all_teams, database),
            self.registry.by_id,
            OpencodeDeliveries(database, self.registry).learn,
            clock,
        )
        counts = Counts(database, self.sessions, self.panes, self.states, bus, clock)
        self.mailbox = Mailbox(database, presence, self.waker, body_limit=settings.body_limit)
        self._receipts = Receipts(database, self.mailbox, self.waker, clock)
        self._extensions = Extensions(
            extension_links,
            self.states,
            partial(all_teams, database),
            self.registry.by_id,
            self._receipts.turn_ended,
            clock,
        )
        self.channels = Channels(database, open_channels, self.waker)
        self.board = TaskBoard(database, presence)
        self.kept_sessions = KeptSessions(database, self.sessions, self.channels, clock)
        self.retention = Retention(
            database,
            clock,
            keep=timedelta(days=settings.retention_days),
            pause=timedelta(milliseconds=settings.cleanup_ms),
        )
        self.contracts = ContractBook(database, self.sessions, schema_limit=settings.body_limit)
        search, self._search_index = Search(database, clock), SearchIndex(database, clock)
        self._contract_folder = settings.contracts and ContractFolder(
            database, self.contracts, self.notices, settings.contracts, team=settings.contracts_team
        )
        identity = RuntimeIdentity(tmux, processes, clock)
        recognition = Recognition(database, processes)
        threads = CodexThreads(tokens)
        self.runtimes = runtimes = Runtimes(self.sessions, processes, Callers(self.port), clock, codex.is_left)
        held = HeldDialogs(self.states, self.panes, clock)
        self._services = services = Services(
            database=database,
            sessions=self.sessions,
            kept_sessions=self.kept_sessions,
            presence=presence,
            registry=self.registry,
            registrar=Registrar(
                database, self.registry, self.channels, identity, threads, recognition, runtimes, clock
            ),
            mailbox=self.mailbox,
            receipts=self._receipts,
            waker=self.waker,
            board=self.board,
            channels=self.channels,
            search=search,
            contracts=self.contracts,
            identity=identity,
            recognition=recognition,
            runtimes=runtimes,
            takeovers=Takeovers(self.sessions, self.notices),
            reports=self.reports,
            states=self.states,
            held=held,
            is_watched=codex.is_watched,
            agent_in=self.claude_sessions.agent_in,
            tmux=tmux,
            clock=clock,
        )
        launches = LocalLaunchBackend(database, self.registry, services.registrar, self.sessions)
        self.use = CoordinatorUse(self.sessions, counts, clock)
        health = HealthReport(
            lambda: self.settings,
            self.port,
            database,
            self.sessions,
            self.panes,
            tmux,
            counts,
            self.pulse,
            self.notices,
            clock,
        )
        self.operator = OperatorApi(
            Actor(),
            (
                database,
                self.sessions,
                self.registry,
                self.claude_sessions,
                self.mailbox,
                self.waker,
                self.board,
                self.contracts,
                self.panes,
                tmux,
                health,
                RateCounts(database, self.sessions, clock),
                launches,
                Operator(database, self.waker, tmux),
                self._past,
                self._looks,
                OperatorMail(database, self.mailbox),
                LongLists(database, clock),
                OperatorTasks(database, self.mailbox),
                Summaries(database, clock),
                OperatorAgents(database, self.registry, tmux),
                Answering(database, self.states, typing, self.panes, clock),
                Launcher(TmuxWindows(tmux), launches, clock, settings),
                Ways(database, transports, self.reports),
                search,
            ),
        )
        self._codex_watcher = CodexThreadWatcher(self.states, tokens, partial(all_teams, database), clock)
        self._panes_changed = asyncio.Event()
        bus.listen(self._codex_watcher.hear)
        bus.listen(self.waker.hear)
        bus.listen(self._receipts.hear)
        bus.listen(self.channels.hear)
        bus.listen(self._pane_ages.hear)
        bus.listen(self._state_log.hear)
        bus.listen(self._looks.hear)
        bus.listen(held.hear)
        bus.listen(self._search_index.hear)
        bus.listen(self._opencode.hear)
        bus.listen(self._extensions.hear)
        bus.listen(self._hear)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        settings: Settings,
        clock: Clock | None = None,
        *,
        inherited: socket.socket | None = None,
        loaded: Loaded | None = None,
    ) -> "AsyncIterator[Coordinator]":
        """Run a coordinator that serves connections for the life of the block; the pid file says where.

        Args:
            settings: the effective settings.
            clock: the system clock, unless a test passes another one.
            inherited: a listening socket, if this coordinator replaces another one.
            loaded: origin of the settings; if given, the config file is watched.

        Raises:
            StartError: the coordinator cannot start; one sentence says why and what to do.
        """
        async with cls.working(settings, clock, inherited=inherited, loaded=loaded) as backend, backend.serving():
            yield backend

    @classmethod
    @asynccontextmanager
    async def working(
        cls,
        settings: Settings,
        clock: Clock | None = None,
        *,
        inherited: socket.socket | None = None,
        loaded: Loaded | None = None,
    ) -> "AsyncIterator[Coordinator]":
        """Open a coordinator that answers the operator, and nobody else yet: connections wait in its socket's queue.

        The arguments are those of `running`.

        Raises:
            StartError: the coordinator cannot start; one sentence says why and what to do.
        """
        clock = clock or SystemClock()
        few_files = raise_limit()
        async with AsyncExitStack() as stack:
            try:
                patience = HANDOVER_TIMEOUT_S if inherited else pid_file.LOCK_TIMEOUT_S
                holding = stack.enter_context(pid_file.held(settings.pid_path, patience))
                asked_for = loaded is not None and loaded.is_explicit("port")
                listener = inherited or listen(settings.host, settings.port, asked_for=asked_for)
                stack.callback(listener.close)
                bus = EventBus()
                database = await stack.enter_async_context(Database.opened(settings.db_path, clock, bus.publish))
            except (AlreadyRunning, UnusableStore) as error:
                raise StartError(str(error)) from error
            except OSError as error:
                raise StartError(
                    f"cannot use {settings.pid_path.parent}: {error.strerror}; name another folder with --home"
                ) from error
            backend = cls(settings, holding, database, bus, clock, listener, loaded)
            if few_files:
                backend.notices.warn("open files", few_files)
            stack.push_async_callback(backend._past.close)
            await backend._recover()
            yield backend

    @asynccontextmanager
    async def serving(self, terminal: str | None = None, *, read_only: bool = False) -> AsyncIterator[None]:
        """Do the coordinator's work and serve connections for the life of the block; the pid file says where.

        Args:
            terminal: terminal of a dashboard in the same process, for the pid file; None without a dashboard.
            read_only: refuse operator commands that change anything.
        """
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(tmux_commands.prepare)
            await stack.enter_async_context(self._at_work())
            opened, hook_key = await asyncio.to_thread(_opener_of_doors), secrets.token_urlsafe(HOOK_KEY_BYTES)
            door = opened(
                self.listener, self._services, self.operator, self.settings, hook_key=hook_key, read_only=read_only
            )
            await stack.enter_async_context(door)
            record = PidRecord(
                pid=os.getpid(),
                port=self.port,
                host=self.settings.host,
                started_at=to_wire(self.started_at),
                version=__version__,
                screen=terminal is not None,
                terminal=terminal or "",
                hook_key=hook_key,
            )
            self._holding.write(record)
            logger.info("listening on %s:%s", self.settings.host, self.port)
            try:
                yield
            finally:
                # another program may have the port before the pid file is gone: no hook may turn to it
                with suppress(OSError):
                    if self._holding.is_in_place:
                        self._holding.write(replace(record, hook_key=""))

    async def _recover(self) -> None:
        """Read what an earlier coordinator left behind."""
        for path in (self.settings.operator_token_path, self.settings.proof_key_path):
            operator_token.ensure(path)
        await asyncio.to_thread(self._manifests.read)
        await self._known_agents.watch()
        await self._departures.remember()
        await self._pane_ages.hand_back()
        await self._typing.recall()
        await self._receipts.recover()
        self.panes.track(await self.registry.bound_panes(), await self.registry.bound_processes())

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        """Run the background tasks for the life of the block."""
        async with AsyncExitStack() as stack:
            await self._watch(stack)
            for name, run in self._tasks():
                await stack.enter_async_context(kept_running(name, run))
            yield

    def _tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        return (
            ("panes", self.panes.run),
            ("claude sessions", self.claude_sessions.run),
            ("tracking", self._track),
            ("waker", self.waker.run),
            ("receipts", self._receipts.run),
            ("lost answers", self._receipts.bring_back),
            ("receipts of inboxes", self._message_receipts.run),
            ("channels", self.channels.run),
            ("codex threads", self._codex_watcher.run),
            ("departures", self._departures.run),
            ("pane ages", self._pane_ages.run),
            ("state log", self._state_log.run),
            ("looks", self._looks.run),
            ("opencode sessions", self._opencode.run),
            ("extensions", self._extensions.run),
            ("heartbeat", self._beat),
            ("pulse", self.pulse.run),
            ("database files", self._watch_files),
            ("outages", self._outages.run),
            ("retention", self.retention.run),
            ("search index", self._search_index.run),
            ("memory", partial(release_regularly, self._database)),
            ("sessions alive", self.kept_sessions.run),
        )

    async def _watch(self, stack: AsyncExitStack) -> None:
        """Watch the clients' manifests, the contract folder and the config file."""
        await stack.enter_async_context(kept_running("client manifests", self._manifests.run))
        if self._contract_folder and (folder := self.settings.contracts):
            take = self._contract_folder.take
            watching = partial(follow, folder, f"*{SUFFIX}", self.clock, take)
            await stack.enter_async_context(kept_running("contract folder", watching))
        if self._loaded:
            live = LiveSettings(self._loaded, self.notices, self._apply)
            watching = partial(follow, self.settings.config_path, CONFIG_NAME, self.clock, live.take)
            await stack.enter_async_context(kept_running("config file", watching))

    def _apply(self, settings: Settings) -> None:
        """Apply the settings that can change without a restart."""
        self.settings = replace(self.settings, **{name: getattr(settings, name) for name in SAFE})
        self._typing.tune(timedelta(milliseconds=settings.quiet_ms))
        self.tokens.allowed = settings.tokens
        self.waker.tune(lifetime=timedelta(milliseconds=settings.wake_ttl_ms), hint_budget=settings.hint_budget)
        self.retention.tune(
            keep=timedelta(days=settings.retention_days), pause=timedelta(milliseconds=settings.cleanup_ms)
        )
        self._looks.tune(settings.looks)
        set_level(settings.log_level)

    def _hear(self, event: Event) -> None:
        if isinstance(event, PaneBound):
            self._panes_changed.set()

    async def _track(self) -> None:
        """Update the monitor's panes whenever a binding changes."""
        while True:
            await self._panes_changed.wait()
            self._panes_changed.clear()
            self.panes.track(await self.registry.bound_panes(), await self.registry.bound_processes())

    async def _watch_files(self) -> None:
        """Check regularly that the database files still exist, even while nothing is written."""
        while True:
            await self._database.look()
            await self.clock.sleep(FILES_DELAY_S)

    async def _beat(self) -> None:
        """Send heartbeats to the sessions that speak for an agent."""
        while True:
            await self.clock.sleep(self.settings.heartbeat_ms / 1000)
            await asyncio.gather(
                *(session.notify("notifications/heartbeat", {}) for session in self.sessions.speaking())
            )


def _opener_of_doors() -> Callable[..., AbstractAsyncContextManager[None]]:
    # Imported late: it takes a second, which neither a dashboard's first screen nor a failing start should wait for.
    from xats_tui.backend.api.assemble import opened

    return opened
