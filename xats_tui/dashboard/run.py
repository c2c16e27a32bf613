"""The life of a dashboard: the coordinator beside it, the screen as often as it fails, and what comes after it.

The coordinator serves all the while.  What the screen shows is not known here, nor how a coordinator works.
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
from importlib import import_module
from io import TextIOWrapper
from types import FrameType

from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import StartError
from xats_tui.core.model.panes import PaneRef
from xats_tui.dashboard.shutdown import Shutdown
from xats_tui.dashboard.takeover import taken
from xats_tui.dashboard.terminal import DashboardTerminal
from xats_tui.runtime import pid_file
from xats_tui.runtime.gc_tuning import settle
from xats_tui.runtime.handover import NoSuccessor
from xats_tui.runtime.settings import Loaded
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.dialogs.leaving import Next
from xats_tui.screens.widgets.format import one_line

logger = logging.getLogger(__name__)

SCREEN_TIMEOUT_S = 2.0
"""Seconds for the screen to end when a signal says so; then the program goes on without it."""
TERMINAL_POLL_INTERVAL_S = 1.0
"""Seconds of one look whether the terminal is gone; that it is, is told at once."""

STARTED_AFTER_S = 3.0
"""Seconds after which what belongs to the start has been made."""

OFTEN, SOON = 3, 60.0
"""So many failures of the screen within so many seconds: it will fail again, and enter alone does not reopen it."""

ANSWERS: Mapping[str, Next] = {"": Next.SCREEN, "r": Next.SCREEN, "g": Next.HEADLESS, "s": Next.NOTHING}


def run(loaded: Loaded, *, takeover: bool, read_only: bool = False) -> int:
    """Run the dashboard with the coordinator inside; returns the exit code.

    Raises:
        StartError: there is no terminal, the place is taken, or the coordinator cannot start.
    """
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        raise StartError("the dashboard draws on stderr, which is not a terminal here: do not redirect it")
    if isinstance(sys.__stderr__, TextIOWrapper):  # in a locale without letters Python would write \u2500 for a line
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
    for name in ("COLUMNS", "LINES"):  # an exported size would count for more than the terminal's own, for ever
        os.environ.pop(name, None)
    terminal = DashboardTerminal(sys.__stderr__.fileno())
    if pid_file.running(loaded.settings.pid_path):  # those who call the one that makes room shall not wait for this
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
    settling = threading.Timer(STARTED_AFTER_S, settle)
    settling.daemon = True
    settling.start()
    try:
        _Life(place.loaded, coordinator, terminal, place.note, read_only=read_only).live()
    finally:
        coordinator.stop()
    return 0


class _ToldToLeave(BaseException):
    """A signal came while a question waited for its answer."""


class _Life:
    """From the first screen to what comes after the last."""

    def __init__(
        self, loaded: Loaded, coordinator: CoordinatorThread, terminal: DashboardTerminal, note: str, *, read_only: bool
    ) -> None:
        self._loaded = loaded
        self._coordinator = coordinator
        self._ending = Shutdown(loaded, coordinator)
        self._terminal = terminal
        self._note = note
        self._read_only = read_only
        self._screen: tuple[asyncio.AbstractEventLoop, XatsApp] | None = None
        self._screen_left = threading.Event()
        self._failed_at: list[float] = []
        self._asking = False
        self._signal: signal.Signals | None = None
        self._taker: int | None = None
        """Who is to go on in this one's place, if that is why it was told to leave."""
        self._last_act = threading.Lock()
        """Whoever has it ends the coordinator: the main thread, unless the terminal holds it up."""

    def live(self) -> None:
        """Show the screen until something else is to come, and do that."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)  # not the loop's: a screen that waits for its terminal runs no loop
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
        desk = ModeContext(
            source=CoordinatorSource(self._coordinator),
            verbs=CoordinatorVerbs(self._coordinator, seat=PaneRef.own(os.environ), read_only=self._read_only),
            clock=SystemClock(),
            tmux_missing=shutil.which("tmux") is None,
            alert=self._loaded.settings.alert,
        )
        app = XatsApp(desk, note=self._note, when_seen=self._coordinator.serve)
        self._note = ""
        try:
            asyncio.run(self._run(app))
        except Exception as error:
            logger.exception("the screen failed")
            app.failure = error
            self._terminal.give_back()
        self._screen = None
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)  # textual leaves its own behind, which need a running screen
        if self._signal:
            return self._wanted_by_signal()
        if app.failure is None:
            return app.return_value or Next.NOTHING
        self._failed_at.append(time.monotonic())
        summary = f"{type(app.failure).__name__}: {app.failure}".splitlines()[0]
        return self._ask(f"the screen failed: {one_line(summary)}\nThe report is in {self._loaded.settings.log_path}")

    async def _run(self, app: XatsApp) -> None:
        self._screen = asyncio.get_running_loop(), app
        if not self._signal:
            await app.run_async()

    def _end(self, choice: Next) -> Next | None:
        """Do what comes after the screen; or what the operator wants instead, if that is not possible."""
        if choice is Next.HEADLESS:
            try:
                self._terminal.say(f"xats-tui: {self._ending.hand_over()}")
            except NoSuccessor as error:
                if not self._signal:
                    return self._ask(f"no coordinator can be left behind: {error}")
                logger.warning("no coordinator was left behind: %s", error)
        self._ending.stop()
        if self._taker:
            self._terminal.say(f"xats-tui: another xats-tui (pid {self._taker}) has taken over; this one has ended")
        elif self._signal in (signal.SIGTERM, signal.SIGINT):
            self._terminal.say(f"xats-tui: ended by {self._signal.name}; the coordinator has stopped")
        return None

    def _ask(self, trouble: str) -> Next:
        """What the operator wants now; the coordinator serves meanwhile."""
        again = self._fails_often()
        self._terminal.forget_typed()
        self._terminal.say(
            f"xats-tui: {trouble}\n"
            f"The coordinator still serves (agents connected: {self._ending.agents_connected()}).\n"
            f"  {'r      ' if again else 'Enter  '}open the screen again{' (it failed 3 times in a minute)' * again}\n"
            "  g      go on without a screen\n"
            "  s      stop all"
        )
        self._asking = True
        try:
            while (answer := self._terminal.ask("> ")) not in ANSWERS or (again and not answer):
                pass
        except EOFError:  # nobody is there any more
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
        if self._signal and number is not signal.SIGHUP:  # asked twice: at once
            self._terminal.give_back()
            os._exit(128 + number)
        if self._signal:
            return
        self._signal = number
        self._taker = pid_file.starter(self._loaded.settings.pid_path)
        logger.info("told to stop by %s%s", number.name, f": pid {self._taker} takes over" if self._taker else "")
        if screen := self._screen:
            with suppress(RuntimeError):  # it has just ended
                screen[0].call_soon_threadsafe(screen[1].exit)
        threading.Thread(target=self._leave_without_screen, args=(number,), daemon=True).start()

    def _leave_without_screen(self, number: signal.Signals) -> None:
        if self._screen_left.wait(SCREEN_TIMEOUT_S):
            return
        logger.warning("the screen does not end: its terminal takes nothing any more")
        with self._last_act:
            self._end(self._wanted_by_signal())
            os._exit(128 + number)

    def _wanted_by_signal(self) -> Next:
        """Whoever closes the window of the dashboard does not mean to cut the team off."""
        if self._signal is signal.SIGHUP and self._ending.agents_connected():
            return Next.HEADLESS
        return Next.NOTHING
