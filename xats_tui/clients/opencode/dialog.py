"""opencode's dialogs: permissions, whose options stand side by side, and questions."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from xats_tui.clients.opencode.screen import BAR
from xats_tui.core.model.panes import Option, Prompt
from xats_tui.core.screen.ansi_grid import ScreenCell, ScreenLine
from xats_tui.core.screen.options import SIGN, in_one_line, joined, numbered, numbers_of, prompt_of, text_of

OPTION = re.compile(rf"^ {{0,3}}(?P<mark>{SIGN})?(?P<number>\d)\. (?P<label>\S.*)$")
QUESTION = re.compile(r"enter (submit|confirm) +esc dismiss")
ROW = re.compile(r"^ *(Allow once {2,}Allow always {2,}Reject|Confirm {2,}Cancel)\b")
TITLE = re.compile(r"^ *△ ")

ONCE = frozenset({"Allow once", "Reject"})
"""Labels of the answers to a permission that do nothing later."""

LEFT_AND_RIGHT = ("Left", "Right")


def read_dialog(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> Prompt | None:
    """The prompt on a screen; None if there is none."""
    block = _lowest_block(lines)
    if block is None:
        return None
    top, inside = block
    if top == 0:
        return None  # its beginning is above the screen
    rows = text_of(inside)
    foot = next((row for row in reversed(range(len(rows))) if ROW.match(rows[row])), None)
    if foot is not None and any(TITLE.match(row) for row in rows[:foot]):
        return _row_of_options(rows, inside[foot], foot)
    if not any(QUESTION.search(row) for row in rows):
        return None
    marked = [_with_mark(line) for line in inside]
    listed = numbered(marked, OPTION)
    return prompt_of(marked, 0, listed) if listed else None


def _lowest_block(lines: Sequence[ScreenLine]) -> tuple[int, list[ScreenLine]] | None:
    """The lowest rows with a bar at their left, without it and without what stands beside the panel."""
    bars = [next((cell for cell in line.cells if not cell.blank), None) for line in lines]
    is_bar = [cell is not None and cell.text == BAR for cell in bars]
    bottom = next((row for row in reversed(range(len(lines))) if is_bar[row]), None)
    if bottom is None:
        return None
    top = bottom
    while top and is_bar[top - 1]:
        top -= 1
    bar = bars[bottom]
    assert bar is not None  # it is what `bottom` was found by
    right = _right_edge(lines[top], bar.column)
    return top, [
        ScreenLine(tuple(cell for cell in line.cells if bar.column < cell.column < right))
        for line in lines[top : bottom + 1]
    ]


def _right_edge(padding: ScreenLine, bar: int) -> int:
    """Return the row at which the panel ends: its first row is empty and has the panel's background."""
    inside = [cell for cell in padding.cells if cell.column > bar]
    background = inside[0].style.background if inside else ""
    outside = (cell.column for cell in inside if not cell.blank or cell.style.background != background)
    return next(outside, sys.maxsize)


def _row_of_options(rows: Sequence[str], foot: ScreenLine, number: int) -> Prompt | None:
    """Options side by side; the chosen one has a background of its own."""
    match = ROW.match(rows[number])
    assert match is not None  # that is how the row was found
    labels = re.split(r" {2,}", match[1])
    column = foot.cells[0].column if foot.cells else 0
    backgrounds = []
    for label in labels:
        at = foot.at(column + rows[number].index(label))
        backgrounds.append(at.style.background if at else "")
    chosen = [index for index, background in enumerate(backgrounds, 1) if backgrounds.count(background) == 1]
    plain = foot.cells[0].style.background
    if len(labels) == 2:
        chosen = [index for index, background in enumerate(backgrounds, 1) if background != plain]
    options = tuple(Option(number=index, label=label) for index, label in enumerate(labels, 1))
    if len(chosen) != 1:
        return None
    return Prompt(
        text=joined(rows),
        options=options,
        chosen=chosen[0],
        arrows=LEFT_AND_RIGHT,
        question=in_one_line(rows[:number]),
        once=numbers_of(options, ONCE),
    )


def _with_mark(line: ScreenLine) -> str:
    """The row with a sign before its number if that is drawn on a background of its own, as the chosen option's is."""
    text = line.text.rstrip()
    first: ScreenCell | None = next((cell for cell in line.cells if not cell.blank), None)
    plain = line.cells[0].style.background if line.cells else ""
    if first is None or not first.text.isdigit() or first.style.background == plain:
        return text
    indent = len(text) - len(text.lstrip())
    return f"{text[:indent]}{SIGN}{text[indent:]}"
