"""A captured screen as cells with the attributes that tell what a person typed from what a program drew.

It knows SGR sequences and cell widths, nothing of any program.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[0-9;:?]*[A-Za-ln-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x0e|\x0f")


@dataclass(frozen=True, slots=True)
class Cell:
    """One character and how it is drawn."""

    text: str
    column: int
    """Cells from the left edge, from 0."""
    dim: bool
    reverse: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the screen, without the empty cells at its end."""

    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """Its characters."""
        return "".join(cell.text for cell in self.cells)

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return self.cells[-1].column + cell_width(self.cells[-1].text) if self.cells else 0

    def left_of(self, column: int) -> "Line":
        """The part before a column."""
        return Line(tuple(cell for cell in self.cells if cell.column < column))

    def from_column(self, column: int) -> "Line":
        """The part from a column on."""
        return Line(tuple(cell for cell in self.cells if cell.column >= column))


def parse_screen(screen: str) -> tuple[Line, ...]:
    """The rows of `capture-pane -p -e`; attributes run on from row to row, as tmux prints them."""
    lines = []
    dim = reverse = False
    for row in screen.split("\n"):
        cells: list[Cell] = []
        column = position = 0
        while position < len(row):
            escape = _ESCAPE.match(row, position)
            if escape:
                if escape.group(1) is not None:
                    dim, reverse = _attributes(escape.group(1).split(";"), dim, reverse)
                position = escape.end()
                continue
            character = row[position]
            position += 1
            width = cell_width(character)
            if width:
                cells.append(Cell(character, column, dim, reverse))
                column += width
            elif cells:
                last = cells[-1]
                cells[-1] = Cell(last.text + character, last.column, last.dim, last.reverse)
        lines.append(Line(tuple(cells)))
    return tuple(lines)


def cell_width(text: str) -> int:
    """How many cells a character (with what combines with it) takes: 0, 1 or 2."""
    if not text:
        return 0
    if unicodedata.combining(text[0]) or unicodedata.category(text[0]) in {"Cc", "Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(text[0]) in {"W", "F"} else 1


def _attributes(codes: Sequence[str], dim: bool, reverse: bool) -> tuple[bool, bool]:
    numbers = iter(codes)
    for code in numbers:
        if code in {"38", "48", "58"}:  # a colour: its own numbers are no attributes
            kind = next(numbers, "")
            for _ in range({"5": 1, "2": 3}.get(kind, 0)):
                next(numbers, None)
        elif code in {"", "0"}:
            dim = reverse = False
        elif code == "2":
            dim = True
        elif code == "22":
            dim = False
        elif code == "7":
            reverse = True
        elif code == "27":
            reverse = False
    return dim, reverse
