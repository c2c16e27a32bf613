"""What the coordinator stands on and cannot mend: the operator is told when it fails, and that it works again.

It knows neither databases nor tmux, only that each says in a sentence what is wrong with it.
"""

from collections.abc import Callable, Mapping

from xats_tui.backend.health.notices import Notices
from xats_tui.core.clock import Clock

POLL_INTERVAL_S = 1.0
"""Seconds between two looks."""


class Outages:
    """What has failed of the things it was given."""

    def __init__(self, troubles: Mapping[str, Callable[[], str]], notices: Notices, clock: Clock) -> None:
        """Name each thing, with the question what is wrong with it; the answer is empty if nothing is."""
        self._troubles = troubles
        self._notices = notices
        self._clock = clock

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            self.look()
            await self._clock.sleep(POLL_INTERVAL_S)

    def look(self) -> None:
        """Tell what is wrong now, and no more what was."""
        for name, trouble in self._troubles.items():
            if sentence := trouble():
                self._notices.warn(name, sentence)
            else:
                self._notices.settle(name)
