"""A coordinator without a screen, started by another process of this program and outliving it.

It knows the command line and the log that the coordinator complains to; it does not speak to the coordinator.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xats_tui.runtime.settings import Loaded

COMPLAINT = "xats-tui: "
"""How the one sentence begins that a coordinator which cannot start prints."""


@dataclass(slots=True)
class HeadlessCoordinator:
    """The process, and why it ended if it did."""

    process: subprocess.Popen[bytes]
    log_path: Path
    """Where it writes what it prints."""
    log_size: int
    """How long the log was before."""

    @classmethod
    def started(
        cls, loaded: Loaded, flags: Sequence[str] = (), descriptors: Sequence[int] = ()
    ) -> "HeadlessCoordinator":
        """Start one with the flags that this process was given and these, and let it have these descriptors.

        Raises:
            OSError: the log cannot be written, or no process can be started.
        """
        token, log_path = loaded.settings.token, loaded.settings.log_path
        with log_path.open("ab") as log:
            log_size = log.tell()
            process = subprocess.Popen(
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
        """Whether the process is gone."""
        return self.process.poll() is not None

    def complaint(self) -> str:
        """What it said that kept it from going on; empty if it ended because it was told to."""
        if not self.process.returncode:
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self.log_size)
            lines = log.read().decode(errors="replace").splitlines()
        told = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
        return told[-1] if told else "it ended without a word"
