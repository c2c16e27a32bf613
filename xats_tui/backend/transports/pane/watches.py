"""Watches over the panes of agents that were not free for a hint."""

from collections import Counter
from datetime import datetime, timedelta

from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.core.clock import Clock
from xats_tui.core.model.panes import PaneRef, PaneState, PaneView
from xats_tui.core.transport import ASK_INTERVAL_S


class PaneWatches:
    """Open watches; the monitor looks at their panes more often."""

    def __init__(self, monitor: PaneMonitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock
        self._open: Counter[PaneRef] = Counter()

    def open(self, view: PaneView, quiet: timedelta) -> "PaneWatch":
        """Watch a pane until it has come to rest for `quiet`."""
        self._open[view.look.pane] += 1
        self._monitor.await_change(frozenset(self._open))
        return PaneWatch(self, self._monitor, self._clock, view, quiet)

    def close(self, pane: PaneRef) -> None:
        """End one of the watches over a pane."""
        self._open[pane] -= 1
        self._open = +self._open
        self._monitor.await_change(frozenset(self._open))


class PaneWatch:
    """A watch over one pane."""

    def __init__(
        self, watches: PaneWatches, monitor: PaneMonitor, clock: Clock, view: PaneView, quiet: timedelta
    ) -> None:
        self._watches = watches
        self._monitor = monitor
        self._clock = clock
        self._pane = view.look.pane
        self._quiet = quiet
        is_at_rest = clock.now() - view.unchanged_since >= quiet
        self._tried_at_rest_since: datetime | None = view.unchanged_since if is_at_rest else None
        """The start of the rest at which the pane was tried last; None if it is to be tried at any rest."""
        self._asked_at = clock.monotonic()

    def may_be_free(self) -> bool:
        """Return True if the pane has come to rest anew, or after a while if nothing in it speaks against a try."""
        view, now = self._monitor.view(self._pane), self._clock.monotonic()
        if not self._is_worth_asking(view, is_long_ago=now - self._asked_at >= ASK_INTERVAL_S):
            return False
        if view is not None:
            self._tried_at_rest_since = view.unchanged_since
        self._asked_at = now
        return True

    def nudge(self) -> None:
        """Try the pane at its next rest, even if it was tried at this one."""
        self._tried_at_rest_since = None

    def close(self) -> None:
        """End the watch."""
        self._watches.close(self._pane)

    def _is_worth_asking(self, view: PaneView | None, *, is_long_ago: bool) -> bool:
        # with a paste outstanding, anything that the pane shows may tell the outcome
        if view is None or self._monitor.expects(self._pane):
            return is_long_ago
        if view.reading.state is not PaneState.IDLE or self._clock.now() - view.unchanged_since < self._quiet:
            return False
        tried = self._tried_at_rest_since
        return tried is None or view.unchanged_since > tried or is_long_ago
