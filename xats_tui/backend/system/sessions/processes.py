"""Processes behind session files: their start, their environment, and our bridges below them.

A file stays behind when its process is killed, and a pid is given to another process later: the start of the process
tells.  Only Linux tells it in the words of such files, so elsewhere no file is believed.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import psutil

from xats_tui.clients.setup.own_command import is_ours
from xats_tui.core.model.agents import Agent, SeenProcess

START_FIELD = 22
"""Position of the start in `/proc/PID/stat`, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxKey:
    """The key to an inbox; it is kept in memory only, and shown nowhere."""

    socket: str
    token: str = field(repr=False)
    bridge: SeenProcess
    """The program that the session has given the key to."""


NO_PROCESS = "its process is not known: start it with `xats-tui mcp` as its MCP server, and register again"
"""The reason why nothing leads to an agent's process, with the next step."""


def process_of(agent: Agent) -> SeenProcess | None:
    """Return the process of an agent's user interface; None if none was seen."""
    if agent.process is not None:
        return agent.process
    binding = agent.binding
    if binding is None or binding.ui_pid is None or binding.ui_started_at is None:
        return None
    return SeenProcess(binding.ui_pid, binding.ui_started_at)


def is_own(pid: int) -> bool:
    """Return whether a process of this user has that pid."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except OSError:
        return False


def start_of(pid: int) -> str:
    """Return the start of a living process, as session files tell it; empty for a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    # the state is field 3, the first one after the name
    return after_name[START_FIELD - 3] if after_name[0] != "Z" else ""


def content_of(path: Path, limit: int, *, own: bool = False) -> bytes | None:
    """Return a regular file's content; None if it is no such file, too large, or with `own` another user's."""
    try:
        # not blocking: a pipe in its place must not hold the thread up
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (own and status.st_uid != os.getuid()):
            return None
        content = file.read(limit + 1)
    return content if len(content) <= limit else None


def environment_of(process: SeenProcess) -> Mapping[str, str] | None:
    """Return the environment of a process of this user; None if it has ended."""
    try:
        found = psutil.Process(process.pid)
        if found.uids().real != os.getuid() or not SeenProcess(process.pid, found.create_time()).is_same(process):
            return None
        return found.environ()
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def keys_of(
    process: SeenProcess, bridges: Collection[SeenProcess], socket_variable: str, token_variable: str
) -> Iterator[InboxKey]:
    """Yield the keys that a process has given to the programs that it started.

    Args:
        process: the process.
        bridges: programs to look at first; then those of our bridges that the process has started.
        socket_variable: the variable that names the inbox.
        token_variable: the variable that holds the key.
    """
    for bridge in chain(bridges, _bridges_below(process)):
        environment = environment_of(bridge) or {}
        socket, token = environment.get(socket_variable, ""), environment.get(token_variable, "")
        if socket and token:
            yield InboxKey(socket=socket, token=token, bridge=bridge)


def _bridges_below(process: SeenProcess) -> Iterator[SeenProcess]:
    """Yield our own bridges that a process has started, directly or through others."""
    with suppress(psutil.Error, OSError):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error, OSError):
                if is_ours(child.cmdline()):
                    yield SeenProcess(child.pid, child.create_time())
