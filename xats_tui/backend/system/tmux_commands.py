"""Run one tmux command on its own thread, so that a hung tmux blocks neither the event loop nor the exit."""

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

from xats_tui.backend.system.tmux_sockets import NoServer, TmuxSockets

STARTS_SERVER = "new-session"
"""Command that starts a server if none is running."""

T = TypeVar("T")

Answer = tuple[list[str], list[str]]
"""Lines that tmux printed, and lines that it complained with."""


class _Command:
    """A command that can be killed while it runs."""

    def __init__(self, program: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def answer(self) -> Answer:
        """Wait for the end; return what it printed, without empty lines at the end, and what it complained about."""
        printed, complained = self._process.communicate()
        lines = printed.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return lines, list(filter(None, complained.split("\n")))

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()


async def on_own_thread(work: Callable[[], T]) -> T:
    """Run blocking work on its own thread; a cancelled caller does not wait for it.

    Raises:
        Exception: any exception of the work.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[], None]) -> None:
        if not outcome.done():
            settled()

    def run() -> None:
        try:
            settled = partial(outcome.set_result, work())
        except Exception as error:  # any exception is raised in the caller, not in this thread
            settled = partial(outcome.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, settled)

    threading.Thread(target=run, name="tmux", daemon=True).start()
    return await outcome


async def run_command(sockets: TmuxSockets, socket: str, arguments: Sequence[str]) -> Answer:
    """Run one command; its process is killed when the caller is cancelled.

    Raises:
        UntrustedSocket, NoServer, TmuxUnavailable: nothing was run.
        OSError: tmux cannot be run.
    """
    under_way: list[_Command] = []
    try:
        return await on_own_thread(partial(_answer, sockets, socket, arguments, under_way))
    except asyncio.CancelledError:
        for command in under_way:
            command.end()
        raise


def _answer(sockets: TmuxSockets, socket: str, arguments: Sequence[str], under_way: list[_Command]) -> Answer:
    program = shutil.which("tmux")
    if program is None:
        raise FileNotFoundError("there is no tmux")
    with _server(sockets, socket, starts=arguments[0] == STARTS_SERVER) as (option, path):
        # `-u`: without a UTF-8 locale, tmux prints every non-ASCII character as `_`
        command = _Command(program, ["-u", *option, *arguments])
        under_way.append(command)
        printed, complained = command.answer()
        return printed, [line.replace(path, sockets.path(socket)) if path else line for line in complained]


@contextmanager
def _server(sockets: TmuxSockets, socket: str, *, starts: bool) -> Iterator[tuple[list[str], str]]:
    """Yield tmux's option for the checked server, and its path; a server to be started keeps the given path."""
    with ExitStack() as stack:
        try:
            if starts and not sockets.exists(socket):
                raise NoServer("no server is running yet")
            path = stack.enter_context(sockets.checked(socket))
        except NoServer:
            if not starts:
                raise
            sockets.begin(socket)
            yield (["-S", socket], socket) if socket else ([], "")
        else:
            yield ["-S", path], path
