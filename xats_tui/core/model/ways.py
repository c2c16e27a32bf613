"""The ways to an agent: each transport with what stands in its way now, and when it was used last."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class WayState(StrEnum):
    """The outcome that a wake on this way would have now."""

    OPEN = "open"
    WAITS = "waits"
    """A gate is closed: the wake would wait."""
    TURN_END = "turn end"
    """Its program asks for what waits whenever a turn ends; it begins no turn."""
    UNUSABLE = "unusable"
    """It would do harm or have no effect with this agent now: the next way is taken."""
    BROKEN = "broken"
    """The transport itself fails: no tmux, no server, no answer."""
    UNKNOWN = "unknown"
    """Nothing has been heard of it yet."""
    MISSING = "missing"
    """The agent does not have what this way needs."""


class Way(Struct, frozen=True, kw_only=True):
    """One way to an agent, as it was just found."""

    name: str
    """The name of the transport, as in the history of wakes."""
    types: bool
    """True if it types into the agent's pane."""
    state: WayState
    detail: str
    """The closed gate or the trouble; for a missing or unknown way, what would give it to the agent."""
    last_used_at: datetime | None = None
    """Time of the newest hint on this way that is still in the history; None if there is none."""

    @property
    def leads_to_agent(self) -> bool:
        """True if a wake would take this way, now or as soon as its gates are open."""
        return self.state in (WayState.OPEN, WayState.WAITS)


def last_used(ways: Sequence[Way]) -> Way | None:
    """Return the way of the newest hint; None if the history has none."""
    used = [(way.last_used_at, way) for way in ways if way.last_used_at]
    return max(used, key=lambda one: one[0])[1] if used else None


def next_used(ways: Sequence[Way]) -> Way | None:
    """Return the way that the next wake takes first; None if no way leads to the agent."""
    return next((way for way in ways if way.leads_to_agent), None)


def better_than(way: Way | None, ways: Sequence[Way]) -> tuple[Way, ...]:
    """Return the ways that are preferred to this one; all of them if there is none."""
    return tuple(ways[: ways.index(way)]) if way in ways else tuple(ways)
