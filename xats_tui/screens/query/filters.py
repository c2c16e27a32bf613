"""Filter language of all modes: words that must all occur, `@name` for an agent, a state's word for that state.

`!` before a word, an agent or a state leaves out the rows that match it.
"""

import calendar
import re
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from xats_tui.core.model.labels import folded
from xats_tui.core.model.pages import Wanted
from xats_tui.screens.widgets.format import TableRow

NOT = "!"

STORED = re.compile(r"[!-'*-~]+")
"""Words that the store can look for: printable ASCII, without the parentheses that only a list draws."""

DRAWN = re.compile(r"[\d:.,+-]+|(?=\w*\d)\w{1,4}|.")
"""Words that may be part of what only a list draws: times, ages and counts."""

MONTHS = frozenset(month.casefold() for month in calendar.month_abbr if month)


class Filter:
    """A parsed filter; an empty filter accepts every row."""

    def __init__(self, words: str = "", states: Iterable[str] = ()) -> None:
        """Parse the words; `states` are the words that mean a state rather than text."""
        self.words = words.strip()
        known = self._states = frozenset(states)
        typed = [(word.startswith(NOT), word.removeprefix(NOT)) for word in folded(self.words).split()]
        # A mark alone is the beginning of a word that is still being typed.
        self._terms = [_Term(word, word in known, is_wanted=not out) for out, word in typed if word]

    def __bool__(self) -> bool:
        return bool(self.words)

    def wanted(self, team: str | None, recipient: str | None, drawn: Collection[str]) -> Wanted:
        """Return as much of the filter as the store can look for.

        Args:
            team: team that the list is limited to.
            recipient: id of the agent whose messages alone are listed.
            drawn: words that the list draws without having them from the store.
        """
        words = [term.word for term in self._terms if term.is_wanted and not term.is_state and term.is_stored]
        only_drawn = (*MONTHS, *drawn, *self._states)
        return Wanted(
            team=team,
            recipient=recipient,
            words=tuple(word for word in words if word[0] != "@" and not any(word in one for one in only_drawn)),
            agents=tuple(word[1:] for word in words if word[0] == "@" and word[1:]),
            states=frozenset(term.word for term in self._terms if term.is_wanted and term.is_state),
        )

    def lets_through(self, row: TableRow) -> bool:
        """Return whether a row matches every term."""
        line = folded(" ".join((*(cell.text for cell in row.cells), row.text)))
        return all(term.fits(row, line) is term.is_wanted for term in self._terms)

    def select(self, rows: Sequence[TableRow]) -> Sequence[TableRow]:
        """Return the matching rows."""
        return [row for row in rows if self.lets_through(row)] if self.words else rows


class _Term(Struct, frozen=True):
    """A word of a filter."""

    word: str
    is_state: bool
    is_wanted: bool
    """False for a word after `!`."""

    @property
    def is_stored(self) -> bool:
        """True if the store can look for the word."""
        is_name = self.word.startswith("@")
        return STORED.fullmatch(self.word) is not None and (is_name or DRAWN.fullmatch(self.word) is None)

    def fits(self, row: TableRow, line: str) -> bool:
        """Return whether a row, whose text is `line`, has the word; an agent's name may be abbreviated."""
        if self.word.startswith("@"):
            return any(folded(name).startswith(self.word[1:]) for name in row.agents)
        if self.is_state:
            return self.word in row.states
        # The beginning of a state's word, too, or the rows of a state would vanish while its word is being typed.
        return self.word in line or any(state.startswith(self.word) for state in row.states)
