"""The dashboard in a terminal that records output times: how soon a key or another change is painted."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar

from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.worker import WorkerCancelled

from xats_tui import app
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.typeahead import is_still

PATIENCE = 20.0
"""Seconds to wait for any output."""

DETAILS = ("looks", "receipts", "schemas")
"""Workers that load the details of a row."""

CALM = 3
"""Number of consecutive checks in which all queues are empty and nothing is left to paint."""


class WatchedDriver(HeadlessDriver):
    """A terminal that shows nothing and reports when it is written to."""

    @property
    def is_headless(self) -> bool:
        """False: the program must not skip drawing."""
        return False

    def write(self, data: str) -> None:
        """Report the output to the program."""
        assert isinstance(self._app, WatchedApp)
        self._app.note_paint()


class HeldSource(CoordinatorSource):
    """Data source that can hold back details, so that the display of a key does not depend on them."""

    def __init__(self, coordinator: CoordinatorThread) -> None:
        super().__init__(coordinator)
        self.may_load = asyncio.Event()
        self.may_load.set()

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of a wake, when allowed."""
        await self.may_load.wait()
        return await super().attempts(message_id, agent_id)

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Return the gates of a pane, when allowed."""
        await self.may_load.wait()
        return await super().why_not(message_id, agent_id)

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Return the change between two versions, when allowed."""
        await self.may_load.wait()
        return await super().contract_change(team, name, old, new)

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message, when allowed."""
        await self.may_load.wait()
        return await super().receipts(message_id)


@dataclass(frozen=True, slots=True)
class Pressed:
    """Response times of a key in seconds."""

    painted: float
    """Time until everything already known was painted."""
    loaded: float
    """Time until loaded details were painted, too."""


class WatchedApp(XatsApp):
    """The dashboard in such a terminal; times are those of `time.perf_counter`."""

    # Textual takes relative paths from the file of the class.
    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(app.__file__).parent / path for path in XatsApp.CSS_PATH]

    def __init__(self, coordinator: CoordinatorThread) -> None:
        self._source = HeldSource(coordinator)
        super().__init__(ModeContext(source=self._source, verbs=CoordinatorVerbs(coordinator), clock=SystemClock()))
        self.driver_class = WatchedDriver
        self._painted_at = 0.0
        self._on_paint: Callable[[], None] = lambda: None

    def note_paint(self) -> None:
        """Record the time of the output."""
        self._painted_at = time.perf_counter()
        self._on_paint()

    async def press(self, key: str) -> Pressed:
        """Press a key, and wait until all of its effects are painted."""
        character = key if len(key) == 1 else None
        self._source.may_load.clear()
        began = time.perf_counter()
        self.post_message(events.Key(key, character))
        await self.calm()
        painted = self._painted_at - began
        self._source.may_load.set()
        for worker in [worker for worker in self.workers if worker.group in DETAILS]:
            with suppress(WorkerCancelled):
                await worker.wait()
        await self.calm()
        return Pressed(painted, self._painted_at - began)

    async def open(self, mode: Mode) -> Pressed:
        """Open a mode by its digit."""
        pressed = await self.press(mode.digit)
        assert isinstance(self.screen, ModeScreen) and self.screen.mode is mode
        return pressed

    async def painted(self, claim: Callable[[], bool]) -> float:
        """Return the time of the output that makes `claim` true."""
        at: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def look() -> None:
            if not at.done() and claim():
                at.set_result(time.perf_counter())

        self._on_paint = look
        try:
            async with asyncio.timeout(PATIENCE):
                return await at
        finally:
            self._on_paint = lambda: None

    async def calm(self) -> None:
        """Wait until every widget is idle and nothing is left to paint."""
        calm = 0
        async with asyncio.timeout(PATIENCE):
            while calm < CALM:
                calm = 0 if self._is_due else calm + 1
                await asyncio.sleep(0.001)

    @property
    def _is_due(self) -> bool:
        """True if anything is left to do; that is only looked at, because asking the widgets would keep them busy."""
        screen = self.screen
        to_paint = screen._dirty_widgets or screen._layout_required or screen._callbacks
        return bool(to_paint) or self._typeahead._is_releasing or not is_still(self, screen)
