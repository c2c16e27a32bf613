"""The nouns: frozen records that the store makes, the services speak in and the screens show.

Nothing here does anything.  The wire has its own names for some of this; only `tools/` knows both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")

ONLINE_WINDOW = timedelta(minutes=5)
"""An agent that called within this time is online, whatever else is known of it (the reference's own window)."""

CHANNEL_PROXY_ROLE = "__channel_proxy__"
"""The role under which a channel proxy registers; no agent of flesh has it."""

BROADCAST_MARK = "*broadcast*"
"""What `to_role` says of a message that went to a whole team."""

PING_PONG = "only acknowledgements go back and forth"
"""Why a wake is held back that would keep two agents thanking each other."""

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


@dataclass(frozen=True, slots=True, order=True)
class PaneRef:
    """One pane of one tmux server; pane ids repeat across servers."""

    socket: str
    """Path of the server's socket; empty for the server that tmux itself would choose."""
    pane_id: str
    """tmux's own id, `%42`."""

    @classmethod
    def own(cls, environment: Mapping[str, str]) -> "PaneRef | None":
        """The pane that a program with this environment was started in; None outside tmux.

        Its server is the one that tmux itself would choose there, so it needs no name.
        """
        pane_id = environment.get("TMUX_PANE")
        return cls("", pane_id) if pane_id and environment.get("TMUX") else None


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


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """A process that was seen; pid and start together name one for ever."""

    pid: int
    started_at: float
    """In seconds since the epoch."""


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
class Message:
    """One message to one recipient; a broadcast is as many of these as it has recipients."""

    id: str
    event_id: int
    from_team: str
    to_team: str
    from_agent_id: str
    to_agent_id: str
    to_role: str | None
    """None for a direct message, else the role or `BROADCAST_MARK`."""
    subject: str | None
    body: str
    need_reply: bool
    sent_at: datetime
    read_at: datetime | None
    from_name: str | None
    """Name of the sender now; None if it is gone."""
    from_role: str | None
    to_name: str | None
    """Name of the recipient now; None if it is gone."""
    answered_at: datetime | None = None
    """When its recipient first wrote back to its sender; only of messages that want a reply, where that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What was said around one message: between its two agents, or a broadcast and what came back."""

    messages: tuple[Message, ...]
    """Oldest first; a broadcast is one of these for each recipient."""
    more_before: bool
    more_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressees:
    """Those of one team to whom one letter of the operator goes."""

    team: str
    agent_ids: tuple[str, ...]
    to_role: str | None = None
    """None for one agent, else the role or `BROADCAST_MARK`."""


class PaneState(StrEnum):
    """What a pane is doing, as far as the screen tells."""

    IDLE = "idle"
    BUSY = "busy"
    DRAFT = "draft"
    DIALOG = "dialog"
    COPY_MODE = "copy_mode"
    SHELL = "shell"
    FOREIGN = "foreign"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneLook:
    """One look at a pane: what tmux said of it and what was on its screen."""

    pane: PaneRef
    at: datetime
    formats: Mapping[str, Any]
    """tmux formats: cursor_x, cursor_y, pane_title, pane_current_command, pane_in_mode, pane_dead, pane_pid, …"""
    screen: str
    """The visible screen with its attributes (`capture-pane -p -e`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneReading:
    """The state that a reader saw in a look, and what made it say so."""

    state: PaneState
    reason: str
    composer: str | None = None
    """The text in the input line, with its prompt if they cannot be told apart; None if there is no input line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneView:
    """A look with what it means and since when it has been so."""

    look: PaneLook
    reading: PaneReading
    unchanged_since: datetime
    state_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer that a prompt offers."""

    number: int
    """From 1, as the prompt counts them."""
    label: str
    note: str = ""
    """What the prompt says of it in the rows below."""
    needs_typing: bool = False
    """Choosing it is no answer yet: a text of one's own follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the program in a pane asks a person, as it stands there."""

    text: str
    """Every row of it, without the sign that says which option is chosen: the same text is the same prompt."""
    options: tuple[Option, ...]
    """Empty if it is not one that can be answered from afar."""
    chosen: int = field(default=0, compare=False)
    """The number of the option that Enter would take; 0 if there are none."""
    in_a_row: bool = False
    """The options stand side by side and have no numbers to press."""
    question: str = field(default="", compare=False)
    """What stands above the options, in one line."""
    why_not: str = ""
    """Why it cannot be answered from afar."""
    screen: str = field(default="", compare=False, repr=False)
    """The whole screen that it was seen on, with its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition for typing into a pane, and whether it holds now."""

    name: str
    holds: bool
    detail: str


class WakeStatus(StrEnum):
    """What became of a wake, in the words of the wire."""

    DELIVERED = "delivered"
    """The hint was seen to be submitted, or a transport took it."""
    RETRYING = "retrying"
    SKIPPED = "skipped"
    FAILED = "failed"


class WakeStep(StrEnum):
    """The evidence ladder of a wake, lowest first."""

    QUEUED = "queued"
    ATTEMPTED = "attempted"
    TYPED = "typed"
    SUBMITTED = "submitted"
    SEEN = "seen"
    """The message was in an answer to the recipient's own get_inbox."""
    READ = "read"
    """The recipient called again after that answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """The standing intent to get one agent to read one message."""

    message_id: str
    """The id that the sender was given: for a broadcast that of the whole, not of the row."""
    agent_id: str
    status: WakeStatus
    skip_reason: str | None
    """One of the wire's words: no_pane, guard_failed, tmux_unavailable, self, …"""
    detail: str | None
    """For people: what stood in the way, or how it ended."""
    attempts: int
    failures: int
    """How many of the attempts ended in an error of the transport itself."""
    transport: str | None
    reached: Mapping[WakeStep, datetime] = field(hash=False)
    """Each rung of the ladder for which there is evidence, with its time."""
    due_at: datetime | None
    """When it is tried again; None when it is over."""
    expires_at: datetime | None
    updated_at: datetime
    delivered_at: datetime | None = None
    sender_id: str | None = None
    subject: str | None = None

    @property
    def key(self) -> str:
        """One text for both parts of the key, for tables and logs."""
        return f"{self.message_id}/{self.agent_id}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be tried."""
        return self.due_at is None


class Reach(StrEnum):
    """How far a transport gets towards an agent now."""

    OPEN = "open"
    """There is something to judge by gates."""
    NO_PANE = "no_pane"
    """The agent has nothing that it can be reached through."""
    AGENT_GONE = "agent_gone"
    """The pane or its process is no longer the agent's."""
    BROKEN = "broken"
    """The transport itself fails: no tmux, no server, no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What was seen before a hint is put before an agent."""

    reach: Reach
    detail: str
    gates: tuple[Gate, ...] = ()
    seen: str = ""
    """The last lines of the screen, for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was seen after a hint was put before an agent."""

    step: WakeStep
    """The highest rung of the ladder that there is evidence for: attempted, typed or submitted."""
    detail: str
    seen_before: str
    seen_after: str
    times: Mapping[WakeStep, datetime] = field(default_factory=dict)
    """When each rung was seen to be reached; the time of the record stands in for one that is missing."""
    typed: bool = True
    """Whether the way to `submitted` was by typing; otherwise that rung is left out."""
    failed: bool = False
    """The transport itself failed, rather than something standing in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something that the operator did."""

    activity_id: int
    at: datetime
    actor: str
    verb: str
    agent_id: str | None
    message_id: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """Something that agents did, as the event log has it."""

    event_id: int
    at: datetime
    kind: str
    """`message_sent`, `contract_registered`, `task_…`."""
    team: str
    actor_id: str
    actor_name: str | None
    others: tuple[str, ...]
    """Names of whom it was addressed to."""
    about: str
    """What it is known by: the id of a task, the name of a contract, the event of a message."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TmuxCommand:
    """A tmux command that changed something; what was typed is not kept."""

    number: int
    at: datetime
    pane: PaneRef
    what: str


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
class WakeAttempt:
    """One try to carry out a wake."""

    number: int
    at: datetime
    transport: str
    outcome: str
    """`submitted`, `typed`, `deferred: …` or `failed: …`."""
    seen_before: str
    seen_after: str


CANCELLED = "cancelled by the operator"
"""The result of a task that the operator took from the board."""


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of a team's board."""

    id: str
    team: str
    title: str
    description: str | None
    status: TaskStatus
    depends_on: tuple[str, ...]
    claimed_by: str | None
    claimed_at: datetime | None
    completed_at: datetime | None
    result: str | None
    created_at: datetime

    @property
    def is_cancelled(self) -> bool:
        """Whether it left the board undone: to whoever only knows three states it is completed."""
        return self.status is TaskStatus.COMPLETED and self.result == CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """What a task says, as the operator writes it."""

    title: str
    description: str | None = None
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One version of a named JSON Schema."""

    team: str
    name: str
    version: int
    schema: Mapping[str, Any]
    note: str | None
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of a longer list."""

    rows: tuple[T, ...]
    has_more: bool


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
    resting: bool = False
    """The operator does not want it disturbed, itself or its whole team."""
    resting_until: datetime | None = None
    """None: until that is lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One agent's interest in a contract."""

    agent_id: str
    name: str
    fetched_version: int | None
    """The newest version that it has fetched; None if never."""
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVersion:
    """One version of a contract without its schema."""

    version: int
    breaking: bool | None
    """Whether it breaks the one before; None for a first version."""
    note: str | None
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaReason:
    """One demand of a schema that is in the way of those who have the other one."""

    path: str
    """JSON pointer into the version that makes the demand: the later one if `of_new`, else the earlier one."""
    what: str
    of_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractChange:
    """Two versions of a contract, and what going from one to the other means."""

    old: Contract | None
    """None: the other one is the first version, and stands alone."""
    new: Contract
    backward: bool | None = None
    """Whether readers of the new version can read all that was written for the old one; None if that cannot be told."""
    forward: bool | None = None
    """Whether readers of the old version can read all that is written for the new one; None if that cannot be told."""
    reasons: tuple[SchemaReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSummary:
    """A contract by its latest version."""

    team: str
    name: str
    version: int
    breaking: bool | None
    """Whether the latest version breaks the one before; None for a first version."""
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime
    subscribers: tuple[Subscriber, ...]
    readers: tuple[Subscriber, ...] = ()
    """Agents that have fetched it without being subscribed."""
    versions: tuple[ContractVersion, ...] = ()
    """All of them, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """A task with the names and states that its board shows."""

    task: Task
    owner_name: str | None
    owner_online: bool | None
    waits_for: tuple[str, ...]
    """Ids of dependencies that are not completed."""
    blocks: int
    """How many unfinished tasks wait for this one."""


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
    alert: str | None = None
    """How a new dialog is told, if that has been set since the start."""
    tick_seconds: float | None = None
    """What the last look at all panes took; None before the first."""
