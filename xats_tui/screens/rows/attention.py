"""Rows of the attention list, each with the key of the action that helps."""

from collections.abc import Iterable

from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.attention import Concern, concerns
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import TableCell, TableRow, Tone

COLUMNS = (
    Column(key="shape", title="", width=1),
    Column(key="subject", title="", width=18, grow=1),
    Column(key="reason", title="", width=44, grow=3),
    Column(key="remedy", title="", width=10, right=True),
    Column(key="way", title="", width=11, drop=1, right=True),
)


def attention_rows(needs: Iterable[Concern]) -> list[TableRow]:
    """Return a row for each concern."""
    return [
        TableRow(
            concern.key,
            (
                TableCell(concern.shape, concern.tone),
                TableCell(concern.subject, Tone.STRONG),
                TableCell(concern.reason),
                TableCell(_remedy(concern), Tone.ACCENT),
                TableCell("enter look" if concern.mode else "", Tone.MUTED),
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
    rows=lambda snapshot, now: attention_rows(concerns(snapshot, now)),
    summary=lambda snapshot: "",
    reads=frozenset(Slice),
    when_empty="✓ all is well: nothing needs you",
    when_team_has_none="✓ nothing in team {team} needs you",
    tone_when_empty=Tone.GOOD,
)
