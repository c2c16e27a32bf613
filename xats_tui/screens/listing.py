"""What a list of one noun consists of; Live and the noun's own mode show the same, or each its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from xats_tui.screens.columns import Column
from xats_tui.screens.format import Row
from xats_tui.screens.source import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list: its columns and how its rows are read from the picture."""

    title: str
    columns: Sequence[Column]
    """The highest `drop` goes first, 0 stays; what is left over goes to the columns that grow."""
    rows: Callable[[Picture, datetime], Sequence[Row]]
    """The cells of each row are in the order of the columns."""
    summary: Callable[[Picture], str]
    """What stands behind the title."""
    when_empty: str
    """What to do, or to expect, where there is nothing."""
    states: frozenset[str] = frozenset()
    """The words that mean a state in a filter, as the rows carry them."""
