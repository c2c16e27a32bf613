"""`xats-tui demo`: a team of stand-ins at work, for trying everything out with nothing at stake."""

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
"""Columns and rows where no terminal says otherwise."""

PROGRESS_INTERVAL_S = 5.0
"""Seconds between two lines of progress."""

POLL_INTERVAL_S = 0.1

STARTING = "starting a dashboard and five stand-in agents, in a tmux server and a folder of their own: {folder}"

KEYS = "F12 shows the dashboard from wherever you are; ctrl+q there ends the demo"

NESTED = "this will be a tmux inside your tmux: ctrl+b reaches yours, ctrl+b ctrl+b the inner one"


class _ToldToEnd(BaseException):
    """A signal, or Ctrl-C."""


def demo(
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Do not show it; run for --seconds, then check what came of it.")
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=1, max=86_400, metavar="N", help="How long it runs with --headless.")
    ] = 20.0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave its folder behind, with database and log.")] = False,
) -> int:
    """Watch stand-in agents at work, and try everything on them.

    Four of them send each other messages, share tasks and publish contracts; one of these has a half-typed draft in
    its pane, one asks for permissions, and a fifth has ended.  Nothing of yours is touched: neither your
    coordinator nor your tmux.  ctrl+q in the dashboard ends it all.
    """
    if context.obj:
        raise typer.BadParameter("the demo has settings of its own; give it none of the program's")
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StartError("the demo needs a terminal; `xats-tui demo --headless` runs it without one")
    # Here, not above: the store takes a while to import, of which no other command should know.
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
            raise StartError("the dashboard of the demo has ended; run it with --keep and look into its log")
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
    """The end takes a second or two, and is not to be broken off."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be closed
        print(text, flush=True)
