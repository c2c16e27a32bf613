"""Messages from the coordinator to the operator: its own actions, and lasting troubles."""

import logging
from collections import deque

from xats_tui.core.clock import Clock
from xats_tui.core.model.health import Notice

logger = logging.getLogger(__name__)

MAX_NOTICES = 20
"""Number of notices that a dashboard can still read."""


class Notices:
    """Recent notices, and current troubles."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[Notice] = deque(maxlen=MAX_NOTICES)
        self._troubles: dict[str, Notice] = {}
        self._count = 0

    @property
    def latest(self) -> tuple[Notice, ...]:
        """Recent notices, oldest first."""
        return tuple(self._latest)

    @property
    def troubles(self) -> tuple[Notice, ...]:
        """Current troubles, one for each subject, until they are settled."""
        return tuple(self._troubles.values())

    def tell(self, subject: str, text: str) -> None:
        """Report an action about a subject, which settles the subject's trouble."""
        self.settle(subject)
        self._add(subject, text, is_trouble=False)
        logger.info("%s: %s", subject, text)

    def warn(self, subject: str, text: str) -> None:
        """Report a trouble of a subject, once as long as its text stays the same."""
        known = self._troubles.get(subject)
        if known is None or known.text != text:
            self._troubles[subject] = self._add(subject, text, is_trouble=True)
            logger.warning("%s: %s", subject, text)

    def settle(self, subject: str) -> None:
        """Clear a subject's trouble."""
        self._troubles.pop(subject, None)

    def _add(self, subject: str, text: str, *, is_trouble: bool) -> Notice:
        self._count += 1
        notice = Notice(number=self._count, at=self._clock.now(), subject=subject, text=text, is_trouble=is_trouble)
        self._latest.append(notice)
        return notice
