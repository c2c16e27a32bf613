"""When an agent is woken, when not yet, and when never: rules only, no I/O.

`decide` is the whole policy; `services/wakes.py` carries out what it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.backend.model import Agent, Reach, Sighting, Wake, WakeStatus, WakeStep

LADDER = (timedelta(seconds=30), timedelta(seconds=180), timedelta(seconds=600))
"""Delays to the next try, the last one for ever after; the first three are the reference's."""

HINT_PATIENCE = timedelta(seconds=60)
"""How long a submitted hint may be unanswered before new mail is worth another."""

REMIND_AFTER = timedelta(seconds=600)
"""How long after a submitted hint or an inbox answer mail that is still unread is worth another look."""

HINT_LIMIT = 200
"""Characters of a hint at most, so that it stays one line to look at."""

NAMED_SENDERS = 3
"""Senders that a hint names; the rest are counted."""


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


def decide(wakes: Sequence[Wake], agent: Agent | None, sighting: Sighting, now: datetime) -> Verdict:
    """What to do about the open wakes for one agent.

    Args:
        wakes: those that are not over, at least one.
        agent: the recipient; None if it has left.
        sighting: what its transport sees now.
        now: the instant of the decision.
    """
    if agent is None:
        return GiveUp(reason="no_pane", detail="the agent has left")
    if all(wake.expires_at is not None and wake.expires_at <= now for wake in wakes):
        return GiveUp(reason="retry_exhausted", detail="the message was not read in time")
    if (unanswered_since := _unanswered_hint(wakes, agent)) and now < unanswered_since + HINT_PATIENCE:
        return Defer(
            reason="guard_failed",
            detail="an earlier hint has not been answered yet",
            until=unanswered_since + HINT_PATIENCE,
        )
    match sighting.reach:
        case Reach.NO_PANE:
            return Skip(reason="no_pane", detail=sighting.detail)
        case Reach.AGENT_GONE:
            return GiveUp(reason="no_pane", detail=sighting.detail)
        case Reach.BROKEN:
            return _after_failure(wakes, sighting.detail, now)
        case Reach.OPEN if all(gate.holds for gate in sighting.gates):
            return Deliver()
    return Defer(reason="guard_failed", detail=sighting.detail, until=now + delay_after(wakes))


def after_delivery(
    wakes: Sequence[Wake], step: WakeStep, detail: str, *, failed: bool, now: datetime
) -> Verdict | None:
    """What a delivery that did not get as far as `submitted` means; None if it did."""
    if step is WakeStep.SUBMITTED:
        return None
    if failed:
        return _after_failure(wakes, detail, now)
    return Defer(reason="guard_failed", detail=detail, until=now + delay_after(wakes))


def delay_after(wakes: Sequence[Wake]) -> timedelta:
    """The time to the next try, by the wake that was tried least."""
    return LADDER[min(min(wake.attempts for wake in wakes), len(LADDER) - 1)]


def hint(senders: Sequence[str], count: int) -> str:
    """The one line that is put before an agent; names are foreign text and made harmless."""
    named = [_harmless(name) for name in dict.fromkeys(senders)]
    shown = ", ".join(named[:NAMED_SENDERS]) + (
        f" and {len(named) - NAMED_SENDERS} more" if len(named) > NAMED_SENDERS else ""
    )
    messages = "1 new message" if count == 1 else f"{count} new messages"
    start, end = f"[xats] {messages} from ", ": call get_inbox"
    room = HINT_LIMIT - len(start) - len(end)
    return start + (shown if len(shown) <= room else shown[: room - 1] + "…") + end


def _after_failure(wakes: Sequence[Wake], detail: str, now: datetime) -> Verdict:
    if min(wake.failures for wake in wakes) >= len(LADDER):
        return GiveUp(reason="retry_exhausted", detail=detail)
    return Defer(reason="tmux_unavailable", detail=detail, until=now + delay_after(wakes), failed=True)


def _unanswered_hint(wakes: Sequence[Wake], agent: Agent) -> datetime | None:
    """When the newest hint was submitted that the agent has not called after."""
    submitted = [
        wake.reached[WakeStep.SUBMITTED]
        for wake in wakes
        if wake.status is WakeStatus.DELIVERED and WakeStep.SUBMITTED in wake.reached
    ]
    newest = max(submitted, default=None)
    return newest if newest is not None and newest > agent.last_seen_at else None


def _harmless(name: str) -> str:
    """Printable characters only: a name must not end the paste it travels in."""
    return "".join(character if character.isprintable() else "?" for character in name)[:40]
