"""Measurements of a pane: a key that is not drawn yet, a program that stood still, the time to paint."""

from datetime import UTC, datetime, timedelta

from tests.backend.transports.pane.test_progress import a_view
from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.rhythm import LONGEST_PAINT, MEASURED_KEYS, READ_FOR, UNDRAWN_FOR, DrawingSpeed
from xats_tui.core.model.panes import PaneView

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""Time since when the views are unchanged."""

VIEW = a_view()


def later(seconds: float) -> datetime:
    """So long after the screen was last seen to change."""
    return NOW + timedelta(seconds=seconds)


def read(seconds: float) -> PaneTerminal:
    """A terminal whose program has read a key so long after that."""
    return PaneTerminal(raw=True, unread=0, read_at=later(seconds))


def undrawn(
    rhythm: DrawingSpeed, now: float, terminal: PaneTerminal | None = None, view: PaneView = VIEW
) -> float | None:
    """The seconds since a key that may show something yet."""
    ago = rhythm.undrawn(view, terminal, later(now))
    return ago.total_seconds() if ago is not None else None


def test_a_key_is_waited_for_until_something_is_drawn_or_it_had_its_time() -> None:
    rhythm = DrawingSpeed()
    assert undrawn(rhythm, 1) is None
    rhythm.note_key(VIEW, later(1))

    assert undrawn(rhythm, 3) == 2
    assert undrawn(rhythm, 3, view=a_view("> x")) is None
    assert undrawn(rhythm, 1 + UNDRAWN_FOR.total_seconds()) is None


def test_a_key_that_the_program_read_after_the_screen_last_changed_is_waited_for() -> None:
    rhythm = DrawingSpeed()

    assert undrawn(rhythm, 6, read(5)) == 1
    assert undrawn(rhythm, 6, read(-1)) is None
    assert undrawn(rhythm, 5 + READ_FOR.total_seconds(), read(5)) is None


def test_a_slow_pane_is_waited_for_longer() -> None:
    rhythm = DrawingSpeed()
    rhythm.note_paint(VIEW.look.pane, timedelta(seconds=3))

    assert undrawn(rhythm, 5 + READ_FOR.total_seconds() + 2, read(5)) is not None


def test_a_screen_that_could_not_change_was_not_quiet() -> None:
    rhythm = DrawingSpeed()
    assert rhythm.unchanged(VIEW, later(60)) == timedelta(seconds=60)
    rhythm.note_standstill(VIEW.look.pane, later(50))

    assert rhythm.unchanged(VIEW, later(60)) == timedelta(seconds=10)


def test_what_was_measured_before_the_clock_was_set_back_is_ignored() -> None:
    rhythm = DrawingSpeed()
    rhythm.note_standstill(VIEW.look.pane, later(3600))
    rhythm.note_key(VIEW, later(3600))

    assert rhythm.unchanged(VIEW, later(60)) == timedelta(seconds=60)
    assert rhythm.unchanged(VIEW, later(-5)) == timedelta(0)
    assert undrawn(rhythm, 60) is None


def test_the_longest_of_the_last_times_to_paint_counts_within_reason() -> None:
    rhythm, pane = DrawingSpeed(), VIEW.look.pane
    assert rhythm.to_paint(pane) == timedelta(0)
    rhythm.note_paint(pane, timedelta(hours=1))
    rhythm.note_paint(pane, timedelta(seconds=1))

    assert rhythm.to_paint(pane) == LONGEST_PAINT
    for _ in range(MEASURED_KEYS - 1):
        rhythm.note_paint(pane, timedelta(seconds=1))
    assert rhythm.to_paint(pane) == timedelta(seconds=1)
