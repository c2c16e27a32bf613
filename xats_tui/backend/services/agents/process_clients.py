"""Which client's user interface a process is, by the names that it runs under.

It knows processes, not panes.
"""

import re

from xats_tui.backend.system.processes import Process, Processes
from xats_tui.clients.programs import ELSEWHERE, client_of, is_bare_shell, tells_nothing
from xats_tui.core.model.agents import Client, SeenProcess
from xats_tui.core.model.panes import Standing

CODEX_HELPERS = re.compile(r"codex\s+app-server|Codex Computer Use\.app|SkyComputerUseClient", re.IGNORECASE)
"""Command lines of Codex's processes that are no user interface."""


def client_in(process: Process) -> Client | None:
    """The client that a process is the user interface of, if its names tell."""
    found = client_of(process.names)
    return Client(found) if found and not _is_helper(found, process) else None


def may_be(client: Client, process: Process, *, is_host: bool = False) -> bool:
    """Whether a process can be the program of a client, on the word of a caller.

    Args:
        client: what the caller says.
        process: what it names.
        is_host: the process is known to have started the caller; then its name need not tell.
    """
    if found := client_of(process.names):
        return found == client and not _is_helper(found, process)
    return tells_nothing(process.names) or (is_host and not is_bare_shell(process.command))


def _is_helper(client: str, process: Process) -> bool:
    return client == Client.CODEX and CODEX_HELPERS.search(process.command_line) is not None


async def standing(processes: Processes, seen: SeenProcess, tty: str) -> Standing:
    """How a process that was seen stands to what is typed into a terminal."""
    occupant = await processes.occupant(seen.pid, seen.started_at, tty)
    process = await processes.by_pid(seen.pid)
    if occupant is None or process is None or is_bare_shell(process.command):
        return Standing.ENDED
    return Standing.IN_FRONT if occupant.in_front and occupant.tty == tty else Standing.BEHIND


def runs_elsewhere(process: Process) -> bool:
    """Whether it shows what runs on another machine or in a container."""
    return any(map(ELSEWHERE.fullmatch, process.names))
