"""FTS5 expressions for the terms of a search.

The index has whole words.  A word of a search may be a part of longer ones: these are looked up among all words that
the index has met, and the expression names each.  FTS5's own prefix queries are not used: they gather all matches
before the first is given out, which takes 50 ms for a common word in 500,000 messages, where an exact word takes 0.3.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct

from xats_tui.backend.store.search.prefixes import HIGHEST
from xats_tui.core.search.matching import Matcher, TermShape

MAX_FORMS = 400
"""Words that an expression names for one term: each takes up to 0.2 ms.  A part of more words is so frequent that the
newest texts are read instead."""

MAX_ALL_FORMS = 1000
"""Words that an expression names for all terms."""

PART_CHARS = 3
"""Length of the parts of words that are indexed."""


class Expression(Struct, frozen=True, kw_only=True):
    """What the index is asked for."""

    text: str
    """Expression over the texts; empty if they are not narrowed."""
    is_exact: bool
    """False if the index gives more than what matches, so that each text is to be checked."""
    is_impossible: bool = False
    """True if no text in the index can match."""


def expression_of(connection: sqlite3.Connection, matcher: Matcher) -> Expression:
    """Return the expression for all terms."""
    parts: list[str] = []
    is_exact, forms_left = True, MAX_ALL_FORMS
    for shape in matcher.shapes:
        if not shape.term.is_wanted or shape.is_exact:
            is_exact = False
            continue
        if shape.term.is_phrase:
            parts.append(_quoted(" ".join(shape.words)))
            continue
        is_exact = is_exact and len(shape.words) == 1
        for forms in _forms(connection, shape):
            if not forms:
                return Expression(text="", is_exact=True, is_impossible=True)
            if len(forms) > min(MAX_FORMS, forms_left):
                is_exact = False
                continue
            forms_left -= len(forms)
            parts.append(f"({' OR '.join(map(_quoted, forms))})")
    return Expression(text=" AND ".join(parts), is_exact=is_exact)


def matching(expression: Expression, marks: Iterable[str | Sequence[str]]) -> str:
    """Return the whole expression: the texts', and marks that a document has, of a sequence any."""
    wanted = [mark if isinstance(mark, str) else f"({' OR '.join(mark)})" for mark in marks]
    marked = f"{{marks}} : ({' AND '.join(wanted)})"
    return f"{{text}} : ({expression.text}) AND {marked}" if expression.text else marked


def _forms(connection: sqlite3.Connection, shape: TermShape) -> list[list[str]]:
    """Return the words of the index that each word of a term may be."""
    first, *_, last = (*shape.words, shape.words[-1])
    if len(shape.words) == 1:
        like = f"%{first}%" if shape.is_inner else None
        return [_like(connection, like) if like else _beginning(connection, first)]
    middle = [[word] for word in shape.words[1:-1]]
    return [_like(connection, f"%{first}") if shape.is_inner else [first], *middle, _beginning(connection, last)]


def _like(connection: sqlite3.Connection, pattern: str) -> list[str]:
    """Return the words of the index that a pattern fits, one more than an expression may name."""
    table = "search_parts" if len(pattern.strip("%")) >= PART_CHARS else "search_words"
    rows = connection.execute(f"SELECT word FROM {table} WHERE word LIKE ? LIMIT ?", (pattern, MAX_FORMS + 1))
    return [word for (word,) in rows]


def _beginning(connection: sqlite3.Connection, prefix: str) -> list[str]:
    rows = connection.execute(
        "SELECT word FROM search_words WHERE word >= ? AND word < ? LIMIT ?", (prefix, prefix + HIGHEST, MAX_FORMS + 1)
    )
    return [word for (word,) in rows]


def _quoted(words: str) -> str:
    """Return words as FTS5 takes them literally; they have letters and digits only."""
    return f'"{words}"'
