"""The reader for Claude Code: an input line between two rules, its footer below, the cursor inside.

It knows the program's screens, not what to do about them.  The program draws its own cursor (a reversed cell) and
leaves the terminal's, hidden, in the same place (before 2.1: below everything); a dialog takes the place of the input
line and the lower rule.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneReading
from xats_tui.core.screen.ansi_grid import Cursor, ScreenCell, ScreenLine, cursor_of, join_wrapped, width_of
from xats_tui.core.screen.options import pointed, text_of
from xats_tui.core.screen.signs import Signs, lowest_match, quoted, title_of

PROMPT_MARK = "❯"
MARKS = {
    PROMPT_MARK: None,
    ">": None,
    "!": "shell mode: what is typed is run",
    "#": "memory mode: what is typed is kept",
}
"""Marks that replace ❯ at the input line, with the reason why it takes no prompt."""

INDENT_CELLS = 2
"""Cells that mark and margin take at the left of the input line."""

SPINNER = re.compile(r"^[·✢✳✶✻✽*∗] .*…")
"""The line above the input line while the model works; after the turn it has no ellipsis."""

SPINNER_SEARCH_ROWS = 14
"""Rows above the input line that tips, tasks and queued prompts may put between it and the spinner."""

PLACEHOLDER = re.compile(r'Try ".*"|Message @.*…|Press up to edit queued messages')
"""Suggestions in an empty input line, for terminals that cannot show faint text."""

EMPTY_HINT = re.compile(r"\? for shortcuts|esc to interrupt")
"""Footer texts that appear only while the input line is empty."""

FOR_AGENTS = "← for agents"
"""Further footer texts of an empty input line, shown only at first."""

AUTO_MODE = "auto mode on"
"""In this mode the footer is the same whether the input line is empty or not."""

MANUAL_MODE = "⏸ manual mode on"
"""In this one it says more while the input line is empty, unless a status line or vim's mode stands there, too."""

BANNER = re.compile(r"Claude Code v\d")
STASHED = re.compile(r"\bdraft stashed\b")

DIALOG = re.compile(r"^ {0,4}❯ \d+\. |\b(Esc|Enter|Space|Tab)\b.{0,24} to \w+|^ *(Do you want|Would you like) to ")
"""A chosen option, the keys that a dialog or menu names, its question."""

TITLE_AT_WORK = re.compile(r"[◐◓◑◒⠂⠐] ")
TITLE_OF_AGENTS = re.compile(r"(\d+ awaiting input · )?claude agents")
"""Titles as the program writes them; what follows the spinner is the conversation's name, free text."""

HELP = re.compile(r"^ *(?:[!/@&#]|/btw|\\) (?:for|then)\b", re.MULTILINE)
"""A row of the list of shortcuts; a narrow terminal breaks its three columns apart."""

SCROLLED = re.compile(r"[↑↓] \d+ more")
"""Note in a rule when the text has more rows than are shown."""

LEAVING = re.compile(r"Press Ctrl-[CD] again to exit")


class ClaudeInputLine(Struct, frozen=True):
    """The rows between the two lowest rules."""

    mark: str
    rows: tuple[ScreenLine, ...]
    """The text right of the margin, row by row."""
    first_row: int
    footer: tuple[ScreenLine, ...]

    def holds(self, cursor: Cursor | None) -> bool:
        """True if the cursor is in the input line."""
        return cursor is not None and self.first_row <= cursor.row < self.first_row + len(self.rows)

    def drawn_cursor(self) -> Cursor | None:
        """The one reversed cell, where the program shows a cursor of its own; it may be a space that tmux cut off."""
        places = [
            Cursor(cell.column, self.first_row + number, shown=True)
            for number, row in enumerate(self.rows)
            for cell in row.cells
            if cell.style.reverse
        ]
        for number, row in enumerate(self.rows):
            if row.end.reverse and not (row.cells and row.cells[-1].style.reverse):
                places.append(Cursor(max(row.width, INDENT_CELLS), self.first_row + number, shown=True))
        return places[0] if len(places) == 1 else None


