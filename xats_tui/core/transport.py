"""The protocol of a transport: one way to deliver a hint to an agent.

A transport reports what it sees and does; it does not decide when to try again.
"""

from typing import Protocol, runtime_checkable

from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DeliveryResult, Observation

ASK_INTERVAL_S = 1.0
"""Seconds between two questions to a transport whether the agent is free, where nothing tells sooner."""


class AgentWatch(Protocol):
    """A watch over one agent that was not free for a hint."""

    def may_be_free(self) -> bool:
        """Return whether `readiness` is worth a call; True counts as that call."""
        ...

    def nudge(self) -> None:
        """Note that something which the transport does not see may have set the agent free."""
        ...

    def close(self) -> None:
        """End the watch."""
        ...


class Transport(Protocol):
    """One way to reach an agent."""

    name: str
    types: bool
    """True if it types into a pane, so that it can deliver any line."""

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent has what this transport needs."""
        ...

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the agent without changing anything.

        With `urgent`, a transport that reaches a model in the middle of its turn does not wait for the turn's end.
        """
        ...

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Check the gates once more, deliver the hint if they hold, and return the result.

        With `forced`, the gates that a person may overrule are skipped; `urgent` is as for `readiness`.
        """
        ...

    def watch(self, agent: Agent) -> AgentWatch:
        """Watch an agent whose gates did not hold just now, until it may be free."""
        ...


@runtime_checkable
class TellsWhatIsMissing(Protocol):
    """A transport that knows what would give it to an agent which it does not serve."""

    def missing(self, agent: Agent) -> str:
        """Return one sentence for a person, with the command to use; empty if the agent's program cannot have it."""
        ...


class IntervalWatch:
    """The watch of a transport that learns of a change only by asking."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked_at = clock.monotonic()

    def may_be_free(self) -> bool:
        """Return True once in `ASK_INTERVAL_S`."""
        now = self._clock.monotonic()
        if now - self._asked_at < ASK_INTERVAL_S:
            return False
        self._asked_at = now
        return True

    def nudge(self) -> None:
        """Do nothing: the next question comes within a second."""

    def close(self) -> None:
        """Do nothing."""
