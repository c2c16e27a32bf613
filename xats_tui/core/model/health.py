"""How the coordinator is doing, and what it tells of its own accord."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the coordinator tells of its own accord."""

    number: int
    """Higher is later."""
    at: datetime
    subject: str
    """What it is about, such as a file."""
    text: str
    is_trouble: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """An open MCP session."""

    session_id: str
    client: str
    """Name and version that the client gave; empty if it gave none."""
    agent_id: str | None
    """The agent that it speaks for."""
    opened_at: datetime
    last_call_at: datetime | None
    has_stream: bool
    """Somebody listens to its standing stream now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the coordinator is doing."""

    version: str
    host: str
    port: int
    started_at: datetime
    now: datetime
    sessions: int
    agents_connected: int
    wakes_waiting: int
    wakes_failed: int
    dialogs_open: int
    body_limit: int = 262_144
    """Bytes that a message may have, its subject included."""
    loop_lag: float = 0.0
    """Seconds that the coordinator's loop was late at the worst in the last minute."""
    database_bytes: int = 0
    tmux_seconds: float | None = None
    """What the last tmux command took; None before the first."""
    notices: tuple[Notice, ...] = ()
    """What it told of late, the oldest first."""
    troubles: tuple[Notice, ...] = ()
    """What is wrong until it is mended."""
    unstored: str = ""
    """One sentence if nothing can be stored, for the database was taken away; empty otherwise."""
    alert: str | None = None
    """How a new dialog is told, if that has been set since the start."""
    tick_seconds: float | None = None
    """What the last look at all panes took; None before the first."""
