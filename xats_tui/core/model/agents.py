"""Agents, how each is reached, and the summary that an operator sees."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from xats_tui.core.model.client_states import AgentState, Dialog, PastFacts, ToldState, ToldWork, UsedTool, agent_state
from xats_tui.core.model.labels import ClientId
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Wake

ONLINE_WINDOW = timedelta(minutes=5)
"""An agent that called within this time counts as online, without further evidence (the reference's own window)."""

START_TOLERANCE_S = 1.0
"""Tolerance between two readings of one process's start time: the kernel counts in clock ticks."""

CHANNEL_PROXY_ROLE = "__channel_proxy__"
"""The role of a channel proxy; no real agent has it."""

OPERATOR_NAME = "operator"
"""The sender name of the person at the dashboard; reserved in every team."""

OPERATOR_ID = "operator"
"""The agent id of the operator in messages, wakes and activity; there is no row for it among the agents."""


class DeliveryKind(StrEnum):
    """Ways to reach an agent without typing into its pane."""

    NONE = "none"
    CLAUDE_CHANNEL = "claude-channel"
    CODEX_APPSERVER = "codex-appserver"
    OPENCODE_SERVER = "opencode-server"


class Delivery(Struct, frozen=True, kw_only=True):
    """A transport other than the pane, with the address it needs."""

    kind: DeliveryKind = DeliveryKind.NONE
    address: Mapping[str, str] = field(default_factory=dict)
    """`channel_session_id`; or `thread_id`, `ws_url` and optionally `auth_token_ref`; or `base_url` and optionally
    `session_id`.
    """
    damaged: bool = False
    """True if the stored value could not be read; the agent is treated as if it had none."""


class VerificationMode(StrEnum):
    """The evidence by which a pane was bound to an agent."""

    PID_TTY_PANE = "verified_pid_tty_pane"
    TTY_PANE = "verified_tty_pane"


class Binding(Struct, frozen=True, kw_only=True):
    """The pane that an agent lives in, and the process that was seen there."""

    pane: PaneRef
    tty: str | None
    """The terminal's name without `/dev/`."""
    ui_pid: int | None
    ui_started_at: float | None
    """The process's start, in seconds since the epoch; pid and start together identify one process for ever."""
    mode: VerificationMode
    bound_at: datetime
    proved: bool = False
    """True if the agent's own connection showed that this process is its own; a claim in an argument does not count."""
    client: ClientId | None = None
    """The program that was seen there; None if its names do not tell."""


class SeenProcess(Struct, frozen=True):
    """A process that was seen; pid and start together identify it for ever."""

    pid: int
    started_at: float
    """Start time, in seconds since the epoch."""

    def is_same(self, other: "SeenProcess | None") -> bool:
        """Return whether both readings are of the same process."""
        return (
            other is not None and self.pid == other.pid and abs(self.started_at - other.started_at) <= START_TOLERANCE_S
        )


class Agent(Struct, frozen=True, kw_only=True):
    """A registered agent: a name in a team."""

    agent_id: str
    team: str
    name: str
    role: str
    client: ClientId | None
    """None only in rows of an old database."""
    client_name: str | None
    model: str | None
    delivery: Delivery
    binding: Binding | None
    registered_at: datetime
    last_seen_at: datetime
    host_session: str | None = None
    """The session id of the program it runs in; that program's hooks report under this id."""
    process: SeenProcess | None = None
    """The process of its user interface, if one was seen."""
    channel_ui_pid: int | None = None
    """The pid of the Claude Code that a channel proxy belongs to; None for real agents."""

    @property
    def address(self) -> str:
        """`name@team`, as the operator reads and types it."""
        return f"{self.name}@{self.team}"

    def has_called_lately(self, now: datetime) -> bool:
        """Return whether it called within `ONLINE_WINDOW`; agents can be online without calling
        (`services/agents/presence.py`).
        """
        # A last call in the future was made before the clock was set back: its real age is unknown, so it counts as
        # old.
        return abs(now - self.last_seen_at) < ONLINE_WINDOW


class RosterEntry(Struct, frozen=True, kw_only=True):
    """An agent with the facts that an operator wants to see at a glance."""

    agent: Agent
    online: bool
    """True if there is evidence that the agent is there."""
    connected: bool
    """True if it has an open MCP session."""
    unread: int
    oldest_unread_at: datetime | None
    wakes_waiting: int
    latest_wake: Wake | None
    pane: PaneView | None
    """None if it has no pane, or the pane was not looked at yet."""
    told: ToldState | None = None
    """The state that its client tells; None if the client tells none."""
    dialogs: tuple[Dialog, ...] = ()
    """Its open dialogs that the client tells of, the oldest first."""
    work: ToldWork | None = None
    """Facts of its work that the hooks of its client tell; None if they told nothing."""
    called: UsedTool | None = None
    """The tool of this server that it called last in its open session."""
    reader_note: str = ""
    """A warning about its screen reader: the agent's program is newer than the tested versions."""
    resting: bool = False
    """True under do not disturb, for the agent itself or its whole team."""
    resting_until: datetime | None = None
    """End of do not disturb; None if it lasts until it is turned off."""
    past: PastFacts | None = None
    """What the log tells of it at a moment of the past; None in the present."""

    @property
    def last_tool(self) -> UsedTool | None:
        """The tool that it used last, of all that is known of."""
        used = [one for one in (self.called, self.work.tool if self.work else None) if one]
        return max(used, key=lambda one: one.at, default=None)

    @property
    def state(self) -> AgentState | None:
        """The agent's state for people; None if neither its client nor a screen tells one."""
        return self.state_in(self.pane)

    def state_in(self, view: PaneView | None) -> AgentState | None:
        """Return the agent's state with this view of its pane; in the past, the state that the log tells."""
        if self.past is not None:
            return self.past.state
        return agent_state(view, self.told, self.dialogs)
