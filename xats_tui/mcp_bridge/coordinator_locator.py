"""Where the coordinator is, and how one is started when there is none.

It knows the pid file and the command line; it does not speak to the coordinator.
"""

import logging
import time
from contextlib import ExitStack

from xats_tui import __version__
from xats_tui.runtime import pid_file
from xats_tui.runtime.headless_process import HeadlessCoordinator
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 15.0
"""Seconds for a coordinator that was started to appear; until then no other is started."""
RETRY_AFTER_FAILURE_S = 30.0
"""Seconds before it is tried again after one could not start; what kept it from starting rarely goes away by itself."""

ALREADY_RUNNING = "daemon already running"
"""No complaint to us: somebody was quicker."""


class CoordinatorLocator:
    """Finds the coordinator of a home, or starts one without a screen that outlives this process."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._pid_path = loaded.settings.pid_path
        self._child: HeadlessCoordinator | None = None
        self._turn = ExitStack()
        """Holds the right to start a coordinator, while one that was started here is not yet there."""
        self._no_start_before = 0.0
        self._another_starts = False
        self._found: PidRecord | None = None
        self.complaint = ""
        """Why none can be found, or the last one that was started here did not start; empty while there is hope."""

    @property
    def is_starting(self) -> bool:
        """Whether a coordinator that was started here, or by another bridge, is about to be there."""
        return self._another_starts or (self._child is not None and time.monotonic() < self._no_start_before)

    def find(self) -> str | None:
        """The endpoint of the running coordinator, else the one that was named explicitly, if any."""
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
        """Start a coordinator unless one runs, or another program is about to start it."""
        if time.monotonic() < self._no_start_before or pid_file.is_running(self._pid_path):
            return
        self._turn.close()
        self._another_starts = not self._turn.enter_context(pid_file.starting(self._pid_path))
        if self._another_starts or pid_file.is_running(self._pid_path):  # it may have got there just now
            self._turn.close()
            return
        self._no_start_before = time.monotonic() + START_TIMEOUT_S
        self._child = HeadlessCoordinator.started(self._loaded)
        logger.info("started a coordinator, pid %d", self._child.pid)

    def _greet(self, record: PidRecord) -> None:
        """There is one: what was done to get one is over."""
        self.complaint = ""
        self._no_start_before = 0.0
        self._another_starts = False
        self._turn.close()
        if record != self._found and record.version != __version__:
            logger.warning(
                "the coordinator (pid %d) is version %s, this bridge %s: its tools are offered as they are",
                record.pid,
                record.version or "unknown",
                __version__,
            )
        self._found = record

    def _look_after_child(self) -> None:
        if self._child is not None and self._child.has_ended():
            complaint = self._child.complaint()
            if complaint and not complaint.startswith(ALREADY_RUNNING):
                self.complaint = complaint
                self._no_start_before = time.monotonic() + RETRY_AFTER_FAILURE_S
            self._child = None
            self._turn.close()
