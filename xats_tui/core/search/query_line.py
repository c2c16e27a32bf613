"""The line of a search: `words from:bob to:qa team:shop since:2h before:14:00 kind:message is:unread "a phrase" -word`.

Everything that is no filter is a word, whatever characters it has; names with spaces stand in quotes: `from:"bob b"`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.labels import composed
from xats_tui.core.moments import read_moment
from xats_tui.core.records import replace
from xats_tui.core.search.records import FindOrder, FindQuery, FoundKind, SearchTerm

MAX_LINE_CHARS = 1000

MAX_TERMS = 20
"""Words and phrases of one search."""

KINDS: Mapping[str, FoundKind] = {form: kind for kind in FoundKind for form in (kind.value, f"{kind.value}s")} | {
    "activities": FoundKind.ACTIVITY
}

PIECE = re.compile(r'(?P<out>-?)(?:(?P<key>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))')
"""A word, a phrase, or a filter with one of them as its value."""

NO_VALUE = re.compile(r"(?P<key>[A-Za-z]+):")


def read_query(line: str, now: datetime) -> FindQuery:
    """Return the question of a line; times are local.

    Raises:
        Refusal: `query_too_long`, `empty_query`, `empty_filter`, `negated_filter`, `invalid_time`, `unknown_kind`,
            `unknown_state`, `unknown_order`, each with a `sentence`.
    """
    if len(line) > MAX_LINE_CHARS:
        raise Refusal("query_too_long", sentence=f"a search has at most {MAX_LINE_CHARS:,} characters")
    query = FindQuery()
    for piece in PIECE.finditer(composed(line)):
        query = _with_piece(query, piece, now)
    if query.is_empty:
        raise Refusal("empty_query", sentence="write what to find: words, or a filter such as from:NAME or since:2h")
    if len(query.terms) > MAX_TERMS:
        raise Refusal("query_too_long", sentence=f"a search has at most {MAX_TERMS} words and phrases")
    return query


def line_of(query: FindQuery) -> str:
    """Return a line that means the same question, without its page; times are in UTC."""
    named = (("from", query.sender), ("to", query.recipient), ("team", query.team))
    pieces = [f"{key}:{_quoted(value)}" for key, value in named if value is not None]
    for key, moment in (("since", query.since), ("before", query.before)):
        if moment is not None:
            pieces.append(f"{key}:{to_wire(moment)}")
    pieces += [f"kind:{kind}" for kind in query.kinds]
    if query.unread:
        pieces.append("is:unread")
    if query.order is not FindOrder.TIME:
        pieces.append(f"order:{query.order}")
    # Terms come last: a word that begins with a quotation mark must not meet the one of a name.
    return " ".join((*pieces, *map(_written, query.terms)))


def is_filter(key: str) -> bool:
    """Return whether a word before a colon is a filter's, in any case."""
    return key.lower() in FILTERS


def _with_piece(query: FindQuery, piece: re.Match[str], now: datetime) -> FindQuery:
    key, phrase, out = piece["key"], piece["phrase"], bool(piece["out"])
    if key and is_filter(key):
        if out:
            raise Refusal("negated_filter", sentence=f"-{key}: does not work: only words can be left out with a minus")
        return _with_filter(query, key.lower(), piece["word"] if phrase is None else phrase, now)
    if (alone := NO_VALUE.fullmatch(piece.group())) and is_filter(alone["key"]):
        raise _no_value(alone["key"].lower())
    term = _word(piece.group()) if phrase is None else _phrase(key, phrase, out=out)
    return replace(query, terms=(*query.terms, term)) if term.text.strip() else query


def _word(typed: str) -> SearchTerm:
    """Return a word; a minus before it leaves it out, but `-` and `--flag` are words."""
    out = typed.startswith("-") and len(typed) > 1 and not typed.startswith("--")
    return SearchTerm(text=typed[1:] if out else typed, is_wanted=not out)


def _phrase(key: str | None, phrase: str, *, out: bool) -> SearchTerm:
    """Return a phrase; the word of `word:"phrase"` is no filter of ours, and belongs to it."""
    return SearchTerm(text=f"{key} {phrase}" if key else phrase, is_phrase=True, is_wanted=not out)


def _with_filter(query: FindQuery, key: str, value: str, now: datetime) -> FindQuery:
    if not value.strip():
        raise _no_value(key)
    return replace(query, **FILTERS[key](query, value.strip(), now))


def _no_value(key: str) -> Refusal:
    return Refusal("empty_filter", sentence=f"{key}: has nothing after it: {EXAMPLES[key]}")


def _kind(query: FindQuery, value: str, now: datetime) -> Mapping[str, Any]:
    named = [word for word in value.lower().split(",") if word]
    if unknown := next((word for word in named if word not in KINDS), None):
        kinds = ", ".join(FoundKind)
        raise Refusal("unknown_kind", sentence=f"there is no kind {unknown!r}: kind: is one of {kinds}")
    return {"kinds": tuple(dict.fromkeys((*query.kinds, *(KINDS[word] for word in named))))}


def _state(query: FindQuery, value: str, now: datetime) -> Mapping[str, Any]:
    if value.lower() != "unread":
        raise Refusal("unknown_state", sentence=f"{value!r} is no state to search for: write is:unread")
    return {"unread": True}


def _order(query: FindQuery, value: str, now: datetime) -> Mapping[str, Any]:
    if value.lower() not in list(FindOrder):
        raise Refusal("unknown_order", sentence=f"there is no order {value!r}: order: is time or rank")
    return {"order": FindOrder(value.lower())}


def _moment(field: str) -> Callable[[FindQuery, str, datetime], Mapping[str, Any]]:
    def read(query: FindQuery, value: str, now: datetime) -> Mapping[str, Any]:
        try:
            return {field: read_moment(value, now)}
        except ValueError as error:
            raise Refusal("invalid_time", sentence=f"{field}: {error}") from error

    return read


FILTERS: Mapping[str, Callable[[FindQuery, str, datetime], Mapping[str, Any]]] = {
    "from": lambda query, value, now: {"sender": value},
    "to": lambda query, value, now: {"recipient": value},
    "team": lambda query, value, now: {"team": value},
    "since": _moment("since"),
    "before": _moment("before"),
    "kind": _kind,
    "is": _state,
    "order": _order,
}
"""Fields that each filter sets, by its word."""

EXAMPLES: Mapping[str, str] = {
    "from": "from:NAME or from:NAME@TEAM",
    "to": "to:NAME or to:NAME@TEAM",
    "team": "team:NAME",
    "since": "since:2h, since:14:00 or since:2026-11-30",
    "before": "before:2h, before:14:00 or before:2026-11-30",
    "kind": f"kind: is one of {', '.join(FoundKind)}",
    "is": "is:unread",
    "order": "order:time or order:rank",
}


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def _written(term: SearchTerm) -> str:
    sign = "" if term.is_wanted else "-"
    return f'{sign}"{term.text}"' if term.is_phrase else f"{sign}{term.text}"
