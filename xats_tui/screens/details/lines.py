"""The lines that details are made of: a labelled field, a heading, a block of foreign text."""

from collections.abc import Iterable
from datetime import datetime

from textual.content import Content

from xats_tui.screens.widgets.format import CUT, NOTHING, TableCell, Tone, date_and_time, many_lines, one_line, since
from xats_tui.screens.widgets.theme import CONTENT_STYLES

LABEL_CELLS = 13
"""Cells of the left column."""

MAX_BODY_CHARS = 20_000
"""Characters of a body that are drawn; wrapping more would hold up the screen."""


def field(label: str, value: str | TableCell | None) -> Content:
    """A label and a value, or the sign for none."""
    cell = value if isinstance(value, TableCell) else TableCell(one_line(value) or NOTHING)
    return Content.assemble(
        (f"{one_line(label)[:LABEL_CELLS]:<{LABEL_CELLS}} ", CONTENT_STYLES[Tone.MUTED]),
        (cell.text, CONTENT_STYLES[cell.tone]),
    )


def styled(text: str, tone: Tone) -> Content:
    """Harmless text in a tone."""
    return Content.styled(text, CONTENT_STYLES[tone])


def heading(text: str) -> list[Content]:
    """An empty line and what follows."""
    return [Content(), styled(text, Tone.MUTED)]


def block(text: str) -> list[Content]:
    """Foreign text in its own lines, with a sign if there is more than can be drawn."""
    rest = len(text) - MAX_BODY_CHARS
    body = Content(many_lines(text[:MAX_BODY_CHARS]))
    return [body, styled(f"{CUT} {rest} more characters", Tone.WARN)] if rest > 0 else [body]


def lines(of: Iterable[Content]) -> Content:
    """Lines under one another."""
    return Content("\n").join(of)


def when(instant: datetime, now: datetime) -> str:
    """A date and time, and how long ago that is."""
    return f"{date_and_time(instant)}, {since(instant, now)} ago"
