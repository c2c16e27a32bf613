"""Rows of the attention list, each with the key of the action that helps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.attention import concerns
from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import TableCell, TableRow, Tone, count, time_of_day

COLUMNS = (
    Column(key="shape", title="", width=1),
    Column(key="subject", title="", width=12, fits=44, names=True),
    Column(key="reason", title="", width=30, grow=1),
    Column(key="remedy", title="", width=6, right=True, fits=16),
    Column(key="way", title="", width=10, drop=1, right=True),
)

SNOOZED = "snoozed"
"""Key of the row that tells of the snoozed concerns."""


def attention_rows(
    awake: Sequence[Concern],
    asleep: Mapping[str, tuple[Concern, datetime]],
    now: datetime,
    *,
    shows_asleep: bool,
    before: Iterable[tuple[Concern, TableRow]] = (),
) -> list[TableRow]:
    """Return a row for each concern, and one that tells of the snoozed ones.

    Args:
        awake: the concerns to list.
        asleep: the snoozed concerns by their keys, each with the time at which it is listed again.
        now: the time of the list.
        shows_asleep: True if the snoozed concerns are listed, too.
        before: concerns with their rows, which are taken again for concerns that are the same objects.
    """
    known = {id(concern): row for concern, row in before}
    rows = [known.get(id(concern)) or _row(concern) for concern in awake]
    if asleep:
        rows.append(_snoozed_row([until for _, until in asleep.values()], now, shows_asleep=shows_asleep))
    if shows_asleep:
        rows += [
            _row(concern, Tone.MUTED, Tone.MUTED, f"until {time_of_day(until, now)[:5]}")
            for concern, until in asleep.values()
        ]
    return rows


def _row(concern: Concern, subject: Tone = Tone.STRONG, reason: Tone = Tone.PLAIN, until: str = "") -> TableRow:
    cells = (
        TableCell(concern.shape, subject if until else concern.tone),
        TableCell(concern.subject, subject),
        TableCell(f"{until}: {concern.reason}" if until else concern.reason, reason),
        _hint("snooze", "list again") if until else _hint(concern.remedy),
        _hint("open", "look")._replace(tone=Tone.MUTED) if concern.mode else TableCell(""),
    )
    return TableRow(concern.key, cells)


def _hint(action_id: str, words: str = "") -> TableCell:
    """Return the key of an action with what it does; a click does the same."""
    action = ACTION.get(action_id)
    return TableCell(f"{action.shown_key} {words or action.title}" if action else "", Tone.ACCENT, click=action_id)


def _snoozed_row(until: Sequence[datetime], now: datetime, *, shows_asleep: bool) -> TableRow:
    first = f"{'the first comes back' if len(until) > 1 else 'it comes back'} at {time_of_day(min(until), now)[:5]}"
    cells = (
        TableCell("z", Tone.MUTED),
        TableCell(f"{count(len(until), 'thing')} snoozed", Tone.MUTED),
        TableCell(f"{first}, or when it gets worse", Tone.MUTED),
        _hint("open", "hide" if shows_asleep else "show"),
        TableCell(""),
    )
    return TableRow(SNOOZED, cells)


ATTENTION = Listing(
    title="Attention",
    columns=COLUMNS,
    entries=concerns,
    row=lambda snapshot, concern, now: _row(concern),
    summary=lambda snapshot: "",
    reads=frozenset(Slice),
    when_empty="✓ all is well: nothing needs you",
    when_team_has_none="✓ nothing in team {name} needs you",
    tone_when_empty=Tone.GOOD,
)
