"""How late the coordinator's loop is: the one number that says whether agents wait for it.

It knows nothing of what keeps the loop busy.
"""

from collections import deque

from xats_tui.core.clock import Clock

BEAT_INTERVAL_S = 0.5
"""Seconds between two beats."""

BEATS_KEPT = 120
"""One minute of them."""


class LoopLagMonitor:
    """Measures by how much a short sleep comes to its end too late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lags: deque[float] = deque(maxlen=BEATS_KEPT)

    @property
    def worst(self) -> float:
        """Seconds that a beat was late at the worst in the last minute."""
        return max(self._lags, default=0.0)

    async def run(self) -> None:
        """Beat, for ever."""
        while True:
            begun = self._clock.monotonic()
            await self._clock.sleep(BEAT_INTERVAL_S)
            self._lags.append(max(0.0, self._clock.monotonic() - begun - BEAT_INTERVAL_S))
