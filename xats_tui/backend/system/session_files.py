"""Session files of this user's Claude Codes, believed only while the process that wrote them lives.

A file stays behind when its process is killed, and a pid is given to another process later: the start of the process
tells.  Only Linux tells it in the words of the file, so elsewhere no file is believed.
"""

import asyncio
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import psutil

from xats_tui.clients.claude_code.inbound import Inbound, Origin, SettingsFile, inbound, settings_in_arguments
from xats_tui.clients.claude_code.inbound import settings_paths as paths
from xats_tui.clients.claude_code.local_settings import local_settings
from xats_tui.clients.claude_code.sessions import (
    MAX_FILE_BYTES,
    PATTERN,
    SessionFile,
    config_folder,
    parse,
    sessions_folder,
)
from xats_tui.clients.setup.own_command import is_ours
from xats_tui.core.model.agents import Agent, SeenProcess

SOCKET_VARIABLE, TOKEN_VARIABLE = "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN"
"""Variables in which a Claude Code names its inbox, and the key to it, to the programs that it starts."""

MAX_SETTINGS_BYTES = 1_000_000
"""Largest settings file that is read."""

MAX_FILES = 2_000
"""Number of session files of a folder that are read: those of killed processes are never removed."""

START_FIELD = 22
"""Position of the start in `/proc/PID/stat`, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingSession:
    """A session file whose process lives."""

    file: SessionFile
    process: SeenProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxKey:
    """What opens an inbox; it is kept in memory only, and shown nowhere."""

    socket: str
    token: str = field(repr=False)


class SessionFiles:
    """Reader of session files."""

    async def of(self, process: SeenProcess) -> LivingSession | None:
        """Return the session of a process; None if it has ended, is another user's, or writes no such file."""
        return await asyncio.to_thread(_of, process)

    async def all(self, folders: Collection[Path]) -> tuple[LivingSession, ...]:
        """Return the living sessions of these folders, which need not exist."""
        return await asyncio.to_thread(lambda: tuple(one for folder in folders for one in _all_in(folder)))

    async def folders(self, processes: Collection[SeenProcess]) -> frozenset[Path]:
        """Return the folders of these processes' session files, by their own environments, and the usual one."""
        return await asyncio.to_thread(_folders, processes)

    async def inbound(self, session: LivingSession) -> Inbound:
        """Return what the settings of a session say about messages of other programs."""
        return await asyncio.to_thread(_inbound, session)

    async def key(self, session: LivingSession, bridges: Collection[SeenProcess]) -> InboxKey | None:
        """Return the key of a session's inbox, which Claude Code gives to what it starts; None if it cannot be found.

        Args:
            session: the session.
            bridges: processes to look at first; then those of our bridges that the session has started.
        """
        return await asyncio.to_thread(_key, session, bridges)


def process_of(agent: Agent) -> SeenProcess | None:
    """Return the process of an agent's user interface; None if none was seen."""
    if agent.process is not None:
        return agent.process
    binding = agent.binding
    if binding is None or binding.ui_pid is None or binding.ui_started_at is None:
        return None
    return SeenProcess(binding.ui_pid, binding.ui_started_at)


def _of(process: SeenProcess) -> LivingSession | None:
    environment = _environment(process)
    if environment is None:
        return None
    found = _believed(sessions_folder(environment, Path.home()) / f"{process.pid}.json")
    return found if found and found.process.is_same(process) else None


def _all_in(folder: Path) -> Iterator[LivingSession]:
    with suppress(OSError):
        for path in sorted(folder.glob(PATTERN))[:MAX_FILES]:
            if (found := _believed(path)) is not None:
                yield found


def _believed(path: Path) -> LivingSession | None:
    """Return the session of a file, if it is this user's and its process lives."""
    if not path.stem.isdecimal() or not _is_own_process(path.stem):
        return None
    content = _content(path, MAX_FILE_BYTES, own=True)
    file = parse(content) if content is not None else None
    if file is None or path.stem != str(file.pid) or _start(file.pid) != file.proc_start:
        return None
    try:
        return LivingSession(file=file, process=SeenProcess(file.pid, psutil.Process(file.pid).create_time()))
    except psutil.Error:
        return None


def _is_own_process(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except OSError:
        return False


def _start(pid: int) -> str:
    """Return the start of a living process, as session files tell it; empty for a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    # the state is field 3, the first one after the name
    return after_name[START_FIELD - 3] if after_name[0] != "Z" else ""


def _content(path: Path, limit: int, *, own: bool = False) -> bytes | None:
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


def _folders(processes: Collection[SeenProcess]) -> frozenset[Path]:
    environments = [found for one in processes if (found := _environment(one)) is not None]
    return frozenset(sessions_folder(one, Path.home()) for one in (os.environ, *environments))


def _environment(process: SeenProcess) -> Mapping[str, str] | None:
    """Return the environment of a process of this user; None if it has ended."""
    try:
        found = psutil.Process(process.pid)
        if found.uids().real != os.getuid() or not SeenProcess(process.pid, found.create_time()).is_same(process):
            return None
        return found.environ()
    except (psutil.Error, OSError, ValueError, OverflowError):
        return None


def _inbound(session: LivingSession) -> Inbound:
    pid, environment = session.process.pid, _environment(session.process) or {}
    command: tuple[str, ...] = ()
    folders = [Path(session.file.folder)]
    with suppress(psutil.Error, OSError):
        found = psutil.Process(pid)
        command = tuple(found.cmdline())
        folders.insert(0, Path(found.cwd()))
    named = settings_in_arguments(command)
    files = [SettingsFile(origin=Origin.ARGUMENT, content=named.encode())] if named.lstrip().startswith("{") else []
    repositories = [(Origin.LOCAL, path) for folder in folders for path in local_settings(folder)[1:]]
    config = config_folder(environment, Path.home())
    for origin, path in chain(paths(command, dict.fromkeys(folders), config), dict.fromkeys(repositories)):
        if (content := _content(path, MAX_SETTINGS_BYTES)) is not None:
            files.append(SettingsFile(origin=origin, content=content))
    return inbound(files, command)


def _key(session: LivingSession, bridges: Collection[SeenProcess]) -> InboxKey | None:
    keys = (_key_of(one) for one in chain(bridges, _bridges_below(session.process)))
    return next((key for key in keys if key and key.socket == session.file.socket), None)


def _bridges_below(process: SeenProcess) -> Iterator[SeenProcess]:
    """Yield our own bridges that a process has started, directly or through others."""
    with suppress(psutil.Error, OSError):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error, OSError):
                if is_ours(child.cmdline()):
                    yield SeenProcess(child.pid, child.create_time())


def _key_of(bridge: SeenProcess) -> InboxKey | None:
    environment = _environment(bridge) or {}
    socket, token = environment.get(SOCKET_VARIABLE, ""), environment.get(TOKEN_VARIABLE, "")
    return InboxKey(socket=socket, token=token) if socket and token else None
