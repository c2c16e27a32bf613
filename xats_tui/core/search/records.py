"""Records of a search: the question, what was found, and how far it has looked."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

DEFAULT_LIMIT = 50
"""Hits of a page, unless another number is asked for."""

MAX_LIMIT = 1000


class FoundKind(StrEnum):
    """Kinds of things that a search finds."""

    MESSAGE = "message"
    TASK = "task"
    ACTIVITY = "activity"
    CONTRACT = "contract"
    AGENT = "agent"


class FindOrder(StrEnum):
    """Orders of a search's hits."""

    TIME = "time"
    """Newest first."""
    RANK = "rank"
    """Best first, among the newest matches."""


class SearchTerm(Struct, frozen=True, kw_only=True):
    """A word or a phrase that a hit has, or does not have."""

    text: str
    is_phrase: bool = False
    """True for whole words in this order; a word that is no phrase may also be a part of a longer word."""
    is_wanted: bool = True
    """False for a term after `-`: no hit has it."""


class FindQuery(Struct, frozen=True, kw_only=True):
    """A question to the search; every given part narrows it.  `core/search/query_line.py` reads it from a line."""

    terms: tuple[SearchTerm, ...] = ()
    sender: str | None = None
    """Name or `name@team` of an agent, or its id: the sender of a message, or who acted."""
    recipient: str | None = None
    """Name or `name@team` of an agent, or its id: the recipient of a message, the owner of a task."""
    team: str | None = None
    since: datetime | None = None
    """Nothing before this moment."""
    before: datetime | None = None
    """Nothing at or after this moment."""
    kinds: tuple[FoundKind, ...] = ()
    """Empty for all kinds."""
    unread: bool = False
    """True for messages that a recipient has not read."""
    order: FindOrder = FindOrder.TIME
    cursor: str | None = None
    """`FoundPage.next_cursor` of the page before; None for the first page."""
    limit: int = DEFAULT_LIMIT

    @property
    def is_empty(self) -> bool:
        """True if it asks for nothing: it has no term and no filter."""
        narrowing = (self.terms, self.sender, self.recipient, self.team, self.since, self.before, self.kinds)
        return not self.unread and not any(narrowing)


class Span(Struct, frozen=True):
    """A marked range of an excerpt or title, in characters."""

    start: int
    length: int


class Found(Struct, frozen=True, kw_only=True):
    """One hit.  All texts are foreign text: not markup."""

    kind: FoundKind
    key: str
    """Where to jump: the id of a message, a task or an agent; `name vN` of a contract; for activity `operator:NUMBER`
    or `event:NUMBER`."""
    at: datetime
    """Time of sending, creation, registration or action."""
    team: str
    """The recipient's team of a message; empty for an action of the operator."""
    who: str
    """Name of the sender, the actor or the author, the owner of a task, the role of an agent; its id if it is gone."""
    title: str
    """Subject, title or name; of an action its kind."""
    title_spans: tuple[Span, ...] = ()
    excerpt: str
    """One line of the text around the first match."""
    excerpt_spans: tuple[Span, ...] = ()
    event_id: int | None = None
    """Of a message: its event, the same for all copies of a broadcast."""
    to: str = ""
    """Of a message: the name of its recipient, or the number of recipients."""
    is_unread: bool = False
    """Of a message: whether a recipient has not read it."""


class FoundPage(Struct, frozen=True, kw_only=True):
    """One page of hits, and how far the search has looked."""

    hits: tuple[Found, ...]
    next_cursor: str | None
    """For `FindQuery.cursor` of the next page; None if there is nothing more."""
    is_complete: bool
    """True if everything in the asked range was looked at for this page: no hits then means that nothing matches.
    False if the search stopped after its time; `next_cursor` goes on."""
    looked_back_to: datetime | None = None
    """If it is not complete: every match after this moment is on this page or an earlier one."""
    indexed_percent: int = 100
    """Share of the store that the index has; the rest is read through, which takes longer."""
