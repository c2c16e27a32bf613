"""Building blocks of details: a labelled field, a heading, a block of foreign text."""

from collections.abc import Iterable
from datetime import datetime

from textual.content import Content

from xats_tui.screens.widgets.format import (
    CUT,
    NOTHING,
    TableCell,
    Tone,
    date_and_time,
    many_lines,
    one_line,
    padded,
    since,
)
from xats_tui.screens.widgets.theme import CONTENT_STYLES

LABEL_CELLS = 13
"""Width of the label column."""

# Wrapping a longer text would block the dashboard.
MAX_BODY_CHARS = 20_000
"""Maximum characters of a body that are drawn."""


def field(label: str, value: str | TableCell | None, width: int = LABEL_CELLS) -> Content:
    """Return a line with a label of `width` cells and a value; an empty value is shown as a dash."""
    cell = value if isinstance(value, TableCell) else TableCell(one_line(value) or NOTHING)
    return Content.assemble(
        (f"{padded(one_line(label), width)} ", CONTENT_STYLES[Tone.MUTED]),
        (cell.text, CONTENT_STYLES[cell.tone]),
    )


def styled(text: str, tone: Tone) -> Content:
    """Return sanitised text in a tone."""
    return Content.styled(text, CONTENT_STYLES[tone])


def heading(text: str) -> list[Content]:
    """Return an empty line and a heading."""
    return [Content(), styled(text, Tone.MUTED)]


def block(text: str) -> list[Content]:
    """Return foreign text as its own lines; a long text is cut with a note."""
    rest = len(text) - MAX_BODY_CHARS
    body = Content(many_lines(text[:MAX_BODY_CHARS]))
    return [body, styled(f"{CUT} {rest} more characters", Tone.WARN)] if rest > 0 else [body]


def lines(of: Iterable[Content]) -> Content:
    """Return the lines joined."""
    return Content("\n").join(of)


def when(instant: datetime, now: datetime) -> str:
    """Return date, time and age of an instant."""
    return f"{date_and_time(instant)}, {since(instant, now)} ago"
