"""Reader for unknown programs with a line editor and a prompt.

It reports idle only on positive evidence: the visible cursor is right after a prompt, no typed text is around it, and
nothing on the screen looks like a question, a list to choose from, or running work.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneReading
from xats_tui.core.screen.ansi_grid import Cursor, ScreenCell, ScreenLine, cursor_of, is_grey, join_wrapped, width_of
from xats_tui.core.screen.choices import (
    asks_in,
    asks_to_choose,
    ends_with_question,
    inner_text,
    is_at_work,
    is_doing_something,
    names_enter_or_escape,
    offers_entries,
)
from xats_tui.core.screen.signs import Signs

# without `?`, `:` and `]`, which end questions
PROMPT_ENDS = "><❯›»$%#➜λ▶"
"""Characters that end a prompt."""

PROMPT = re.compile(f"[^{PROMPT_ENDS}]*[{PROMPT_ENDS}]+")
"""A prompt and nothing else: `bob> make it 100%` is a prompt with a draft, although it ends like a prompt."""

SIDES = "│┃|║▌▐ \N{NO-BREAK SPACE}"
"""Characters at the sides of a composer that is drawn as a box."""

RULE_SIGNS = frozenset("─━═╌╍┄┅▀▄▔▁_‾╭╮╰╯┌┐└┘├┤╞╡╔╗╚╝┏┓┗┛")

MIN_RULE_CELLS = 8
"""Minimum length of a rule."""

AMOUNT = re.compile(r"[\d.,]+ ?[%$]")
"""An amount, which ends like a prompt."""

# more spaces than a prompt has were typed
MAX_PROMPT_SPACES = 1
"""Maximum number of spaces between the prompt and the cursor."""

COMPOSER_MOST_ROWS = 30
ABOVE_MOST_ROWS = 12
TAIL_MOST_ROWS = 14
"""Number of text rows at the bottom of the screen to search for a dialog without a cursor."""

# more rows than a footer has are a list
FOOTER_MOST_ROWS = 4
"""Maximum number of text rows below a composer."""


KEYS_MEAN_MORE = re.compile(r"\bany key\b|\bagain to\b", re.IGNORECASE)
"""Words below a composer of a program that the next key closes or ends."""


class CursorContext(Struct, frozen=True, kw_only=True):
    """The screen as seen from the cursor's row."""

    above: tuple[ScreenLine, ...]
    """Rows of the composer above the cursor's row."""
    before: ScreenLine
    """The cursor's row up to the cursor."""
    spaces: int
    """Number of cells between the text and the cursor."""
    behind: tuple[ScreenCell, ...]
    """Cells right of the cursor, without frames."""
    below: tuple[ScreenLine, ...]
    """Rows below the cursor's row that may belong to the composer."""
    around: tuple[ScreenLine, ...]
    """Block of text above the composer."""
    is_usual: bool
    """True if earlier rows show the text before the cursor as a prompt with a line behind it."""
    continues: bool
    """True if the row above begins with another prompt: the cursor's row may be the next one of the same draft."""
    asked: bool
    """True if a question stands directly above the composer, without a rule or an empty row between them."""
    is_apart: bool
    """True if a rule across the screen separates the block from the composer: the block is the conversation."""
    footer: tuple[ScreenLine, ...]
    """All rows below the composer."""


def read_generic(lines: Sequence[ScreenLine], formats: Mapping[str, Any]) -> PaneReading:
    """Read a screen; without a usable cursor the state is unknown."""
    cursor, width = cursor_of(formats), width_of(formats, lines)
    if cursor is None or cursor.row >= len(lines):
        return Signs(doubt="the cursor is not on the screen").reading("")
    found = _surroundings(lines, cursor, width)
    composer = _composer(found, width)
    if not cursor.shown:
        return _without_cursor(lines, composer)
    return Signs(
        dialog=_dialog(found, composer),
        draft=_draft(found, composer, lines),
        busy=_told(
            "the program is working",
            is_at_work(found.around + _tail(lines)) or is_doing_something(found.footer),
        ),
        doubt=_doubt(found),
        composer=composer,
    ).reading("there is only a prompt before the cursor")


