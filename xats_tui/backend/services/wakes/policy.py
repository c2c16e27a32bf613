"""Policy of wakes: deliver now, later or never.  Pure.

`decide` is the whole policy; `waker.py` and `attempts.py` carry it out.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from unicodedata import category

from msgspec import Struct

from xats_tui.clients.registry import MAX_HINT_CHARS
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import (
    ACK_LOOP,
    HELD,
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
"""Delays to the next tries; the last one repeats.  All three are the reference's."""

HINT_PATIENCE = timedelta(seconds=60)
"""Time for which a submitted hint may stay unanswered before new messages are worth another hint."""

REMIND_AFTER = timedelta(seconds=600)
"""Time after a submitted hint, or an inbox answer, from which messages that are still unread are tried again."""

READS_ON_WITHIN, READS_ON_UNSEEN_WITHIN = timedelta(seconds=15), timedelta(seconds=60)
"""Time for an agent to ask for the next page; longer where the screen does not show whether it works."""

REST_PATIENCE = timedelta(seconds=600)
"""Time after a part of a message from which the rest is worth another hint."""

HELD_PATIENCE = timedelta(minutes=11)
"""Time to wait for a hint that an agent's person has to let through: a client holds it for ten minutes at most, unless
its settings say otherwise.
"""

MAY_BE_TAKEN = "an earlier hint may be taken yet"

BUDGET_PERIOD = timedelta(hours=1)
"""Period of an agent's hint budget."""

TURN_END_HOOK = "turn-end-hook"
"""Transport name of a hint that a program took at the end of its turn."""

NAMED_SENDERS = 3
"""Maximum number of senders that a hint names; the rest are counted."""

MAX_NAME_CHARS = 40
"""Maximum length of a sender's name in a hint."""

PLAIN_SIGNS = frozenset(" -_.,:@+/")
"""Punctuation that is kept in names in a hint."""


class Deliver(Struct, frozen=True, kw_only=True):
    """Deliver the hint now."""


class Defer(Struct, frozen=True, kw_only=True):
    """Try again at `until`, or as soon as the agent is free."""

    reason: str
    """The skip reason on the wire."""
    detail: str
    until: datetime
    failed: bool = False
    """True if the transport itself failed."""
    until_idle: bool = False
    """True if the wake is tried before `until` as soon as the agent is free."""


class Skip(Struct, frozen=True, kw_only=True):
    """Nothing can be done for this agent until it has a new binding."""

    reason: str
    detail: str


class GiveUp(Struct, frozen=True, kw_only=True):
    """The wake has failed; a new binding, or the operator, may start it again."""

    reason: str
    detail: str


Verdict = Deliver | Defer | Skip | GiveUp


class WakeContext(Struct, frozen=True, kw_only=True):
    """Reasons for or against waking an agent now that no transport can observe."""

    resting: bool = False
    """True if the operator has turned on do-not-disturb."""
    resting_until: datetime | None = None
    """End of do-not-disturb; None until it is turned off."""
    hints: int = 0
    """Number of hints within `BUDGET_PERIOD` whose messages the agent has not fetched."""
    oldest_hint_at: datetime | None = None
    """Time of the first of these hints."""
    hint_budget: int = 60
    """Maximum number of such hints in that period."""
    ack_loop_until: datetime | None = None
    """Time at which an ack loop that the agent takes part in counts as over; None if there is none."""


NO_CONTEXT = WakeContext()


class HoldReason(Struct, frozen=True, kw_only=True):
    """One of these reasons as a gate, with the time of the next look."""

    gate: Gate
    until: datetime
    may_end_sooner: bool = False
    """True if what is waited for may be seen before `until`."""


def hold_reasons(
    wakes: Sequence[Wake], agent: Agent, wake_context: WakeContext, now: datetime
) -> tuple[HoldReason, ...]:
    """Return every such reason, whether it holds the wakes back or not."""
    rest_ends = wake_context.resting_until
    hint_at = unanswered_hint(wakes, agent)
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
            may_end_sooner=now < unconfirmed_until,
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
                detail=ACK_LOOP if looping else "none noticed",
            ),
            until=wake_context.ack_loop_until or now,
        ),
    )


def _earlier_hint(*, is_unconfirmed: bool, is_unanswered: bool) -> str:
    if is_unconfirmed:
        return f"{UNCONFIRMED}{MAY_BE_TAKEN}"
    return "an earlier hint has not been answered yet" if is_unanswered else "answered, or long ago"


