"""Separate environment for trials: folder, home, coordinator and tmux server, all removed at the end.

This module does not know what is tried in it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

LEFT_OUT = ("XATS_", "TMUX", "POKE_", "HEARTBEAT_", "CLEANUP_", "KEEP_ALIVE_")
"""Prefixes of variables that lead to the user's own coordinator or tmux server."""

# Nobody types into a scratch pane, so a short time is enough.
QUIET_MS = "300"
"""Milliseconds for which a scratch pane must be unchanged."""

# A socket's path has at most 103 bytes, including its name.
MAX_FOLDER_CHARS = 60
"""Maximum length of the folder's parent path."""

TMUX_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 8.0
"""Seconds for the scratch coordinator to stop; it normally takes a fraction of one."""


class Scratch:
    """The folder, and the environment that leads into it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.home = folder / "home"
        kept = {name: value for name, value in environment.items() if not name.startswith(LEFT_OUT)}
        self.environment = {**kept, "TMUX_TMPDIR": str(folder), "XATS_QUIET_MS": QUIET_MS}
        """Environment for processes of this trial."""

    def bridge(self, *arguments: str, host: str = "127.0.0.1", port: int = 0) -> list[str]:
        """Return the command line of a bridge to this coordinator; by default it starts a scratch coordinator."""
        where = ("--home", str(self.home), "--host", host, "--port", str(port))
        return [sys.executable, "-m", "xats_tui", "mcp", *where, *arguments]

    def tmux(self, *arguments: str) -> str:
        """Return the output of a command to the scratch tmux server.

        Raises:
            OSError: there is no tmux, or it refuses; the text gives the reason.
        """
        command = ["tmux", "-u", "-f", os.devnull, *arguments]
        try:
            done = subprocess.run(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TMUX_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"tmux did not answer within {TMUX_TIMEOUT_S:g} s") from None
        if done.returncode:
            raise OSError(done.stderr.strip())
        return done.stdout.rstrip("\n")

    def open_pane(self, command: Sequence[str]) -> str:
        """Start a program in a scratch pane and return the pane's id.

        Raises:
            OSError: tmux refuses.
        """
        return self.tmux("new-session", "-d", "-x", "100", "-y", "30", "-P", "-F", "#{pane_id}", *command)

    def end(self) -> None:
        """End every process that has this folder in its command line, and remove the folder."""
        with suppress(OSError):
            self.tmux("kill-server")
        while there := self._processes():  # a bridge may just have started a coordinator
            for process in there:
                with suppress(psutil.Error):
                    process.terminate()
            for process in psutil.wait_procs(there, STOP_TIMEOUT_S)[1]:
                with suppress(psutil.Error):
                    process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _processes(self) -> list[psutil.Process]:
        folder, found = str(self.folder), []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_over = process.status() == psutil.STATUS_ZOMBIE
                if not is_over and any(folder in word for word in process.cmdline()):
                    found.append(process)
        return found


@contextmanager
def scratch(environment: Mapping[str, str]) -> Iterator[Scratch]:
    """Provide a scratch environment for the length of the block, and remove it even after a signal."""
    usual = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="xats-", dir=usual if len(usual) <= MAX_FOLDER_CHARS else "/tmp")
    world = Scratch(Path(folder), environment)
    with _ended_by_signals():
        try:
            yield world
        finally:
            world.end()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception."""
    # The block's clean-up ends the processes that it has started.

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    former = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, action in former.items():
            signal.signal(number, action)
