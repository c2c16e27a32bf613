"""A captured screen as styled cells; the styles distinguish typed text from drawn text.

This module handles SGR sequences, cell widths and line wrapping, and is the same for all programs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from msgspec import Struct

from xats_tui.core.records import replace
from xats_tui.core.screen.widths import INVISIBLE, character_width, cluster_width, joins, joins_modifiers

_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[0-9;:?]*[A-Za-ln-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x0e|\x0f")

WRAP_SLACK_CELLS = 4
"""Cells that a program may leave free at the right edge although the next word would fit: margin and cursor."""


class CellStyle(Struct, frozen=True):
    """The style of a character; colours are the SGR numbers as they came, empty for the terminal's default."""

    foreground: str = ""
    background: str = ""
    bold: bool = False
    dim: bool = False
    reverse: bool = False


class ScreenCell(Struct, frozen=True):
    """A character with its position and style."""

    text: str
    column: int
    """Cells from the left edge, from 0."""
    style: CellStyle
    width: int = 1
    """Cells that the character takes: 1 or 2."""

    @property
    def dim(self) -> bool:
        """True if drawn faint, as placeholders and hints are."""
        return self.style.dim

    @property
    def blank(self) -> bool:
        """True for any kind of space."""
        return not self.text.strip()


class ScreenLine(Struct, frozen=True):
    """One row of the screen, without the empty cells at its end."""

    cells: tuple[ScreenCell, ...]
    end: CellStyle = CellStyle()
    """The style in force after the last cell: tmux cuts off trailing spaces but keeps their style."""

    @property
    def text(self) -> str:
        """The characters of the row."""
        return "".join(cell.text for cell in self.cells)

    @property
    def blank(self) -> bool:
        """True if the row holds only spaces."""
        return all(cell.blank for cell in self.cells)

    @property
    def width(self) -> int:
        """Width of the row in cells."""
        return self.cells[-1].column + self.cells[-1].width if self.cells else 0

    def left_of(self, column: int) -> "ScreenLine":
        """Return the part before a column."""
        return ScreenLine(tuple(cell for cell in self.cells if cell.column < column), self.end)

    def from_column(self, column: int) -> "ScreenLine":
        """Return the part from a column on."""
        return ScreenLine(tuple(cell for cell in self.cells if cell.column >= column), self.end)

    def at(self, column: int) -> ScreenCell | None:
        """Return the cell in a column; None if it is empty."""
        return next((cell for cell in self.cells if cell.column == column), None)


class Cursor(Struct, frozen=True):
    """Position of the cursor, in cells from the upper left corner, and whether the terminal draws it."""

    column: int
    row: int
    shown: bool


def cursor_of(formats: Mapping[str, Any]) -> Cursor | None:
    """Return the cursor that tmux reports; None if it reports none."""
    try:
        return Cursor(int(formats["cursor_x"]), int(formats["cursor_y"]), bool(int(formats.get("cursor_flag", 1))))
    except (KeyError, TypeError, ValueError):
        return None


def width_of(formats: Mapping[str, Any], lines: Sequence[ScreenLine]) -> int:
    """Return the pane's width in cells; the width of its longest line if tmux did not report it."""
    reported = int(formats.get("pane_width") or formats.get("width") or 0)
    return reported or max((line.width for line in lines), default=0)


def join_wrapped(rows: Sequence[str], width: int) -> str:
    """Join the rows of a text field of that width into the typed text, undoing line wrapping."""
    text = rows[0] if rows else ""
    for above, row in pairwise(rows):
        text += _joint(above, row, width) + row
    return text


def _joint(above: str, row: str, width: int) -> str:
    if above.endswith((" ", "\N{NO-BREAK SPACE}")):
        return ""  # the program kept the space at which it wrapped
    free = width - sum(character_width(character) for character in above)
    if free <= 0:
        return ""
    word = row.split(maxsplit=1)[0] if row.strip() else ""
    return " " if word and free <= len(word) + WRAP_SLACK_CELLS else "\n"


CUBE = (0, 95, 135, 175, 215, 255)
"""Levels of each colour in the cube of a terminal with 256 colours."""

MAX_GREY_CHROMA = 32
GREY_LEVELS = range(80, 190)
"""Greys: largest difference between red, green and blue, and range of brightness (neither black nor white)."""


