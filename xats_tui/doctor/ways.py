"""The ways to one agent: which one the next wake takes, which one was used last, and why not a better one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xats_tui.core.clock import from_wire
from xats_tui.core.model.ways import Way, WayState, better_than, last_used, next_used
from xats_tui.doctor.finding import Finding, ok, warning

TOPIC = "ways"


def way_to(agent: Mapping[str, Any], now: datetime) -> Finding | None:
    """Return the finding about an agent as the coordinator describes it; None if it is too old to tell its ways."""
    ways = [_way(fields) for fields in agent.get("ways", ())]
    if not ways:
        return None
    address, taken = f"{agent['name']}@{agent['team']}", next_used(ways)
    better = better_than(taken, ways)
    missing = next((way for way in better if way.state is WayState.MISSING), None)
    used = _used(ways, now)
    if taken is None:
        told = f"{address} cannot be woken{used}{_why_not(better)}"
        return warning(TOPIC, told, missing.detail if missing else f"xats-tui agents {address}")
    if taken.types and missing:
        return warning(
            TOPIC, f"{address} is woken by typing ({taken.name}), not by {missing.name}{used}", missing.detail
        )
    return ok(TOPIC, f"{address}: {taken.name}, {taken.state}{used}{_why_not(better)}")


def _way(fields: Mapping[str, Any]) -> Way:
    used = fields["last_used_at"]
    return Way(
        name=fields["name"],
        types=fields["types"],
        state=WayState(fields["state"]),
        detail=fields["detail"],
        last_used_at=from_wire(used) if used else None,
    )


def _used(ways: Sequence[Way], now: datetime) -> str:
    way = last_used(ways)
    if way is None or way.last_used_at is None:
        return "; not woken yet"
    minutes = int((now - way.last_used_at).total_seconds() // 60)
    return f"; last by {way.name}, {minutes} min ago" if minutes else f"; last by {way.name}, just now"


def _why_not(better: Sequence[Way]) -> str:
    """The reasons against ways that the agent has and a wake would prefer."""
    silent = (WayState.MISSING, WayState.UNKNOWN, WayState.TURN_END)
    return "".join(f"; not by {way.name}: {way.detail}" for way in better if way.state not in silent)
