"""`xats-tui demo`: a team of stand-in agents, for trying everything out safely."""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from xats_tui.core.errors import StartError

if TYPE_CHECKING:
    from xats_tui.demo.show import Show

EXIT_FAILED = 1

SIZE = (120, 36)
"""Columns and rows, if there is no terminal."""

PROGRESS_INTERVAL_S = 5.0
"""Seconds between two progress lines."""

POLL_INTERVAL_S = 0.1

STARTING = "starting a dashboard and five stand-in agents in a separate tmux server and folder: {folder}"

KEYS = "F12 returns to the dashboard from any window; ctrl+q there ends the demo"

NESTED = "this opens a tmux inside your tmux: ctrl+b controls yours, ctrl+b ctrl+b the inner one"


class _ToldToEnd(BaseException):
    """Raised by a signal or Ctrl-C."""


def demo(
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Run unseen for --seconds, then check the outcome.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, metavar="N", help="Duration with --headless.")] = 20.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the demo's folder, with database and log.")] = False,
) -> int:
    """Watch stand-in agents at work, and try everything on them.

    Four agents send each other messages, share tasks and publish contracts.  One of them has a half-typed draft in its
    pane, another one asks for permissions; a fifth agent has ended.  Your own coordinator and tmux are not touched.
    ctrl+q in the dashboard ends the demo.
    """
    if context.obj:
        raise typer.BadParameter("the demo has settings of its own: run `xats-tui demo` without flags of the program")
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StartError("the demo needs a terminal; `xats-tui demo --headless` runs it without one")
    # Deferred: importing the store takes a while, which no other command should spend.
    from xats_tui.demo.show import show

    left = "nothing of it is left"
    _listen()
    try:
        with show(keep=keep) as running:
            left = f"its folder is {running.folder}" if keep else left
            _say(STARTING.format(folder=running.folder))
            try:
                code = _headless(running, seconds) if headless else _attended(running)
            finally:
                _be_deaf()
    except _ToldToEnd:
        code = 0
    _say(f"the demo has ended; {left}")
    return code


def _attended(running: "Show") -> int:
    _say(KEYS)
    if os.environ.get("TMUX"):
        _say(NESTED)
    running.start(*shutil.get_terminal_size(SIZE))
    running.attend()
    return 0


def _headless(running: "Show", seconds: float) -> int:
    running.start(*SIZE)
    begun = time.monotonic()
    reported = begun
    while time.monotonic() < begun + seconds:
        if not running.is_on():
            raise StartError("the demo's dashboard has ended: run `xats-tui demo --keep` and read its log")
        if time.monotonic() >= reported + PROGRESS_INTERVAL_S:
            reported = time.monotonic()
            _say(f"{reported - begun:3.0f} s: {running.outcome().in_short()}")
        time.sleep(POLL_INTERVAL_S)
    findings = list(running.outcome().findings())
    for finding in findings:
        _say(f"{'ok' if finding.holds else 'NOT OK':<7}{finding.about:<10}{finding.said}")
    return 0 if all(finding.holds for finding in findings) else EXIT_FAILED


def _listen() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)


def _hear(number: int, frame: FrameType | None) -> None:
    _be_deaf()
    raise _ToldToEnd


def _be_deaf() -> None:
    """Ignore further signals."""
    # The clean-up takes a second or two and must not be interrupted.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may have been closed
        print(text, flush=True)
