"""Lists of options in a prompt: numbered lists, and lists in which only a pointer marks the chosen option.

This module handles the drawing of such lists; what they ask is left to each program's reader.
"""

import re
from collections.abc import Collection, Sequence

from msgspec import Struct

from xats_tui.core.model.panes import Option, Prompt
from xats_tui.core.screen.ansi_grid import Cursor, ScreenLine

FOOTER_ROWS = 4
"""Most rows with text that a prompt has below its options."""

OPTION_ROWS = 4
"""Most rows that one option takes."""

OWN_WORDS = re.compile(r"Type (something|your own answer)")
"""The option that asks for a typed text."""

POINTED = re.compile(r"^(?P<indent> {1,4})❯ (?P<label>[^\d\s❯].*)$")
"""The chosen option of a list without numbers; the first column is left out: conversations show their prompts there."""

SIGN = "\0"
"""Stands before a number that is drawn as chosen without a pointer."""

TYPING = "somebody is typing an answer of their own"
EDITING = "the text of its chosen answer is being edited: keys would go into that text"

UP_AND_DOWN = ("Up", "Down")


class ListedOptions(Struct, frozen=True, kw_only=True):
    """A list of options on a screen."""

    first_row: int
    """Row of the first option."""
    end: int
    """The row after the last option."""
    options: tuple[Option, ...]
    chosen: int
    column: int
    """Column where the labels begin."""
    arrows: tuple[str, str] | None = None
    """The keys that move the choice, if there are no number keys."""

    @property
    def takes_text(self) -> bool:
        """True if the chosen option asks for a typed text: a digit would go into that text."""
        return self.options[self.chosen - 1].needs_typing

    def is_edited_at(self, cursor: Cursor | None, rows: Sequence[str]) -> bool:
        """Return whether the cursor stands in a label, or in the empty row into which the label has just wrapped."""
        if cursor is None or cursor.row < self.first_row or cursor.column < self.column:
            return False
        return cursor.row < self.end or not any(row.strip() for row in rows[self.end : cursor.row + 1])


def numbered(rows: Sequence[str], pattern: re.Pattern[str]) -> ListedOptions | None:
    """Return the lowest list of options that counts from 1 with exactly one mark; None if the lowest list differs."""
    # Only near the bottom: a numbered list further up is a text of the conversation.
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
    """Return the lowest list of options without numbers: one has a pointer, the others start in the same column."""
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
    """Return the column where a row begins; -1 for an empty row."""
    return len(row) - len(row.lstrip()) if row.strip() else -1


def _end_of_last(rows: Sequence[str], last: int) -> int:
    """Return the end of the last option: the deeper indented rows below it, up to an empty row, belong to it."""
    end = last + 1
    while end < len(rows) and _indent(rows[end]) > _indent(rows[last]):
        end += 1
    return end


def option(number: int, label: str, below: Sequence[str]) -> Option:
    """Build an option from its label and the rows below it."""
    note = " ".join(" ".join(below).split())
    return Option(number=number, label=label.strip(), note=note, needs_typing=bool(OWN_WORDS.match(label)))


def prompt_of(
    rows: Sequence[str], top: int, listed: ListedOptions, *, asked: Sequence[str] | None = None, why_not: str = ""
) -> Prompt:
    """Build the prompt that begins in row `top` and ends with its options.

    Args:
        rows: the whole screen.
        top: the prompt's first row.
        listed: its options.
        asked: the rows with the question, if not everything above the options is part of it.
        why_not: the reason why it cannot be answered remotely.
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


def numbers_of(options: Sequence[Option], labels: Collection[str]) -> frozenset[int]:
    """Return the numbers of the options that read exactly like one of these labels."""
    return frozenset(option.number for option in options if option.label in labels and not option.note)


def _without_sign(row: str) -> str:
    """Return an option without the pointer, so that a prompt stays equal when another option is chosen."""
    return re.sub(r"^( *)[❯›] ", r"\1  ", row).replace(SIGN, "")


def in_one_line(rows: Sequence[str]) -> str:
    """Return the text of the rows in one line, without frames and signs."""
    said = (" ".join(row.split()).lstrip("△☐☒✔←→ ") for row in rows)
    return " · ".join(text for text in said if any(character.isalnum() for character in text))


def joined(rows: Sequence[str]) -> str:
    """Join rows into one text, without empty rows at the ends."""
    return "\n".join(rows).strip("\n")


def text_of(lines: Sequence[ScreenLine]) -> list[str]:
    """Return the rows as text, without trailing spaces."""
    return [line.text.rstrip() for line in lines]
