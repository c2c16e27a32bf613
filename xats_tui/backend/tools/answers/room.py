"""The room for an answer: how much of a tool's result a host hands on to its model, and what of it is left.

Hosts cut a long result, or keep it in a file and show its beginning.  What is cut never comes before the model, so
every answer that grows with what there is to tell is filled through a `AnswerRoom`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.core.model.agents import Agent, Client

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimit:
    """The most that an answer may hold to come before the model whole."""

    tokens: int
    size_bytes: int


LIMITS = {
    # Codex cuts the middle out of more than 10,000 tokens, and of a model that is not in its own list out of more than
    # 10,000 bytes (12,000 with its allowance for the form); which of both holds, its calls do not say.
    Client.CODEX: AnswerLimit(tokens=8_000, size_bytes=10_000),
    # Claude Code refuses 25,000 tokens and keeps more than 50,000 UTF-16 units in a file.
    Client.CLAUDE_CODE: AnswerLimit(tokens=20_000, size_bytes=48_000),
    # opencode keeps more than 51,200 bytes, or 2,000 lines, in a file; an answer is one line.
    Client.OPENCODE: AnswerLimit(tokens=8_000, size_bytes=48_000),
    # Qwen Code keeps more than 25,000 characters in a file, others cut later.
    Client.CUSTOM: AnswerLimit(tokens=8_000, size_bytes=24_000),
}
"""What each client hands on, less a margin: measured with Codex 0.171, Claude Code 2.1.332, opencode 1.18.33."""

HANDSHAKES = (("claude-code", Client.CLAUDE_CODE), ("codex", Client.CODEX), ("opencode", Client.OPENCODE))
"""How the name that a client gives in its handshake begins."""

FRAME = AnswerLimit(tokens=150, size_bytes=400)
"""What an answer holds beside its entries, at the most."""

FIRST_BYTES = (bytes(range(0xC2, 0xE0)), bytes(range(0xE0, 0xF0)), bytes(range(0xF0, 0xF5)))
"""How a character begins in UTF-8 that has two, three or four bytes."""


class AnswerRoom:
    """What is left of an answer's room."""

    def __init__(self, limit: AnswerLimit) -> None:
        self.limit = limit
        self._tokens = limit.tokens - FRAME.tokens
        self._bytes = limit.size_bytes - FRAME.size_bytes

    @property
    def bytes_left(self) -> int:
        """Bytes of JSON that may still come; a character has one at least."""
        return self._bytes

    def fits(self, entry: Any) -> bool:
        """Whether an entry of the answer finds room."""
        return self._holds(*_cost(entry))

    def take(self, entry: Any) -> None:
        """Use the room that an entry needs."""
        self._use(*_cost(entry))

    def furthest(self, start: int, total: int, shown: Callable[[int], Any]) -> int:
        """The furthest end, after `start`, of what finds room as it is shown; one further than `start` at the least."""
        fits, too_far = start + 1, min(total, start + self._bytes) + 1
        while too_far - fits > 1:
            middle = (fits + too_far) // 2
            fits, too_far = (middle, too_far) if self.fits(shown(middle)) else (fits, middle)
        return fits

    def filled(self, rows: Iterable[T], shown: Callable[[T], Any]) -> list[Any]:
        """As many rows, as they are shown, as find room from the first on; one at least, so that paging ends."""
        entries: list[Any] = []
        for row in rows:
            entry = shown(row)
            cost = _cost(entry)
            if entries and not self._holds(*cost):
                break
            self._use(*cost)
            entries.append(entry)
        return entries

    def _holds(self, needed_tokens: int, needed_bytes: int) -> bool:
        return needed_tokens < self._tokens and needed_bytes < self._bytes

    def _use(self, needed_tokens: int, needed_bytes: int) -> None:
        self._tokens -= needed_tokens + 1  # and a comma
        self._bytes -= needed_bytes + 1


def _cost(entry: Any) -> tuple[int, int]:
    """Tokens and bytes of an entry."""
    text = to_json(entry)
    return tokens(text), len(text.encode())


def limit_for(agent: Agent | None, handshake: str) -> AnswerLimit:
    """What the caller's host hands on: the client that registered and the one that shook hands must both take it.

    Args:
        agent: the caller, if it has registered.
        handshake: name and version that the host gave in its handshake, as far as it is known.
    """
    shaken = next((client for name, client in HANDSHAKES if handshake.lower().startswith(name)), None)
    registered = agent.client if agent and agent.client else None
    limits = [LIMITS[client] for client in (shaken, registered) if client] or [LIMITS[Client.CUSTOM]]
    return AnswerLimit(
        tokens=min(limit.tokens for limit in limits), size_bytes=min(limit.size_bytes for limit in limits)
    )


def tokens(text: str) -> int:
    """About as many tokens as a text has, rather too many than too few.

    A token is four characters of ASCII, one of two bytes (é, ж), two thirds of one of three (漢), a third of an emoji.
    """
    data = text.encode()
    if len(data) == len(text):
        return -(-len(data) // 4)
    two, three, four = (len(data) - len(data.translate(None, firsts)) for firsts in FIRST_BYTES)
    ascii_only = len(data) - 2 * two - 3 * three - 4 * four
    return -(-(ascii_only + 4 * two + 6 * three + 12 * four) // 4)
