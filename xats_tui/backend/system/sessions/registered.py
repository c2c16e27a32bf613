"""Registered sessions that have an inbox: found by the bridges that they have started, never by a name.

A bridge has the key and the path of its session's inbox in its environment, and the process of that session above it.
A record is believed only if both lead to it.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
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
from xats_tui.clients.session_record import MAX_RECORD_BYTES, SessionRecord, parse, records_folder
from xats_tui.clients.spec import SessionInbox
from xats_tui.core.model.agents import SeenProcess

MAX_GENERATIONS = 8
"""Processes above a bridge that are looked at: a client may put a wrapper or two between."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")


class RegisteredSession(Struct, frozen=True, kw_only=True):
    """A record whose process lives, and the key that it has given to a bridge."""

    record: SessionRecord
    process: SeenProcess
    key: InboxKey


class SessionRegistry:
    """Reader of session records."""

    async def session_of(
        self, process: SeenProcess, bridges: Collection[SeenProcess], inbox: SessionInbox
    ) -> RegisteredSession | None:
        """Return the session that a process belongs to; None if no bridge of it leads to a record that is believed.

        Args:
            process: the agent's process; its client may have others above or below it.
            bridges: the agent's bridges; those that the process has started are looked at, too.
            inbox: where its client keeps records, and how it names inbox and key to a bridge.
        """
        return await asyncio.to_thread(_session_of, process, bridges, inbox)


def _session_of(
    process: SeenProcess, bridges: Collection[SeenProcess], inbox: SessionInbox
) -> RegisteredSession | None:
    for key in keys_of(process, bridges, inbox.socket, inbox.token):
        above = tuple(_above(key.bridge))
        if not any(one.is_same(process) for one in above):
            continue  # a bridge of another program
        for one in above:
            record = _record_of(one, inbox)
            if record is not None and record.socket == key.socket:
                return RegisteredSession(record=record, process=one, key=key)
    return None


def _above(bridge: SeenProcess) -> Iterator[SeenProcess]:
    """Yield the processes above a bridge, the nearest first."""
    with suppress(psutil.Error, OSError):
        for parent in islice(psutil.Process(bridge.pid).parents(), MAX_GENERATIONS):
            yield SeenProcess(parent.pid, parent.create_time())


def _record_of(process: SeenProcess, inbox: SessionInbox) -> SessionRecord | None:
    """Return the record that a living process of this user has written about itself."""
    environment = environment_of(process) if is_own(process.pid) else None
    if environment is None:
        return None
    path = records_folder(inbox, environment, Path.home()) / f"{process.pid}.json"
    content = content_of(path, MAX_RECORD_BYTES, own=True)
    record = parse(content) if content is not None else None
    return record if record is not None and _is_by(record, process) else None


def _is_by(record: SessionRecord, process: SeenProcess) -> bool:
    """Return whether a record was written by this very process, on this machine, since it was started."""
    with suppress(OSError):
        start = start_of(process.pid)
        boot = BOOT_ID.read_text().strip()
        namespace = PID_NAMESPACE.stat().st_ino
        written_as = (process.pid, f"{boot}:{start}", namespace)
        return bool(start) and (record.pid, record.proc_start, record.pid_namespace) == written_as
    return False
