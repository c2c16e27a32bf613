"""The messages that a session's inbox takes from one sender: a burst, then one every two seconds."""

from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import SeenProcess

BURST = 30
REFILL_PER_S = 0.5


class Allowance:
    """Count of the messages that may be posted to each program now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[SeenProcess, tuple[float, float]] = {}
        """Messages that were left, and the time of that count, in seconds of the clock."""

    def left(self, process: SeenProcess) -> float:
        """Return the number of messages that the program would take now, with fractions."""
        left, at = self._left.get(process, (float(BURST), 0.0))
        return min(float(BURST), left + (self._clock.monotonic() - at) * REFILL_PER_S)

    def spend(self, process: SeenProcess) -> None:
        """Count one message."""
        now = self._clock.monotonic()
        self._left = {one: count for one, count in self._left.items() if now - count[1] < BURST / REFILL_PER_S}
        self._left[process] = (self.left(process) - 1, now)
