"""Events about committed changes, and the bus that carries them.

An event names a change, never how to display it.  A listener that shows data looks up which `Scope`s the event makes
stale and reloads them from the store.
"""

import logging
from collections.abc import Callable, Iterable
from enum import StrEnum

from msgspec import Struct

logger = logging.getLogger(__name__)


class Scope(StrEnum):
    """A body of data that goes stale as a whole."""

    AGENTS = "agents"
    MESSAGES = "messages"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"
    PANES = "panes"
    SESSIONS = "sessions"
    ACTIVITY = "activity"


class AgentChanged(Struct, frozen=True, kw_only=True):
    """An agent was registered, seen or removed."""

    agent_id: str
    scopes = frozenset({Scope.AGENTS})


class PaneBound(Struct, frozen=True, kw_only=True):
    """An agent was bound to a pane or lost its pane; the set of panes to watch has changed."""

    agent_id: str
    scopes = frozenset({Scope.AGENTS, Scope.PANES})


class MessageSent(Struct, frozen=True, kw_only=True):
    """A message was stored for its recipients, with their wakes."""

    message_id: str
    recipients: tuple[str, ...]
    to_wake: bool
    """True if at least one recipient is to be woken."""
    scopes = frozenset({Scope.MESSAGES, Scope.AGENTS, Scope.WAKES})


class InboxFetched(Struct, frozen=True, kw_only=True):
    """An answer with messages is on its way to an agent."""

    agent_id: str
    scopes = frozenset({Scope.WAKES, Scope.AGENTS})


class InboxRead(Struct, frozen=True, kw_only=True):
    """An agent has read messages."""

    agent_id: str
    scopes = frozenset({Scope.MESSAGES, Scope.AGENTS, Scope.WAKES})


class WakeChanged(Struct, frozen=True, kw_only=True):
    """A wake was tried, deferred, delivered or ended."""

    agent_id: str
    scopes = frozenset({Scope.WAKES, Scope.AGENTS})


class TaskChanged(Struct, frozen=True, kw_only=True):
    """A task was created, claimed, changed or completed."""

    task_id: str
    team: str
    scopes = frozenset({Scope.TASKS})


class ContractRegistered(Struct, frozen=True, kw_only=True):
    """A contract got a new version."""

    team: str
    name: str
    version: int
    event_id: int
    scopes = frozenset({Scope.CONTRACTS})


class SubscriptionChanged(Struct, frozen=True, kw_only=True):
    """An agent subscribed to a contract, or was removed together with its subscriptions."""

    agent_id: str
    scopes = frozenset({Scope.CONTRACTS})


class PaneChanged(Struct, frozen=True, kw_only=True):
    """A bound pane looks different from the last look."""

    socket: str
    pane_id: str
    state_changed: bool
    scopes = frozenset({Scope.PANES})


class ClientStateChanged(Struct, frozen=True, kw_only=True):
    """A client tells another state of an agent, or opened or closed a dialog."""

    agent_id: str
    scopes = frozenset({Scope.AGENTS})


class UnconnectedChanged(Struct, frozen=True, kw_only=True):
    """A program that could be an agent was seen, or one has registered or ended."""

    scopes = frozenset({Scope.AGENTS})


class SessionChanged(Struct, frozen=True, kw_only=True):
    """An MCP session was opened, took an identity, or ended."""

    session_id: str
    scopes = frozenset({Scope.SESSIONS, Scope.AGENTS})


class ActivityNoted(Struct, frozen=True, kw_only=True):
    """The operator did something."""

    verb: str
    scopes = frozenset({Scope.ACTIVITY, Scope.WAKES, Scope.AGENTS})


class HappeningNoted(Struct, frozen=True, kw_only=True):
    """An agent's question to a person, or the loss of an agent, was written to the event log."""

    agent_id: str
    scopes = frozenset({Scope.ACTIVITY})


class HistoryPruned(Struct, frozen=True, kw_only=True):
    """Rows past their retention time were deleted."""

    scopes = frozenset({Scope.MESSAGES, Scope.WAKES, Scope.ACTIVITY})


Event = (
    AgentChanged
    | PaneBound
    | MessageSent
    | InboxFetched
    | InboxRead
    | WakeChanged
    | TaskChanged
    | ContractRegistered
    | SubscriptionChanged
    | PaneChanged
    | ClientStateChanged
    | UnconnectedChanged
    | SessionChanged
    | ActivityNoted
    | HappeningNoted
    | HistoryPruned
)

Listener = Callable[[Event], None]


class EventBus:
    """Passes every event to every listener, in order, on the coordinator's loop.

    A listener must return at once.  An exception in a listener is logged; the other listeners still get the event.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; call the returned function to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, events: Iterable[Event]) -> None:
        """Pass each event to all listeners."""
        for event in events:
            for listener in tuple(self._listeners):  # a copy: a listener may remove itself
                try:
                    listener(event)
                except Exception:
                    logger.exception("a listener failed on %s", event)
