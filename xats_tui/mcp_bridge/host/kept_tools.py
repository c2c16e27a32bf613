"""A coordinator's answer to `tools/list`, kept beside its pid file for the bridges that start later.

It is true for one process only, which offers the same tools to everybody for as long as it runs.  The coordinator may
have another version than the bridge and may keep other rules, so only the tools of our own version are kept.
"""

import json
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xats_tui import __version__
from xats_tui.runtime import private_files
from xats_tui.runtime.pid_file import PidRecord

logger = logging.getLogger(__name__)

MAX_BYTES = 1_000_000
"""Maximum size of the file; the tools have 20 kB."""


def read(pid_path: Path, record: PidRecord) -> Mapping[str, Any] | None:
    """Return the kept result of the coordinator in this record; None if there is none, or that of another one."""
    try:
        kept = json.loads(_content(_path(pid_path)))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(kept, dict) or kept.get("of") != _process(record):
        return None
    result = kept.get("result")
    return result if isinstance(result, dict) and result.get("tools") else None


def keep(pid_path: Path, record: PidRecord, result: Mapping[str, Any]) -> None:
    """Keep the result of the coordinator in this record, as a host is told it."""
    is_whole = result.get("tools") and not result.get("nextCursor")
    if record.version != __version__ or not is_whole or read(pid_path, record) == result:
        return
    try:
        private_files.write(
            _path(pid_path), json.dumps({"of": _process(record), "result": result}) + "\n", replace=True
        )
    except OSError as error:
        logger.info("the tools were not kept: %s", error)


def _process(record: PidRecord) -> list[Any]:
    return [record.version, record.pid, record.started_at]


def _path(pid_path: Path) -> Path:
    return pid_path.with_name(f"{pid_path.name}.tools")


def _content(path: Path) -> bytes:
    """Return the content of a file; empty if it is no file of ours."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        return file.read(MAX_BYTES) if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() else b""
