"""Lines of the find screen: one for each hit, with the matches marked."""

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from xats_tui.core.search.records import Found, FoundKind, Span
from xats_tui.screens.widgets.format import ARROW, Tone, cut_names, many_lines, one_line, padded, time_of_day
from xats_tui.screens.widgets.theme import CONTENT_STYLES

TIME_CELLS, KIND_CELLS, TEAM_CELLS, WHO_CELLS, LONG_WHO_CELLS = 8, 8, 10, 22, 32

WIDE_CELLS = 110
"""Width from which the team has a column of its own."""

MATCH = "bold reverse"


def hit_line(hit: Found, now: datetime, width: int) -> Content:
    """Return a hit's time, kind, team, agents, title and excerpt, for a list of this width in cells."""
    muted, is_wide = CONTENT_STYLES[Tone.MUTED], width >= WIDE_CELLS
    who = one_line(hit.who)
    if hit.kind is FoundKind.MESSAGE:
        who = f"{who}{ARROW}{one_line(hit.to)}"
    columns = [padded(time_of_day(hit.at, now), TIME_CELLS), padded(hit.kind.value, KIND_CELLS)]
    if is_wide:
        columns.append(padded(one_line(hit.team), TEAM_CELLS, cut_names))
    pieces: list[Content] = [
        Content.styled(f"{'  '.join(columns)}  ", muted),
        Content(f"{padded(who, LONG_WHO_CELLS if is_wide else WHO_CELLS, cut_names)}  "),
        Content.styled("● ", CONTENT_STYLES[Tone.ACCENT]) if hit.is_unread else Content(),
        marked(hit.title, hit.title_spans, CONTENT_STYLES[Tone.STRONG]),
        Content.styled(" — ", muted) if hit.title and hit.excerpt else Content(),
        marked(hit.excerpt, hit.excerpt_spans, ""),
    ]
    return Content("").join(pieces)


def marked(text: str, spans: Sequence[Span], style: str) -> Content:
    """Return a foreign text of one line with these ranges marked."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for span in spans:
        pieces += [(_drawn(text[at : span.start]), style), (_drawn(text[span.start : span.start + span.length]), MATCH)]
        at = max(at, span.start + span.length)
    return Content.assemble(*pieces, (_drawn(text[at:]), style))


def _drawn(piece: str) -> str:
    return many_lines(piece).replace("\n", " ")
