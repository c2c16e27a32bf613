"""The Backend: the one place where the coordinator's parts are put together, started in order and stopped in time."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

import uvloop

from xats_tui import __version__, pid_file
from xats_tui.backend.clock import Clock, SystemClock, to_wire
from xats_tui.backend.errors import StartError, UnusableStore
from xats_tui.backend.events import Event, EventBus, PaneBound
from xats_tui.backend.http import HttpDoor, listen
from xats_tui.backend.model import Health, PaneState
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.processes import Processes
from xats_tui.backend.reports import Reports
from xats_tui.backend.services.agents import Registry
from xats_tui.backend.services.contracts import ContractBook
from xats_tui.backend.services.hooks import HostHooks
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator import Operator
from xats_tui.backend.services.runtime_identity import RuntimeIdentity
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.wakes import Waker
from xats_tui.backend.sessions import Sessions
from xats_tui.backend.store.database import Database
from xats_tui.backend.tmux import Tmux
from xats_tui.backend.tools import TOOLS
from xats_tui.backend.tools.kit import Services, Toolbox
from xats_tui.backend.transports.codex_appserver import CodexAppServer
from xats_tui.backend.transports.opencode_server import OpencodeServer
from xats_tui.backend.transports.tmux_pane import TmuxPane
from xats_tui.pid_file import AlreadyRunning, PidRecord
from xats_tui.settings import Settings

logger = logging.getLogger(__name__)

RESTART_PAUSE = 1.0
"""Seconds before a part that failed unexpectedly is started again."""


class Backend:
    """The running coordinator; lives on its own event loop."""

    def __init__(self, settings: Settings, database: Database, bus: EventBus, clock: Clock, port: int) -> None:
        quiet = timedelta(milliseconds=settings.quiet_ms)
        self.settings = settings
        self.clock = clock
        self.bus = bus
        self.port = port
        self.started_at = clock.now()
        self.sessions = Sessions(clock, bus.publish)
        self.reports = Reports()
        tmux, processes = Tmux(clock), Processes()
        self.panes = PaneMonitor(tmux, clock, bus.publish)
        self.waker = Waker(
            database,
            (
                CodexAppServer(processes),
                OpencodeServer(),
                TmuxPane(tmux, processes, self.panes, clock, quiet, self.reports),
            ),
            self.panes,
            clock,
            lifetime=timedelta(milliseconds=settings.wake_ttl_ms),
            quiet=quiet,
            hint_budget=settings.hint_budget,
        )
        self.registry = Registry(database, self.sessions, self.waker, self.panes, clock)
        self.mailbox = Mailbox(database, self.waker, body_limit=settings.body_limit)
        self.operator = Operator(database, self.waker)
        self.board = TaskBoard(database, clock)
        self.contracts = ContractBook(database, self.sessions)
        services = Services(
            database=database,
            sessions=self.sessions,
            registry=self.registry,
            mailbox=self.mailbox,
            waker=self.waker,
            board=self.board,
            contracts=self.contracts,
            identity=RuntimeIdentity(tmux, processes, clock),
            clock=clock,
        )
        hooks = HostHooks(database, self.waker, self.reports, clock)
        self._door = HttpDoor(Toolbox(TOOLS, services), hooks, self.sessions, settings, clock)
        self._panes_changed = asyncio.Event()
        bus.listen(self.waker.hear)
        bus.listen(self._hear)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, settings: Settings, clock: Clock | None = None, *, screen: bool = False
    ) -> "AsyncIterator[Backend]":
        """A coordinator that listens, for the life of the block; the pid file says where.

        Args:
            settings: the effective settings.
            clock: the machine's own unless a test hands in another.
            screen: whether a dashboard runs in the same process; for the pid file.

        Raises:
            StartError: it cannot start; one sentence says why and what to do.
        """
        clock = clock or SystemClock()
        async with AsyncExitStack() as stack:
            try:
                stack.enter_context(pid_file.held(settings.pid_path))
                listener = listen(settings.host, settings.port)
                stack.callback(listener.close)
                bus = EventBus()
                database = await stack.enter_async_context(Database.opened(settings.db_path, clock, bus.publish))
            except (AlreadyRunning, UnusableStore) as error:
                raise StartError(str(error)) from error
            except OSError as error:
                raise StartError(f"cannot use {settings.pid_path.parent}: {error.strerror}") from error
            backend = cls(settings, database, bus, clock, listener.getsockname()[1])
            await backend._start(stack, listener, screen=screen)
            yield backend

    async def health(self) -> Health:
        """How the coordinator is doing."""
        roster = await self.registry.roster()
        return Health(
            version=__version__,
            host=self.settings.host,
            port=self.port,
            started_at=self.started_at,
            now=self.clock.now(),
            sessions=len(self.sessions),
            agents_connected=sum(entry.connected for entry in roster),
            wakes_waiting=sum(entry.wakes_waiting for entry in roster),
            wakes_failed=await self.waker.failed_count(),
            dialogs_open=sum(
                entry.pane is not None and entry.pane.reading.state is PaneState.DIALOG for entry in roster
            ),
        )

    async def _start(self, stack: AsyncExitStack, listener: socket.socket, *, screen: bool) -> None:
        self.panes.track(await self.registry.bound_panes())
        for name, run in (
            ("panes", self.panes.run),
            ("tracking", self._track),
            ("waker", self.waker.run),
            ("heartbeat", self._beat),
        ):
            await stack.enter_async_context(_kept_running(name, run))
        keep_alive = self.settings.keep_alive_ms / 1000
        await stack.enter_async_context(self._door.open(listener, keep_alive))
        record = PidRecord(
            pid=os.getpid(),
            port=self.port,
            host=self.settings.host,
            started_at=to_wire(self.started_at),
            version=__version__,
            screen=screen,
        )
        pid_file.write(self.settings.pid_path, record)
        logger.info("listening on %s:%s", self.settings.host, self.port)

    def _hear(self, event: Event) -> None:
        if isinstance(event, PaneBound):
            self._panes_changed.set()

    async def _track(self) -> None:
        """Have the monitor look at the panes that are bound now."""
        while True:
            await self._panes_changed.wait()
            self._panes_changed.clear()
            self.panes.track(await self.registry.bound_panes())

    async def _beat(self) -> None:
        """Send heartbeats to the sessions that speak for an agent."""
        while True:
            await self.clock.sleep(self.settings.heartbeat_ms / 1000)
            await asyncio.gather(
                *(session.notify("notifications/heartbeat", {}) for session in self.sessions.speaking())
            )


def serve(settings: Settings) -> int:
    """Run a coordinator without a screen until SIGTERM or SIGINT; the exit code.

    Raises:
        StartError: it cannot start.
    """
    return uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():  # asked twice: at once
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    async with Backend.running(settings) as backend:
        sys.stdout.write(f"listening on {settings.host}:{backend.port}\n")
        sys.stdout.flush()
        await stop.wait()
    return 0


@asynccontextmanager
async def _kept_running(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a part of the coordinator beside the block; one that fails is logged and started again."""

    async def keep() -> None:
        while True:
            try:
                await run()
            except Exception:
                logger.exception("%s failed and is started again", name)
                await asyncio.sleep(RESTART_PAUSE)

    task = asyncio.create_task(keep(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
