"""Claude Code's own file about each running session, `sessions/PID.json` in its configuration folder.  Pure.

The file outlives a process that was killed: whether its process lives is for the caller to see.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

from msgspec import Struct

from xats_tui.core.model.panes import PaneState

CONFIG_VARIABLE = "CLAUDE_CONFIG_DIR"
"""The variable that names another configuration folder than `~/.claude`."""

PATTERN = "*.json"
"""Names of session files in their folder; keys lie beside them."""

MAX_FILE_BYTES = 64_000
"""Largest session file that is read; a real one has 600 bytes."""
MAX_TEXT_CHARS = 4_096
"""Longest text of a field, a path."""
MAX_WORD_CHARS = 60
"""Longest word that is shown of a state."""
MAX_PID = 2**31 - 1
LAST_STAMP_MS = 4_102_444_800_000
"""The year 2100, in milliseconds since the epoch; a later stamp is not believed."""

STATES = {"idle": PaneState.IDLE, "busy": PaneState.BUSY, "waiting": PaneState.DIALOG}
"""The meaning of its words for a session's state; any other word is unknown."""

INTERACTIVE = "interactive"
"""The kind of a session that a person sees."""

_TMUX_PANE = re.compile(r".*(%\d+)", re.DOTALL)


class SessionFile(Struct, frozen=True, kw_only=True):
    """A session, as its Claude Code describes it."""

    pid: int
    proc_start: str
    """Start of the process, as in field 22 of `/proc/PID/stat`."""
    session_id: str
    """Changes with `/clear`, while the process stays."""
    folder: str
    """Working directory."""
    version: str
    kind: str
    tmux: str
    """`SESSION:@WINDOW.%PANE`; empty outside tmux."""
    socket: str
    """Path of its inbox socket; empty if it has none."""
    state: PaneState
    """`IDLE`, `BUSY`, `DIALOG`; `UNKNOWN` for a word that is not known, or none."""
    waiting_for: str
    """The thing that it waits for while a dialog is open."""
    since: datetime
    """Time at which it took on the state."""

    @property
    def pane_id(self) -> str:
        """The id of its pane in its tmux server; empty if it names none."""
        found = _TMUX_PANE.fullmatch(self.tmux)
        return found[1] if found else ""

    @property
    def detail(self) -> str:
        """The state in one line, in Claude Code's own words."""
        return self.waiting_for or str(self.state)


def parse(content: bytes) -> SessionFile | None:
    """Return the session of a file; None for a half-written file, or one in which a field is not as it should be."""
    if len(content) > MAX_FILE_BYTES:
        return None
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    pid, stamp = fields.get("pid"), fields.get("statusUpdatedAt", fields.get("startedAt"))
    proc_start, session_id, folder = (_text(fields, key) for key in ("procStart", "sessionId", "cwd"))
    if not (_is_count(pid, MAX_PID) and _is_count(stamp, LAST_STAMP_MS) and proc_start and session_id and folder):
        return None
    state = STATES.get(_text(fields, "status"), PaneState.UNKNOWN)
    return SessionFile(
        pid=pid,
        proc_start=proc_start,
        session_id=session_id,
        folder=folder,
        version=_word(fields, "version"),
        kind=_word(fields, "kind"),
        tmux=_text(fields, "tmux"),
        socket=_text(fields, "messagingSocketPath"),
        state=state,
        waiting_for=_word(fields, "waitingFor") if state is PaneState.DIALOG else "",
        since=datetime.fromtimestamp(stamp / 1000, UTC),
    )


def sessions_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Return the folder of the session files of a Claude Code with this environment."""
    return config_folder(environment, home) / "sessions"


def config_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Return the configuration folder of a Claude Code with this environment; `home` counts if it names none."""
    named = environment.get(CONFIG_VARIABLE)
    return Path(named) if named else Path(environment.get("HOME") or home) / ".claude"


def _is_count(value: object, limit: int) -> TypeGuard[int]:
    return type(value) is int and 0 < value <= limit  # a bool is no count


def _text(fields: Mapping[str, Any], key: str) -> str:
    """Return a text; empty for anything else."""
    text = fields.get(key)
    return text if isinstance(text, str) and len(text) <= MAX_TEXT_CHARS and "\0" not in text else ""


def _word(fields: Mapping[str, Any], key: str) -> str:
    """Return a text to be shown, in one line."""
    return " ".join(_text(fields, key).split())[:MAX_WORD_CHARS]
