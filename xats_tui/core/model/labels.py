"""Names in the form in which they are compared (one spelling each, however they were typed) and in that for people.

Terminals, file systems and hosts write the same letter as one character or as two, with or without spaces around.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeAlias

ClientId: TypeAlias = str
"""The id of the client that an agent runs in: one of `clients.registry`, or `custom`."""

CUSTOM = "custom"
"""Any client that is not known by a spec of its own; its name is told beside it."""


def composed(text: str) -> str:
    """Return a name in the form in which it is stored: composed (NFC), without surrounding white space."""
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """Return a text in the form in which it is searched: composed and case-folded."""
    # Case folding can take a composed letter apart, so the result is composed again.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class Named(Protocol):
    """What has a name in a team."""

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def address(self) -> str:
        """`name@team`."""
        ...


class ShownNames:
    """The names of the known agents."""

    def __init__(self, agents: Iterable[Named] = ()) -> None:
        self._times = Counter(folded(agent.name) for agent in agents)
        self._shared: dict[str, bool] = {}
        """Whether several known agents have a name, by each spelling asked for: lists ask for each many times."""

    def of(self, agent: Named) -> str:
        """Return `name`, or `name@team` if another known agent has that name."""
        is_shared = self._shared.get(agent.name)
        if is_shared is None:
            is_shared = self._shared[agent.name] = self._times[folded(agent.name)] > 1
        return agent.address if is_shared else agent.name

    def is_taken(self, name: str) -> bool:
        """Return whether a known agent has this name."""
        return folded(name) in self._times
