"""Life of a dashboard process: the coordinator, the dashboard (again after a failure), and the shutdown.

The coordinator keeps serving all the time.  This module knows neither what the dashboard shows nor how a coordinator
works.
"""

import asyncio
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from io import TextIOWrapper
from types import FrameType

from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import StartError
from xats_tui.core.model.panes import PaneRef
from xats_tui.dashboard.keys import change_keys
from xats_tui.dashboard.shutdown import Shutdown
from xats_tui.dashboard.takeover import taken
from xats_tui.dashboard.terminal import DashboardTerminal
from xats_tui.runtime import memory_tuning, pid_file
from xats_tui.runtime.handover import NoSuccessor
from xats_tui.runtime.settings import Loaded
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.remembered import FILE_NAME, Memory
from xats_tui.screens.dialogs.leaving import Next
from xats_tui.screens.past.source import TravellingSource
from xats_tui.screens.past.travel import Travel
from xats_tui.screens.query.absence import Absence
from xats_tui.screens.widgets.format import one_line

logger = logging.getLogger(__name__)

SCREEN_TIMEOUT_S = 2.0
"""Seconds for the dashboard to close on a signal; after that the process continues without it."""
TERMINAL_POLL_INTERVAL_S = 1.0
"""Seconds of a single wait for the terminal to close; a close is noticed at once."""

STARTED_AFTER_S = 3.0
"""Seconds after which objects from the start are settled."""

OFTEN, SOON = 3, 60.0
"""Failures within this many seconds after which enter alone no longer reopens the dashboard."""

ANSWERS: Mapping[str, Next] = {"": Next.SCREEN, "r": Next.SCREEN, "g": Next.HEADLESS, "s": Next.NOTHING}


def run(loaded: Loaded, *, takeover: bool, read_only: bool = False) -> int:
    """Run the dashboard with the coordinator inside; return the exit code.

    Raises:
        StartError: there is no terminal, another coordinator keeps running, or the coordinator cannot start.
    """
    change_keys(loaded)
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        raise StartError("the dashboard draws on stderr, which is not a terminal here: do not redirect it")
    if isinstance(sys.__stderr__, TextIOWrapper):  # under an ASCII locale Python would write \u2500 for a line
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
    for name in ("COLUMNS", "LINES"):  # exported sizes would override the terminal's own size for ever
        os.environ.pop(name, None)
    terminal = DashboardTerminal(sys.__stderr__.fileno())
    if pid_file.running(loaded.settings.pid_path):  # import now: agents of the old coordinator must not wait for it
        import_module("xats_tui.backend.api.assemble")
    with taken(loaded, also_a_dashboard=takeover) as place:
        coordinator = CoordinatorThread(
            place.loaded.settings,
            terminal.whereabouts(),
            place.loaded,
            read_only=read_only,
            serves_later=not place.note,
        )
        coordinator.start()
    settling = threading.Timer(STARTED_AFTER_S, memory_tuning.settle)
    settling.daemon = True
    settling.start()
    try:
        _Life(place.loaded, coordinator, terminal, place.note, read_only=read_only).live()
    finally:
        coordinator.stop()
    return 0


class _ToldToLeave(BaseException):
    """Raised by a signal that arrives while a question waits for its answer."""


