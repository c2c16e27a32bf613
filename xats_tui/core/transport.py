"""The protocol of a transport: one way to deliver a hint to an agent.

A transport reports what it sees and does; it does not decide when to try again.
"""

from typing import Protocol

from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DeliveryResult, Observation


class Transport(Protocol):
    """One way to reach an agent."""

    name: str
    types: bool
    """True if it types into a pane, so that it can deliver any line."""

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent has what this transport needs."""
        ...

    async def readiness(self, agent: Agent) -> Observation:
        """Observe the agent without changing anything."""
        ...

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False) -> DeliveryResult:
        """Check the gates once more, deliver the hint if they hold, and return the result.

        With `forced`, the gates that a person may overrule are skipped.
        """
        ...
