"""Wakes: their stages of evidence, the gates in their way, and the record of each try."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

ACK_LOOP = "only acknowledgements go back and forth"
"""The hold reason of a wake that would only keep an ack loop going."""


REPLAYED = "replayed by the operator"
"""The detail of a wake from its replay until the next try."""


class Gate(Struct, frozen=True, kw_only=True):
    """A condition for typing into a pane, and whether it holds now."""

    name: str
    holds: bool
    detail: str

    @property
    def told(self) -> str:
        """The reason why a wake waits for this gate."""
        return f"{self.name}{TOLD_BY}{self.detail}"


def first_closed(gates: Iterable[Gate], passing: Collection[str] = ()) -> Gate | None:
    """Return the first closed gate, except those in `passing`; None if there is none."""
    return next((gate for gate in gates if not gate.holds and gate.name not in passing), None)


TOLD_BY = ": "
"""Separator between a gate's name and its detail, in the reason why a wake waits."""

UNCONFIRMED = "unconfirmed: "
"""Begins what is told of a hint that may take effect yet."""

HELD = "held for its person"
"""Begins, after `UNCONFIRMED`, what is told of a hint that the agent's person has to let through."""

DECLINED = "declined"
"""The gate that is closed after the agent's person has declined a hint."""

NEEDS_A_PERSON = frozenset({"synchronized", "input", "stopped"})
"""Gates that only a person at the pane can open; waiting does not help."""


class WakeStatus(StrEnum):
    """The outcome of a wake, in the words of the wire."""

    DELIVERED = "delivered"
    """The hint was seen to be submitted, or a transport accepted it."""
    RETRYING = "retrying"
    SKIPPED = "skipped"
    FAILED = "failed"


class WakeStage(StrEnum):
    """The stages of evidence for a wake, lowest first."""

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
    """The standing intent to make one agent read one message."""

    message_id: str
    """The id that the sender got; for a broadcast the id of the whole broadcast, not of the row."""
    agent_id: str
    status: WakeStatus
    skip_reason: str | None
    """A word of the wire: no_pane, guard_failed, tmux_unavailable, self, …"""
    detail: str | None
    """For people: the obstacle, or how the wake ended."""
    attempts: int
    failures: int
    """Number of attempts that ended in an error of the transport itself."""
    transport: str | None
    reached: Mapping[WakeStage, datetime] = field(hash=False)
    """The stages with evidence, each with its time."""
    due_at: datetime | None
    """Time of the next try; None if the wake is over."""
    expires_at: datetime | None
    updated_at: datetime
    delivered_at: datetime | None = None
    sender_id: str | None = None
    subject: str | None = None
    urgent: bool = False
    """True if its hint may reach the model in the middle of a turn."""

    @property
    def key(self) -> str:
        """Both parts of the key as one text, for tables and logs."""
        return f"{self.message_id}/{self.agent_id}"

    @property
    def is_over(self) -> bool:
        """True if it will not be tried again."""
        return self.due_at is None

    @property
    def is_unconfirmed(self) -> bool:
        """True if a hint was put before the agent that may take effect yet."""
        return self.status is WakeStatus.RETRYING and (self.detail or "").startswith(UNCONFIRMED)

    @property
    def needs_a_person(self) -> bool:
        """True if it waits for something that only a person can change."""
        told = self.detail or ""
        return told.partition(TOLD_BY)[0] in NEEDS_A_PERSON or told.startswith(f"{UNCONFIRMED}{HELD}")


class Reachability(StrEnum):
    """Answer to the question whether a transport can reach an agent now."""

    OPEN = "open"
    """The gates can be judged."""
    NO_PANE = "no_pane"
    """No way to reach the agent is known."""
    AGENT_GONE = "agent_gone"
    """The pane or its process is no longer the agent's."""
    UNUSABLE = "unusable"
    """This transport would do harm or have no effect with this agent now; another one may be used."""
    BROKEN = "broken"
    """The transport itself fails: no tmux, no server, no answer."""


class Observation(Struct, frozen=True, kw_only=True):
    """A look at an agent before a wake: can it be reached, and which gates hold."""

    reach: Reachability
    detail: str
    gates: tuple[Gate, ...] = ()
    seen: str = ""
    """The last lines of the screen, for the record."""
    is_taken: bool = False
    """True if an earlier hint turned out to be submitted: `deliver` then reports that and delivers nothing."""
    at_rest: bool | None = None
    """True if the program itself shows that its turn is over; None if nothing tells."""


class DeliveryResult(Struct, frozen=True, kw_only=True):
    """The result of a delivery: the stage that it reached, with the evidence."""

    step: WakeStage
    """The highest stage with evidence: attempted, typed or submitted."""
    detail: str
    seen_before: str
    seen_after: str
    times: Mapping[WakeStage, datetime] = {}
    """Time of each stage; a missing time is replaced by the time of the record."""
    typed: bool = True
    """True if the hint was typed; if false, the stage `typed` is left out."""
    failed: bool = False
    """True if the transport itself failed, false if a gate stood in the way."""
    uncertain: bool = False
    """True if it may take effect yet: only time makes another try worth its while."""


class Passed(StrEnum):
    """What is known of a hint that a hook was to pass on to its client."""

    ON = "passed on"
    NOT = "not passed on"
    UNKNOWN = "unknown"
    """The hook got it and has said nothing since: the client may have it."""


class AskedWay(Struct, frozen=True, kw_only=True):
    """One transport that an attempt asked, and its answer."""

    transport: str
    verdict: str
    """Its closed gates, the reason why it cannot be used, or that it is open."""


class WakeAttempt(Struct, frozen=True, kw_only=True):
    """One try to carry out a wake."""

    number: int
    at: datetime
    transport: str
    outcome: str
    """`submitted`, `typed`, `deferred: …` or `failed: …`."""
    seen_before: str
    seen_after: str
    ways: tuple[AskedWay, ...] = ()
    """Every transport that was asked, in order; the last one is `transport`."""
