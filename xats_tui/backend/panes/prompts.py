"""What a dialog on a pane's screen asks, and the answers that it offers.

It knows the prompts by which agents ask a person: permissions and questions.  Menus that a person has opened, prompts
that are not wholly on the screen and those in which somebody is typing are for whoever sits at the pane.  Pure.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xats_tui.backend.model.agents import Client
from xats_tui.backend.model.panes import Option, Prompt
from xats_tui.backend.panes.claude_code import is_rule
from xats_tui.backend.panes.opencode import BAR
from xats_tui.backend.panes.screen import Cell, Line, parse_screen, width_of

FOOTER_ROWS = 4
"""Rows with text that a prompt has below its options at the most."""

OPTION_ROWS = 4
"""Rows that one option takes at the most."""

OWN_WORDS = re.compile(r"Type (something|your own answer)")
"""The option behind which a text is typed."""

CHECKBOX = re.compile(r"\[.\] |[☐☑☒] ")
"""What an option begins with where several can be chosen."""

CLAUDE_OPTION = re.compile(r"^ {0,3}(?P<mark>❯)? {0,3}(?P<number>\d)\. (?P<label>\S.*)$")
CLAUDE_ASKS = re.compile(r"^ *(Do you want|Would you like) |Enter to select", re.MULTILINE)
CLAUDE_TYPING = re.compile(r"\bto edit in\b")

CODEX_OPTION = re.compile(r"^(?P<mark>›| ) (?P<number>\d)\. (?P<label>\S.*)$")
CODEX_TITLE = re.compile(r"(Would you like to|Do you want to|Allow) ")
CODEX_CONFIRM = re.compile(r"Press enter to confirm")

OPENCODE_OPTION = re.compile(r"^ {0,3}(?P<mark>\0)?(?P<number>\d)\. (?P<label>\S.*)$")
OPENCODE_QUESTION = re.compile(r"enter (submit|confirm) +esc dismiss")
OPENCODE_ROW = re.compile(r"^ *(Allow once {2,}Allow always {2,}Reject|Confirm {2,}Cancel)\b")
OPENCODE_TITLE = re.compile(r"^ *△ ")

NOT_KNOWN = "this dialog is not one that can be answered from here"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A list of numbered options on a screen."""

    first_row: int
    """Of the first option."""
    end: int
    """The row behind the last one."""
    options: tuple[Option, ...]
    chosen: int


def read_prompt(client: Client | None, screen: str, formats: Mapping[str, Any]) -> Prompt:
    """What the dialog on a screen asks; a prompt without options if it is not one that can be answered from afar.

    Args:
        client: the program in the pane.
        screen: the visible screen as `capture-pane -p -e` prints it.
        formats: tmux formats of the same moment; the width is what counts.
    """
    lines = parse_screen(screen)
    reader = READERS.get(client) if client else None
    found = reader(lines, width_of(formats, lines)) if reader else None
    if found is None:
        found = Prompt(text="\n".join(line.text.rstrip() for line in lines).strip("\n"), options=(), why_not=NOT_KNOWN)
    elif not found.why_not and any(CHECKBOX.match(option.label) for option in found.options):
        found = replace(found, why_not="several of its options can be chosen together")
    return replace(found, options=() if found.why_not else found.options, screen=screen)


def _claude_code(lines: Sequence[Line], width: int) -> Prompt | None:
    rules = [row for row, line in enumerate(lines) if is_rule(line, width)]
    rows = ["" if row in rules else line.text.rstrip() for row, line in enumerate(lines)]
    listed = _numbered(rows, CLAUDE_OPTION)
    top = max((row for row in rules if listed and row < listed.first_row), default=None)
    if listed is None or top is None or not CLAUDE_ASKS.search("\n".join(rows[top:])):
        return None
    typing = CLAUDE_TYPING.search("\n".join(rows[listed.end :])) or _typing(listed)
    return _prompt(rows, top + 1, CLAUDE_OPTION, listed, typing=bool(typing))


def _codex(lines: Sequence[Line], width: int) -> Prompt | None:
    rows = [line.text.rstrip() for line in lines]
    listed = _numbered(rows, CODEX_OPTION)
    if listed is None or not any(CODEX_CONFIRM.search(row) for row in rows[listed.end :]):
        return None
    titles = [row for row in range(listed.first_row) if _is_codex_title(lines[row])]
    return _prompt(rows, titles[-1], CODEX_OPTION, listed) if titles else None


def _is_codex_title(line: Line) -> bool:
    """Bold from end to end, which nothing of a command is."""
    written = [cell for cell in line.cells if not cell.blank]
    return bool(CODEX_TITLE.match(line.text.strip())) and all(cell.style.bold for cell in written)