def look_again_at(serving: Sequence[str], used: str, now: datetime) -> datetime:
    """Return the time of the next look after a submitted hint: soon, if there is another transport."""
    is_last = used not in serving or serving.index(used) == len(serving) - 1
    return now + (REMIND_AFTER if is_last else HINT_PATIENCE)


def reads_on_until(agent: Agent, now: datetime) -> datetime:
    """Return the time from which messages behind a page are worth another hint."""
    unseen = agent.delivery.kind is DeliveryKind.CLAUDE_CHANNEL  # it takes a hint in the middle of a turn
    return now + (READS_ON_UNSEEN_WITHIN if unseen else READS_ON_WITHIN)


def decide(
    wakes: Sequence[Wake],
    agent: Agent | None,
    observation: Observation,
    now: datetime,
    wake_context: WakeContext = NO_CONTEXT,
    *,
    types: bool = True,
) -> Verdict:
    """Decide about the open wakes of one agent.

    Args:
        wakes: the open wakes, at least one.
        agent: the recipient; None if it has left.
        observation: the transport's observation of it.
        now: the instant of the decision.
        wake_context: reasons that no transport can observe.
        types: whether the transport types into a pane.
    """
    if agent is None:
        return GiveUp(reason="no_pane", detail="the agent has left")
    if all(wake.expires_at is not None and wake.expires_at <= now for wake in wakes):
        return GiveUp(reason="retry_exhausted", detail="the message was not read in time")
    for hold_reason in hold_reasons(wakes, agent, wake_context, now):
        if not hold_reason.gate.holds:
            return Defer(
                reason="guard_failed",
                detail=hold_reason.gate.detail,
                until=hold_reason.until,
                until_idle=hold_reason.may_end_sooner,
            )
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
    """Decide what follows on a delivery that was not submitted; None if it was."""
    detail = result.detail
    if result.step is WakeStage.SUBMITTED:
        return None
    if result.failed:
        return _after_failure(wakes, detail, now, types=types)
    if result.uncertain:
        patience = HELD_PATIENCE if detail.startswith(f"{UNCONFIRMED}{HELD}") else HINT_PATIENCE
        return Defer(reason="guard_failed", detail=detail, until=now + patience, until_idle=True)
    return _wait_for_pane(wakes, detail, now)


def delay_after(wakes: Sequence[Wake]) -> timedelta:
    """Return the time to the next try, by the wake with the fewest attempts."""
    # the least tried wake counts: a new message must not wait as long as one that was often tried
    return RETRY_DELAYS[min(min(wake.attempts for wake in wakes), len(RETRY_DELAYS) - 1)]


def hint(senders: Sequence[str], count: int, tool: str = "get_inbox", *, new: bool = True) -> str:
    """Return the hint: one line for the agent, with sender names made harmless.

    Args:
        senders: names of the senders.
        count: number of unread messages.
        tool: the tool to call.
        new: whether no answer has contained them yet.
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
    return f"do not disturb until {end.astimezone():%H:%M}" if end else "do not disturb until it is turned off"


def is_unanswered(wake: Wake, agent: Agent) -> bool:
    """Return whether the agent got a hint for a wake and has not called since."""
    hint_at = wake.reached.get(WakeStage.SUBMITTED)
    # SEEN counts as answered whatever the times say: a quick model reads before its hint is seen to be gone
    is_open = wake.status is WakeStatus.DELIVERED and WakeStage.SEEN not in wake.reached
    return is_open and hint_at is not None and hint_at > agent.last_seen_at


def waits_for_effect(wakes: Sequence[Wake], now: datetime) -> bool:
    """Return whether a hint was put whose effect may still be seen."""
    return any(wake.is_unconfirmed and wake.due_at is not None and wake.due_at > now for wake in wakes)


def unanswered_hint(wakes: Sequence[Wake], agent: Agent) -> datetime | None:
    """Return the time of the newest hint after which the agent has not called."""
    return max((wake.reached[WakeStage.SUBMITTED] for wake in wakes if is_unanswered(wake, agent)), default=None)


def _harmless(name: str) -> str:
    """Keep letters, digits, emoji and a few signs: the name must mean nothing to a shell that reads the hint."""
    return "".join(character if _is_plain(character) else "_" for character in name)[:MAX_NAME_CHARS]


def _is_plain(character: str) -> bool:
    return character in PLAIN_SIGNS or category(character)[0] in "LMN" or category(character) == "So"
