"""Parser of what a terminal sends: esc and the key behind it are two keys, and nothing that is pasted is a key.

A terminal sends alt and a key as esc in front of the key.  On a slow line, and for a person who is quick, esc and the
next key come together, too: Textual takes them for alt, which means nothing here, and holds what follows.
An esc within a paste ends the paste for Textual, and the rest of it would act as keys.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from time import monotonic

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.message import Message

ESCAPE, DRAWN_ESCAPE = "\x1b", "␛"

BEGINNINGS = frozenset("[O]P_^X")
"""Characters that follow esc in a sequence of the terminal: keys, mouse, and answers to questions."""

PASTE_BEGINS, PASTE_ENDS = f"{ESCAPE}[200~", f"{ESCAPE}[201~"

MARKS = re.compile(f"({re.escape(PASTE_BEGINS)}|{re.escape(PASTE_ENDS)})")

BEGUN_MARK = re.compile(rf"{ESCAPE}(\[(20?[01]?)?)?\Z")
"""The beginning of a mark, or of anything else that begins so, behind which the rest may be yet to come."""


class KeyParser(XTermParser):
    """Textual's parser, which knows a lone esc, and the end of a paste."""

    def __init__(self, debug: bool = False, *, with_alt: Callable[[], Collection[str]] = frozenset) -> None:
        """Create the parser; `with_alt` returns the keys that mean something together with alt."""
        self._with_alt = with_alt
        self._is_pasting = False
        self._held = ""
        """Characters at the end of what was sent that may be the beginning of a mark."""
        self._held_until = 0.0
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """Yield the messages of these characters; none at all end the input."""
        if not data:
            yield from super().feed(data)
        *parts, last = MARKS.split(self._held + data)
        for part in parts:
            yield from self._take(part)
        begun = BEGUN_MARK.search(last)
        self._held = begun[0] if begun else ""
        self._held_until = monotonic() + ESCAPE_DELAY
        yield from self._take(last.removesuffix(self._held))

    def tick(self) -> Iterable[Message]:
        """Yield the messages of what nothing has followed for a while."""
        # In a paste no key is pressed: the rest of the mark that ends it is yet to come.
        if self._held and not self._is_pasting and monotonic() >= self._held_until:
            held, self._held = self._held, ""
            yield from self._take_escape()
            yield from super().feed(held.removeprefix(ESCAPE)) if len(held) > 1 else ()
        yield from super().tick()

    def _take(self, part: str) -> Iterator[Message]:
        """Yield the messages of a mark, or of what stands between two of them."""
        if MARKS.fullmatch(part):
            self._is_pasting = part == PASTE_BEGINS
            yield from super().feed(part)
        elif self._is_pasting and part:
            yield from super().feed(part.replace(ESCAPE, DRAWN_ESCAPE))
        else:
            for esc, rest in re.findall(f"({ESCAPE}?)([^{ESCAPE}]*)", part):
                if esc and (not rest or (rest[0] not in BEGINNINGS and rest[0] not in self._with_alt())):
                    yield from self._take_escape()
                elif esc:
                    yield from super().feed(esc)
                if rest:
                    yield from super().feed(rest)

    def _take_escape(self) -> Iterator[Message]:
        yield from super().feed(ESCAPE)
        self._timeout_time = 0.0  # no sequence begins: Textual need not wait for the rest of one
        yield from super().tick()
