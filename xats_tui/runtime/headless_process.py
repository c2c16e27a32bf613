"""A coordinator without a dashboard, started by another process of this program and outliving it.

This module knows the command line and the log that the coordinator writes its errors to; it never calls the
coordinator.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xats_tui.runtime.settings import Loaded

COMPLAINT = "xats-tui: "
"""First words of the error that a coordinator prints when it cannot start."""

WHILE_USED = ("--while-used",)
"""Flags of a coordinator that nobody asked for: it ends when no agent has needed it for long."""


@dataclass(slots=True)
class HeadlessCoordinator:
    """The process, with the reason why it ended."""

    process: subprocess.Popen[bytes]
    log_path: Path
    """The file that its output goes to."""
    log_size: int
    """Size of that file before the start."""

    @classmethod
    def started(
        cls, loaded: Loaded, flags: Sequence[str] = (), descriptors: Sequence[int] = ()
    ) -> "HeadlessCoordinator":
        """Start a coordinator with this process's flags and further ones, and let it inherit these descriptors.

        Raises:
            OSError: the log cannot be written, or no process can be started.
        """
        token, log_path = loaded.settings.token, loaded.settings.log_path
        with log_path.open("ab") as log:
            log_size = log.tell()
            process = subprocess.Popen(
                # The token goes through the environment: every user can read a command line.
                [sys.executable, "-m", "xats_tui", "daemon", *loaded.as_flags(), *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=os.environ | ({"XATS_TOKEN": token} if token else {}),
                pass_fds=descriptors,
                start_new_session=True,
            )
        return cls(process, log_path, log_size)

    @property
    def pid(self) -> int:
        """The pid of the process."""
        return self.process.pid

    def has_ended(self) -> bool:
        """Return whether the process is gone."""
        return self.process.poll() is not None

    def complaint(self) -> str:
        """Return the last error it printed; empty if it was told to end."""
        if not self.process.returncode:
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self.log_size)
            lines = log.read().decode(errors="replace").splitlines()
        told = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
        return told[-1] if told else "it ended without an error message"
