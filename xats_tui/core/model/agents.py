"""Agents, how each is reached, and what an operator wants to know of one at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Wake

ONLINE_WINDOW = timedelta(minutes=5)
"""An agent that called within this time is online, whatever else is known of it (the reference's own window)."""

START_TOLERANCE_S = 1.0
"""Seconds by which two readings of one process's start may differ: the kernel counts in clock ticks."""

CHANNEL_PROXY_ROLE = "__channel_proxy__"
"""The role under which a channel proxy registers; no agent of flesh has it."""

OPERATOR_NAME = "operator"
"""The sender that is the person at the dashboard; reserved in every team."""

OPERATOR_ID = "operator"
"""By which messages, wakes and acts name that person; there is no row for it among the agents."""


class Client(StrEnum):
    """The program that an agent runs in."""

    CODEX = "codex"
    CLAUDE_CODE = "claude-code"
    OPENCODE = "opencode"
    CUSTOM = "custom"


class DeliveryKind(StrEnum):
    """How an agent can be reached without typing into its pane."""

    NONE = "none"
    CLAUDE_CHANNEL = "claude-channel"
    CODEX_APPSERVER = "codex-appserver"
    OPENCODE_SERVER = "opencode-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A transport other than the pane, with the address that it needs."""

    kind: DeliveryKind = DeliveryKind.NONE
    address: Mapping[str, str] = field(default_factory=dict)
    """`channel_session_id`; or `thread_id`, `ws_url`, perhaps `auth_token_ref`; or `base_url`, perhaps `session_id`."""
    damaged: bool = False
    """The stored value could not be read; the agent is treated as having none."""


class VerificationMode(StrEnum):
    """By what evidence a pane was bound to an agent."""

    PID_TTY_PANE = "verified_pid_tty_pane"
    TTY_PANE = "verified_tty_pane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The pane that an agent lives in, and the process that was seen there."""

    pane: PaneRef
    tty: str | None
    """Without `/dev/`."""
    ui_pid: int | None
    ui_started_at: float | None
    """The process's start, in seconds since the epoch; with the pid it names one process for ever."""
    mode: VerificationMode
    bound_at: datetime
    proved: bool = False
    """The runtime showed that this process is its own; others can only name it."""
    client: Client | None = None
    """The program that was seen there; None where its names do not tell."""


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """A process that was seen; pid and start together name one for ever."""

    pid: int
    started_at: float
    """In seconds since the epoch."""

    def is_same(self, other: "SeenProcess | None") -> bool:
        """Whether two readings are of one process."""
        return (
            other is not None and self.pid == other.pid and abs(self.started_at - other.started_at) <= START_TOLERANCE_S
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One registered agent: a name in a team."""

    agent_id: str
    team: str
    name: str
    role: str
    client: Client | None
    """None only in rows of an old database."""
    client_name: str | None
    model: str | None
    delivery: Delivery
    binding: Binding | None
    registered_at: datetime
    last_seen_at: datetime
    host_session: str | None = None
    """The session id of the program it runs in, by which that program's hooks speak of it."""
    process: SeenProcess | None = None
    """Its user interface, if that was seen."""
    channel_ui_pid: int | None = None
    """On a channel proxy: the pid of the Claude Code that it belongs to."""

    @property
    def address(self) -> str:
        """`name@team`, as the operator reads and types it."""
        return f"{self.name}@{self.team}"

    def has_called_lately(self, now: datetime) -> bool:
        """Whether it called within `ONLINE_WINDOW`; others are there without calling (`services/presence.py`).

        A call in the future was before the clock was set back: nobody knows how long ago.
        """
        return abs(now - self.last_seen_at) < ONLINE_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """An agent with what an operator wants to know of it at a glance."""

    agent: Agent
    online: bool
    """There is evidence that it is there."""
    connected: bool
    """It has an open MCP session."""
    unread: int
    oldest_unread_at: datetime | None
    wakes_waiting: int
    latest_wake: Wake | None
    pane: PaneView | None
    """None when it has no pane, or nobody has looked yet."""
    reader_note: str = ""
    """What to know of the reader of its screens: its program is newer than that was tested with."""
    resting: bool = False
    """The operator does not want it disturbed, itself or its whole team."""
    resting_until: datetime | None = None
    """None: until that is lifted."""
