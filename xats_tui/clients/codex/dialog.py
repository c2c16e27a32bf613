"""Codex's dialogs: permissions, questions, and the forms of MCP servers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from xats_tui.core.model.panes import Option, Prompt
from xats_tui.core.records import replace
from xats_tui.core.screen.ansi_grid import ScreenLine, cursor_of
from xats_tui.core.screen.options import TYPING, numbered, numbers_of, prompt_of, text_of

OPTION = re.compile(r"^(?: {2})?(?P<mark>›| ) (?P<number>\d)\. (?P<label>\S.*)$")

PERMISSION = re.compile(r"(Would you like to|Do you want to|Allow) ")
FORM = re.compile(r"^ {0,2}(?:Field|Question) \d+/\d+\b")
"""First line of a form or question: its number of how many."""

CONFIRMED_BY = re.compile(r"\b[Ee]nter to (confirm|submit)\b")

ASKS_FOR_ONE_USE = re.compile(r"Would you like to (run the following command|make the following edits)\?")
"""Title of a permission whose plain Yes allows one use, and nothing later."""

ONCE = frozenset({"Yes, proceed (y)", "No, and tell Codex what to do differently (esc)"})
"""Labels of the answers to such a permission that do nothing later."""

APART = re.compile(r" {2,}")
"""Between an option of a form and what is said of it."""


def read_dialog(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> Prompt | None:
    """The prompt on a screen; None if there is none."""
    rows = text_of(lines)
    listed = numbered(rows, OPTION)
    if listed is None or not CONFIRMED_BY.search(" ".join(rows[listed.end :])):
        return None
    forms = [row for row in range(listed.first_row) if FORM.match(rows[row])]
    titles = [row for row in range(listed.first_row) if _is_title(lines[row])]
    if not forms and not titles:
        return None
    cursor = cursor_of(formats)
    why_not = TYPING if cursor and cursor.shown else ""  # it is hidden but in a field for notes
    if not forms:
        prompt = prompt_of(rows, titles[-1], listed, why_not=why_not)
        asks = ASKS_FOR_ONE_USE.match(rows[titles[-1]].strip())
        return replace(prompt, once=numbers_of(prompt.options, ONCE) if asks else frozenset())
    listed = replace(listed, options=tuple(map(_with_note, listed.options)))
    return prompt_of(rows, forms[-1], listed, asked=rows[forms[-1] + 1 : listed.first_row], why_not=why_not)


def _is_title(line: ScreenLine) -> bool:
    """Bold from end to end, which nothing of a command is."""
    written = [cell for cell in line.cells if not cell.blank]
    return bool(PERMISSION.match(line.text.strip())) and all(cell.style.bold for cell in written)


def _with_note(option: Option) -> Option:
    label, *notes = APART.split(option.label)
    return replace(option, label=label, note=" ".join([*notes, option.note]).strip())
