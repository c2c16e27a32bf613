"""Signs on the screen of an unknown program that it asks a person to choose, or is at work.

They fit many programs and prove nothing about any of them: they only ever speak against typing.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from xats_tui.core.screen.ansi_grid import ScreenCell, ScreenLine

EDGES = "│┃║|▌▐"
"""Left and right borders of a box."""

DECIDING = (
    "accept|allow|answer|apply|approve|back|cancel|choose|close|confirm|continue|decline|deny|dismiss|go back|navigate"
    "|no|open|pick|proceed|reject|save|select|skip|submit|toggle|yes"
)
"""The effects of keys in dialogs and pickers."""

KEY = r"(?:enter|return|esc(?:ape)?|space|tab|ctrl\+\w|↑|↓|↑/↓|↑↓|⏎|↵)"

NAMED_KEYS = re.compile(
    rf"(?<![+\w]){KEY}[ :]{{1,2}}(?:to )?(?:{DECIDING})\b"
    r"|\[[a-z]\] \w+ +\[[a-z]\] \w+|[\[(]y(?:es)?/n(?:o)?[\])]",
    re.IGNORECASE,
)
"""Keys with their effect: `enter accept`, `Esc to cancel`, `[y] Approve [n] Deny`, `(y/n)`."""

ENTER_OR_ESCAPE = re.compile(r"(?<![+\w])(?:enter|return|esc(?:ape)?|⏎|↵)(?!\w)", re.IGNORECASE)

OF_A_COMPOSER = re.compile(
    r"(?<![+\w])(?:enter|return|⏎|↵)[ :]{1,2}(?:to )?send\b"
    r"|(?<![+\w])(?:esc(?:ape)?[ :]){1,2}(?:to )?(?:clear|edit|exit|quit|rewind|undo)\b",
    re.IGNORECASE,
)
"""The effects of Enter and Escape in an ordinary input line."""

NUMBERED = re.compile(r"^\W{0,3}[(\[]?(\d{1,2}|[a-z])[.):\]] +\S", re.IGNORECASE)

POINTED_NUMBER = re.compile(r"^[❯›>→▶▸●◉➜*] *[(\[]?\d{1,2}[.):\]] +\S")

POINTER = re.compile(r"^([❯›>→▶▸●◉➜▌] +)\S")

PLAIN_POINTER = re.compile(r"^([→▶▸➜] +)\S")
"""A pointer that conversations do not show before their prompts."""

MAX_LABEL_CHARS = 40

BUTTONS = re.compile(rf"[\[<‹] ?(?:{DECIDING}|ok) ?[\]>›] +[\[<‹] ?\w[\w ']* ?[\]>›]", re.IGNORECASE)
"""`[Yes]  [No]`, `‹OK›  ‹Cancel›`."""

PICKED, NOT_PICKED = re.compile(r"^[●◉] *\S"), re.compile(r"^[○◯] *\S")
"""Rows of a list of which one or more can be picked."""

QUESTION = re.compile(r"^\? |\w['\"’”»)`]?[?\uff1f\u061f](?!\w)")

COUNTER = re.compile(r"^\W{0,2}\d+/\d+\W{0,2}(?:[ ─].*)?$")
"""`(1/26)` below a list, `5/5` above the prompt of a filter."""

ENTRY = re.compile(r"^[❯›>→▶▸●◉➜▌]? *[/@]\w")
"""A command or a file in a menu."""

INTERRUPTED_BY = re.compile(
    r"\b(?:esc(?:ape)?|ctrl[+-]c|\^c)\b.{0,16}\b(?:interrupt|stop|abort)\b"
    r"|\d ?s\b.*\besc to cancel\b|\besc to cancel\b.*\d ?s\b"
    r"|\b(?:enter|return)[ :]{1,2}(?:to )?steer\b",
    re.IGNORECASE,
)

OF_A_BANNER = re.compile(r"\b(?:clear|exit|quit)\b")
"""Words that also stand in a row that lists all keys of a program permanently."""

SPINNER = re.compile(r"^[⠁-⣿◐◓◑◒◴◷◶◵] +\S")

WORKING = re.compile(r"^[^\w\s]{1,3} (?:Working|Thinking|Executing|Generating|Running|Processing|Loading)\b")

DOING = re.compile(r"^[^\w\s]{1,3} [A-Z]\w+ing\b")
"""A moving sign with the program's activity; in a conversation it may belong to a tool that has ended."""


def inner_text(line: ScreenLine) -> str:
    """Return a row's text without the box around it."""
    return line.text.strip().strip(EDGES).strip()


def asks_to_choose(rows: Sequence[ScreenLine], *, plain_lists: bool) -> str | None:
    """Return a sentence that names the sign of a list of options or of keys to decide with; None if there is no sign.

    Args:
        rows: the part of the screen to search.
        plain_lists: true if a list without a pointer counts too.
    """
    # "esc to interrupt" names a key, too, but belongs to the agent's work.
    rows = [line for line in rows if not _tells_of_work(inner_text(line))]
    texts = [inner_text(line) for line in rows]
    for text in reversed(texts):
        if found := NAMED_KEYS.search(text):
            return f"the screen names keys to decide with: {found.group().strip()}"
    if any(map(BUTTONS.search, texts)):
        return "buttons to decide with are on the screen"
    if any(POINTED_NUMBER.match(text) for text in texts) and _counts_up(texts):
        return "a list of options is open"
    if any(_is_pointed_at(*around) for around in _with_neighbours(rows)):
        return "a list is open with a pointer on one of its rows"
    if plain_lists and (_counts_up(texts) or any(COUNTER.match(text) for text in texts) or _is_picked_from(rows)):
        return "a possible list of options stands at the prompt"
    return None


