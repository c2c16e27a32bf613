"""What the coordinator has to tell the operator of its own accord: what it did by itself, and what stays wrong.

It knows neither what that is about nor how it is shown.
"""

import logging
from collections import deque

from xats_tui.core.clock import Clock
from xats_tui.core.model.health import Notice

logger = logging.getLogger(__name__)

MAX_NOTICES = 20
"""Notices that a dashboard can still hear of."""


class Notices:
    """What was told of late, and what is wrong now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: deque[Notice] = deque(maxlen=MAX_NOTICES)
        self._troubles: dict[str, Notice] = {}
        self._count = 0

    @property
    def latest(self) -> tuple[Notice, ...]:
        """What was told of late, the oldest first."""
        return tuple(self._latest)

    @property
    def troubles(self) -> tuple[Notice, ...]:
        """What is wrong until it is mended, one for each subject."""
        return tuple(self._troubles.values())

    def tell(self, subject: str, text: str) -> None:
        """Tell what was done about a subject, which is thereby in order."""
        self.settle(subject)
        self._add(subject, text, is_trouble=False)
        logger.info("%s: %s", subject, text)

    def warn(self, subject: str, text: str) -> None:
        """Tell that something is wrong with a subject, once for as long as it is the same."""
        known = self._troubles.get(subject)
        if known is None or known.text != text:
            self._troubles[subject] = self._add(subject, text, is_trouble=True)
            logger.warning("%s: %s", subject, text)

    def settle(self, subject: str) -> None:
        """Nothing is wrong with a subject any more."""
        self._troubles.pop(subject, None)

    def _add(self, subject: str, text: str, *, is_trouble: bool) -> Notice:
        self._count += 1
        notice = Notice(number=self._count, at=self._clock.now(), subject=subject, text=text, is_trouble=is_trouble)
        self._latest.append(notice)
        return notice
