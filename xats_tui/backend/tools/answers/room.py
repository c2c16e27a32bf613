"""Room of an answer: the size that a client passes to its model, and the part that is still free.

Clients cut a long result, or save it to a file and show its beginning.  The model never sees the rest, so every answer
of variable length is filled through an `AnswerRoom`.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.clients.registry import CLIENTS, by_handshake
from xats_tui.clients.spec import AnswerLimit
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.labels import CUSTOM, ClientId

T = TypeVar("T")


LIMITS = {
    # Qwen Code saves more than 25,000 characters to a file; other clients have higher limits.
    CUSTOM: AnswerLimit(tokens=8_000, size_bytes=24_000),
}
"""The limits of clients without a spec, with a margin."""

FRAME = AnswerLimit(tokens=150, size_bytes=400)
"""Maximum size of an answer apart from its entries."""

FIRST_BYTES = (bytes(range(0xC2, 0xE0)), bytes(range(0xE0, 0xF0)), bytes(range(0xF0, 0xF5)))
"""First bytes of UTF-8 characters with two, three and four bytes."""


class AnswerRoom:
    """Remaining room of an answer."""

    def __init__(self, limit: AnswerLimit) -> None:
        self.limit = limit
        self._tokens = limit.tokens - FRAME.tokens
        self._bytes = limit.size_bytes - FRAME.size_bytes

    @property
    def bytes_left(self) -> int:
        """Remaining bytes of JSON; a character needs at least one."""
        return self._bytes

    def fits(self, entry: Any) -> bool:
        """Return whether an entry fits into the remaining room."""
        return self._holds(*_cost(entry))

    def take(self, entry: Any) -> None:
        """Use up the room of an entry."""
        self._use(*_cost(entry))

    def furthest(self, start: int, total: int, shown: Callable[[int], Any]) -> int:
        """Return the furthest end after `start` whose entry still fits, at least `start + 1`."""
        fits, too_far = start + 1, min(total, start + self._bytes) + 1
        while too_far - fits > 1:
            middle = (fits + too_far) // 2
            fits, too_far = (middle, too_far) if self.fits(shown(middle)) else (fits, middle)
        return fits

    def filled(self, rows: Iterable[T], shown: Callable[[T], Any]) -> list[Any]:
        """Return as many rows as fit, in order, and at least one."""
        entries: list[Any] = []
        for row in rows:
            entry = shown(row)
            cost = _cost(entry)
            # always take the first row, or paging would not advance
            if entries and not self._holds(*cost):
                break
            self._use(*cost)
            entries.append(entry)
        return entries

    def _holds(self, needed_tokens: int, needed_bytes: int) -> bool:
        return needed_tokens < self._tokens and needed_bytes < self._bytes

    def _use(self, needed_tokens: int, needed_bytes: int) -> None:
        self._tokens -= needed_tokens + 1  # plus a comma
        self._bytes -= needed_bytes + 1


def _cost(entry: Any) -> tuple[int, int]:
    """Return the tokens and bytes of an entry."""
    text = to_json(entry)
    return tokens(text), len(text.encode())


def limit_for(agent: Agent | None, handshake: str) -> AnswerLimit:
    """Return the limit for a caller: the smaller one of its registered client and its handshake's client.

    Args:
        agent: the caller, if it has registered.
        handshake: name and version in the client's handshake, as far as they are known.
    """
    shaken = by_handshake(handshake)
    registered = agent.client if agent and agent.client else None
    limits = [_limit_of(client) for client in dict.fromkeys((shaken, registered)) if client] or [LIMITS[CUSTOM]]
    if len(limits) == 1:
        return limits[0]
    return AnswerLimit(
        tokens=min(limit.tokens for limit in limits), size_bytes=min(limit.size_bytes for limit in limits)
    )


def _limit_of(client: ClientId) -> AnswerLimit:
    spec = CLIENTS.get(client)
    return spec.answer if spec else LIMITS[CUSTOM]


def tokens(text: str) -> int:
    """Estimate the number of tokens in a text, rather too high than too low.

    A token is four ASCII characters, one two-byte character (é, ж), 2/3 of a three-byte one (漢), or 1/3 of an emoji.
    """
    data = text.encode()
    if len(data) == len(text):
        return -(-len(data) // 4)
    two, three, four = (len(data) - len(data.translate(None, firsts)) for firsts in FIRST_BYTES)
    ascii_only = len(data) - 2 * two - 3 * three - 4 * four
    return -(-(ascii_only + 4 * two + 6 * three + 12 * four) // 4)
