"""The coordinator's health, and the notices that it gives unasked."""

from datetime import datetime

from msgspec import Struct


class Notice(Struct, frozen=True, kw_only=True):
    """A message that the coordinator gives unasked."""

    number: int
    """Sequence number; higher is later."""
    at: datetime
    subject: str
    """The subject, such as a file."""
    text: str
    is_trouble: bool


class SessionEntry(Struct, frozen=True, kw_only=True):
    """An open MCP session."""

    session_id: str
    client: str
    """Name and version that the client gave; empty if it gave none."""
    agent_id: str | None
    """The agent that the session speaks for."""
    opened_at: datetime
    last_call_at: datetime | None
    has_stream: bool
    """True if a client is connected to the session's standing stream."""


class Health(Struct, frozen=True, kw_only=True):
    """The coordinator's state, for the dashboard and `/health`."""

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
    """Largest message in bytes, subject included."""
    loop_lag: float = 0.0
    """Longest delay of the coordinator's loop in the last minute, in seconds."""
    database_bytes: int = 0
    tmux_seconds: float | None = None
    """Duration of the last tmux command; None before the first."""
    notices: tuple[Notice, ...] = ()
    """Recent notices, oldest first."""
    troubles: tuple[Notice, ...] = ()
    """Open problems."""
    unstored: str = ""
    """One sentence if nothing can be stored because the database was taken away; empty otherwise."""
    alert: str | None = None
    """The announcement of new dialogs, if it was set since the start."""
    tick_seconds: float | None = None
    """Duration of the last look at all panes; None before the first."""


class Rates(Struct, frozen=True, kw_only=True):
    """The traffic of the last hour."""

    messages: tuple[int, ...]
    """Messages sent in each minute, oldest first; so are the other series."""
    submitted: tuple[int, ...]
    """Wakes whose hint was submitted in each minute."""
    failed: tuple[int, ...]
    """Wakes that failed in each minute."""
    until_read: tuple[float, float] | None
    """Median and 95th percentile of the seconds from a wake's start until its message was read; None if none was."""
    calls_per_second: float | None
    """Tool calls a second since the rates were read before; None at the first time."""