def _without_cursor(lines: Sequence[ScreenLine], composer: str) -> PaneReading:
    tail = _tail(lines)
    return Signs(
        dialog=asks_to_choose(tail, plain_lists=False),
        busy=_told("the program is working", is_at_work(tail)),
        doubt="the cursor is hidden, so the input line cannot be found",
        composer=composer,
    ).reading("")


def _surroundings(lines: Sequence[ScreenLine], cursor: Cursor, width: int) -> CursorContext:
    row = lines[cursor.row]
    first, end = _edges(lines, cursor.row) or (_first_wrapped(lines, cursor.row, width), len(lines))
    behind = [cell for cell in row.from_column(cursor.column).cells if cell.text not in SIDES]
    is_usual = _is_usual_prompt(lines[:first], row.left_of(cursor.column))
    return CursorContext(
        above=tuple(lines[first : cursor.row]),
        before=row.left_of(cursor.column),
        spaces=cursor.column - _width_of_text(row.left_of(cursor.column)),
        behind=tuple(behind),
        below=tuple(lines[cursor.row + 1 : end]),
        around=_block_above(lines, first),
        is_usual=is_usual,
        continues=first > 0
        and not is_usual
        and _begins_with_another_prompt(lines[first - 1], inner_text(row.left_of(cursor.column))),
        asked=first > 0 and not _is_rule(lines[first - 1]) and ends_with_question(lines[first - 1]) and not is_usual,
        is_apart=first > 0 and _goes_from_edge_to_edge(lines[first - 1], width),
        footer=tuple(lines[end:]),
    )


def _is_usual_prompt(above: Sequence[ScreenLine], before: ScreenLine) -> bool:
    """Return whether earlier rows show the same named prompt with an entered line: `qa> hello` above `qa> `."""
    prompt = inner_text(before)
    # A bare mark such as `>` stands before entered lines and before the answers to questions alike.
    is_named = any(map(str.isalnum, prompt))
    return is_named and any(inner_text(line).startswith(f"{prompt} ") for line in above)


def _begins_with_another_prompt(above: ScreenLine, prompt: str) -> bool:
    """Return whether a row is a typed line behind a bare mark other than this prompt."""
    mark, _, typed = inner_text(above).partition(" ")
    return bool(typed) and mark != prompt and bool(mark) and set(mark) <= set(PROMPT_ENDS)


def _width_of_text(line: ScreenLine) -> int:
    """Return the column after the last text, ignoring trailing spaces."""
    return max((cell.column + cell.width for cell in line.cells if not cell.blank), default=0)


def _edges(lines: Sequence[ScreenLine], row: int) -> tuple[int, int] | None:
    """Return the first row of a composer between two rules, and the row of the lower rule."""
    top = next((at for at in range(row - 1, max(-1, row - COMPOSER_MOST_ROWS), -1) if _is_rule(lines[at])), None)
    bottom = next((at for at in range(row + 1, len(lines)) if _is_rule(lines[at])), None)
    if top is None or bottom is None:
        return None
    begins = next((cell.text for cell in lines[top + 1].cells if cell.text not in SIDES), "")
    return (top + 1, bottom) if top + 1 == row or (begins and begins in PROMPT_ENDS) else None


def _is_rule(line: ScreenLine) -> bool:
    written = [cell.text for cell in line.cells if not cell.blank]
    # a rule may have a title, so half of the text is enough
    drawn = sum(text in RULE_SIGNS for text in written)
    return drawn >= MIN_RULE_CELLS and drawn * 2 > len(written)


def _goes_from_edge_to_edge(line: ScreenLine, width: int) -> bool:
    return _is_rule(line) and not line.cells[0].blank and line.width >= width - 1


def _first_wrapped(lines: Sequence[ScreenLine], row: int, width: int) -> int:
    """Return the first of the rows that the terminal wrapped into the cursor's row."""
    first = row
    while width and first and lines[first - 1].width >= width - 1 and not _is_rule(lines[first - 1]):
        first -= 1
    return min(first, _first_continued(lines, row))


