"""Watch over database and tmux: the operator is told when one of them fails, and when it works again.

Each reports in one sentence what is wrong with it.
"""

from collections.abc import Callable, Mapping

from xats_tui.backend.health.notices import Notices
from xats_tui.core.clock import Clock

POLL_INTERVAL_S = 1.0
"""Time between two checks."""


class Outages:
    """The current outages of the watched parts."""

    def __init__(self, troubles: Mapping[str, Callable[[], str]], notices: Notices, clock: Clock) -> None:
        """Watch the named parts; each function returns a sentence about its trouble, or an empty text."""
        self._troubles = troubles
        self._notices = notices
        self._clock = clock

    async def run(self) -> None:
        """Check every second, without end."""
        while True:
            self.look()
            await self._clock.sleep(POLL_INTERVAL_S)

    def look(self) -> None:
        """Report current troubles, and settle past ones."""
        for name, trouble in self._troubles.items():
            if sentence := trouble():
                self._notices.warn(name, sentence)
            else:
                self._notices.settle(name)
