"""The reader for Codex: an input line that begins with ›, its footer at the bottom of the screen, the cursor inside.

It knows the program's screens, not what to do about them.  An empty input line always shows a faint placeholder, so
one without it holds spaces; prompts of the past have a faint mark, the chosen option of a menu a reversed one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneReading
from xats_tui.core.screen.ansi_grid import Cursor, ScreenLine, cursor_of, join_wrapped, width_of
from xats_tui.core.screen.signs import Signs, lowest_match, quoted, title_of

INDENT_CELLS = 2
"""Cells that mark and margin take at the left of the input line."""

STATUS = re.compile(r"[•◦∙·⠀-⣿] .*\besc to interrupt\)?")
"""The line above the input line while a turn goes on."""

STATUS_SEARCH_ROWS = 20
"""Rows above the input line that queued messages may put between it and the line with the elapsed time."""

DIALOG = re.compile(
    r"\b(enter|return|esc)\b[^a-z]* (to )?(submit|select|confirm|cancel|continue|back|exit|go back|dismiss|close)\b"
    r"|^› \d+\. |Press enter to (confirm|continue)",
    re.IGNORECASE,
)
"""The keys that a dialog or menu names, or its chosen option."""

TITLE_AT_WORK = re.compile(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ")
TITLE_WAITING = re.compile(r"\[ [!.] \] Action Required( \||$)")
"""Titles as the program writes them; what follows is the thread's name, free text."""

LEAVING = re.compile(r"(ctrl ?\+ ?c|\^c) again to (quit|exit)", re.IGNORECASE)


class CodexInputLine(Struct, frozen=True):
    """The rows from the lowest › to the empty row above the footer."""

    mark: str
    rows: tuple[ScreenLine, ...]
    """The text right of the margin."""
    first_row: int
    footer: str

    def holds(self, cursor: Cursor | None) -> bool:
        """True if the cursor is in the input line and visible."""
        return cursor is not None and cursor.shown and self.first_row <= cursor.row < self.first_row + len(self.rows)


def read_screen(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Idle only if the placeholder shows in the lowest input line, the cursor is before it and nothing else goes on."""
    width, cursor, title = width_of(formats, lines), cursor_of(formats), title_of(formats)
    waiting = "the title says: Action Required" if TITLE_WAITING.match(title) else None
    spinning = "the title has a spinner" if TITLE_AT_WORK.match(title) else None
    found = _find_input_line(lines)
    if found is None:
        return _without_input_line(lines, waiting, spinning).reading("")
    text = _typed(found, width)
    return Signs(
        dialog=waiting or _dialog(found, cursor),
        draft=_draft(found, text),
        busy=spinning or _busy(lines, found.first_row),
        doubt=_doubt(found, cursor),
        composer=text or "",
    ).reading("the input line shows its placeholder and holds the cursor")


def _find_input_line(lines: Sequence[ScreenLine]) -> CodexInputLine | None:
    first = next((row for row in reversed(range(len(lines))) if _begins_input(lines[row])), None)
    mark = lines[first].at(0) if first is not None else None
    if first is None or mark is None:
        return None
    bottom = next(row for row in reversed(range(len(lines))) if not lines[row].blank)
    empty = [row for row in range(first + 1, bottom) if lines[row].blank]
    end = empty[-1] if empty else bottom + 1  # a draft that needs the rows leaves none for the footer
    while end - 1 > first and lines[end - 1].blank:
        end -= 1
    below = lines[empty[-1] + 1 :] if empty else ()
    footer = "\n".join(line.text for line in below)
    if lowest_match(DIALOG, below):
        return None  # the lowest › is a dialog's chosen option, or the help covers the input line
    return CodexInputLine(mark.text, tuple(line.from_column(INDENT_CELLS) for line in lines[first:end]), first, footer)


def _begins_input(line: ScreenLine) -> bool:
    mark, after = line.at(0), line.at(1)
    return (
        mark is not None
        and mark.text in {"›", "!"}
        and mark.style.bold
        and not mark.dim
        and not mark.style.reverse
        and (after is None or after.blank)
    )


def _typed(found: CodexInputLine, width: int) -> str | None:
    """Return the text that a person typed; None if only the placeholder shows."""
    cells = [cell for line in found.rows for cell in line.cells]
    if any(not cell.blank for cell in cells) and all(cell.dim or cell.blank for cell in cells):
        return None
    texts = ["".join(cell.text for cell in line.cells if not cell.dim) for line in found.rows]
    return join_wrapped(texts, width - INDENT_CELLS)


def _draft(found: CodexInputLine, text: str | None) -> str | None:
    if found.mark == "!":
        return "shell mode: what is typed is run"
    return f"not sent: {quoted(text)}" if text is not None else None


def _dialog(found: CodexInputLine, cursor: Cursor | None) -> str | None:
    if cursor is not None and not found.holds(cursor):
        return "the cursor is outside the input line: a search or a menu is open"
    return None


def _busy(lines: Sequence[ScreenLine], first_row: int) -> str | None:
    """The line with the elapsed time: at the left edge, where no tool's output is, and faint, which no answer is."""
    for line in lines[max(0, first_row - STATUS_SEARCH_ROWS) : first_row]:
        found = STATUS.match(line.text)
        if found and line.cells[found.end() - 1].dim:
            return f"at work: {line.text.strip()[:40]}"
    return None


def _doubt(found: CodexInputLine, cursor: Cursor | None) -> str | None:
    if LEAVING.search(found.footer):
        return "one more key press ends the program"
    if cursor is None or (cursor.row, cursor.column) != (found.first_row, INDENT_CELLS):
        return "the cursor is not at the start of the empty input line"
    return None


def _without_input_line(lines: Sequence[ScreenLine], waiting: str | None, spinning: str | None) -> Signs:
    sign = lowest_match(DIALOG, lines)
    return Signs(
        dialog=waiting or (f"a dialog or menu is open: {sign}" if sign else None),
        busy=spinning,
        doubt="no input line is seen",
    )
