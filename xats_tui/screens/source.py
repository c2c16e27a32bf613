"""What the screen shows, and where it comes from.

A `Picture` is everything that the modes show, frozen; a `Source` loads its parts.  Which source that is, is not known
here.  Loading marks nothing as read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from xats_tui.backend.events import Scope
from xats_tui.backend.model import (
    ContractSummary,
    Health,
    Message,
    PaneRef,
    PaneView,
    RosterEntry,
    TaskEntry,
    Wake,
    WakeAttempt,
)

STREAM_LIMIT = 300
"""Messages on the screen; more would cost a table its speed."""

LIST_LIMIT = 200
"""Wakes and tasks on the screen."""


class Part(StrEnum):
    """A part of the picture that is loaded as a whole."""

    HEALTH = "health"
    ROSTER = "roster"
    VIEWS = "views"
    STREAM = "stream"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"


STALE_PARTS: Mapping[Scope, frozenset[Part]] = {
    Scope.AGENTS: frozenset({Part.ROSTER, Part.VIEWS, Part.HEALTH}),
    Scope.MESSAGES: frozenset({Part.STREAM}),
    Scope.WAKES: frozenset({Part.WAKES, Part.HEALTH}),
    Scope.TASKS: frozenset({Part.TASKS}),
    Scope.CONTRACTS: frozenset({Part.CONTRACTS}),
    Scope.PANES: frozenset({Part.VIEWS, Part.HEALTH}),
    Scope.SESSIONS: frozenset({Part.ROSTER, Part.HEALTH}),
}
"""Which parts a stale scope makes stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is shown, as it was when it was last loaded."""

    health: Health | None = None
    roster: tuple[RosterEntry, ...] = ()
    views: Mapping[PaneRef, PaneView] = field(default_factory=dict)
    """The latest look at each bound pane."""
    stream: tuple[Message, ...] = ()
    """Newest first, of all teams."""
    wakes: tuple[Wake, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    contracts: tuple[ContractSummary, ...] = ()
    confirmed_at: datetime | None = None
    """When it was last known to be what the store holds; None before the first load."""
    trouble: str | None = None
    """Why the last load failed."""

    def entry(self, agent_id: str) -> RosterEntry | None:
        """The agent of that id, if it is still registered."""
        return next((entry for entry in self.roster if entry.agent.agent_id == agent_id), None)

    @property
    def panes(self) -> tuple[PaneRef, ...]:
        """The panes that agents are bound to."""
        return tuple(entry.agent.binding.pane for entry in self.roster if entry.agent.binding)

    def view(self, entry: RosterEntry) -> PaneView | None:
        """The latest look at the agent's pane."""
        binding = entry.agent.binding
        return self.views.get(binding.pane, entry.pane) if binding else None


def is_present(entry: RosterEntry) -> bool:
    """Whether the agent is there: it called lately, or its session is open though it is quiet."""
    return entry.online or entry.connected


class Source(Protocol):
    """Where the picture comes from."""

    async def load(self, parts: Iterable[Part], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """The fields of a `Picture` that these parts stand for; `panes` are those to have a view of."""
        ...

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The attempts of one wake, first one first."""
        ...

    async def attend(self, pane: PaneRef | None) -> None:
        """Have this pane looked at more often, because it is on the screen."""
        ...

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` on the running loop with scopes that have gone stale; the returned function ends it."""
        ...
