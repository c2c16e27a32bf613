"""The reader for opencode: an input box with a bar at its left and the agent's name at its foot, the cursor inside.

It knows the program's screens, not what to do about them.  It goes by how cells differ, not by their colours, which are
the theme's: what is drawn unlike the box's own empty cells was put there, even a space; what is drawn like the
separator in the foot is a placeholder.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneReading
from xats_tui.core.screen.ansi_grid import CellStyle, Cursor, ScreenCell, ScreenLine, cursor_of, join_wrapped
from xats_tui.core.screen.signs import Signs, lowest_match, quoted

BAR, FOOT, EDGE = "┃", "╹", "▀"

MARGIN_CELLS = 3
"""Cells that bar and padding take at the left of the text."""

PADDING_CELLS = 2
"""Cells between the text and the box's right edge."""

BUSY = re.compile(r"esc (again to )?interrupt|[■⬝]{3}|retrying in")

DIALOG = re.compile(
    r"Permission required|\benter (confirm|submit|select|toggle)\b|\besc (dismiss|close|cancel)\b|\besc\s*$"
)
"""The headline of a permission prompt, and the keys that dialogs name."""

PANEL_HEAD = re.compile(r"(?P<title>\S.*?) {3,}esc(?:/enter)?")
"""The first row of a panel that lies over the screen: its title in bold, and the key that closes it."""

SHELL_PLACEHOLDER = "Run a command"

SHELL_MODE = re.compile(r"^Shell\b|exit shell mode")


class InputBox(Struct, frozen=True):
    """The box: its text, what an empty cell in it looks like, what stands in its foot and below."""

    rows: tuple[tuple[ScreenCell, ...], ...]
    """The cells that are not the box's own, row by row."""
    first_row: int
    column: int
    """The column at which the text begins."""
    text_width: int
    foot: ScreenLine
    below: str

    def holds(self, cursor: Cursor | None) -> bool:
        """True if the cursor is in the input box and visible."""
        return cursor is not None and cursor.shown and self.first_row <= cursor.row < self.first_row + len(self.rows)


def read_screen(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Idle only if the box is empty or shows its placeholder, holds the cursor, and nothing else is going on."""
    cursor = cursor_of(formats)
    box = _find_box(lines)
    if box is None:
        return _without_box(lines).reading("")
    placeholder = _is_placeholder(box, cursor)
    text = "" if placeholder else join_wrapped([_text(cells) for cells in box.rows], box.text_width)
    return Signs(
        dialog=_panel(lines) or (None if cursor is None or box.holds(cursor) else _overlay(lines)),
        draft=_draft(box, cursor, placeholder, text),
        busy="the line below the box says so" if BUSY.search(box.below) else None,
        doubt="the cursor is not known" if cursor is None else None,
        composer=text,
    ).reading("the input box is empty and holds the cursor")


def _find_box(lines: Sequence[ScreenLine]) -> InputBox | None:
    bottom = next((row for row in reversed(range(len(lines))) if f"{FOOT}{EDGE * 8}" in lines[row].text), None)
    corner = next((cell for cell in lines[bottom].cells if cell.text == FOOT), None) if bottom is not None else None
    if bottom is None or corner is None:
        return None
    top = bottom
    while top and _is_bar(lines[top - 1].at(corner.column), corner):
        top -= 1
    if bottom - top < MARGIN_CELLS + 1:  # padding, text, padding, foot
        return None
    right = corner.column + 1 + lines[bottom].text.count(EDGE)
    inside = [_between(line, corner.column + 1, right) for line in lines[top:bottom]]
    empty = inside[0][0].style if inside[0] else CellStyle()
    rows = tuple(_written(cells, empty, corner.column + MARGIN_CELLS) for cells in inside[1:-2])
    foot = ScreenLine(tuple(cell for cell in inside[-1] if not cell.blank))
    below = "\n".join(line.text for line in lines[bottom + 1 :])
    return InputBox(
        rows, top + 1, corner.column + MARGIN_CELLS, right - corner.column - MARGIN_CELLS - PADDING_CELLS, foot, below
    )


def _is_bar(cell: ScreenCell | None, corner: ScreenCell) -> bool:
    return cell is not None and cell.text == BAR and cell.style.foreground == corner.style.foreground


def _between(line: ScreenLine, left: int, right: int) -> tuple[ScreenCell, ...]:
    return tuple(cell for cell in line.cells if left <= cell.column < right)


def _written(cells: Sequence[ScreenCell], empty: CellStyle, column: int) -> tuple[ScreenCell, ...]:
    """The cells of a row of text up to the last that is not the box's own."""
    text = [cell for cell in cells if cell.column >= column]
    while text and text[-1].blank and text[-1].style == empty:
        text.pop()
    return tuple(text)


def _text(cells: Sequence[ScreenCell]) -> str:
    return "".join(cell.text for cell in cells)


def _is_placeholder(box: InputBox, cursor: Cursor | None) -> bool:
    """One row, drawn like the separator in the foot and unlike the model's name, the cursor at its start."""
    letters = [cell for cells in box.rows for cell in cells if not cell.blank]
    if cursor is None or (cursor.row, cursor.column) != (box.first_row, box.column) or not letters:
        return False
    if SHELL_MODE.search(_text(box.foot.cells)):
        return _text(letters).startswith("".join(SHELL_PLACEHOLDER.split()))
    separator = next((cell.style for cell in box.foot.cells if cell.text == "·"), None)
    return (
        separator is not None
        and all(cell.style.foreground == separator.foreground for cell in letters)
        and any(cell.style.foreground != separator.foreground for cell in box.foot.cells)
    )


def _draft(box: InputBox, cursor: Cursor | None, placeholder: bool, text: str) -> str | None:
    if SHELL_MODE.search(_text(box.foot.cells)) or SHELL_MODE.search(box.below):
        return "shell mode: what is typed is run"
    if placeholder:
        return None
    at_start = cursor is None or not box.holds(cursor) or (cursor.row, cursor.column) == (box.first_row, box.column)
    if text or len(box.rows) > 1 or not at_start:
        return f"not sent: {quoted(text)}"
    return None


def _panel(lines: Sequence[ScreenLine]) -> str | None:
    """The sign of a panel that is open; some leave the cursor where it was, in the box."""
    for line in lines:
        for _, cells in groupby(line.cells, key=lambda cell: cell.style.background):
            written = list(cells)
            found = PANEL_HEAD.fullmatch(_text(written).strip())
            if found and next(cell for cell in written if not cell.blank).style.bold:
                return f"a panel is open: {found['title']}"
    return None


def _overlay(lines: Sequence[ScreenLine]) -> str:
    sign = lowest_match(DIALOG, lines)
    return f"a dialog or menu is open: {sign}" if sign else "the cursor is outside the input box: a menu is open"


def _without_box(lines: Sequence[ScreenLine]) -> Signs:
    sign = lowest_match(DIALOG, lines)
    dialog = _panel(lines) or (f"a dialog or menu is open: {sign}" if sign else None)
    return Signs(dialog=dialog, doubt="no input box is seen")
