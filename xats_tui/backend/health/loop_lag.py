"""Lag of the coordinator's event loop: tells whether agents have to wait for it."""

from collections import deque

from xats_tui.core.clock import Clock

BEAT_INTERVAL_S = 0.5
"""Interval between two measurements."""

BEATS_KEPT = 120
"""Number of measurements kept: one minute."""


class LoopLagMonitor:
    """Measures how late a short sleep ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lags: deque[float] = deque(maxlen=BEATS_KEPT)

    @property
    def worst(self) -> float:
        """Longest lag in seconds in the last minute."""
        return max(self._lags, default=0.0)

    async def run(self) -> None:
        """Measure forever."""
        while True:
            begun = self._clock.monotonic()
            await self._clock.sleep(BEAT_INTERVAL_S)
            self._lags.append(max(0.0, self._clock.monotonic() - begun - BEAT_INTERVAL_S))
