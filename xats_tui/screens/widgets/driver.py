"""The terminal driver of the dashboard: Textual's, made to survive every stop and continuation of the process.

Textual acts inside the signal handler, where it can meet its own locks, and takes every SIGCONT for the end of a stop
that it has prepared: after a SIGSTOP two threads would read the keys, and the program would never end.
"""

import termios
from contextlib import suppress
from types import FrameType

from textual.drivers.linux_driver import LinuxDriver


class JobDriver(LinuxDriver):
    """Draws on a terminal that a shell with job control may take and give back at any moment."""

    def resume_application_mode(self) -> None:
        """Take the terminal back; the app is told, and draws everything anew."""
        with suppress(termios.error):
            # After `bg` the shell has the terminal: the system stops us here until it gives it back.
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        if self._is_drawing():  # nobody announced the stop: a shell may have changed all that we had set
            self.suspend_application_mode()
        self._must_signal_resume = True
        super().resume_application_mode()

    # Textual installs these two as signal handlers.

    def _sigtstp_application(self, *_: int | FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        self._loop.call_soon_threadsafe(super()._sigcont_application)

    def _stop(self) -> None:
        if self._is_drawing():  # two signals in a row stop it once
            super()._sigtstp_application()

    def _is_drawing(self) -> bool:
        return self._writer_thread is not None and self._writer_thread.is_alive()
