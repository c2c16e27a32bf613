"""The input line on a screen, found by the rows around it, and its content.

A drawing proves nothing by itself: the rows above and below must be drawn alike, the prompt must begin the first row,
and not more rows may follow than the program's footer has.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from xats_tui.clients.manifests.patterns import MAX_ROW_CHARS
from xats_tui.core.screen.ansi_grid import Cursor, ScreenCell, ScreenLine, cursor_of, is_grey, join_wrapped
from xats_tui.core.screen.signs import quoted

MAX_INPUT_ROWS = 60

MAX_INDENT_CELLS = 4
"""Most cells between the left edge of the input line and its prompt."""


SIGN_ROWS = 6
"""Rows above the input line in which the sign of an empty one is looked for."""


class CursorKind(StrEnum):
    """The way in which a program shows the place of typing."""

    TERMINAL = "terminal"
    """The terminal's cursor stands there, hidden or not."""
    DRAWN = "drawn"
    """The program draws a reversed cell there."""
    EITHER = "either"
    """The program draws a reversed cell there; without one the terminal's cursor counts."""


class PlaceholderStyle(StrEnum):
    """The style in which a program draws a placeholder, and never a draft."""

    DIM = "dim"
    GREY = "grey"


class InputLineShape(Struct, frozen=True, kw_only=True):
    """The form in which a client draws its input line."""

    above: re.Pattern[str]
    below: re.Pattern[str]
    prompts: frozenset[str]
    """Characters that begin its first row; empty if it has none."""
    modes: Mapping[str, str]
    """Characters in place of the prompt in modes that take no prompts, with a reason."""
    sides: frozenset[str]
    """Characters at the left and right of its rows."""
    ignored: frozenset[str]
    """Characters that the program adds to the text."""
    cursor: CursorKind
    placeholder: frozenset[PlaceholderStyle]
    like: re.Pattern[str] | None
    """A text elsewhere whose colour the placeholder has; on a screen that shows it, it decides alone."""
    sign: re.Pattern[str] | None
    """A text near the input line that is there only while nothing is typed; it decides on screens without colours."""
    max_rows_below: int
    """Most rows with text below it."""


class InputLine(Struct, frozen=True, kw_only=True):
    """An input line on a screen."""

    top: int
    """The row above it."""
    bottom: int
    """The row below it."""
    column: int
    """The column where its text begins."""
    width: int
    rows: tuple[tuple[ScreenCell, ...], ...]
    mode: str
    """The reason why it takes no prompt; empty if it does."""

    def holds(self, row: int) -> bool:
        """Return whether a row of the screen belongs to it."""
        return self.top < row < self.bottom


class Content(Struct, frozen=True, kw_only=True):
    """The contents of an input line."""

    text: str
    draft: str = ""
    """The reason why it is not empty."""
    doubt: str = ""
    """The reason why that is not known."""
    placeholder: bool = False


def find(shape: InputLineShape, lines: Sequence[ScreenLine]) -> InputLine | None:
    """Return the lowest input line."""
    rows_below = 0
    for bottom in reversed(range(2, len(lines))):
        if shape.below.search(lines[bottom].text[:MAX_ROW_CHARS]):
            for top in range(bottom - 2, max(-1, bottom - MAX_INPUT_ROWS), -1):
                if not shape.above.search(lines[top].text[:MAX_ROW_CHARS]) or not _alike(lines[top], lines[bottom]):
                    continue
                if found := _between(shape, lines, top, bottom):
                    return found
                break
        rows_below += not lines[bottom].blank
        if rows_below > shape.max_rows_below:
            return None
    return None


def _alike(top: ScreenLine, bottom: ScreenLine) -> bool:
    """Return whether two rows are edges of one drawing: a person may have typed a row of dashes."""
    first, last = _first(top), _first(bottom)
    return (
        first is not None
        and last is not None
        and (first.column, _end(top)) == (last.column, _end(bottom))
        and (first.style.foreground, first.dim) == (last.style.foreground, last.dim)
    )


def _first(line: ScreenLine) -> ScreenCell | None:
    return next((cell for cell in line.cells if not cell.blank), None)


def _end(line: ScreenLine) -> int:
    return max((cell.column + cell.width for cell in line.cells if not cell.blank), default=0)


def _between(shape: InputLineShape, lines: Sequence[ScreenLine], top: int, bottom: int) -> InputLine | None:
    edge, end = _first(lines[bottom]), _end(lines[bottom])
    assert edge is not None  # `_alike` has seen it
    column, mode = edge.column, ""
    if shape.prompts or shape.modes:
        prompt = next((c for c in lines[top + 1].cells if not c.blank and c.text not in shape.sides), None)
        if prompt is None or not 0 <= prompt.column - edge.column <= MAX_INDENT_CELLS:
            return None
        if prompt.text not in shape.prompts and prompt.text not in shape.modes:
            return None
        after = lines[top + 1].at(prompt.column + prompt.width)
        if after is not None and not after.blank:
            return None
        column, mode = prompt.column + prompt.width + 1, shape.modes.get(prompt.text, "")
    right = end - 1 if shape.sides else end
    rows = tuple(
        tuple(
            cell
            for cell in line.cells
            if cell.column >= column
            and not (cell.column >= right and cell.text in shape.sides)
            and cell.text not in shape.ignored
        )
        for line in lines[top + 1 : bottom]
    )
    return InputLine(top=top, bottom=bottom, column=column, width=right - column, rows=rows, mode=mode)


