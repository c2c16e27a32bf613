"""The record of a session with an inbox, `sessions/PID.json` in its client's folder.  Pure.

It is the registry of Qwen Code's Cross-Session Protocol, schema version 1.  A record outlives a process that was
killed: whether its process lives is for the caller to see.  Its own token is not read: it makes a sender a stranger,
whose messages are held.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from xats_tui.clients.spec import SessionInbox

SCHEMA = 1

MAX_RECORD_BYTES = 64_000
"""Largest record that is read; a real one has 600 bytes."""
MAX_TEXT_CHARS = 4_096
"""Longest text of a field, a path."""


class SessionRecord(Struct, frozen=True, kw_only=True):
    """A session, as its program describes it."""

    pid: int
    proc_start: str
    """`BOOT:START`: the id of the machine's boot, and field 22 of `/proc/PID/stat`."""
    pid_namespace: int
    """Inode number of `/proc/PID/ns/pid`."""
    session_id: str
    """Changes with `/clear`, while the process stays."""
    socket: str
    """Path of its inbox; empty while it has none."""


def parse(content: bytes) -> SessionRecord | None:
    """Return the session of a record; None for a newer schema, or where a field is not as it should be."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or _count(fields, "schemaVersion") != SCHEMA:
        return None
    record = SessionRecord(
        pid=_count(fields, "pid"),
        proc_start=_text(fields, "procStart"),
        pid_namespace=_count(fields, "pidNs"),
        session_id=_text(fields, "sessionId"),
        socket=_text(fields, "ipcPath"),
    )
    return record if record.pid and record.proc_start and record.pid_namespace and record.session_id else None


def records_folder(inbox: SessionInbox, environment: Mapping[str, str], home: Path) -> Path:
    """Return the folder of the records of a program with this environment; `home` counts if it names none."""
    named = environment.get(inbox.folder_variable)
    return (Path(named) if named else Path(environment.get("HOME") or home) / inbox.folder) / "sessions"


def _count(fields: Mapping[str, Any], key: str) -> int:
    """Return a whole number above 0; 0 for anything else."""
    value = fields.get(key)
    return value if type(value) is int and value > 0 else 0  # a bool is no number


def _text(fields: Mapping[str, Any], key: str) -> str:
    """Return a text; empty for anything else."""
    text = fields.get(key)
    return text if isinstance(text, str) and len(text) <= MAX_TEXT_CHARS and "\0" not in text else ""