def _opencode(lines: Sequence[Line], width: int) -> Prompt | None:
    block = _lowest_block(lines)
    if block is None:
        return None
    top, inside = block
    if top == 0:
        return None  # its beginning is above the screen
    rows = [line.text.rstrip() for line in inside]
    foot = next((row for row in reversed(range(len(rows))) if OPENCODE_ROW.match(rows[row])), None)
    if foot is not None and any(OPENCODE_TITLE.match(row) for row in rows[:foot]):
        return _row_of_options(rows, inside[foot], foot)
    if not any(OPENCODE_QUESTION.search(row) for row in rows):
        return None
    marked = [_with_mark(line) for line in inside]
    listed = _numbered(marked, OPENCODE_OPTION)
    return _prompt(marked, 0, OPENCODE_OPTION, listed, typing=_typing(listed)) if listed else None


def _lowest_block(lines: Sequence[Line]) -> tuple[int, list[Line]] | None:
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
        Line(tuple(cell for cell in line.cells if bar.column < cell.column < right)) for line in lines[top : bottom + 1]
    ]


def _right_edge(padding: Line, bar: int) -> int:
    """Where the panel ends: its first row is empty and drawn in its background."""
    inside = [cell for cell in padding.cells if cell.column > bar]
    background = inside[0].style.background if inside else ""
    outside = (cell.column for cell in inside if not cell.blank or cell.style.background != background)
    return next(outside, sys.maxsize)


def _row_of_options(rows: Sequence[str], foot: Line, number: int) -> Prompt | None:
    """Options side by side; the chosen one has a background of its own."""
    match = OPENCODE_ROW.match(rows[number])
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
        text=_joined(rows), options=options, chosen=chosen[0], in_a_row=True, question=_in_one_line(rows[:number])
    )


def _with_mark(line: Line) -> str:
    """The row with a sign before its number if that is drawn on a background of its own, as the chosen option's is."""
    text = line.text.rstrip()
    first: Cell | None = next((cell for cell in line.cells if not cell.blank), None)
    plain = line.cells[0].style.background if line.cells else ""
    if first is None or not first.text.isdigit() or first.style.background == plain:
        return text
    indent = len(text) - len(text.lstrip())
    return f"{text[:indent]}\0{text[indent:]}"


def _numbered(rows: Sequence[str], pattern: re.Pattern[str]) -> _Listed | None:
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
    options = tuple(_option(match, rows[row + 1 : end]) for (row, match), end in zip(found, ends, strict=True))
    return _Listed(first_row=found[0][0], end=ends[-1], options=options, chosen=marked[0])


def _end_of_last(rows: Sequence[str], last: int) -> int:
    """What follows the last option without an empty row, and further in, belongs to it."""
    indent = len(rows[last]) - len(rows[last].lstrip())
    end = last + 1
    while end < len(rows) and rows[end].strip() and len(rows[end]) - len(rows[end].lstrip()) > indent:
        end += 1
    return end


def _option(match: re.Match[str], below: Sequence[str]) -> Option:
    note = " ".join(" ".join(below).split())
    return Option(
        number=int(match["number"]),
        label=match["label"].strip(),
        note=note,
        needs_typing=bool(OWN_WORDS.match(match["label"])),
    )


def _typing(listed: _Listed | None) -> bool:
    """Whether the chosen option is the one behind which a text is typed: a digit would go into that text."""
    return listed is not None and listed.options[listed.chosen - 1].needs_typing


def _prompt(
    rows: Sequence[str], top: int, pattern: re.Pattern[str], listed: _Listed, *, typing: bool = False
) -> Prompt:
    shown = [_without_mark(row, pattern) for row in rows[top:]]
    why_not = "somebody is typing an answer of their own" if typing else ""
    question = _in_one_line(rows[top : listed.first_row])
    return Prompt(text=_joined(shown), options=listed.options, chosen=listed.chosen, question=question, why_not=why_not)


def _without_mark(row: str, pattern: re.Pattern[str]) -> str:
    match = pattern.match(row)
    if match is None or match["mark"] is None:
        return row
    sign = "" if match["mark"] == "\0" else " "
    return row[: match.start("mark")] + sign + row[match.end("mark") :]


def _in_one_line(rows: Sequence[str]) -> str:
    """What the rows say, without frames and signs."""
    said = (" ".join(row.split()).lstrip("△☐ ") for row in rows)
    return " · ".join(text for text in said if any(character.isalnum() for character in text))


def _joined(rows: Sequence[str]) -> str:
    return "\n".join(rows).strip("\n")


READERS: Mapping[Client, Callable[[Sequence[Line], int], Prompt | None]] = {
    Client.CLAUDE_CODE: _claude_code,
    Client.CODEX: _codex,
    Client.OPENCODE: _opencode,
}
"""For each client whose prompts are known."""
