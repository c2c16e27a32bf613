"""Terminal driver of the dashboard: Textual's driver, made robust against stops and continuations of the process.

Textual acts inside the signal handler, where it can meet its own locks, and takes every SIGCONT for the end of a stop
that it has prepared.  After a SIGSTOP, two threads would read the keys, and the program would never end.  A byte that
is no text, from another encoding or a broken line, would end it.
"""

import os
import selectors
import termios
from codecs import getincrementaldecoder
from collections.abc import Collection
from contextlib import suppress
from threading import main_thread
from types import FrameType

from textual.drivers.linux_driver import LinuxDriver

from xats_tui.screens.actions import ACTIONS
from xats_tui.screens.terminal.key_parser import KeyParser

LOOK_INTERVAL_S = 0.1
"""Seconds to wait for a key until the next look whether a key is complete, or the driver is to end."""

# Each look of this thread interrupts what Python does in the others.
QUIET_AFTER, QUIET_LOOK_INTERVAL_S = 20, 0.5
"""Number of looks without a key after which looks are rarer, and the seconds between them then."""

READ_BYTES = 4096


class JobDriver(LinuxDriver):
    """Draws on a terminal that a shell with job control may take and return at any moment."""

    def run_input_thread(self) -> None:
        """Hand on what the terminal sends, until the driver is to end."""
        parser = KeyParser(self._debug, with_alt=keys_with_alt)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            looks = 0
            while not self._is_to_end():
                looks += 1
                if selector.select(LOOK_INTERVAL_S if looks < QUIET_AFTER else QUIET_LOOK_INTERVAL_S):
                    looks = 0
                    data = os.read(self.fileno, READ_BYTES)
                    if not data:  # the terminal is gone, and would be ready at once for ever
                        self.exit_event.wait(LOOK_INTERVAL_S)
                    for message in parser.feed(text) if (text := decode(data)) else ():
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def resume_application_mode(self) -> None:
        """Take the terminal back; the app is notified and redraws everything."""
        with suppress(termios.error):
            # After `bg` the shell owns the terminal: the system stops this process here until it has it back.
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        if self._is_drawing():  # the stop was not announced: a shell may have changed every mode of the terminal
            self.suspend_application_mode()
        self._must_signal_resume = True
        super().resume_application_mode()

    # Textual installs these two as signal handlers.

    def _sigtstp_application(self, *_: int | FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        self._loop.call_soon_threadsafe(super()._sigcont_application)

    def _stop(self) -> None:
        if self._is_drawing():  # of two signals in a row, only the first one stops it
            super()._sigtstp_application()

    def _is_to_end(self) -> bool:
        # Textual does not tell if it fails meanwhile, or has only begun: this thread must not keep the process alive.
        return self.exit_event.is_set() or not main_thread().is_alive()

    def _is_drawing(self) -> bool:
        return self._writer_thread is not None and self._writer_thread.is_alive()


def keys_with_alt() -> Collection[str]:
    """Return the keys that mean something together with alt."""
    keys = (key for action in ACTIONS for key in action.key.split(","))
    return frozenset(key.removeprefix("alt+") for key in keys if key.startswith("alt+"))