@lru_cache(maxsize=512)
def is_grey(colour: str) -> bool:
    """Return whether a foreground colour is a grey, which programs use for secondary text."""
    numbers = [int(number) for number in colour.split(";") if number.isdigit()]
    match numbers:
        case [90]:
            return True
        case [5, number]:
            return number == 8 or (number >= 16 and _is_grey_mix(_mixed(number)))
        case [2, red, green, blue]:
            return _is_grey_mix((red, green, blue))
        case _:
            return False


def _is_grey_mix(levels: tuple[int, int, int]) -> bool:
    return max(levels) - min(levels) <= MAX_GREY_CHROMA and sum(levels) // 3 in GREY_LEVELS


def _mixed(number: int) -> tuple[int, int, int]:
    """Return red, green and blue of a colour from 16 to 255 of the usual palette: a cube, then shades of grey."""
    if number >= 232:
        level = 8 + (number - 232) * 10
        return level, level, level
    red, green, blue = (CUBE[(number - 16) // step % 6] for step in (36, 6, 1))
    return red, green, blue


def parse_screen(screen: str, tmux_version: str = "") -> tuple[ScreenLine, ...]:
    """Parse the output of `capture-pane -p -e` into rows."""
    modifiers = joins_modifiers(tmux_version)
    lines = []
    # tmux prints a style once and lets it run on into the next rows.
    style = CellStyle()
    for row in screen.split("\n"):
        cells: list[ScreenCell] = []
        for text, drawn in _runs(row, style):
            _append(cells, text, drawn, modifiers=modifiers)
            style = drawn
        lines.append(ScreenLine(tuple(cells), style))
    return tuple(lines)


def _runs(row: str, style: CellStyle) -> Iterator[tuple[str, CellStyle]]:
    """Yield the equally styled pieces of a row; the last piece has the style that continues in the next row."""
    position = 0
    for escape in _ESCAPE.finditer(row):
        yield row[position : escape.start()], style
        if escape.group(1) is not None:
            style = _applied(escape.group(1), style)
        position = escape.end()
    yield row[position:], style


def _append(cells: list[ScreenCell], text: str, style: CellStyle, *, modifiers: bool) -> None:
    for character in text:
        last = cells[-1] if cells else None
        if character in INVISIBLE:
            continue
        if last is None or not joins(last.text, character, modifiers=modifiers):
            if width := character_width(character):
                cells.append(ScreenCell(character, last.column + last.width if last else 0, style, width))
        else:
            joined = last.text + character
            cells[-1] = replace(last, text=joined, width=cluster_width(joined, modifiers=modifiers))


@lru_cache(maxsize=512)
def _applied(codes: str, style: CellStyle) -> CellStyle:
    """Return the style after one SGR sequence; attributes without meaning here (italics, underline, …) are ignored."""
    numbers = iter(codes.replace(":", ";").split(";"))
    for code in numbers:
        if code in {"38", "48", "58"}:  # a colour: its numbers are not attributes
            kind = next(numbers, "")
            colour = ";".join([kind, *(next(numbers, "") for _ in range({"5": 1, "2": 3}.get(kind, 0)))])
            style = _coloured(style, code, colour)
        elif code in {"", "0"}:
            style = CellStyle()
        elif code in _ATTRIBUTES:
            style = replace(style, **_ATTRIBUTES[code])
        elif code.isdigit() and int(code) in _FOREGROUNDS:
            style = replace(style, foreground="" if code == "39" else code)
        elif code.isdigit() and int(code) in _BACKGROUNDS:
            style = replace(style, background="" if code == "49" else code)
    return style


_ATTRIBUTES: Mapping[str, Mapping[str, Any]] = {
    "1": {"bold": True},
    "2": {"dim": True},
    "22": {"bold": False, "dim": False},
    "7": {"reverse": True},
    "27": {"reverse": False},
}
_FOREGROUNDS = frozenset({*range(30, 40), *range(90, 98)})
_BACKGROUNDS = frozenset({*range(40, 50), *range(100, 108)})


def _coloured(style: CellStyle, code: str, colour: str) -> CellStyle:
    if code == "38":
        return replace(style, foreground=colour)
    return replace(style, background=colour) if code == "48" else style
