"""Filter language of all modes: words that must all occur, `@name` for an agent, a state's word for that state.

`!` before a word, an agent or a state leaves out the rows that match it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xats_tui.core.model.labels import folded
from xats_tui.screens.widgets.format import TableRow

NOT = "!"


class Filter:
    """A parsed filter; an empty filter accepts every row."""

    def __init__(self, words: str = "", states: Iterable[str] = ()) -> None:
        """Parse the words; `states` are the words that mean a state rather than text."""
        self.words = words.strip()
        known = frozenset(states)
        typed = [(word.startswith(NOT), word.removeprefix(NOT)) for word in folded(self.words).split()]
        # A mark alone is the beginning of a word that is still being typed.
        self._terms = [_Term(word, word in known, is_wanted=not out) for out, word in typed if word]

    def __bool__(self) -> bool:
        return bool(self.words)

    def lets_through(self, row: TableRow) -> bool:
        """Return whether a row matches every term."""
        line = folded(" ".join((*(cell.text for cell in row.cells), row.text)))
        return all(term.fits(row, line) is term.is_wanted for term in self._terms)

    def select(self, rows: Sequence[TableRow]) -> Sequence[TableRow]:
        """Return the matching rows."""
        return [row for row in rows if self.lets_through(row)] if self.words else rows


@dataclass(frozen=True, slots=True)
class _Term:
    """A word of a filter."""

    word: str
    is_state: bool
    is_wanted: bool
    """False for a word after `!`."""

    def fits(self, row: TableRow, line: str) -> bool:
        """Return whether a row, whose text is `line`, has the word; an agent's name may be abbreviated."""
        if self.word.startswith("@"):
            return any(folded(name).startswith(self.word[1:]) for name in row.agents)
        if self.is_state:
            return self.word in row.states
        # The beginning of a state's word, too, or the rows of a state would vanish while its word is being typed.
        return self.word in line or any(state.startswith(self.word) for state in row.states)
