"""Run one tmux command on a thread of its own: whatever tmux does, neither the loop nor the exit waits for it.

libtmux has no timeouts, so commands go through its `tmux_cmd`, with `-u`: without a UTF-8 locale tmux would print every
other character as `_`.
"""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

from libtmux.common import tmux_cmd
from libtmux.exc import TmuxCommandNotFound

from xats_tui.backend.system.tmux_sockets import NoServer, TmuxSockets

STARTS_SERVER = "new-session"
"""The command that begins a server where there is none."""

T = TypeVar("T")

Answer = tuple[list[str], list[str]]
"""What tmux printed, and what it complained of, by lines."""


class _Command(tmux_cmd):
    """A command that can be ended while it runs."""

    def __init__(self, under_way: "list[_Command]", *arguments: str) -> None:
        under_way.append(self)
        super().__init__(*arguments)

    def end(self) -> None:
        """Kill the process, if there is one yet."""
        if process := getattr(self, "process", None):
            process.kill()


async def on_own_thread(work: Callable[[], T]) -> T:
    """Run what may block for long on a thread of its own, for which nobody waits who has given up.

    Raises:
        Exception: whatever the work raises.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[], None]) -> None:
        if not outcome.done():
            settled()

    def run() -> None:
        try:
            settled = partial(outcome.set_result, work())
        except Exception as error:  # whatever it is belongs to the caller, not to this thread
            settled = partial(outcome.set_exception, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, settled)

    threading.Thread(target=run, name="tmux", daemon=True).start()
    return await outcome


async def run_command(sockets: TmuxSockets, socket: str, arguments: Sequence[str]) -> Answer:
    """Run one command; when nobody waits for it any more, its process is killed.

    Raises:
        UntrustedSocket, NoServer, TmuxUnavailable: nothing was run.
        LibTmuxException, OSError: tmux cannot be run.
    """
    under_way: list[_Command] = []
    try:
        return await on_own_thread(partial(_answer, sockets, socket, arguments, under_way))
    except asyncio.CancelledError:
        for command in under_way:
            command.end()
        raise


def _answer(sockets: TmuxSockets, socket: str, arguments: Sequence[str], under_way: list[_Command]) -> Answer:
    if shutil.which("tmux") is None:
        raise TmuxCommandNotFound
    with _server(sockets, socket, starts=arguments[0] == STARTS_SERVER) as (option, path):
        command = _Command(under_way, "-u", *option, *arguments)
        complaints = [line.replace(path, sockets.path(socket)) if path else line for line in command.stderr]
        return list(command.stdout), complaints


@contextmanager
def _server(sockets: TmuxSockets, socket: str, *, starts: bool) -> Iterator[tuple[list[str], str]]:
    """The option that names the checked server, and its path; one that is to be started is named as it was given."""
    with ExitStack() as stack:
        try:
            if starts and not sockets.exists(socket):
                raise NoServer("it is to be started")
            path = stack.enter_context(sockets.checked(socket))
        except NoServer:
            if not starts:
                raise
            sockets.begin(socket)
            yield (["-S", socket], socket) if socket else ([], "")
        else:
            yield ["-S", path], path
