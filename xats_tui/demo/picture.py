"""Screen of a stand-in: a transcript, and an input line between two rules or a question in its place.

It is drawn like Claude Code's screen, so that the reader for that program recognises its states.  Pure functions.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN_CELLS = 2
"""Width of the mark to the left of the input line."""

DIM, BOLD, ACCENT, PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[38;5;173m", "\x1b[0m"

SPINNER = "·✢✳✶✻✽"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoQuestion:
    """Question that the program asks before it continues."""

    tool: str
    command: str
    reason: str
    options: tuple[str, ...] = ("Yes", "Yes, and don't ask again", "No")
    chosen: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInScreen:
    """Everything on the screen."""

    title: str
    transcript: Sequence[str]
    """Paragraphs, newest last; the first character of each is its sign."""
    draft: str = ""
    """Text in the input line."""
    doing: str = ""
    """Current work; empty if the program is idle."""
    beat: int = 0
    """Phase of the spinner."""
    question: DemoQuestion | None = None


def draw(picture: StandInScreen, columns: int, rows: int) -> str:
    """Return the bytes that draw this screen on a terminal of this size, with the cursor in the input line."""
    lower, row, column = _lower_part(picture, columns)
    room = max(1, rows - len(lower))
    upper = [f"{BOLD}{ACCENT}● {PLAIN}{BOLD}{picture.title}{PLAIN}", ""]
    for paragraph in picture.transcript:
        upper += _wrapped(paragraph, columns)
    upper = upper[-room:]
    shown = [*upper, *lower]
    cursor = f"\x1b[{len(upper) + row + 1};{column + 1}H"
    body = "".join(f"\x1b[{number};1H{text}{PLAIN}\x1b[K" for number, text in enumerate(shown, 1))
    return f"\x1b[?2026h\x1b[?25l\x1b[?7l{body}\x1b[J{cursor}\x1b[?25h\x1b[?2026l"


def _lower_part(picture: StandInScreen, columns: int) -> tuple[list[str], int, int]:
    """Return the rows below the transcript, and the cursor's row and column in them."""
    rule = f"{DIM}{'─' * columns}{PLAIN}"
    if picture.question:
        rows = ["", rule, *_asked(picture.question)]
        return rows, len(rows) - 1, 1
    spinner = [f"{ACCENT}{SPINNER[picture.beat % len(SPINNER)]} {picture.doing}…{PLAIN}"] if picture.doing else []
    width = max(1, columns - MARGIN_CELLS - 1)
    draft = [picture.draft[at : at + width] for at in range(0, len(picture.draft) + 1, width)]
    field = [("❯ " if number == 0 else " " * MARGIN_CELLS) + text for number, text in enumerate(draft)]
    footer = "  esc to interrupt" if picture.doing else "  ? for shortcuts"
    above = ["", *spinner, rule]
    return [*above, *field, rule, DIM + footer], len(above) + len(field) - 1, MARGIN_CELLS + len(draft[-1])


def _asked(question: DemoQuestion) -> list[str]:
    options = [
        f" {'❯' if number == question.chosen else ' '} {number}. {label}"
        for number, label in enumerate(question.options, 1)
    ]
    asked = f" {BOLD}{ACCENT}{question.tool}{PLAIN}"
    said = [asked, "", f"   {question.command}", f"   {DIM}{question.reason}{PLAIN}", ""]
    return [*said, " Do you want to proceed?", *options, "", f" {DIM}Esc to cancel{PLAIN}"]


def _wrapped(paragraph: str, columns: int) -> list[str]:
    sign, text = paragraph[:1], paragraph[1:].strip()
    colour = {"●": ACCENT, "❯": DIM, "└": DIM}.get(sign, PLAIN)
    rows = textwrap.wrap(text, max(10, columns - 4)) or [""]
    indent = "  " if sign == "└" else ""
    return [
        f"{indent}{colour}{sign if number == 0 else ' '}{PLAIN} {DIM if sign == '└' else ''}{row}{PLAIN}"
        for number, row in enumerate(rows)
    ]
