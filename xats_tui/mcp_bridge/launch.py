"""Where the coordinator is, and how one is started when there is none.

It knows the pid file and the command line; it does not speak to the coordinator.
"""

import logging
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from xats_tui import pid_file
from xats_tui.settings import Loaded

logger = logging.getLogger(__name__)

START_PATIENCE = 15.0
"""Seconds for a coordinator that was started to appear; until then no other is started."""
PAUSE_AFTER_FAILURE = 30.0
"""Seconds before it is tried again after one could not start; what kept it from starting rarely goes away by itself."""

COMPLAINT = "xats-tui: "
"""How the one sentence begins that a coordinator which cannot start prints."""
ALREADY_RUNNING = "daemon already running"
"""No complaint to us: somebody was quicker."""


class Launcher:
    """Finds the coordinator of a home, or starts one without a screen that outlives this process."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._pid_path = loaded.settings.pid_path
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = ExitStack()
        """Holds the right to start a coordinator, while one that was started here is not yet there."""
        self._no_start_before = 0.0
        self._another_starts = False
        self._log_size = 0
        self.complaint = ""
        """Why the last coordinator that was started here did not start; empty if it did."""

    @property
    def is_starting(self) -> bool:
        """Whether a coordinator that was started here, or by another bridge, is about to be there."""
        return self._another_starts or (self._child is not None and time.monotonic() < self._no_start_before)

    def find(self) -> str | None:
        """The endpoint of the running coordinator, else the one that was named explicitly, if any."""
        self._look_after_child()
        record = pid_file.read(self._pid_path)
        if record and pid_file.is_running(self._pid_path):
            self.complaint = ""
            self._no_start_before = 0.0
            self._another_starts = False
            self._turn.close()
            return record.url
        settings = self._loaded.settings
        if self._loaded.is_explicit("port") and settings.port:
            return pid_file.endpoint(settings.host, settings.port)
        return None

    def start(self) -> None:
        """Start a coordinator unless one runs, or another bridge is about to start it."""
        if time.monotonic() < self._no_start_before or pid_file.is_running(self._pid_path):
            return
        self._turn.close()
        self._another_starts = not self._turn.enter_context(pid_file.starting(self._pid_path))
        if self._another_starts:
            return
        self._no_start_before = time.monotonic() + START_PATIENCE
        self._child = self._spawn(self._loaded.settings.log_path)
        logger.info("started a coordinator, pid %d", self._child.pid)

    def _spawn(self, log_path: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "xats_tui", "daemon", *self._loaded.as_flags()]
        token = self._loaded.settings.token
        with log_path.open("ab") as log:
            self._log_size = log.tell()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=os.environ | ({"XATS_TOKEN": token} if token else {}),
                start_new_session=True,
            )

    def _look_after_child(self) -> None:
        if self._child is not None and (code := self._child.poll()) is not None:
            if code and not (complaint := self._last_complaint()).startswith(ALREADY_RUNNING):
                self.complaint = complaint
                self._no_start_before = time.monotonic() + PAUSE_AFTER_FAILURE
            self._child = None
            self._turn.close()

    def _last_complaint(self) -> str:
        with self._loaded.settings.log_path.open("rb") as log:
            log.seek(self._log_size)
            lines = log.read().decode(errors="replace").splitlines()
        told = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
        return told[-1] if told else "it ended without a word"
