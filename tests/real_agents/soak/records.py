"""Records of all events in a soak, in seconds since the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to one of the agents."""

    message_id: str
    recipient: str
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of an agent's model."""

    agent: str
    began_at: float
    ended_at: float
    texts: Sequence[str]
    """Texts that began or joined the turn: hints, and the person's input."""
    handed: Sequence[tuple[str, float]]
    """The messages that came to the model in it, with the time of each."""
    is_over: bool = True

    @property
    def was_hinted(self) -> bool:
        """True if a hint is among the texts."""
        return any("[xats]" in text for text in self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that keeps an agent from being woken."""

    agent: str
    kind: str
    """`draft`, `menu`, `scroll`, `dialog` or `restart`."""
    began_at: float
    ended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Text that the person typed into an agent's input line."""

    agent: str
    text: str
    sent: bool
    """Sent to the model in the end, or taken away again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Everything that a soak is judged by."""

    messages: Sequence[Message]
    turns: Sequence[Turn]
    obstacles: Sequence[Obstacle]
    drafts: Sequence[Draft]
    complaints: Sequence[str]
    """Changes that only the person may make, but did not: an answered dialog, a vanished draft."""
    braked: Sequence[str]
    """Reasons of attempts that a brake held back."""
