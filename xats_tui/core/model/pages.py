"""Lists that are fetched page by page: pages of an answer, and stretches of a list that has no end.

A stretch is cut by keys: one for each order of a list.  A key lies between two entries, so that the stretch below it
begins where the stretch above it ends, whatever was added or deleted meanwhile.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

T = TypeVar("T")

Key = tuple[Any, ...]
"""Place in a list: the columns that the list is ordered by; only the store reads it."""


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some rows of a longer list."""

    rows: tuple[T, ...]
    has_more: bool


class ListName(StrEnum):
    """List without an end."""

    MESSAGES = "messages"
    WAKES = "wakes"
    TASKS = "tasks"
    HISTORY = "history"
    """What the operator and the agents did."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Limits of a list, as far as the store knows them.

    What it finds may include entries that are not wanted, as words are looked for in more columns than a list shows;
    no wanted entry is missing.
    """

    team: str | None = None
    words: tuple[str, ...] = ()
    """Texts that all have to occur, in small ASCII letters."""
    agents: tuple[str, ...] = ()
    """Beginnings of agents' names, each of which has to take part, in small ASCII letters."""
    states: frozenset[str] = frozenset()
    """Words for states, as the lists' filters know them."""
    recipient: str | None = None
    """Id of the agent that messages are addressed to."""

    def __bool__(self) -> bool:
        return self != Wanted()


class StretchRequest(Struct, frozen=True, kw_only=True):
    """Request for the entries on one side of a key, those next to it first."""

    key: Key
    newer: bool = False
    """True for entries at or above the key, false for those below it."""
    until: Key | None = None
    """Key at the other end; without one, the limit ends the stretch."""
    wanted: Wanted = field(default_factory=Wanted)
    limit: int = 100
    counts: bool = False
    """True to count what lies at or above the key."""


class Stretch(Struct, Generic[T], frozen=True, kw_only=True):
    """Part of a list in which everything that is wanted was found."""

    entries: tuple[T, ...]
    """Newest first, in the list's own order."""
    reached: Key
    """Key at the far end."""
    reached_at: datetime | None = None
    """Time up to which entries were looked through; None if nothing is there."""
    is_last: bool = False
    """True if nothing lies beyond."""
    above: int | None = None
    """Number of entries at or above the key, whatever is wanted; None unless it was asked for."""


class Totals(Struct, frozen=True, kw_only=True):
    """Number of entries of each list in the store."""

    messages: int = 0
    wakes: int = 0
    tasks: int = 0
    activity: int = 0
    """Actions of the operator and of agents."""
