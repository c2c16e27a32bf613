"""The order in which transports are asked to wake an agent.  Pure.

What a client takes over an interface of its own comes first, typing into its pane comes last.  In between a client may
take the hint by itself, when it asks at the end of a turn (`hooks.py`).  A hint that may be taken yet is never put by a
second way: the transport that put it is asked what became of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from xats_tui.backend.services.wakes.policy import HINT_PATIENCE, unanswered_hint
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import Observation, Reachability, Wake, WakeStage
from xats_tui.core.transport import Transport

LEADS_NOWHERE = frozenset({Reachability.BROKEN, Reachability.NO_PANE, Reachability.AGENT_GONE, Reachability.UNUSABLE})
"""Answers of a transport after which the next one is asked."""


class Order(Struct, frozen=True, kw_only=True):
    """Transports by name."""

    ways: tuple[str, ...]
    """To be asked in this order, until one leads somewhere."""
    fresh: int
    """Number of the first ones that have not had their turn; the others are asked only if none of these is broken."""
    awaited: str | None = None
    """The one that has put a hint whose effect is not known: it is asked before all others."""


def by_preference(transports: Iterable[Transport]) -> tuple[Transport, ...]:
    """Return transports with those first that type nothing; otherwise their order stays."""
    return tuple(sorted(transports, key=lambda transport: transport.types))


def order_of(serving: Sequence[str], wakes: Sequence[Wake], agent: Agent, now: datetime) -> Order:
    """Return the order for an agent's wakes.

    Args:
        serving: names of the transports that serve the agent, in order of preference.
        wakes: the agent's open wakes.
        agent: the agent.
        now: the instant of the decision.
    """
    awaited = _awaited(serving, wakes)
    tried = awaited or _unanswered_by(serving, wakes, agent, now)
    if tried is None:
        return Order(ways=tuple(serving), fresh=len(serving))
    # the last one is tried again: there is no other
    first = min(serving.index(tried) + 1, len(serving) - 1)
    return Order(ways=(*serving[first:], *serving[:first]), fresh=len(serving) - first, awaited=awaited)


def may_go_on(observation: Observation, *, is_due: bool) -> bool:
    """Return whether another hint may be put although the effect of one is not known.

    Args:
        observation: what the transport that put it sees now.
        is_due: whether the time for which it is waited has passed.
    """
    # a program at work, or behind a dialog, may take it yet
    return is_due and not observation.is_taken and observation.at_rest is not False


def _awaited(serving: Sequence[str], wakes: Sequence[Wake]) -> str | None:
    put = [wake for wake in wakes if wake.is_unconfirmed and wake.transport in serving]
    return max(put, key=lambda wake: wake.updated_at).transport if put else None


def _unanswered_by(serving: Sequence[str], wakes: Sequence[Wake], agent: Agent, now: datetime) -> str | None:
    """Return the transport whose hint was submitted, and not answered in time."""
    hint_at = unanswered_hint(wakes, agent)
    if hint_at is None or now < hint_at + HINT_PATIENCE:
        return None
    tried = next((wake.transport for wake in wakes if wake.reached.get(WakeStage.SUBMITTED) == hint_at), None)
    return tried if tried in serving else None
