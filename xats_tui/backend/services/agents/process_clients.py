"""Recognition of a client's user interface by the names that its process runs under."""

from xats_tui.backend.system.processes import Process, Processes
from xats_tui.clients.programs import ELSEWHERE, client_of, is_bare_shell, tells_nothing
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.labels import ClientId
from xats_tui.core.model.panes import Standing


def client_in(process: Process) -> ClientId | None:
    """Return the client whose user interface a process is, if its names tell."""
    found = client_of(process.names)
    return found if found and not _is_helper(found, process) else None


def may_be(client: ClientId, process: Process, *, is_host: bool = False) -> bool:
    """Return whether a process can be a client's program, as a caller claims.

    Args:
        client: the client that the caller names.
        process: the process that the caller names.
        is_host: true if the process is known to have started the caller; then its name need not tell.
    """
    if found := client_of(process.names):
        return found == client and not _is_helper(found, process)
    return tells_nothing(process.names) or (is_host and not is_bare_shell(process.command))


def _is_helper(client: str, process: Process) -> bool:
    helpers = CLIENTS[client].helpers
    return helpers is not None and helpers.search(process.command_line) is not None


async def standing(processes: Processes, seen: SeenProcess, tty: str) -> Standing:
    """Return the standing of a known process in a terminal: in front, behind, or ended."""
    occupant = await processes.occupant(seen.pid, seen.started_at, tty)
    process = await processes.by_pid(seen.pid)
    if occupant is None or process is None or is_bare_shell(process.command):
        return Standing.ENDED
    return Standing.IN_FRONT if occupant.in_front and occupant.tty == tty else Standing.BEHIND


def runs_elsewhere(process: Process) -> bool:
    """Return whether a process only shows a program on another machine or in a container."""
    return any(map(ELSEWHERE.fullmatch, process.names))
