"""How many agents, wakes and dialogs there are: asked for every second, and counted anew when something has happened.

It knows that things happen, not what they change.
"""

from dataclasses import dataclass

from xats_tui.backend.clock import Clock
from xats_tui.backend.events import Event, EventBus
from xats_tui.backend.model import PaneState
from xats_tui.backend.services.agents import Registry
from xats_tui.backend.services.wakes import Waker

RECOUNT = 15.0
"""Seconds after which they are counted in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted."""

    agents_connected: int
    wakes_waiting: int
    wakes_failed: int
    dialogs_open: int


class Counts:
    """Counts, and remembers until the next event."""

    def __init__(self, registry: Registry, waker: Waker, bus: EventBus, clock: Clock) -> None:
        self._registry = registry
        self._waker = waker
        self._clock = clock
        self._known: Counted | None = None
        self._known_until = 0.0
        self._events = 0
        bus.listen(self._hear)

    async def now(self) -> Counted:
        """How many there are."""
        if self._known is None or self._clock.monotonic() >= self._known_until:
            events = self._events
            counted = await self._count()
            if events != self._events:  # what has happened meanwhile may be in it or not
                return counted
            self._known, self._known_until = counted, self._clock.monotonic() + RECOUNT
        return self._known

    def _hear(self, _: Event) -> None:
        self._known = None
        self._events += 1

    async def _count(self) -> Counted:
        roster = await self._registry.roster()
        return Counted(
            agents_connected=sum(entry.connected for entry in roster),
            wakes_waiting=sum(entry.wakes_waiting for entry in roster),
            wakes_failed=await self._waker.failed_count(),
            dialogs_open=sum(
                entry.pane is not None and entry.pane.reading.state is PaneState.DIALOG for entry in roster
            ),
        )