class _Life:
    """Runs the dashboard until nothing is left to do."""

    def __init__(
        self, loaded: Loaded, coordinator: CoordinatorThread, terminal: DashboardTerminal, note: str, *, read_only: bool
    ) -> None:
        self._loaded = loaded
        self._coordinator = coordinator
        self._ending = Shutdown(loaded, coordinator)
        self._terminal = terminal
        self._memory = Memory(loaded.settings.home / FILE_NAME)
        self._note = "\n".join(filter(None, (note, self._memory.trouble)))
        self._read_only = read_only
        self._screen: tuple[asyncio.AbstractEventLoop, XatsApp] | None = None
        self._screen_left = threading.Event()
        self._failed_at: list[float] = []
        self._asking = False
        self._signal: signal.Signals | None = None
        self._taker: int | None = None
        """Process id of the successor, if this process was told to make room."""
        self._last_act = threading.Lock()
        """Lock for the last step: the main thread takes it, unless the terminal blocks that thread."""

    def live(self) -> None:
        """Show the dashboard until another step is chosen, and take that step."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)  # not the loop's: an app that waits for its terminal runs no loop
        threading.Thread(target=self._watch_terminal, daemon=True).start()
        following: Next | None = Next.SCREEN
        while following:
            try:
                following = self._do(following)
            except _ToldToLeave:
                following = self._wanted_by_signal()

    def _do(self, choice: Next) -> Next | None:
        if choice is Next.SCREEN:
            self._screen_left.clear()
            return self._show_screen()
        self._screen_left.set()
        with self._last_act:
            return self._end(choice)

    def _show_screen(self) -> Next:
        travel = Travel()
        desk = ModeContext(
            source=TravellingSource(CoordinatorSource(self._coordinator), self._coordinator, travel),
            verbs=CoordinatorVerbs(
                self._coordinator, seat=PaneRef.own(os.environ), read_only=self._read_only, travel=travel
            ),
            travel=travel,
            clock=SystemClock(),
            tmux_missing=shutil.which("tmux") is None,
            alert=self._loaded.settings.alert,
            memory=self._memory,
            absence=Absence(timedelta(minutes=self._loaded.settings.away_minutes), self._memory.state.pressed_at),
        )
        app = XatsApp(
            desk, note=self._note, when_seen=self._coordinator.serve, when_prepared=memory_tuning.exclude_prepared
        )
        self._note = ""
        try:
            asyncio.run(self._run(app))
        except Exception as error:
            logger.exception("the dashboard failed")
            app.failure = error
            self._terminal.give_back()
        self._screen = None
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)  # Textual leaves its own handlers behind, which need a running app
        if self._signal:
            return self._wanted_by_signal()
        if app.failure is None:
            return app.return_value or Next.NOTHING
        self._failed_at.append(time.monotonic())
        self._memory.change(mode=None)  # the mode may be what failed
        summary = f"{type(app.failure).__name__}: {app.failure}".splitlines()[0]
        return self._ask(f"the dashboard failed: {one_line(summary)}\nSee the log: {self._loaded.settings.log_path}")

    async def _run(self, app: XatsApp) -> None:
        self._screen = asyncio.get_running_loop(), app
        if not self._signal:
            await app.run_async()

    def _end(self, choice: Next) -> Next | None:
        """Take the last step; return the operator's next choice if it was not possible."""
        if choice is Next.HEADLESS:
            try:
                self._terminal.say(f"xats-tui: {self._ending.hand_over()}")
            except NoSuccessor as error:
                if not self._signal:
                    return self._ask(f"the coordinator cannot be left running: {error}")
                logger.warning("no coordinator was left running: %s", error)
        self._ending.stop()
        if self._taker:
            self._terminal.say(f"xats-tui: another xats-tui (pid {self._taker}) has taken over; this one has ended")
        elif self._signal in (signal.SIGTERM, signal.SIGINT):
            self._terminal.say(f"xats-tui: ended by {self._signal.name}; the coordinator has stopped")
        return None

    def _ask(self, trouble: str) -> Next:
        """Ask the operator for the next step; the coordinator keeps serving meanwhile."""
        again = self._fails_often()
        self._terminal.forget_typed()
        self._terminal.say(
            f"xats-tui: {trouble}\n"
            f"The coordinator is still running (agents connected: {self._ending.agents_connected()}).\n"
            f"  {'r      ' if again else 'Enter  '}reopen the dashboard{' (it failed 3 times in a minute)' * again}\n"
            "  g      keep the coordinator running without a dashboard\n"
            "  s      stop all"
        )
        self._asking = True
        try:
            while (answer := self._terminal.ask("> ")) not in ANSWERS or (again and not answer):
                pass
        except EOFError:  # the terminal has no reader any more
            self._signal = self._signal or signal.SIGHUP
            return self._wanted_by_signal()
        finally:
            self._asking = False
        return ANSWERS[answer]

    def _fails_often(self) -> bool:
        return sum(failed_at > time.monotonic() - SOON for failed_at in self._failed_at) >= OFTEN

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._tell_to_leave(signal.Signals(number))
        if self._asking:
            raise _ToldToLeave

    def _watch_terminal(self) -> None:
        while not self._terminal.is_gone(within=TERMINAL_POLL_INTERVAL_S):
            pass
        self._tell_to_leave(signal.SIGHUP)

    def _tell_to_leave(self, number: signal.Signals) -> None:
        if self._signal and number is not signal.SIGHUP:  # the second signal ends the process at once
            self._terminal.give_back()
            os._exit(128 + number)
        if self._signal:
            return
        self._signal = number
        self._taker = pid_file.starter(self._loaded.settings.pid_path)
        logger.info("stopping on %s%s", number.name, f": pid {self._taker} takes over" if self._taker else "")
        if screen := self._screen:
            with suppress(RuntimeError):  # the loop has just ended
                screen[0].call_soon_threadsafe(screen[1].exit)
        threading.Thread(target=self._leave_without_screen, args=(number,), daemon=True).start()

    def _leave_without_screen(self, number: signal.Signals) -> None:
        if self._screen_left.wait(SCREEN_TIMEOUT_S):
            return
        logger.warning("the dashboard does not close: its terminal accepts no output")
        with self._last_act:
            self._end(self._wanted_by_signal())
            os._exit(128 + number)

    def _wanted_by_signal(self) -> Next:
        """Return the step that follows a signal."""
        # Closing the dashboard's window is not meant to cut off the team.
        if self._signal is signal.SIGHUP and self._ending.agents_connected():
            return Next.HEADLESS
        return Next.NOTHING
