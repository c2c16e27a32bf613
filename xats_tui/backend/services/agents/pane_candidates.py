"""The score of a pane against a caller's description, as the reference counts it."""

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from xats_tui.backend.system.processes import Process, normal_tty
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.model.labels import ClientId

PER_PROCESS, ACTIVE, TTY_GIVEN, TITLE_GIVEN = 10, 3, 100, 15
CWD_EQUAL, CWD_BELOW, CWD_ABOVE = 60, 45, 30


class PaneCandidate(Struct, frozen=True, kw_only=True):
    """A pane that may be the wanted one."""

    pane_id: str
    session_name: str
    window_index: int
    pane_index: int
    active: bool
    tty: str
    current_path: str
    current_command: str
    title: str
    matched_processes: tuple[str, ...]
    score: int


class PaneQuery(Struct, frozen=True, kw_only=True):
    """A caller's description of the wanted pane; None is no filter."""

    client: ClientId
    process_pattern: str | None = None
    cwd: str | None = None
    tty: str | None = None
    title_contains: str | None = None


def candidate_in(wanted: PaneQuery, formats: Mapping[str, Any], processes: Sequence[Process]) -> PaneCandidate | None:
    """Return the pane as a candidate; None if it does not fit at all."""
    tty = normal_tty(formats["pane_tty"]) or ""
    kinship = _kinship(wanted.cwd, formats["pane_current_path"]) if wanted.cwd else 0
    title = (wanted.title_contains or "").strip().casefold()
    if not processes or kinship is None or title not in formats["pane_title"].casefold():
        return None
    wanted_tty = (wanted.tty or "").strip()
    if wanted_tty and normal_tty(wanted_tty) != tty:
        return None
    score = PER_PROCESS * len(processes) + ACTIVE * bool(formats["pane_active"]) + kinship
    score += TTY_GIVEN * bool(wanted_tty) + TITLE_GIVEN * bool(title)
    spec = CLIENTS.get(wanted.client)
    if spec and spec.pane_command and spec.pane_command.search(formats["pane_current_command"]):
        score += spec.pane_command_score
    return PaneCandidate(
        pane_id=formats["pane_id"],
        session_name=formats["session_name"],
        window_index=int(formats["window_index"]),
        pane_index=int(formats["pane_index"]),
        active=bool(formats["pane_active"]),
        tty=tty,
        current_path=formats["pane_current_path"],
        current_command=formats["pane_current_command"],
        title=formats["pane_title"],
        matched_processes=tuple(f"{process.pid} {process.name}" for process in processes),
        score=score,
    )


def _kinship(cwd: str, path: str) -> int | None:
    """Return the score for a pane's folder; None if it is not related to `cwd`."""
    wanted, found = PurePosixPath(posixpath.normpath(cwd)), PurePosixPath(posixpath.normpath(path))
    if wanted == found:
        return CWD_EQUAL
    if found.is_relative_to(wanted):
        return CWD_BELOW
    return CWD_ABOVE if wanted.is_relative_to(found) else None
