"""Gates that an outstanding paste closes: a hint that may have arrived is not repeated.  Pure."""

from datetime import datetime, timedelta

from xats_tui.backend.transports.pane.progress import may_be_entered, next_key_at
from xats_tui.backend.transports.pane.seat import PaneFacts
from xats_tui.core.model.panes import OwnText
from xats_tui.core.model.pastes import Paste
from xats_tui.core.model.wakes import Gate

OURS = "our own hint stands in the input line: only Enter is missing"

UNTOUCHED = {
    OwnText.MIXED: "our hint got mixed into what somebody was typing: send or clear that line at the pane",
    OwnText.PIECE: "a piece of our hint stands in the input line",
}
"""Reasons to press no key on an input line that contains our text."""


def paste_gates(seat: PaneFacts, own: OwnText | None, now: datetime) -> tuple[Gate, Gate]:
    """Judge the gates `own hint`, which nobody may overrule, and `pause`."""
    if seat.paste is None:
        return Gate(name="own hint", holds=True, detail="none is outstanding"), Gate(
            name="pause", holds=True, detail="none"
        )
    return _own_hint(seat.paste, seat, own, now), _pause(seat.paste, own, now)


def in_seconds(time: timedelta) -> str:
    """Return a time in the form in which gates show it."""
    return f"{time.total_seconds():.1f} s"


def _own_hint(paste: Paste, seat: PaneFacts, own: OwnText | None, now: datetime) -> Gate:
    if own is OwnText.ALONE:
        return _standing(paste, seat, now)
    if own is not None:
        return Gate(name="own hint", holds=False, detail=UNTOUCHED[own])
    if paste.gone:
        return Gate(name="own hint", holds=True, detail="the last one is not in the input line")
    unseen = "its input line was not seen since" if paste.drawn else "the program has drawn nothing since"
    return Gate(
        name="own hint", holds=False, detail=f"one was pasted {in_seconds(now - paste.last_key_at)} ago, and {unseen}"
    )


def _standing(paste: Paste, seat: PaneFacts, now: datetime) -> Gate:
    waits = seat.occupant is not None and seat.occupant.waits
    if may_be_entered(paste, waits=waits, now=now):
        return Gate(name="own hint", holds=True, detail=OURS)
    ago = in_seconds(now - paste.last_key_at)
    return Gate(
        name="own hint", holds=False, detail=f"Enter was pressed {ago} ago, and the program has drawn nothing since"
    )


def _pause(paste: Paste, own: OwnText | None, now: datetime) -> Gate:
    until = next_key_at(paste, own)
    what = "Enter was not taken" if own is OwnText.ALONE else "it is not known what became of the last hint"
    if until <= now:
        return Gate(name="pause", holds=True, detail="over")
    return Gate(name="pause", holds=False, detail=f"{what}: the next key in {in_seconds(until - now)}")
