"""Run one tmux command on its own thread, so that a hung tmux blocks neither the event loop nor the exit.

libtmux has no timeouts, so commands use its `tmux_cmd`.
"""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import TypeVar

from xats_tui.backend.system.tmux_sockets import NoServer, TmuxSockets

STARTS_SERVER = "new-session"
"""Command that starts a server if none is running."""

T = TypeVar("T")

Answer = tuple[list[str], list[str]]
"""Lines that tmux printed, and lines that it complained with."""


class CommandUse:
    """Whether anybody waits for a command, which another thread starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_over = False
        self._end: Callable[[], object] | None = None

    @property
    def is_over(self) -> bool:
        """True if nobody waits any more: a command that starts now would type at a time that nobody has judged."""
        return self._is_over

    def begin(self, end: Callable[[], object]) -> None:
        """Note how the command ends that has just been started."""
        with self._lock:
            self._end = end
            if self._is_over:
                end()

    def give_up(self) -> None:
        """End the command, or do not let it start."""
        with self._lock:
            self._is_over = True
            if self._end:
                self._end()


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
    """Run one command; when the caller is cancelled, its process is killed, or not started.

    Raises:
        UntrustedSocket, NoServer, TmuxUnavailable: nothing was run.
        OSError: tmux cannot be run.
    """
    use = CommandUse()
    try:
        return await on_own_thread(partial(_answer, sockets, socket, arguments, use))
    except asyncio.CancelledError:
        use.give_up()
        raise


def prepare() -> None:
    """Import what a command needs, so that the time of the first one is not spent on it."""
    import_module(f"{__package__}.tmux_process")


def _answer(sockets: TmuxSockets, socket: str, arguments: Sequence[str], use: CommandUse) -> Answer:
    program = shutil.which("tmux")
    if program is None:
        raise FileNotFoundError("there is no tmux")
    from xats_tui.backend.system.tmux_process import TmuxProcess  # the start needs no libtmux, which takes 43 ms

    with _server(sockets, socket, starts=arguments[0] == STARTS_SERVER) as (option, path):
        # `-u`: without a UTF-8 locale, tmux prints every non-ASCII character as `_`
        if use.is_over:
            return [], []
        command = TmuxProcess(use.begin, program, "-u", *option, *arguments)
        complaints = [line.replace(path, sockets.path(socket)) if path else line for line in command.stderr]
        return list(command.stdout), complaints


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
