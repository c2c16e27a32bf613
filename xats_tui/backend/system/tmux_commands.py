"""Run one tmux command on a thread of its own: whatever tmux does, neither the loop nor the exit waits for it.

libtmux has no timeouts, so commands go through its `tmux_cmd`, with `-u`: without a UTF-8 locale tmux would print every
other character as `_`.
"""

import asyncio
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from libtmux.common import tmux_cmd
from libtmux.exc import TmuxCommandNotFound

from xats_tui.backend.system.tmux_sockets import NoServer, TmuxSockets

STARTS_SERVER = "new-session"
"""The command that begins a server where there is none."""

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


async def run_command(sockets: TmuxSockets, socket: str, arguments: Sequence[str]) -> Answer:
    """Run one command; when nobody waits for it any more, its process is killed.

    Raises:
        UntrustedSocket, NoServer, TmuxUnavailable: nothing was run.
        LibTmuxException, OSError: tmux cannot be run.
    """
    under_way: list[_Command] = []
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def settle(result: Answer | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        elif result is not None:
            answer.set_result(result)

    def work() -> None:
        try:
            outcome: tuple[Answer | None, Exception | None] = (_answer(sockets, socket, arguments, under_way), None)
        except Exception as error:  # whatever it is belongs to the caller, not to this thread
            outcome = (None, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name="tmux", daemon=True).start()
    try:
        return await answer
    finally:
        if not answer.done() or answer.cancelled():
            for command in under_way:
                command.end()


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
