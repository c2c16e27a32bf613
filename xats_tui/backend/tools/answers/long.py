"""Answers that are too long for a client: one document is split into parts, other answers lose list entries."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.tools.answers.room import AnswerRoom, tokens
from xats_tui.clients.spec import AnswerLimit
from xats_tui.core.errors import Refusal

HOW_TO_JOIN = "The json of all parts, put together, is the answer; call again with part for the next."

Path = tuple[str | int, ...]


def in_parts(answer: Mapping[str, Any], number: int | None, room: AnswerRoom) -> Mapping[str, Any]:
    """Return the whole answer, or part `number` of its JSON text if it is too long.

    Raises:
        Refusal: `unknown_part`, there are not so many parts.
    """
    if room.fits(answer):
        if number not in (None, 1):
            raise Refusal("unknown_part", detail="there is one part only")
        return answer
    text = to_json(answer)
    ends = [0, *_ends(text, room)]
    wanted = number or 1
    if wanted >= len(ends):
        raise Refusal("unknown_part", detail=f"there are {len(ends) - 1} parts")
    return _part(text[ends[wanted - 1] : ends[wanted]], f"{wanted} of {len(ends) - 1}")


def shortened(text: str, limit: AnswerLimit) -> str:
    """Remove entries from an answer's longest lists until the answer fits.

    The field `shortened` counts the removed entries of each list.
    """
    if _fits(text, limit):
        return text
    answer: dict[str, Any] = json.loads(text)
    left_out: dict[str, int] = {}
    while not _fits(text, limit) and (longest := max(_lists(answer), key=_size, default=None)):
        path, entries = longest
        name = ".".join(map(str, path))
        kept = len(entries) // 2
        left_out[name] = left_out.get(name, 0) + len(entries) - kept
        del entries[kept:]
        text = to_json({**answer, "shortened": left_out})
    return text


def _ends(text: str, room: AnswerRoom) -> Iterator[int]:
    start = 0
    while start < len(text):
        start = _end(text, start, room)
        yield start


def _end(text: str, start: int, room: AnswerRoom) -> int:
    return room.furthest(start, len(text), lambda end: _part(text[start:end], "9999 of 9999"))


def _part(piece: str, label: str) -> dict[str, Any]:
    return {"part": label, "json": piece, "hint": HOW_TO_JOIN}


def _fits(text: str, limit: AnswerLimit) -> bool:
    return len(text.encode()) <= limit.size_bytes and tokens(text) <= limit.tokens


def _lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Yield every non-empty list in an answer with its path."""
    if isinstance(value, list) and value:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _lists(one, (*path, key))


def _size(found: tuple[Path, list[Any]]) -> int:
    """Return a list's sort key: its size; for equal sizes, the inner list counts more."""
    path, entries = found
    return len(to_json(entries)) + len(path)
