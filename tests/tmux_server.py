"""A tmux server that belongs to one test: its own socket, no configuration, 120 columns and 40 rows.

It knows panes, keys and screens, nothing of what runs in them.
"""

import asyncio
import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.commands.processes import clean_environment
from tests.patience import PATIENCE

STAND_IN = Path(__file__).parent / "stand_ins" / "stand_in.py"

COLUMNS, ROWS = 120, 40

GLANCE = 0.03
"""Seconds between two looks while waiting."""


class Pane(NamedTuple):
    """A pane and the program that was started in it."""

    pane_id: str
    pid: int


class TmuxServer:
    """The running server; `TMUX_TMPDIR` of a process leads it there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = clean_environment() | {"TMUX_TMPDIR": str(folder), "TERM": "xterm-256color"}
        """For processes that are to find this server, and no other."""
        self.run("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "cat")
        self.run("set-option", "-g", "default-size", f"{COLUMNS}x{ROWS}")  # of windows that nobody is attached to

    @property
    def socket(self) -> str:
        """Path of the server's socket."""
        return str(self.folder / f"tmux-{os.getuid()}" / "default")

    def run(self, *arguments: str) -> str:
        """Run a tmux command and return its output."""
        answer = subprocess.run(
            ["tmux", *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert answer.returncode == 0, f"tmux {arguments}: {answer.stderr}"
        return answer.stdout

    @property
    def is_there(self) -> bool:
        """Return whether the server accepts commands."""
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            return probe.connect_ex(self.socket) == 0

    def end(self) -> None:
        """Have the server end, and wait until it has: whoever comes while it is about to is let down."""
        self.run("kill-server")
        give_up_at = time.monotonic() + PATIENCE
        while self.is_there:
            assert time.monotonic() < give_up_at, "tmux goes on although it was told to end"
            time.sleep(GLANCE)

    def new_pane(self, command: str | Sequence[str], cwd: Path | None = None) -> Pane:
        """A window of its own that runs a shell line, or a program with its arguments."""
        arguments = [command] if isinstance(command, str) else list(command)
        folder = ["-c", str(cwd)] if cwd else []
        made = self.run("new-window", "-d", "-P", "-F", "#{pane_id} #{pane_pid}", *folder, *arguments)
        pane_id, pid = made.split()
        return Pane(pane_id, int(pid))

    def called(self, program: str) -> str:
        """Python under the name of another program."""
        link = self.folder / program
        if not link.exists():
            link.symlink_to(Path(sys.executable).resolve())
        return str(link)

    async def stand_in(self, name: str, program: str | None = None) -> Pane:
        """A pane with the line editor of `stand_in.py`, ready for input; `program` is what its process is called."""
        pane = self.new_pane([self.called(program) if program else sys.executable, str(STAND_IN), name])
        await self.wait_for(pane.pane_id, f"{name}>")
        return pane

    def formats(self, pane_id: str, *names: str) -> list[str]:
        """Return tmux's values for a pane's formats."""
        wanted = "\t".join(f"#{{{name}}}" for name in names)
        return self.run("display-message", "-p", "-t", pane_id, wanted).rstrip("\n").split("\t")

    def tty(self, pane_id: str) -> str:
        """The terminal of a pane, without `/dev/`."""
        return self.formats(pane_id, "pane_tty")[0].removeprefix("/dev/")

    def capture(self, pane_id: str) -> str:
        """The visible screen of a pane, without attributes."""
        return self.run("-u", "capture-pane", "-p", "-t", pane_id)

    def send(self, pane_id: str, *keys: str) -> None:
        """Press keys: tmux names (`Enter`, `C-u`) or text."""
        self.run("send-keys", "-t", pane_id, *keys)

    async def wait_for(self, pane_id: str, text: str, timeout: float = PATIENCE) -> str:
        """The screen as soon as it shows `text`."""
        give_up_at = time.monotonic() + timeout
        while text not in (screen := self.capture(pane_id)):
            assert time.monotonic() < give_up_at, f"{text!r} did not appear in {timeout:g} s; the pane shows:\n{screen}"
            await asyncio.sleep(GLANCE)
        return screen

    async def wait_until(self, holds: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Look again and again until something is so."""
        give_up_at = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < give_up_at, f"it was not so within {timeout:g} s"
            await asyncio.sleep(GLANCE)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a path that leaves room for a socket's name: Unix sockets allow 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="xats-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def tmux_server(folder: Path) -> Iterator[TmuxServer]:
    """A server for the life of the block; everything in its panes ends with it."""
    server = TmuxServer(folder)
    try:
        yield server
    finally:
        if server.is_there:
            server.end()


@contextmanager
def attached(server: TmuxServer, *options: str) -> Iterator[int]:
    """A terminal that looks at the server's first session; what it is sent can be read, without waiting."""
    ours, theirs = pty.openpty()
    client = subprocess.Popen(
        ["tmux", "attach", *options],
        env=server.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        yield ours
    finally:
        client.terminate()
        client.wait(PATIENCE)
        os.close(ours)
