"""Watches over panes: when an agent that was not free may be free again."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock, FakeTmux
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.transports.pane.watches import PaneWatches
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.records import replace
from xats_tui.core.transport import ASK_INTERVAL_S, IntervalWatch

PANE = PaneRef("", "%1")
QUIET = timedelta(seconds=0.5)


class ShownPane(PaneMonitor):
    """A monitor whose one pane shows what a test wants."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(FakeTmux(clock), clock, lambda _: None)
        self.clock = clock
        self.shown: PaneView | None = None
        self.awaited: list[frozenset[PaneRef]] = []

    def show(self, state: PaneState) -> PaneView:
        """Change the pane now."""
        now = self.clock.now()
        look = PaneLook(pane=PANE, at=now, formats={}, screen="> ")
        reading = PaneReading(state=state, reason="")
        self.shown = PaneView(look=look, reading=reading, unchanged_since=now, state_since=now)
        return self.shown

    def view(self, pane: PaneRef) -> PaneView | None:
        return self.shown

    def await_change(self, panes: frozenset[PaneRef]) -> None:
        self.awaited.append(panes)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def pane(clock: FakeClock) -> ShownPane:
    """The monitor."""
    return ShownPane(clock)


def test_a_pane_is_worth_a_try_once_at_each_rest(pane: ShownPane, clock: FakeClock) -> None:
    watch = PaneWatches(pane, clock).open(pane.show(PaneState.BUSY), QUIET)
    assert not watch.may_be_free()

    for _ in range(2):
        pane.show(PaneState.IDLE)
        assert not watch.may_be_free()
        clock.advance(QUIET.total_seconds())
        assert watch.may_be_free()
        assert not watch.may_be_free()


def test_a_pane_that_was_tried_at_rest_is_tried_again_after_a_while(pane: ShownPane, clock: FakeClock) -> None:
    view = pane.show(PaneState.IDLE)
    clock.advance(QUIET.total_seconds())
    watch = PaneWatches(pane, clock).open(view, QUIET)

    assert not watch.may_be_free()
    clock.advance(ASK_INTERVAL_S)
    assert watch.may_be_free()
    assert not watch.may_be_free()


def test_a_pane_at_work_is_never_worth_a_try(pane: ShownPane, clock: FakeClock) -> None:
    watch = PaneWatches(pane, clock).open(pane.show(PaneState.BUSY), QUIET)

    clock.advance(10 * ASK_INTERVAL_S)

    assert not watch.may_be_free()


def test_a_nudge_makes_the_rest_that_was_tried_worth_a_try(pane: ShownPane, clock: FakeClock) -> None:
    view = pane.show(PaneState.IDLE)
    clock.advance(QUIET.total_seconds())
    watch = PaneWatches(pane, clock).open(view, QUIET)

    watch.nudge()

    assert watch.may_be_free()
    assert not watch.may_be_free()


def test_a_pane_that_is_no_longer_seen_is_asked_about_in_intervals(pane: ShownPane, clock: FakeClock) -> None:
    watch = PaneWatches(pane, clock).open(pane.show(PaneState.BUSY), QUIET)
    pane.shown = None

    assert not watch.may_be_free()
    clock.advance(ASK_INTERVAL_S)
    assert watch.may_be_free()


def test_panes_are_awaited_as_long_as_somebody_watches_them(pane: ShownPane, clock: FakeClock) -> None:
    watches, view = PaneWatches(pane, clock), pane.show(PaneState.BUSY)
    other = replace(view, look=replace(view.look, pane=PaneRef("", "%2")))

    first, second, third = (watches.open(one, QUIET) for one in (view, view, other))
    first.close()
    assert pane.awaited[-1] == {PANE, PaneRef("", "%2")}
    second.close()
    third.close()

    assert pane.awaited[-1] == frozenset()


def test_without_a_pane_the_transport_is_asked_in_intervals(clock: FakeClock) -> None:
    watch = IntervalWatch(clock)

    assert not watch.may_be_free()
    clock.advance(ASK_INTERVAL_S)
    assert watch.may_be_free()
    assert not watch.may_be_free()
