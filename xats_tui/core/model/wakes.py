"""Wakes: the ladder of their evidence, the gates in their way, and what was seen of each try."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PING_PONG = "only acknowledgements go back and forth"
"""Why a wake is held back that would keep two agents thanking each other."""


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


class WakeStage(StrEnum):
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
    reached: Mapping[WakeStage, datetime] = field(hash=False)
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


class Reachability(StrEnum):
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
class Observation:
    """What was seen before a hint is put before an agent."""

    reach: Reachability
    detail: str
    gates: tuple[Gate, ...] = ()
    seen: str = ""
    """The last lines of the screen, for the record."""
    is_taken: bool = False
    """An earlier hint turned out to be submitted: delivering says so, and puts nothing before the agent."""
    at_rest: bool | None = None
    """Whether the program itself shows that its turn is over; None where nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What was seen after a hint was put before an agent."""

    step: WakeStage
    """The highest rung of the ladder that there is evidence for: attempted, typed or submitted."""
    detail: str
    seen_before: str
    seen_after: str
    times: Mapping[WakeStage, datetime] = field(default_factory=dict)
    """When each rung was seen to be reached; the time of the record stands in for one that is missing."""
    typed: bool = True
    """Whether the way to `submitted` was by typing; otherwise that rung is left out."""
    failed: bool = False
    """The transport itself failed, rather than something standing in the way."""


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