def asks_in(prompt: str) -> str | None:
    """Return a sentence that names the sign of a question in a prompt: `Delete it? (y/N) >`; None if there is none."""
    found = NAMED_KEYS.search(prompt) or QUESTION.search(prompt)
    return f"the prompt asks something: {' '.join(prompt.split())[-60:]}" if found else None


def ends_with_question(row: ScreenLine) -> bool:
    """Return whether a row ends with a question."""
    found = [*QUESTION.finditer(inner_text(row))]
    return bool(found) and found[-1].end() == len(inner_text(row))


def offers_entries(rows: Sequence[ScreenLine]) -> bool:
    """Return whether the rows are a menu of commands or files."""
    return sum(bool(ENTRY.match(inner_text(line))) for line in rows) > 1


def names_enter_or_escape(rows: Sequence[ScreenLine]) -> str | None:
    """Return the row that names an effect of Enter or Escape other than their ordinary effect in an input line."""
    for text in map(inner_text, rows):
        if ENTER_OR_ESCAPE.search(OF_A_COMPOSER.sub("", text)) and not _tells_of_work(text):
            return text
    return None


def is_doing_something(footer: Sequence[ScreenLine]) -> str | None:
    """Return the footer's row that names the program's activity; None if there is none."""
    return next((text for text in map(inner_text, footer) if DOING.match(text)), None)


def is_at_work(rows: Sequence[ScreenLine]) -> str | None:
    """Return the row that shows the program at work; None if there is none."""
    return next((text for text in map(inner_text, reversed(rows)) if _tells_of_work(text)), None)


def _tells_of_work(text: str) -> bool:
    if SPINNER.match(text) or WORKING.match(text):
        return True
    rest, found = INTERRUPTED_BY.subn("", text)
    return bool(found) and not NAMED_KEYS.search(rest) and not OF_A_BANNER.search(rest)


def _counts_up(texts: Sequence[str]) -> bool:
    """Return whether options are numbered consecutively: 1, 2 or a, b."""
    found = [match[1].lower() for match in map(NUMBERED.match, texts) if match]
    return any((one, next_one) in {("1", "2"), ("a", "b")} for one, next_one in pairwise(found))


def _is_picked_from(rows: Sequence[ScreenLine]) -> bool:
    """Return whether one of the rows is marked as picked: by a circle, by a pointer, or in reverse video."""
    texts = [inner_text(line) for line in rows]
    if any(map(PICKED.match, texts)) and any(map(NOT_PICKED.match, texts)):
        return True
    if any(_is_highlighted(*around) for around in _with_neighbours(rows)):
        return True
    return any(_is_one_of_labels(rows, at) for at in range(len(rows)))


def _is_highlighted(row: ScreenLine, other: ScreenLine) -> bool:
    text, beside = _letters(row), _letters(other)
    if not text or not beside or len(inner_text(row)) > MAX_LABEL_CHARS:
        return False
    written = [cell for cell in text if not cell.blank]
    is_apart = all(cell.style.reverse for cell in written) and not any(cell.style.reverse for cell in beside)
    return is_apart and abs(text[0].column - beside[0].column) <= 1


def _is_one_of_labels(rows: Sequence[ScreenLine], at: int) -> bool:
    """Return whether a row has a pointer and two other short rows begin where its label begins."""
    found = PLAIN_POINTER.match(inner_text(rows[at]))
    if not found:
        return False
    column = _letters(rows[at])[0].column + len(found[1])
    others = [line for line in rows if line is not rows[at] and len(inner_text(line)) <= MAX_LABEL_CHARS]
    return sum(bool(letters) and letters[0].column == column for letters in map(_letters, others)) > 1


def _with_neighbours(rows: Sequence[ScreenLine]) -> Iterator[tuple[ScreenLine, ScreenLine]]:
    for above, below in pairwise(rows):
        yield above, below
        yield below, above


def _is_pointed_at(row: ScreenLine, other: ScreenLine) -> bool:
    """Return whether a row has a pointer, and starts in the same column as its neighbour but in another style."""
    found = POINTER.match(inner_text(row))
    text, beside = _letters(row), _letters(other)
    if not found or len(text) < 2 or not beside:
        return False
    first = next(cell for cell in text[1:] if not cell.blank)
    return first.column == beside[0].column and first.style != beside[0].style


def _letters(line: ScreenLine) -> list[ScreenCell]:
    """Return the cells of a row from its first letter on, without the box around it."""
    cells = [cell for cell in line.cells if cell.text not in EDGES]
    first = next((at for at, cell in enumerate(cells) if not cell.blank), len(cells))
    return cells[first:]
