"""Session files of this user's Claude Codes, and the settings that apply to a session."""

import asyncio
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import psutil
from msgspec import Struct

from xats_tui.backend.system.sessions.processes import (
    InboxKey,
    content_of,
    environment_of,
    is_own,
    keys_of,
    start_of,
)
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
from xats_tui.core.model.agents import SeenProcess

SOCKET_VARIABLE, TOKEN_VARIABLE = "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN"
"""Variables in which a Claude Code names its inbox, and the key to it, to the programs that it starts."""

MAX_SETTINGS_BYTES = 1_000_000
"""Largest settings file that is read."""

MAX_FILES = 2_000
"""Number of session files of a folder that are read: those of killed processes are never removed."""


class LivingSession(Struct, frozen=True, kw_only=True):
    """A session file whose process lives."""

    file: SessionFile
    process: SeenProcess


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


def _of(process: SeenProcess) -> LivingSession | None:
    environment = environment_of(process)
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
    if not path.stem.isdecimal() or not is_own(int(path.stem)):
        return None
    content = content_of(path, MAX_FILE_BYTES, own=True)
    file = parse(content) if content is not None else None
    if file is None or path.stem != str(file.pid) or start_of(file.pid) != file.proc_start:
        return None
    try:
        return LivingSession(file=file, process=SeenProcess(file.pid, psutil.Process(file.pid).create_time()))
    except psutil.Error:
        return None


def _folders(processes: Collection[SeenProcess]) -> frozenset[Path]:
    environments = [found for one in processes if (found := environment_of(one)) is not None]
    return frozenset(sessions_folder(one, Path.home()) for one in (os.environ, *environments))


def _inbound(session: LivingSession) -> Inbound:
    pid, environment = session.process.pid, environment_of(session.process) or {}
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
        if (content := content_of(path, MAX_SETTINGS_BYTES)) is not None:
            files.append(SettingsFile(origin=origin, content=content))
    return inbound(files, command)


def _key(session: LivingSession, bridges: Collection[SeenProcess]) -> InboxKey | None:
    keys = keys_of(session.process, bridges, SOCKET_VARIABLE, TOKEN_VARIABLE)
    return next((key for key in keys if key.socket == session.file.socket), None)
