"""Filter language of all modes: words that must all occur, `@name` for an agent, a state's word for that state."""

from collections.abc import Iterable, Sequence

from xats_tui.core.model.labels import folded
from xats_tui.screens.widgets.format import TableRow


class Filter:
    """A parsed filter; an empty filter accepts every row."""

    def __init__(self, words: str = "", states: Iterable[str] = ()) -> None:
        """Parse the words; `states` are the words that mean a state rather than text."""
        self.words = words.strip()
        typed = folded(self.words).split()
        known = frozenset(states)
        self._agents = [word[1:] for word in typed if word.startswith("@")]
        self._states = [word for word in typed if word in known]
        self._texts = [word for word in typed if not word.startswith("@") and word not in known]

    def __bool__(self) -> bool:
        return bool(self.words)

    def lets_through(self, row: TableRow) -> bool:
        """Return whether a row matches every term; an agent's name may be abbreviated."""
        line = folded(" ".join((*(cell.text for cell in row.cells), row.text)))
        return (
            all(any(folded(name).startswith(agent) for name in row.agents) for agent in self._agents)
            and all(state in row.states for state in self._states)
            and all(text in line or _begins(text, row.states) for text in self._texts)
        )

    def select(self, rows: Sequence[TableRow]) -> Sequence[TableRow]:
        """Return the matching rows."""
        return [row for row in rows if self.lets_through(row)] if self.words else rows


def _begins(text: str, states: Iterable[str]) -> bool:
    """Return whether the text is the beginning of a state's word."""
    # Otherwise the rows of a state would vanish while its word is being typed.
    return any(state.startswith(text) for state in states)
