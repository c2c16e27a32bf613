"""A demo from its first process to its last: folder, tmux server, dashboard, agents, and their end.

It starts the program as a person would, and does not know what the agents do.
"""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

import xats_tui
from xats_tui.core.errors import StartError
from xats_tui.demo import processes
from xats_tui.demo.guide import tip
from xats_tui.demo.outcome import DemoOutcome
from xats_tui.demo.script import CAST, TEAM, DemoRole
from xats_tui.demo.tmux_server import TmuxServer
from xats_tui.runtime import pid_file
from xats_tui.runtime.operator_client import NotAnswered, NotAsked, NotDone, ask
from xats_tui.runtime.settings import Settings

PROGRAM = (sys.executable, "-m", "xats_tui")

START_TIMEOUT_S = 30.0
"""Seconds for the dashboard's coordinator to listen on a busy machine."""

POLL_INTERVAL_S = 0.1

GUIDE_INTERVAL_S = 0.5
"""Seconds between two looks at what the guide should say; also until the end of the dashboard is noticed."""

# Nobody types into most of the panes, and a demo may run all day.
TUNING = ("--quiet-ms", "300", "--hint-budget", "10000")
"""Flags of the demo's dashboard."""

STAND_IN = "import sys; sys.path.append({root!r}); from xats_tui.demo.stand_in import main; main()"
"""Code for a Python that runs under another name and does not know this environment."""

AGENT_PROGRAM = "claude"
"""Process name of a stand-in, by which its screen is read as that program's."""

AGAIN = "The program has ended, and its pane is a shell.  Enter starts it again. "

# Without job control (-m) the pane would always seem to run the shell.
THEN_A_SHELL = """
{first}
while :; do printf %s {again}; read -r _ || exit; {later}; done
"""
"""Script for `sh -m`."""


class Show:
    """A running demo."""

    def __init__(self, folder: Path, tmux: TmuxServer) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.tmux = tmux
        self._dashboard: psutil.Process | None = None
        self._client: subprocess.Popen[bytes] | None = None
        """The tmux client that shows the demo in a terminal."""

    def start(self, columns: int, rows: int) -> None:
        """Start the dashboard, and the agents as soon as its coordinator listens.

        Raises:
            StartError: tmux or the dashboard does not start.
        """
        project = self.folder / TEAM
        project.mkdir()
        dashboard = [*PROGRAM, "--home", str(self.home), "--port", "0", *TUNING]
        self._dashboard = psutil.Process(self.tmux.start("dashboard", dashboard, project, columns, rows))
        self._wait_for_coordinator()
        program = self.folder / AGENT_PROGRAM
        program.symlink_to(Path(sys.executable).resolve())
        for part in CAST:
            self.tmux.open(part.name, self._stand_in(program, part), project)

    def is_on(self) -> bool:
        """Return whether the dashboard runs."""
        dashboard = self._dashboard
        return dashboard is not None and dashboard.is_running() and dashboard.status() != psutil.STATUS_ZOMBIE

    def outcome(self) -> DemoOutcome:
        """Return the outcome so far.

        Raises:
            UnusableStore: the database cannot be read.
        """
        return asyncio.run(DemoOutcome.of(self.home / "data.db"))

    def attend(self) -> None:
        """Show the demo in this terminal until the dashboard has ended or the person has left.

        Raises:
            StartError: tmux does not know this kind of terminal.
        """
        self._client = self.tmux.attach()
        begun, said = time.monotonic(), ""
        while self._client.poll() is None and self.is_on():
            if (line := self._tip(time.monotonic() - begun)) != said:
                self.tmux.guide(line)
                said = line
            time.sleep(GUIDE_INTERVAL_S)
        if self._client.returncode and self.is_on():
            kind = os.environ.get("TERM", "")
            raise StartError(f"tmux cannot show the demo in this terminal (TERM={kind}); try another, or --headless")

    def end(self) -> None:
        """End every process of the demo."""
        if not self.is_on():
            self.tmux.kill()  # first: otherwise the viewer would see the agents disappear window by window
        processes.end(self.folder)
        self.tmux.kill()
        processes.end(self.folder)
        if self._client:
            self._client.wait()

    def _tip(self, seconds: float) -> str:
        try:
            return tip(seconds, ask(Settings(home=self.home), "status"))
        except (NotAsked, NotAnswered, NotDone):  # it has just ended, or is busy
            return ""

    def _wait_for_coordinator(self) -> None:
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while pid_file.running(self.home / "daemon.pid") is None:
            if not self.is_on() or time.monotonic() > give_up_at:
                log = self.home / "xats-tui.log"
                raise StartError(f"the demo's dashboard does not start: run `xats-tui demo --keep` and see {log}")
            time.sleep(POLL_INTERVAL_S)

    def _stand_in(self, program: Path, part: DemoRole) -> Sequence[str]:
        root = str(Path(xats_tui.__file__).parent.parent)
        bridge = [*PROGRAM, "mcp", "--home", str(self.home), "--team", TEAM, "--name", part.name, "--role", part.role]
        start = [str(program), "-I", "-c", STAND_IN.format(root=root), part.name]
        first, later = [*start, "--", *bridge], [*start, "--stays", "--", *bridge]
        if not part.leaves:
            return first
        script = THEN_A_SHELL.format(first=shlex.join(first), later=shlex.join(later), again=shlex.quote(AGAIN))
        return ["/bin/sh", "-m", "-c", script]


@contextmanager
def show(*, keep: bool) -> Iterator[Show]:
    """Provide a demo for the length of the block, not yet started; with `keep`, its folder remains."""
    with ExitStack() as stack:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="xats-demo-")))
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        running = Show(folder, TmuxServer(folder))
        stack.callback(running.end)
        yield running