def content_of(
    shape: InputLineShape, found: InputLine, lines: Sequence[ScreenLine], formats: Mapping[str, Any]
) -> Content:
    """Return the content of an input line.

    It is empty only if the cursor stands at its beginning, and it holds nothing, or only a placeholder.
    """
    cursor = _cursor(shape.cursor, found, lines, formats)
    letters = [cell for cells in found.rows for cell in _letters(cells)]
    at_start = cursor is not None and (cursor.row, cursor.column) == (found.top + 1, found.column)
    placeholder = at_start and bool(letters) and _is_placeholder(shape, found, letters, lines)
    text = "" if placeholder else join_wrapped(_typed_rows(shape, found), found.width)
    if found.mode:
        return Content(text=text, draft=found.mode)
    if letters and not placeholder:
        return Content(text=text, draft=f"not sent: {quoted(text)}")
    if not letters and (len(found.rows) > 1 or (cursor is not None and found.holds(cursor.row) and not at_start)):
        return Content(text="", draft="not sent: white space")
    if not at_start:
        return Content(text="", doubt="the cursor is not in the input line")
    return Content(text="", placeholder=placeholder)


def _cursor(
    kind: CursorKind, found: InputLine, lines: Sequence[ScreenLine], formats: Mapping[str, Any]
) -> Cursor | None:
    """Return the place of typing; a program that draws one may leave the terminal's cursor behind."""
    drawn = None if kind is CursorKind.TERMINAL else _drawn_cursor(found, lines)
    return drawn if drawn or kind is CursorKind.DRAWN else cursor_of(formats)


def _drawn_cursor(found: InputLine, lines: Sequence[ScreenLine]) -> Cursor | None:
    """Return the one reversed cell; tmux may have cut it off at the end of a row."""
    places = [
        Cursor(cell.column, found.top + 1 + number, shown=True)
        for number, cells in enumerate(found.rows)
        for cell in cells
        if cell.style.reverse
    ]
    if not places:
        ends = [(row, lines[row]) for row in range(found.top + 1, found.bottom) if lines[row].end.reverse]
        places = [Cursor(max(line.width, found.column), row, shown=True) for row, line in ends]
    return places[0] if len(places) == 1 else None


def _typed_rows(shape: InputLineShape, found: InputLine) -> list[str]:
    """Return the text row by row, without the spaces at the rows' ends.

    Faint text beside typed text is the program's own, if its placeholders are faint.
    """
    rows = list(found.rows)
    if PlaceholderStyle.DIM in shape.placeholder:
        typed = [tuple(cell for cell in cells if not cell.dim) for cells in rows]
        if any(map(_letters, typed)):
            rows = [cells for cells, all_cells in zip(typed, rows, strict=True) if cells or not _letters(all_cells)]
    return ["".join(cell.text for cell in cells).rstrip() for cells in rows]


def _letters(cells: Sequence[ScreenCell]) -> list[ScreenCell]:
    return [cell for cell in cells if not cell.blank]


def _is_placeholder(
    shape: InputLineShape, found: InputLine, letters: Sequence[ScreenCell], lines: Sequence[ScreenLine]
) -> bool:
    """Return whether letters are drawn as placeholders are; the first may be reversed by a drawn cursor."""
    rest = letters[1:] if letters[0].style.reverse else letters
    if not rest:
        return False
    outside = [cell for row, line in enumerate(lines) if not found.holds(row) for cell in line.cells]
    colours = {cell.style.foreground for cell in rest}
    if shape.sign and not any(cell.style.foreground for line in lines for cell in line.cells):
        near = [*lines[max(0, found.top - SIGN_ROWS) : found.top], *lines[found.bottom + 1 :]]
        return any(shape.sign.search(line.text[:MAX_ROW_CHARS]) for line in near)
    if shape.like and (model := _model(shape.like, found, lines)):
        return colours == {model.style.foreground} and _others(outside, model.style.foreground)
    if PlaceholderStyle.DIM in shape.placeholder and all(cell.dim for cell in rest):
        return True
    is_one_grey = PlaceholderStyle.GREY in shape.placeholder and len(colours) == 1 and all(map(is_grey, colours))
    return is_one_grey and _others(outside, next(iter(colours)))


def _model(like: re.Pattern[str], found: InputLine, lines: Sequence[ScreenLine]) -> ScreenCell | None:
    """Return the first coloured letter of the lowest text that a placeholder is drawn like."""
    for row in reversed(range(len(lines))):
        if found.holds(row) or not (match := like.search(lines[row].text[:MAX_ROW_CHARS])):
            continue
        # The cells' texts may have several characters each, so the match is found again by counting them.
        at = 0
        for cell in lines[row].cells:
            if at >= match.start() and not cell.blank:
                return cell if cell.style.foreground else None
            at += len(cell.text)
    return None


def _others(outside: Sequence[ScreenCell], colour: str) -> bool:
    """Return whether other texts have another colour: where all have the same one, a colour tells nothing."""
    return any(cell.text.isalnum() and cell.style.foreground != colour for cell in outside)
