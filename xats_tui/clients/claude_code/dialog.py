"""Claude Code's dialogs: permissions, questions, plans, and messages that it holds back.

Its menus, which a person has opened, are not among them.  Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from xats_tui.core.model.panes import Prompt
from xats_tui.core.records import replace
from xats_tui.core.screen.ansi_grid import ScreenLine, cursor_of, join_wrapped, width_of
from xats_tui.core.screen.options import (
    EDITING,
    TYPING,
    ListedOptions,
    numbered,
    numbers_of,
    pointed,
    prompt_of,
    text_of,
)

OPTION = re.compile(r"^ {0,5}(?P<mark>❯)? {0,3}(?P<number>\d)\. (?P<label>\S.*)$")

ASKS = re.compile(
    r"\b(Do you want|Would you like) |Enter to select|\b(Exit plan mode|Ready to code)\?|\bReview your answers\b"
)
"""Text above or below the options of a numbered prompt."""

ASKS_WITHOUT_NUMBERS = re.compile(
    r"\b(Do you want|Would you like) |\bHeld message from another session\b"
    r"|\bMake auto mode your default permission mode\?|\brunning in Bypass Permissions mode\b|\btrust this folder\b"
)
"""Text of a prompt whose options have no numbers; it tells the prompt from menus, which have such lists too."""

# Other dialogs have a plain Yes too, and store it: an API key, a folder to trust.
ASKS_FOR_ONE_USE = re.compile(
    r"\bDo you want to (proceed|(create|overwrite|make this edit to) [^?]+|allow Claude to fetch this content)\?$"
)
"""End of a prompt whose plain Yes allows one use of a tool, and nothing later."""

ONCE = frozenset({"Yes", "No", "No, and tell Claude what to do differently (esc)"})
"""Labels of the answers to such a prompt that do nothing later."""

EDITED_ELSEWHERE = re.compile(r"\bto edit in\b")
"""The footer while the text of one's own answer can be written in an editor."""

RULE = re.compile(r" {0,4}[─▔]{8,}")
"""Signs directly above a prompt."""

TIP = re.compile(r" *Tip: ")


def read_dialog(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> Prompt | None:
    """The prompt on a screen; None if there is none."""
    rows = ["" if RULE.match(text) else text for text in text_of(lines)]
    listed = numbered(rows, OPTION)
    asks = ASKS if listed else ASKS_WITHOUT_NUMBERS
    listed = listed or pointed(rows)
    top = _top(lines, listed) if listed else None
    if listed is None or top is None or not asks.search(" ".join(" ".join(rows[top:]).split())):
        return None
    asked = [rows[row] for row in _without_tip(lines, top, listed.first_row, width_of(formats, lines))]
    prompt = prompt_of(rows, top, listed, asked=asked, why_not=_why_not(lines, rows, listed, formats))
    return replace(prompt, once=_once(prompt, rows[listed.end :]))


def _once(prompt: Prompt, below: Sequence[str]) -> frozenset[int]:
    """Return the options that do nothing later; none for the model's own question, which may read like a permission."""
    is_of_the_model = any("Enter to select" in row for row in below)
    asks = ASKS_FOR_ONE_USE.search(prompt.question) and not is_of_the_model
    return numbers_of(prompt.options, ONCE) if asks else frozenset()


def _top(lines: Sequence[ScreenLine], listed: ListedOptions) -> int | None:
    """The row below the lowest rule above the options."""
    rules = (row for row in reversed(range(listed.first_row)) if RULE.match(lines[row].text))
    return next((row + 1 for row in rules), None)


def _why_not(
    lines: Sequence[ScreenLine], rows: Sequence[str], listed: ListedOptions, formats: Mapping[str, Any]
) -> str:
    """Say that a text is being written into the prompt: the cursor, which rests at the pointer, is in a label then."""
    if listed.takes_text or EDITED_ELSEWHERE.search("\n".join(rows[listed.end :])):
        return TYPING
    drawn = any(_has_drawn_cursor(line) for line in lines[listed.first_row :])
    return EDITING if drawn or listed.is_edited_at(cursor_of(formats), rows) else ""


def _has_drawn_cursor(line: ScreenLine) -> bool:
    return line.end.reverse or any(cell.style.reverse for cell in line.cells)


def _without_tip(lines: Sequence[ScreenLine], top: int, end: int, width: int) -> list[int]:
    """The rows above the options but for a tip, with all rows into which it is wrapped."""
    kept, tip = [], False
    for row in range(top, end):
        tip = bool(TIP.match(lines[row].text)) or (tip and _goes_on(lines[row - 1], lines[row], width))
        if not tip:
            kept.append(row)
    return kept


def _goes_on(above: ScreenLine, line: ScreenLine, width: int) -> bool:
    """Tell whether a tip goes on in the next row: it is bold, or is wrapped where nothing can be."""
    if _is_bold(above):
        return _is_bold(line)
    return not line.blank and "\n" not in join_wrapped([above.text, line.text.strip()], width)


def _is_bold(line: ScreenLine) -> bool:
    written = [cell for cell in line.cells if not cell.blank]
    return bool(written) and all(cell.style.bold for cell in written)
