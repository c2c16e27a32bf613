"""Finds the coordinator, and starts a coordinator if none runs.

This module uses the pid file and the command line; it never calls the coordinator.
"""

import logging
import time
from contextlib import ExitStack

from xats_tui import __version__
from xats_tui.runtime import pid_file
from xats_tui.runtime.headless_process import WHILE_USED, HeadlessCoordinator
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 15.0
"""Time for a started coordinator to appear; until then no other is started."""
RETRY_AFTER_FAILURE_S = 30.0
"""Time before the next start after a failed one; the cause of a failure rarely goes away by itself."""

ALREADY_RUNNING = "daemon already running"
"""First words of an error that is none for us: another process was quicker."""


class CoordinatorLocator:
    """Finds the coordinator of a home, or starts one without a dashboard that outlives this process."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._pid_path = loaded.settings.pid_path
        self._child: HeadlessCoordinator | None = None
        self._turn = ExitStack()
        """Holds the right to start a coordinator until the started one appears."""
        self._no_start_before = 0.0
        self._another_starts = False
        self.found: PidRecord | None = None
        """The coordinator that was found last, by its pid file."""
        self._found_at = 0.0
        self.complaint = ""
        """The reason why no coordinator is found or could be started; empty if there is none."""

    @property
    def has_just_come(self) -> bool:
        """True if the running coordinator was found only now: on a busy machine, it may take a while to answer."""
        is_new = self.found is not None and time.monotonic() - self._found_at < START_TIMEOUT_S
        return is_new and pid_file.is_running(self._pid_path)

    @property
    def is_starting(self) -> bool:
        """True while a coordinator is being started, here or by another bridge."""
        return self._another_starts or (self._child is not None and time.monotonic() < self._no_start_before)

    def find(self) -> str | None:
        """Return the endpoint of the running coordinator, else the explicitly configured endpoint, if any."""
        self._look_after_child()
        if record := pid_file.running(self._pid_path):
            self._greet(record)
            return record.url
        self.complaint = pid_file.contradiction(self._pid_path) or self.complaint
        settings = self._loaded.settings
        if self._loaded.is_explicit("port") and settings.port:
            return pid_file.endpoint(settings.host, settings.port)
        return None

    def start(self) -> None:
        """Start a coordinator unless one runs or another process is starting it."""
        if time.monotonic() < self._no_start_before or pid_file.is_running(self._pid_path):
            return
        self._turn.close()
        self._another_starts = not self._turn.enter_context(pid_file.starting(self._pid_path))
        if self._another_starts or pid_file.is_running(self._pid_path):  # the other process may have finished just now
            self._turn.close()
            return
        self._no_start_before = time.monotonic() + START_TIMEOUT_S
        self._child = HeadlessCoordinator.started(self._loaded, WHILE_USED)
        logger.info("started a coordinator, pid %d", self._child.pid)

    def _greet(self, record: PidRecord) -> None:
        """Reset the state of a start, because a coordinator was found; warn if its version differs."""
        self.complaint = ""
        self._no_start_before = 0.0
        self._another_starts = False
        self._turn.close()
        if record != self.found and record.version != __version__:
            logger.warning(
                "the coordinator (pid %d) is version %s, this bridge %s: its tools are offered as they are",
                record.pid,
                record.version or "unknown",
                __version__,
            )
        if record != self.found:
            self._found_at = time.monotonic()
        self.found = record

    def _look_after_child(self) -> None:
        if self._child is not None and self._child.has_ended():
            complaint = self._child.complaint()
            if complaint and not complaint.startswith(ALREADY_RUNNING):
                self.complaint = complaint
                self._no_start_before = time.monotonic() + RETRY_AFTER_FAILURE_S
            self._child = None
            self._turn.close()
