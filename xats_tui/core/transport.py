"""The protocol of a transport: one way to put a hint before an agent.

A transport reports what it sees and what it did; it does not decide when to try again.
"""

from typing import Protocol

from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DeliveryResult, Observation


class Transport(Protocol):
    """One way to an agent."""

    name: str
    types: bool
    """Whether it types, so that any line can be put before the agent."""

    def serves(self, agent: Agent) -> bool:
        """Whether the agent has what this transport needs."""
        ...

    async def readiness(self, agent: Agent) -> Observation:
        """Look, changing nothing."""
        ...

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False) -> DeliveryResult:
        """Look once more, put the hint before the agent if every gate still holds, and say what was seen.

        With `forced` the gates that a person may overrule are not asked.
        """
        ...
