"""A world of its own for what has to be tried: folder, home, coordinator and tmux server, gone when it is left.

It does not know what is tried in it.
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
"""How variables begin that lead to the user's own coordinator or tmux server."""

QUIET_MS = "300"
"""How long a scratch pane must be unchanged: nobody types there."""

MAX_FOLDER_CHARS = 60
"""Characters that leave room for a socket's name: Unix sockets allow 103 bytes."""

TMUX_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 8.0
"""Seconds for the scratch coordinator to stop; it takes a fraction of one."""


class Scratch:
    """The folder, and what leads into it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.home = folder / "home"
        kept = {name: value for name, value in environment.items() if not name.startswith(LEFT_OUT)}
        self.environment = {**kept, "TMUX_TMPDIR": str(folder), "XATS_QUIET_MS": QUIET_MS}
        """For processes that belong to this world."""

    def bridge(self, *arguments: str, host: str = "127.0.0.1", port: int = 0) -> list[str]:
        """The command line of a bridge to the coordinator there, or to one of this world, which it starts."""
        where = ("--home", str(self.home), "--host", host, "--port", str(port))
        return [sys.executable, "-m", "xats_tui", "mcp", *where, *arguments]

    def tmux(self, *arguments: str) -> str:
        """What a command of this world's tmux server prints.

        Raises:
            OSError: there is no tmux, or it refuses; the text says why.
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
        """Start a program in a pane of this world; the pane's id.

        Raises:
            OSError: tmux does not.
        """
        return self.tmux("new-session", "-d", "-x", "100", "-y", "30", "-P", "-F", "#{pane_id}", *command)

    def end(self) -> None:
        """End what was started here: whatever has this folder in its command line, which nobody else has."""
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
    """A world for the life of the block, also if that is ended by a signal."""
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
    """Let SIGTERM and SIGHUP end the block as an exception does, so that what it has started is ended, too."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    former = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, action in former.items():
            signal.signal(number, action)