def read_screen(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Idle only if the lowest input line is empty, holds the cursor and nothing else is going on."""
    width, cursor = width_of(formats, lines), cursor_of(formats)
    title = title_of(formats)
    spinning = "the title has a spinner" if TITLE_AT_WORK.match(title) else None
    found = _find_input_line(lines, width)
    if found is None:
        return _without_input_line(lines, spinning).reading("")
    if cursor is None or _is_parked(cursor, lines):
        cursor = found.drawn_cursor() or cursor
    footer = "\n".join(line.text for line in found.footer)
    text = _typed(found, cursor, footer, width)
    return Signs(
        dialog=_dialog(found, cursor, footer, title),
        draft=MARKS[found.mark] or (f"not sent: {quoted(text)}" if text is not None else None),
        busy=spinning or _busy(lines, found.first_row, footer),
        doubt=_doubt(found, footer) or _spaces(lines, found, footer),
        composer=text or "",
    ).reading("the input line is empty and holds the cursor")


def _find_input_line(lines: Sequence[ScreenLine], width: int) -> ClaudeInputLine | None:
    rules = [row for row, line in enumerate(lines) if is_rule(line, width)]
    if len(rules) < 2:
        return None
    top, bottom = rules[-2:]
    # Of a text that has been scrolled the first row, with the mark, is not shown.
    mark = PROMPT_MARK if SCROLLED.search(lines[top].text) else _mark(lines[top + 1])
    if mark not in MARKS:
        return None
    rows = tuple(line.from_column(INDENT_CELLS) for line in lines[top + 1 : bottom])
    return ClaudeInputLine(mark, rows, top + 1, tuple(lines[bottom + 1 :]))


def _mark(line: ScreenLine) -> str:
    """The mark that a row begins with; empty if it has none."""
    mark, after = line.at(0), line.at(1)
    return mark.text if mark is not None and (after is None or after.blank) else ""


def is_rule(line: ScreenLine, width: int) -> bool:
    """A rule goes from edge to edge; the session's name may stand in it."""
    text = line.text
    return text.startswith("───") and text.count("─") * 2 > len(text) and line.width >= width - 1


def _is_parked(cursor: Cursor, lines: Sequence[ScreenLine]) -> bool:
    """Tell whether the terminal's cursor only rests below everything that is drawn."""
    return cursor.column == 0 and all(line.blank for line in lines[cursor.row :])


def _typed(found: ClaudeInputLine, cursor: Cursor | None, footer: str, width: int) -> str | None:
    """Return the text that a person typed; None if there is none, or only the program's own suggestion."""
    rows = [list(row.cells) for row in found.rows]
    at = cursor if found.holds(cursor) else None
    if at is not None:
        line = rows[at.row - found.first_row]
        if line and line[-1].blank and line[-1].style.reverse and line[-1].column == at.column:
            line.pop()  # the cursor at the end of the text
    at_start = at is None or (at.row == found.first_row and at.column <= INDENT_CELLS)
    if len(rows) == 1 and at_start and (not rows[0] or _is_suggestion(rows[0], footer)):
        return None
    texts = ["".join(cell.text for cell in cells if not cell.dim) for cells in rows]
    return join_wrapped(texts, width - INDENT_CELLS)


def _is_suggestion(cells: Sequence[ScreenCell], footer: str) -> bool:
    """Faint text, its first letter perhaps reversed by the cursor; or a text known of where nothing can be faint."""
    rest = cells[1:] if cells[0].style.reverse else cells
    known = PLACEHOLDER.fullmatch("".join(cell.text for cell in cells)) and EMPTY_HINT.search(footer)
    return bool(known) or (bool(rest) and all(cell.dim for cell in rest))


def _dialog(found: ClaudeInputLine, cursor: Cursor | None, footer: str, title: str) -> str | None:
    if TITLE_OF_AGENTS.fullmatch(title):
        return "the list of agents is open"
    if len(HELP.findall(footer)) > 1:
        return "the list of shortcuts is open"
    if cursor is not None and not found.holds(cursor):
        return "the cursor is outside the input line: a search or a menu is open"
    return None


def _busy(lines: Sequence[ScreenLine], first_row: int, footer: str) -> str | None:
    if "esc to interrupt" in footer:
        return "the footer says: esc to interrupt"
    for line in lines[max(0, first_row - SPINNER_SEARCH_ROWS) : first_row]:
        if SPINNER.match(line.text):
            return f"a spinner is above the input line: {line.text.strip()[:40]}"
    return None


def _doubt(found: ClaudeInputLine, footer: str) -> str | None:
    if LEAVING.search(footer):
        return "one more key press ends the program"
    starts = {next((cell.column for cell in line.cells if not cell.blank), INDENT_CELLS) for line in found.footer}
    if starts & set(range(INDENT_CELLS)):
        return "something else stands below the input line: it may be a former one"
    hints = any(not cell.blank for line in found.footer for cell in line.cells if cell.column <= INDENT_CELLS + 1)
    if not hints and not found.rows[0].cells[1:]:
        return "the footer of an empty input line is missing: there may be spaces in it"
    return None


def _spaces(lines: Sequence[ScreenLine], found: ClaudeInputLine, footer: str) -> str | None:
    """The doubt that typed spaces stand behind the cursor: tmux does not tell them from what was erased.

    Where a prompt has been sent, something was erased at any rate; before, something typed may still be there.
    """
    if found.rows[0].end.reverse:
        return None  # nothing has ever been drawn behind the cursor
    if footer.strip() == MANUAL_MODE:
        return "the footer does not say that the input line is empty: there may be spaces in it"
    above = lines[: found.first_row]
    banner = max((row for row, line in enumerate(above) if BANNER.search(line.text)), default=None)
    if banner is None or AUTO_MODE not in footer or FOR_AGENTS in footer:
        return None
    sent = any(_is_sent(line) for line in above[banner + 1 :])
    if sent or any(STASHED.search(line.text) for line in above[-2:]):
        return None
    return "something was typed and nothing sent: there may be spaces in the input line"


def _is_sent(line: ScreenLine) -> bool:
    """Tell whether a row of the conversation begins what a person has sent."""
    return _mark(line) in MARKS and line.width > INDENT_CELLS


def _without_input_line(lines: Sequence[ScreenLine], spinning: str | None) -> Signs:
    if any("Showing detailed transcript" in line.text for line in lines):
        return Signs(doubt="the transcript is open")
    listed = pointed(text_of(lines))
    sign = lowest_match(DIALOG, lines) or (listed and listed.options[listed.chosen - 1].label)
    return Signs(
        dialog=f"a dialog or menu is open: {sign}" if sign else None,
        busy=spinning,
        doubt="no input line is seen",
    )
