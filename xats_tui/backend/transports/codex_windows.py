"""Codex's terminal windows, and the thread of an app-server that each of them shows.

Codex keeps threads loaded that nobody looks at any more: after `/quit`, after `/new`, after another task was opened in
its command center.  No request tells who looks at a thread, but two things lead from a thread to its window: the
window serves the MCP server `codex_tui` to the threads that it opens, and its title begins with the thread's name.
"""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from xats_tui.backend.system.processes import Belongings, Process, Processes, normal_tty
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.transports.json_rpc import UNIX
from xats_tui.clients.codex.spec import SPEC
from xats_tui.clients.programs import program_names
from xats_tui.core.errors import TmuxError

CONTROL_SOCKET = Path("app-server-control/app-server-control.sock")
"""Path of a stock Codex's socket below `$CODEX_HOME`."""

WITHOUT_A_WINDOW = frozenset({"app-server", "exec", "mcp-server"})
"""Subcommands that may have a terminal but show no thread in it."""

TITLE_ACTIVITY = re.compile(r"^(?:[\u2800-\u28ff] |\[ . \] Action Required \| )")
"""Prefix of the title while Codex works or asks."""
TITLE_SEPARATOR = " | "
TITLE_ELLIPSIS = "..."
"""End of a title with a name of more than 48 characters."""


class LoadedThread(Struct, frozen=True, kw_only=True):
    """A thread that an app-server has loaded."""

    thread_id: str
    name: str | None
    folder: str
    """Last part of its working directory: the whole title until the thread has a name."""
    port: int | None
    """Port at which the window that opened the thread serves `codex_tui`; None without such a server."""


class CodexWindow(Struct, frozen=True, kw_only=True):
    """A Codex in the foreground of a terminal."""

    ports: frozenset[int]
    """TCP ports that it listens at."""
    title: str | None
    """Title of its tmux pane; None outside tmux."""


def is_shown(thread_id: str, windows: Sequence[CodexWindow], threads: Sequence[LoadedThread]) -> bool | None:
    """Return whether a window shows the thread; None if that cannot be told."""
    candidates = [_may_show(window, threads) for window in windows]
    if [thread_id] in candidates:
        return True
    return None if any(not ids or thread_id in ids for ids in candidates) else False


def _may_show(window: CodexWindow, threads: Sequence[LoadedThread]) -> list[str]:
    """Return the threads of which the window shows one; empty if it may be any."""
    opened = [thread for thread in threads if thread.port in window.ports]
    homeless = [thread for thread in threads if thread.port is None]  # on a server that windows reach by `--remote`
    named = [thread for thread in threads if _begins_with_name(window.title, thread.name)]
    unnamed = [thread for thread in opened or homeless if not thread.name and window.title == thread.folder]
    # title before port: a window may have moved on to a thread that another window opened
    candidates = [thread for thread in named if thread in opened] or named or unnamed or opened or homeless
    return [thread.thread_id for thread in candidates]


def _begins_with_name(title: str | None, name: str | None) -> bool:
    if not title or not name:
        return False
    title = TITLE_ACTIVITY.sub("", title)
    beginning, ellipsis, _ = title.partition(TITLE_ELLIPSIS + TITLE_SEPARATOR)
    return title == name or title.startswith(name + TITLE_SEPARATOR) or bool(ellipsis and name.startswith(beginning))


class CodexWindows:
    """Codex windows of this machine."""

    def __init__(self, processes: Processes, tmux: Tmux) -> None:
        self._processes = processes
        self._tmux = tmux

    async def of(self, url: str) -> list[CodexWindow]:
        """Return the windows whose threads run on the app-server at that URL."""
        return [await self._window(tty, parts) for tty, parts in (await self._parts(url)).items()]

    async def _parts(self, url: str) -> Mapping[str, list[Belongings]]:
        """Return the belongings of each window's processes, by terminal."""
        found: defaultdict[str, list[Belongings]] = defaultdict(list)
        for process in await self._processes.all():
            if process.tty is None or not _shows_threads(process):
                continue
            belongings = await self._processes.belongings(process.pid)
            if belongings is not None and _works_with(belongings, url):
                found[process.tty].append(belongings)  # several: npm puts a wrapper around the program
        return {tty: parts for tty, parts in found.items() if all(part.is_in_front for part in parts)}

    async def _window(self, tty: str, parts: Sequence[Belongings]) -> CodexWindow:
        ports = frozenset[int]().union(*(part.listens_at for part in parts))
        return CodexWindow(ports=ports, title=await self._title(tty, parts[0].environment))

    async def _title(self, tty: str, environment: Mapping[str, str]) -> str | None:
        socket = environment.get("TMUX", "").split(",")[0]
        if not socket:
            return None
        try:
            panes = await self._tmux.panes(socket)
        except TmuxError:
            return None
        titles = (pane["pane_title"] for pane in panes.values() if normal_tty(pane["pane_tty"]) == tty)
        return next(titles, None)


def _shows_threads(process: Process) -> bool:
    return SPEC.program in program_names(process.command) and WITHOUT_A_WINDOW.isdisjoint(process.command)


def _works_with(belongings: Belongings, url: str) -> bool:
    """Return whether a window uses the app-server at that URL."""
    if url.startswith(UNIX):
        return os.path.realpath(control_socket(belongings.environment)) == os.path.realpath(url.removeprefix(UNIX))
    return urlsplit(url).port in belongings.connected_to


def control_socket(environment: Mapping[str, str]) -> Path:
    """Return the path of the control socket that a Codex with this environment uses."""
    home = Path(environment.get("HOME") or Path.home())
    return Path(environment.get("CODEX_HOME") or home / ".codex") / CONTROL_SOCKET