def _first_continued(lines: Sequence[ScreenLine], row: int) -> int:
    """Return the row with the prompt that the cursor's indented row continues."""
    indent, above = _indent(lines[row]), row - 1
    while above >= 0 and not lines[above].blank and not _is_rule(lines[above]):
        first = next(cell for cell in lines[above].cells if not cell.blank)
        if first.text in PROMPT_ENDS and first.column < indent:
            return above
        above -= 1
    return row


def _indent(line: ScreenLine) -> int:
    return next((cell.column for cell in line.cells if not cell.blank), 0)


def _block_above(lines: Sequence[ScreenLine], first: int) -> tuple[ScreenLine, ...]:
    """Return the nearest rows with text above the composer."""
    end = first
    while end and (lines[end - 1].blank or _is_rule(lines[end - 1])):
        end -= 1
    start = end
    while start and end - start < ABOVE_MOST_ROWS and not lines[start - 1].blank:
        start -= 1
    return tuple(lines[start:end])


def _tail(lines: Sequence[ScreenLine]) -> tuple[ScreenLine, ...]:
    return tuple([line for line in lines if not line.blank and not _is_rule(line)][-TAIL_MOST_ROWS:])


def _composer(found: CursorContext, width: int) -> str:
    """Return the text before the cursor, including the prompt."""
    return (
        join_wrapped([line.text for line in found.above] + [found.before.text], width)
        if found.above
        else found.before.text
    )


def _dialog(found: CursorContext, composer: str) -> str | None:
    below, prompt = found.below + found.footer, composer.strip().strip(SIDES)
    return (
        (asks_in(prompt) if PROMPT.fullmatch(prompt) else None)
        or asks_to_choose(below, plain_lists=True)
        or asks_to_choose(found.around, plain_lists=not found.is_apart)
        or _told("it is not known what Enter or Escape do", names_enter_or_escape(below))
    )


def _draft(found: CursorContext, composer: str, lines: Sequence[ScreenLine]) -> str | None:
    text = composer.strip()
    if text and not PROMPT.fullmatch(text.strip(SIDES)):
        return f"there is text before the cursor: {text[-40:]!r}"
    if found.behind and not _is_placeholder(found.behind, lines):
        return "there is text after the cursor"
    if any(not line.blank and not _is_faint(line) for line in found.below):
        return "there is text below the cursor"
    if text and found.spaces > MAX_PROMPT_SPACES:
        return "there are typed spaces before the cursor"
    return None


def _doubt(found: CursorContext) -> str | None:
    if not found.before.text.strip(SIDES).strip():
        return "there is no prompt before the cursor"
    prompt = inner_text(found.before)
    if AMOUNT.fullmatch(prompt) or (" " in prompt and not found.is_usual):
        return f"it is not known whether {prompt[-40:]!r} is a prompt"
    if found.continues:
        return "the row may be the next one of the line above it"
    if found.asked:
        return "the prompt may belong to the question above it"
    if offers_entries(found.around + found.footer):
        return "a menu may be open"
    if any(KEYS_MEAN_MORE.search(line.text) for line in found.below + found.footer):
        return "the next key may do something else than type"
    if sum(not line.blank for line in found.footer) > FOOTER_MOST_ROWS:
        return "too many rows are below the prompt for a footer: a list may be open"
    return None


def _is_placeholder(behind: Sequence[ScreenCell], lines: Sequence[ScreenLine]) -> bool:
    """Return whether the text is faint, or grey on a screen that is not mainly grey."""
    letters = [cell for cell in behind if not cell.blank]
    if all(cell.dim for cell in letters):
        return True
    colours = {cell.style.foreground for cell in letters}
    return len(colours) == 1 and all(is_grey(colour) and not _is_usual(colour, lines) for colour in colours)


def _is_usual(colour: str, lines: Sequence[ScreenLine]) -> bool:
    used = Counter(cell.style.foreground for line in lines for cell in line.cells if cell.text.isalnum())
    return used[colour] * 2 > used.total()


def _is_faint(line: ScreenLine) -> bool:
    return all(cell.blank or cell.dim or cell.style.reverse or is_grey(cell.style.foreground) for cell in line.cells)


def _told(what: str, row: str | None) -> str | None:
    return f"{what}: {' '.join(row.split())[:60]}" if row else None
