"""When an agent is woken, when not yet, and when never: rules only, no I/O.

`decide` is the whole policy; `services/wakes.py` carries out what it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from unicodedata import category

from xats_tui.clients.registry import MAX_HINT_CHARS
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import (
    ACK_LOOP,
    UNCONFIRMED,
    DeliveryResult,
    Gate,
    Observation,
    Reachability,
    Wake,
    WakeStage,
    WakeStatus,
)

RETRY_DELAYS = (timedelta(seconds=30), timedelta(seconds=180), timedelta(seconds=600))
"""Delays to the next try, the last one for ever after; the first three are the reference's."""

HINT_PATIENCE = timedelta(seconds=60)
"""How long a submitted hint may be unanswered before new mail is worth another."""

REMIND_AFTER = timedelta(seconds=600)
"""How long after a submitted hint or an inbox answer mail that is still unread is worth another look."""

READS_ON_WITHIN, READS_ON_UNSEEN_WITHIN = timedelta(seconds=15), timedelta(seconds=60)
"""How long an agent that got a page is left to ask for the next one; longer where nothing shows that it works."""

REST_PATIENCE = timedelta(seconds=600)
"""How long after a part of a message its rest is worth another hint."""

BUDGET_PERIOD = timedelta(hours=1)
"""The time that an agent's hint budget is for."""

STOP_HOOK = "claude-stop-hook"
"""What stands for a hint that a program took over at the end of its turn."""

NAMED_SENDERS = 3
"""Senders that a hint names; the rest are counted."""

MAX_NAME_CHARS = 40
"""Characters of a sender's name that a hint shows."""

PLAIN_SIGNS = frozenset(" -_.,:@+/")
"""Signs of a name that stay as they are in a hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Put the hint before the agent now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Not now: try again at `until`, or as soon as the pane allows."""

    reason: str
    """The wire's word."""
    detail: str
    until: datetime
    failed: bool = False
    """The transport itself failed."""
    until_idle: bool = False
    """It is worth a try as soon as the pane turns idle, before `until`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """There is nothing to be done for this agent; a new binding changes that."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """It has failed; a new binding, or the operator, may begin again."""

    reason: str
    detail: str


Verdict = Deliver | Defer | Skip | GiveUp


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeContext:
    """What beside its screen speaks for or against waking an agent now."""

    resting: bool = False
    """The operator does not want it disturbed."""
    resting_until: datetime | None = None
    """None: until that is lifted."""
    hints: int = 0
    """Hints within `BUDGET_PERIOD` after which it has not fetched what they announced."""
    oldest_hint_at: datetime | None = None
    """The first of those."""
    hint_budget: int = 60
    """How many it may get in that time."""
    ack_loop_until: datetime | None = None
    """It and one or two others do nothing but acknowledge each other; when that counts as over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReason:
    """One of those, as a gate, with the time at which it is worth another look."""

    gate: Gate
    until: datetime


def hold_reasons(
    wakes: Sequence[Wake], agent: Agent, wake_context: WakeContext, now: datetime
) -> tuple[HoldReason, ...]:
    """Every reason that is not on the screen, whether it holds the agent's wakes back or not."""
    rest_ends = wake_context.resting_until
    hint_at = _unanswered_hint(wakes, agent)
    patient_until = hint_at + HINT_PATIENCE if hint_at else now
    unconfirmed_until = max((wake.due_at for wake in wakes if wake.is_unconfirmed and wake.due_at), default=now)
    spent = wake_context.hints >= wake_context.hint_budget
    looping = wake_context.ack_loop_until is not None and wake_context.ack_loop_until > now
    return (
        HoldReason(
            gate=Gate(
                name="do not disturb",
                holds=not wake_context.resting,
                detail=_rest(wake_context),
            ),
            until=rest_ends or now + RETRY_DELAYS[-1],
        ),
        HoldReason(
            gate=Gate(
                name="earlier hint",
                holds=now >= max(patient_until, unconfirmed_until),
                detail=_earlier_hint(is_unconfirmed=now < unconfirmed_until, is_unanswered=now < patient_until),
            ),
            until=max(patient_until, unconfirmed_until),
        ),
        HoldReason(
            gate=Gate(
                name="budget",
                holds=not spent,
                detail=f"{wake_context.hints} of {wake_context.hint_budget} hints in an hour led to no new mail",
            ),
            until=(wake_context.oldest_hint_at or now) + BUDGET_PERIOD,
        ),
        HoldReason(
            gate=Gate(
                name="ack loop",
                holds=not looping,
                detail=ACK_LOOP if looping else "no",
            ),
            until=wake_context.ack_loop_until or now,
        ),
    )


def _earlier_hint(*, is_unconfirmed: bool, is_unanswered: bool) -> str:
    if is_unconfirmed:
        return f"{UNCONFIRMED}an earlier hint may be taken yet"
    return "an earlier hint has not been answered yet" if is_unanswered else "answered, or long ago"


def choose(serving: Sequence[str], wakes: Sequence[Wake], agent: Agent, now: datetime) -> str | None:
    """The transport to use: the first that serves, or the one after that whose hint was not answered in time.

    Args:
        serving: names of the transports that the agent has, in order of preference.
        wakes: the agent's open wakes.
        agent: the agent.
        now: the instant of the decision.
    """
    hint_at = _unanswered_hint(wakes, agent)
    tried = next((wake.transport for wake in wakes if wake.reached.get(WakeStage.SUBMITTED) == hint_at), None)
    if hint_at is not None and now >= hint_at + HINT_PATIENCE and tried in serving:
        return serving[min(serving.index(tried) + 1, len(serving) - 1)]
    return serving[0] if serving else None


