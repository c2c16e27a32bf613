"""The course of a paste whose outcome is unknown: what looks tell of it, and when another key may follow."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.paste_gates import paste_gates
from xats_tui.backend.transports.pane.progress import is_settled, may_be_entered, next_key_at, progressed, screen_mark
from xats_tui.backend.transports.pane.seat import PaneFacts
from xats_tui.core.model.panes import OwnText, PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.records import replace

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PANE = PaneRef("", "%1")
HINT = "[xats] 1 new message from alice: call get_inbox"


def a_view(
    shown: str = "> ",
    state: PaneState = PaneState.IDLE,
    composer: str | None = "",
    own: OwnText | None = None,
    **formats: Any,
) -> PaneView:
    """A pane that shows this now."""
    look = PaneLook(pane=PANE, at=NOW, formats={"pane_width": 80, "pane_height": 24} | formats, screen=shown)
    reading = PaneReading(state=state, reason="", composer=composer, own=own)
    return PaneView(look=look, reading=reading, unchanged_since=NOW, state_since=NOW)


def a_paste(**fields: Any) -> Paste:
    """A hint that was pasted ten seconds ago on an empty screen."""
    known: dict[str, Any] = {
        "pane": PANE,
        "text": HINT,
        "occupant": "1/2",
        "line_before": "",
        "pasted_at": NOW - timedelta(seconds=10),
        "screen": screen_mark(a_view().look),
    }
    return Paste(**known | fields)


def closed(paste: Paste | None, own: OwnText | None = None, now: datetime = NOW) -> set[str]:
    """The gates that a paste closes."""
    return {
        gate.name
        for gate in paste_gates(PaneFacts(occupant=None, terminal=None, paste=paste), own, now)
        if not gate.holds
    }


def test_nothing_is_known_while_the_program_draws_nothing() -> None:
    paste = progressed(a_paste(), a_view(), None)

    assert not paste.drawn and not paste.gone
    assert closed(paste, now=NOW + timedelta(days=1)) == {"own hint"}


def test_a_line_that_was_read_without_the_hint_after_a_draw_is_worth_another_paste_when_the_pause_is_over() -> None:
    paste = progressed(a_paste(), a_view("tick\n> "), None)

    assert paste.drawn and paste.gone
    assert closed(paste, now=paste.pasted_at + timedelta(seconds=9)) == {"pause"}
    assert closed(paste, now=paste.pasted_at + timedelta(seconds=10)) == set()


@pytest.mark.parametrize(
    "view",
    [
        a_view("tick", PaneState.DIALOG, composer=None),
        a_view("tick", PaneState.UNKNOWN, composer=""),
        a_view("tick", PaneState.COPY_MODE, composer=None),
        a_view(f"> {HINT}", PaneState.DRAFT, composer=HINT, own=OwnText.ALONE),
        a_view(f"> x{HINT}", PaneState.DRAFT, composer=f"x{HINT}", own=OwnText.MIXED),
    ],
)
def test_a_line_that_was_not_read_or_holds_the_hint_is_not_without_it(view: PaneView) -> None:
    paste = progressed(a_paste(), view, None)

    assert paste.drawn and not paste.gone


def test_a_late_echo_takes_back_that_the_hint_was_gone() -> None:
    gone = progressed(a_paste(), a_view("tick\n> "), None)
    late = progressed(gone, a_view(f"tick\n> {HINT}", PaneState.DRAFT, HINT, OwnText.ALONE), None)

    assert gone.gone and not late.gone
    assert closed(late, OwnText.ALONE) == set()


def test_what_the_program_wrote_counts_as_drawn_although_it_looks_the_same() -> None:
    before, after = (PaneTerminal(raw=True, unread=0, written_at=NOW - timedelta(seconds=ago)) for ago in (11, 9))

    assert not progressed(a_paste(), a_view(), before).drawn
    assert progressed(a_paste(), a_view(), after).drawn


def test_a_screen_that_was_only_resized_has_not_been_drawn() -> None:
    resized = progressed(a_paste(), a_view("> \n", pane_width=60), None)

    assert not resized.drawn
    assert not progressed(resized, a_view("> \n", pane_width=60), None).drawn
    assert progressed(resized, a_view("tick\n> ", pane_width=60), None).drawn


def test_pauses_grow_from_paste_to_paste_and_from_enter_to_enter() -> None:
    lost = [next_key_at(a_paste(pastes=number), None) for number in range(1, 9)]
    entered = [next_key_at(a_paste(pastes=number, enters=1, entered_at=NOW), None) for number in range(1, 9)]
    swallowed = [next_key_at(a_paste(enters=number, entered_at=NOW), OwnText.ALONE) for number in range(1, 9)]

    for times in (lost, entered, swallowed):
        assert all(one <= other for one, other in pairwise(times))
        assert times[0] < times[2] < times[3]
    assert entered[0] >= NOW + timedelta(minutes=1)
    assert next_key_at(a_paste(), OwnText.ALONE) <= NOW


@pytest.mark.parametrize(
    ("paste", "waits", "seconds", "expected"),
    [
        (a_paste(drawn=True), False, 0, True),
        (a_paste(enters=1, entered_at=NOW, drawn=True), False, 5, True),
        (a_paste(enters=1, entered_at=NOW), True, 29, False),
        (a_paste(enters=1, entered_at=NOW), True, 30, True),
        (a_paste(enters=1, entered_at=NOW), False, 3000, False),
        (a_paste(enters=2, entered_at=NOW), True, 89, False),
        (a_paste(enters=2, entered_at=NOW), True, 90, True),
    ],
)
def test_another_enter_waits_for_a_program_that_has_done_with_the_last(
    paste: Paste, waits: bool, seconds: int, expected: bool
) -> None:
    assert may_be_entered(paste, waits=waits, now=NOW + timedelta(seconds=seconds)) is expected


@pytest.mark.parametrize("own", [OwnText.MIXED, OwnText.PIECE])
def test_a_hint_that_is_not_alone_is_never_touched(own: OwnText) -> None:
    assert closed(a_paste(drawn=True), own, NOW + timedelta(days=1)) == {"own hint"}


def test_a_line_of_the_operators_own_is_looked_after_until_it_stands_there_or_is_long_gone() -> None:
    line = replace(a_paste(), text="please stop")
    stands = a_view("> please stop", PaneState.DRAFT, "please stop")
    tick = a_view("tick\n> ")

    assert not is_settled(progressed(line, a_view(), None), a_view())
    assert is_settled(progressed(line, stands, None), stands)
    assert is_settled(progressed(line, tick, None), tick)
    assert not is_settled(progressed(replace(line, pasted_at=NOW), tick, None), tick)
