"""Lists of options in a prompt: numbered ones, and those in which only a pointer says which one is chosen.

It knows how such lists are drawn, not what any program asks with them.  Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xats_tui.core.model.panes import Option, Prompt
from xats_tui.core.screen.ansi_grid import Cursor, ScreenLine

FOOTER_ROWS = 4
"""Rows with text that a prompt has below its options at the most."""

OPTION_ROWS = 4
"""Rows that one option takes at the most."""

OWN_WORDS = re.compile(r"Type (something|your own answer)")
"""The option behind which a text is typed."""

POINTED = re.compile(r"^(?P<indent> {1,4})❯ (?P<label>[^\d\s❯].*)$")
"""The chosen option of a list without numbers; in the first column stand the prompts of a conversation."""

SIGN = "\0"
"""Stands before a number that is drawn as chosen without a sign of its own."""

TYPING = "somebody is typing an answer of their own"
EDITING = "the text of its chosen answer is being edited: keys would go into that text"

UP_AND_DOWN = ("Up", "Down")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOptions:
    """A list of options on a screen."""

    first_row: int
    """Of the first option."""
    end: int
    """The row behind the last one."""
    options: tuple[Option, ...]
    chosen: int
    column: int
    """Where the labels begin."""
    arrows: tuple[str, str] | None = None
    """The keys that move the choice, if there are no numbers to press."""

    @property
    def takes_text(self) -> bool:
        """Tell whether the chosen option is the one behind which a text is typed: a digit would go into that text."""
        return self.options[self.chosen - 1].needs_typing

    def is_edited_at(self, cursor: Cursor | None, rows: Sequence[str]) -> bool:
        """Tell whether a cursor stands in a label, or in the empty row into which that has just wrapped."""
        if cursor is None or cursor.row < self.first_row or cursor.column < self.column:
            return False
        return cursor.row < self.end or not any(row.strip() for row in rows[self.end : cursor.row + 1])


def numbered(rows: Sequence[str], pattern: re.Pattern[str]) -> ListedOptions | None:
    """The lowest list of options that counts from 1 and has one mark; None if what stands lowest is no such list."""
    bottom = [row for row, text in enumerate(rows) if text.strip()][-FOOTER_ROWS - OPTION_ROWS :]
    last = next((row for row in reversed(bottom) if pattern.match(rows[row])), None)
    if last is None:
        return None
    found: list[tuple[int, re.Match[str]]] = []
    for row in reversed(range(last + 1)):
        match = pattern.match(rows[row])
        if match and (not found or int(match["number"]) == int(found[-1][1]["number"]) - 1):
            found.append((row, match))
            if match["number"] == "1":
                break
    found.reverse()
    marked = [int(match["number"]) for _, match in found if match["mark"] not in (None, " ")]
    if found[0][1]["number"] != "1" or len(found) < 2 or len(marked) != 1:
        return None
    ends = [*(row for row, _ in found[1:]), _end_of_last(rows, found[-1][0])]
    options = tuple(
        option(int(match["number"]), match["label"], rows[row + 1 : end])
        for (row, match), end in zip(found, ends, strict=True)
    )
    return ListedOptions(
        first_row=found[0][0],
        end=ends[-1],
        options=options,
        chosen=marked[0],
        column=found[0][1].start("label"),
    )


def pointed(rows: Sequence[str]) -> ListedOptions | None:
    """The lowest list of options without numbers: one is pointed at, the others begin in the same column."""
    bottom = [row for row, text in enumerate(rows) if text.strip()][-FOOTER_ROWS - 2 * OPTION_ROWS :]
    at = next((row for row in reversed(bottom) if POINTED.match(rows[row])), None)
    match = POINTED.match(rows[at]) if at is not None else None
    if at is None or match is None:
        return None
    column = match.start("label")
    first, end = at, at + 1
    while first and _indent(rows[first - 1]) >= column:
        first -= 1
    while end < len(rows) and _indent(rows[end]) >= column:
        end += 1
    starts = [row for row in range(first, end) if row == at or _indent(rows[row]) == column]
    if len(starts) < 2 or starts[0] != first:
        return None
    ends = [*starts[1:], end]
    options = tuple(
        option(number, rows[row][column:], rows[row + 1 : stop])
        for number, (row, stop) in enumerate(zip(starts, ends, strict=True), 1)
    )
    return ListedOptions(
        first_row=first,
        end=end,
        options=options,
        chosen=starts.index(at) + 1,
        column=column,
        arrows=UP_AND_DOWN,
    )


def _indent(row: str) -> int:
    """Where a row begins; an empty one nowhere."""
    return len(row) - len(row.lstrip()) if row.strip() else -1


def _end_of_last(rows: Sequence[str], last: int) -> int:
    """What follows the last option without an empty row, and further in, belongs to it."""
    end = last + 1
    while end < len(rows) and _indent(rows[end]) > _indent(rows[last]):
        end += 1
    return end


def option(number: int, label: str, below: Sequence[str]) -> Option:
    """One option with what the rows below say of it."""
    note = " ".join(" ".join(below).split())
    return Option(number=number, label=label.strip(), note=note, needs_typing=bool(OWN_WORDS.match(label)))


def prompt_of(
    rows: Sequence[str], top: int, listed: ListedOptions, *, asked: Sequence[str] | None = None, why_not: str = ""
) -> Prompt:
    """The prompt that begins in a row and ends with its options.

    Args:
        rows: the whole screen.
        top: its first row.
        listed: its options.
        asked: the rows that say what it is about, if not all above the options do.
        why_not: why it cannot be answered.
    """
    options = [_without_sign(row) for row in rows[listed.first_row : listed.end]]
    about = rows[top : listed.first_row] if asked is None else asked
    return Prompt(
        text=joined([*rows[top : listed.first_row], *options, *rows[listed.end :]]),
        options=listed.options,
        chosen=listed.chosen,
        arrows=listed.arrows,
        question=in_one_line(about),
        why_not=why_not or (TYPING if listed.takes_text else ""),
    )


def _without_sign(row: str) -> str:
    """An option without the sign of the chosen one, so that a prompt stays the same whichever is chosen."""
    return re.sub(r"^( *)[❯›] ", r"\1  ", row).replace(SIGN, "")


def in_one_line(rows: Sequence[str]) -> str:
    """What the rows say, without frames and signs."""
    said = (" ".join(row.split()).lstrip("△☐☒✔←→ ") for row in rows)
    return " · ".join(text for text in said if any(character.isalnum() for character in text))


def joined(rows: Sequence[str]) -> str:
    """Rows as one text, without the empty ones around."""
    return "\n".join(rows).strip("\n")


def text_of(lines: Sequence[ScreenLine]) -> list[str]:
    """The rows as text, without spaces at their ends."""
    return [line.text.rstrip() for line in lines]
