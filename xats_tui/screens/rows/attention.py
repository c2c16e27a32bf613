"""The rows of what needs attention, each with the one key that helps."""

from collections.abc import Iterable

from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.attention import Concern, concerns
from xats_tui.screens.data.snapshot import Part
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import Cell, Row, Tone

COLUMNS = (
    Column(key="shape", title="", width=1),
    Column(key="subject", title="", width=18, grow=1),
    Column(key="reason", title="", width=44, grow=3),
    Column(key="remedy", title="", width=10, right=True),
    Column(key="way", title="", width=11, drop=1, right=True),
)


def attention_rows(needs: Iterable[Concern]) -> list[Row]:
    """One row for each concern."""
    return [
        Row(
            concern.key,
            (
                Cell(concern.shape, concern.tone),
                Cell(concern.subject, Tone.STRONG),
                Cell(concern.reason),
                Cell(_remedy(concern), Tone.ACCENT),
                Cell("enter look" if concern.mode else "", Tone.MUTED),
            ),
        )
        for concern in needs
    ]


def _remedy(concern: Concern) -> str:
    action = ACTION.get(concern.remedy)
    return f"{action.shown_key} {action.title}" if action else ""


ATTENTION = Listing(
    title="Attention",
    columns=COLUMNS,
    rows=lambda picture, now: attention_rows(concerns(picture, now)),
    summary=lambda picture: "",
    reads=frozenset(Part),
    when_empty="✓ all is well: nothing needs you",
    tone_when_empty=Tone.GOOD,
)