def look_again_at(serving: Sequence[str], used: str, now: datetime) -> datetime:
    """When a submitted hint is worth another look if the mail stays unread: soon, if there is another transport."""
    is_last = used not in serving or serving.index(used) == len(serving) - 1
    return now + (REMIND_AFTER if is_last else HINT_PATIENCE)


def reads_on_until(agent: Agent, now: datetime) -> datetime:
    """When mail that an agent has left behind a page is worth another hint."""
    unseen = agent.delivery.kind is DeliveryKind.CLAUDE_CHANNEL  # it takes a hint in the middle of a turn
    return now + (READS_ON_UNSEEN_WITHIN if unseen else READS_ON_WITHIN)


def decide(
    wakes: Sequence[Wake],
    agent: Agent | None,
    observation: Observation,
    now: datetime,
    wake_context: WakeContext = WakeContext(),
    *,
    types: bool = True,
) -> Verdict:
    """What to do about the open wakes for one agent.

    Args:
        wakes: those that are not over, at least one.
        agent: the recipient; None if it has left.
        sighting: what its transport sees now.
        now: the instant of the decision.
        circumstances: what else there is to know.
        types: whether the transport is one that types.
    """
    if agent is None:
        return GiveUp(reason="no_pane", detail="the agent has left")
    if all(wake.expires_at is not None and wake.expires_at <= now for wake in wakes):
        return GiveUp(reason="retry_exhausted", detail="the message was not read in time")
    for hold_reason in hold_reasons(wakes, agent, wake_context, now):
        if not hold_reason.gate.holds:
            return Defer(reason="guard_failed", detail=hold_reason.gate.detail, until=hold_reason.until)
    match observation.reach:
        case Reachability.NO_PANE:
            return Skip(reason="no_pane", detail=observation.detail)
        case Reachability.AGENT_GONE:
            return GiveUp(reason="no_pane", detail=observation.detail)
        case Reachability.BROKEN:
            return _after_failure(wakes, observation.detail, now, types=types)
        case Reachability.OPEN if all(gate.holds for gate in observation.gates):
            return Deliver()
    return _wait_for_pane(wakes, observation.detail, now)


def after_delivery(
    wakes: Sequence[Wake], result: DeliveryResult, now: datetime, *, types: bool = True
) -> Verdict | None:
    """Decide what follows on a delivery that did not get as far as `submitted`; None if it did."""
    detail = result.detail
    if result.step is WakeStage.SUBMITTED:
        return None
    if result.failed:
        return _after_failure(wakes, detail, now, types=types)
    if result.uncertain:
        return Defer(reason="guard_failed", detail=detail, until=now + delay_after(wakes))
    return _wait_for_pane(wakes, detail, now)


def delay_after(wakes: Sequence[Wake]) -> timedelta:
    """The time to the next try, by the wake that was tried least."""
    return RETRY_DELAYS[min(min(wake.attempts for wake in wakes), len(RETRY_DELAYS) - 1)]


def hint(senders: Sequence[str], count: int, tool: str = "get_inbox", *, new: bool = True) -> str:
    """The one line that is put before an agent; names are foreign text and made harmless.

    Args:
        senders: names of those who wrote.
        count: how many messages wait.
        tool: the tool to call.
        new: whether no answer has held them yet.
    """
    named = [_harmless(name) for name in dict.fromkeys(senders)]
    shown = ", ".join(named[:NAMED_SENDERS]) + (
        f" and {len(named) - NAMED_SENDERS} more" if len(named) > NAMED_SENDERS else ""
    )
    messages = f"{count} {'new ' if new else ''}message{'' if count == 1 else 's'}"
    start, end = f"[xats] {messages} from ", f": call {tool}"
    room = MAX_HINT_CHARS - len(start) - len(end)
    return start + (shown if len(shown) <= room else shown[: room - 1] + "…") + end


def _wait_for_pane(wakes: Sequence[Wake], detail: str, now: datetime) -> Verdict:
    return Defer(reason="guard_failed", detail=detail, until=now + delay_after(wakes), until_idle=True)


def _after_failure(wakes: Sequence[Wake], detail: str, now: datetime, *, types: bool) -> Verdict:
    if min(wake.failures for wake in wakes) >= len(RETRY_DELAYS):
        return GiveUp(reason="retry_exhausted", detail=detail)
    reason = "tmux_unavailable" if types else "guard_failed"
    return Defer(reason=reason, detail=detail, until=now + delay_after(wakes), failed=True)


def _rest(wake_context: WakeContext) -> str:
    if not wake_context.resting:
        return "off"
    end = wake_context.resting_until
    return f"do not disturb until {end:%H:%M} UTC" if end else "do not disturb until that is lifted"


def is_unanswered(wake: Wake, agent: Agent) -> bool:
    """Whether the agent has been given a hint for a wake and has not called since.

    What was seen is answered, whatever the times say: a quick model has read before its hint is seen to be gone.
    """
    hint_at = wake.reached.get(WakeStage.SUBMITTED)
    is_open = wake.status is WakeStatus.DELIVERED and WakeStage.SEEN not in wake.reached
    return is_open and hint_at is not None and hint_at > agent.last_seen_at


def _unanswered_hint(wakes: Sequence[Wake], agent: Agent) -> datetime | None:
    """When the newest hint was submitted that the agent has not called after."""
    return max((wake.reached[WakeStage.SUBMITTED] for wake in wakes if is_unanswered(wake, agent)), default=None)


def _harmless(name: str) -> str:
    """Letters, digits, pictures and a few signs: a name must mean nothing to a shell, should one ever read the hint."""
    return "".join(character if _is_plain(character) else "_" for character in name)[:MAX_NAME_CHARS]


def _is_plain(character: str) -> bool:
    return character in PLAIN_SIGNS or category(character)[0] in "LMN" or category(character) == "So"
