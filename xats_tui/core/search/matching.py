"""Matching of texts with the terms of a search, and excerpts with marked ranges.

Letters are compared without case and diacritics, as SQLite's `unicode61 remove_diacritics 2` does; letters and digits
make words, everything else separates them.
"""

import re
import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from xats_tui.core.search.records import SearchTerm, Span

EXCERPT_CHARS = 200
"""Length of an excerpt."""

CHARS_BEFORE_MATCH = 50
"""Characters of an excerpt before its first match."""

MAX_SPANS = 50
"""Maximum number of marked ranges in one text."""

SHORT_WORD_CHARS = 2
"""Longest word that matches at the beginning of words only: it is a part of too many."""

FIRST_IDEOGRAPH = "\u2e80"
"""Scripts from here on write without spaces between words, so that a short word is looked for everywhere."""

LETTER, SEPARATORS = r"[^\W_]", r"[\W_]+"
WORD = re.compile(rf"{LETTER}+")
NOT_IN_A_LINE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
ELLIPSIS = "…"


class _Folded(dict[int, str | None]):
    """Folded form of each character, made when it is first met; diacritics that stand alone have none."""

    def __missing__(self, code: int) -> str | None:
        self[code] = form = _folded(chr(code))
        return form


def _folded(character: str) -> str | None:
    if "\u0300" <= character <= "\u036f":
        return None
    base, *marks = list(unicodedata.normalize("NFD", character))
    if any(not "\u0300" <= mark <= "\u036f" for mark in marks):
        base = character  # a syllable of Hangul has parts, and no diacritics
    forms = (base.casefold(), base.lower(), base)
    return next(form for form in forms if len(form) == 1)


FOLDED = _Folded()


def fold(text: str) -> str:
    """Return a text in the form in which it is matched: one character for each, none for a diacritic."""
    return text.lower() if text.isascii() else text.translate(FOLDED)


def words_of(text: str) -> list[str]:
    """Return the folded words of a text."""
    return WORD.findall(fold(text))


class TermShape(Struct, frozen=True):
    """A term as it is looked for."""

    term: SearchTerm
    words: tuple[str, ...]
    """Its folded words; empty for a term without letters and digits."""
    is_exact: bool
    """True if its other characters count as well, because its words alone say little: `c++`, `->`."""
    is_inner: bool
    """True if it may also stand inside of words."""

    @classmethod
    def of(cls, term: SearchTerm) -> "TermShape":
        """Return the shape of a term."""
        words = tuple(words_of(term.text))
        has_short_words = all(map(_is_short, words))
        is_plain = not WORD.sub("", fold(term.text)).strip()
        return cls(
            term=term,
            words=words,
            is_exact=not words or (has_short_words and not is_plain and not term.is_phrase),
            is_inner=not term.is_phrase and not has_short_words,
        )

    @property
    def pattern(self) -> str:
        """Return the regular expression that finds it in a folded text."""
        if self.is_exact:
            return re.escape(fold(self.term.text.strip()))
        joined = SEPARATORS.join(map(re.escape, self.words))
        before = "" if self.is_inner else rf"(?<!{LETTER})"
        after = rf"(?!{LETTER})" if self.term.is_phrase else ""
        return f"{before}{joined}{after}"


def _is_short(word: str) -> bool:
    return len(word) <= SHORT_WORD_CHARS and all(character < FIRST_IDEOGRAPH for character in word)


class Matcher:
    """The terms of a search, ready to be looked for in texts."""

    def __init__(self, terms: Iterable[SearchTerm]) -> None:
        self.shapes = tuple(map(TermShape.of, terms))
        wanted = [shape.pattern for shape in self.shapes if shape.term.is_wanted]
        self._wanted = [re.compile(pattern) for pattern in wanted]
        self._unwanted = [re.compile(shape.pattern) for shape in self.shapes if not shape.term.is_wanted]
        self._marked = re.compile("|".join(sorted(wanted, key=len, reverse=True))) if wanted else None

    def matches(self, text: str) -> bool:
        """Return whether a text has every wanted term and no other."""
        folded = fold(text)
        return all(one.search(folded) for one in self._wanted) and not any(one.search(folded) for one in self._unwanted)

    def spans(self, text: str) -> tuple[Span, ...]:
        """Return the ranges of a text that match a wanted term, in order."""
        if self._marked is None:
            return ()
        places = _places(text)
        found: list[Span] = []
        for match in self._marked.finditer(fold(text)):
            if len(found) == MAX_SPANS:
                break
            start, end = (match.start(), match.end()) if places is None else _between(places, *match.span())
            found.append(Span(start, end - start))
        return tuple(found)

    def score(self, title: str, text: str) -> float:
        """Return how well a text matches: every place counts, whole words and the title more."""
        return 3 * self._weight(fold(title)) + self._weight(fold(text))

    def excerpt(self, text: str) -> tuple[str, tuple[Span, ...]]:
        """Return one line of a text around its first match, and the marked ranges in it."""
        first = next(iter(self.spans(text)), None)
        start = max(0, first.start - CHARS_BEFORE_MATCH) if first and first.start > CHARS_BEFORE_MATCH else 0
        if start and (space := text.find(" ", start, first.start if first else start)) > 0:
            start = space + 1
        piece = NOT_IN_A_LINE.sub(" ", text[start : start + EXCERPT_CHARS]).rstrip()
        if start + EXCERPT_CHARS < len(text):
            piece += ELLIPSIS
        if start:
            piece = ELLIPSIS + piece
        return piece, self.spans(piece)

    def _weight(self, folded: str) -> float:
        weight = 0.0
        for pattern in self._wanted:
            for number, match in enumerate(pattern.finditer(folded)):
                if number == MAX_SPANS:
                    break
                weight += 2 if _is_whole(folded, match) else 1
        return weight


def _is_whole(folded: str, match: re.Match[str]) -> bool:
    before, after = folded[match.start() - 1 : match.start()], folded[match.end() : match.end() + 1]
    return not (WORD.fullmatch(before) or WORD.fullmatch(after))


def _places(text: str) -> list[int] | None:
    """Return the place in the text of each folded character; None if they are the same."""
    if text.isascii() or len(fold(text)) == len(text):
        return None
    return [place for place, character in enumerate(text) if FOLDED[ord(character)] is not None]


def _between(places: list[int], start: int, end: int) -> tuple[int, int]:
    """Return the range in the text; diacritics after its last letter belong to it."""
    following = places[end] if end < len(places) else places[-1] + 1
    return places[start], following
