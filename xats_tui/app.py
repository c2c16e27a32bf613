"""The dashboard: modes, themes, the way from stale scopes to a new picture, and an orderly end.

The coordinator runs beside it on a thread of its own; `run` joins the two.  What a mode shows is the mode's business.
"""

import asyncio
import logging
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import ClassVar

from textual import on, work
from textual.app import App
from textual.binding import BindingType
from textual.command import Provider
from textual.message import Message

from xats_tui.backend.clock import Clock, SystemClock
from xats_tui.backend.crossing import Coordinator
from xats_tui.backend.errors import StartError
from xats_tui.screens.actions import ACTION
from xats_tui.screens.coordinator_source import CoordinatorSource
from xats_tui.screens.dialogs import Question
from xats_tui.screens.format import count, one_line
from xats_tui.screens.live import Live
from xats_tui.screens.mode_screen import ModeScreen
from xats_tui.screens.palette import ActionCommands
from xats_tui.screens.reloads import Reloads
from xats_tui.screens.source import Picture, Source
from xats_tui.screens.theme import DARK, LIGHT
from xats_tui.settings import Settings

logger = logging.getLogger(__name__)

WIDTHS = [(0, "-cramped"), (80, "-narrow"), (120, "-normal"), (160, "-wide")]
HEIGHTS = [(0, "-flat"), (24, "-short"), (32, "-tall")]
"""Cells from which a screen has each class; the stylesheets know what it means."""

SCREEN_PATIENCE = 2.0
"""Seconds for the screen to end when a signal says so; then the program ends without it."""

TERMINAL_GLANCE = 1000
"""Milliseconds between two looks whether the screen was left; that the terminal is gone is told at once."""

NAMED_AGENTS = 6
"""Agents that the quit question names; more would not be read."""


class XatsApp(App[None]):
    """The screen of a coordinator."""

    TITLE = "xats-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["screens/frame.tcss", "screens/dialogs.tcss", "screens/live.tcss"]
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionCommands}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(ACTION["quit"].binding, action="quit", priority=True),
        replace(ACTION["palette"].binding, action="command_palette", priority=True),
    ]

    @dataclass
    class Pictured(Message):
        """There is a new picture."""

        picture: Picture

    def __init__(self, source: Source, clock: Clock, *, tmux_missing: bool = False) -> None:
        super().__init__()
        self.picture = Picture()
        self._source = source
        self._clock = clock
        self._tmux_missing = tmux_missing
        self._reloads = Reloads(source, clock, lambda picture: self.post_message(self.Pictured(picture)))
        self._unlisten: Callable[[], None] | None = None

    def on_mount(self) -> None:
        """Open the first mode and begin to load."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.push_screen(Live(self._source, self._clock, tmux_missing=self._tmux_missing))
        self._unlisten = self._source.listen(self._reloads.mark)
        self.reload()

    def on_unmount(self) -> None:
        """Hear no more."""
        if self._unlisten:
            self._unlisten()

    @work(exclusive=True, group="reloads")
    async def reload(self) -> None:
        """Keep the picture in step, for as long as the program runs."""
        await self._reloads.run()

    @on(Pictured)
    def _show(self, event: Pictured) -> None:
        self.picture = event.picture
        for screen in self.screen_stack:
            if isinstance(screen, ModeScreen):
                screen.show(event.picture)

    async def action_quit(self) -> None:
        """Leave, after a question if agents are connected: they would be cut off."""
        connected = [one_line(entry.agent.address) for entry in self.picture.roster if entry.connected]
        if not connected:
            self.exit()
        elif not isinstance(self.screen, Question):
            self.push_screen(Question("Quit?", _consequence(connected), "Quit"), self._answered)

    def _answered(self, leave: bool | None) -> None:
        if leave:
            self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """The traceback belongs to the log: textual would print it, with local variables, over the shell."""
        logger.error("the screen failed", exc_info=error)
        super()._handle_exception(error)
        self._exit_renderables.clear()


def run(settings: Settings) -> int:
    """Run the dashboard with the coordinator inside; returns the exit code.

    Raises:
        StartError: there is no terminal, or the coordinator cannot start; the screen has not been opened.
    """
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        raise StartError("the dashboard draws on stderr, which is not a terminal here: do not redirect it")
    for name in ("COLUMNS", "LINES"):  # an exported size would count for more than the terminal's own, for ever
        os.environ.pop(name, None)
    coordinator = Coordinator(settings)
    coordinator.start()
    try:
        app = XatsApp(CoordinatorSource(coordinator), SystemClock(), tmux_missing=shutil.which("tmux") is None)
        asyncio.run(_until_told_to_stop(app, coordinator))
    finally:
        coordinator.stop()
    if app.return_code:
        sys.stderr.write(f"xats-tui: the screen failed; what happened is in {settings.log_path}\n")
    return app.return_code or 0


async def _until_told_to_stop(app: XatsApp, coordinator: Coordinator) -> None:
    """Run the screen until it is left, or until a signal ends it; with its terminal gone or blocked, without it."""
    loop, left = asyncio.get_running_loop(), threading.Event()

    def end(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(app.exit)
        threading.Thread(target=_end_without_screen, args=(number, left, coordinator), daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)  # not the loop's: a screen that waits for its terminal runs no loop
    threading.Thread(target=_end_with_terminal, args=(left, coordinator), daemon=True).start()
    try:
        await app.run_async()
    finally:
        left.set()


def _end_with_terminal(left: threading.Event, coordinator: Coordinator) -> None:
    """A terminal that goes away may tell nobody: whoever started this program, make for one, keeps SIGHUP to itself."""
    terminal = select.poll()
    terminal.register(sys.__stderr__ or 2, 0)
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    while not left.is_set():
        if any(event & gone for _, event in terminal.poll(TERMINAL_GLANCE)):
            _end_without_screen(signal.SIGHUP, left, coordinator)
            return


def _end_without_screen(number: int, left: threading.Event, coordinator: Coordinator) -> None:
    if not left.wait(SCREEN_PATIENCE):
        logger.warning("the screen does not end: its terminal takes nothing any more")
        coordinator.stop()
        os._exit(128 + number)


def _consequence(connected: list[str]) -> str:
    names = ", ".join(connected[:NAMED_AGENTS])
    more = f" and {len(connected) - NAMED_AGENTS} more" if len(connected) > NAMED_AGENTS else ""
    verb = "is" if len(connected) == 1 else "are"
    return (
        f"{count(len(connected), 'agent')} {verb} connected: {names}{more}.\n\n"
        "The coordinator stops with the dashboard: until it runs again, no message is sent and nobody is woken.  "
        "What was accepted is kept, and the agents connect again by themselves."
    )
