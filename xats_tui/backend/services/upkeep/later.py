"""Changes of what lives in memory, written to the database together a little later."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Generic, TypeVar

from xats_tui.core.clock import Clock

T = TypeVar("T")

DELAY_S = 1.0
"""Delay before a change is written: a flickering pane is written once."""


class WrittenLater(ABC, Generic[T]):
    """Base of what writes changes later."""

    def __init__(self, clock: Clock, interval_s: float | None = None) -> None:
        """Write after each change, and `interval_s` after the last time even without one."""
        self._clock = clock
        self._interval_s = interval_s
        self._changed: set[T] = set()
        self._stirred = asyncio.Event()

    def note(self, *changed: T) -> None:
        """Write these, and what else may have changed, a little later."""
        self._changed.update(changed)
        self._stirred.set()

    async def run(self) -> None:
        """Write changes as they come, without end."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._stirred.wait()
            await self._clock.sleep(DELAY_S)
            await self.keep()

    async def keep(self) -> None:
        """Write what has changed since the last time; if that fails, it counts as changed still."""
        self._stirred.clear()
        changed, self._changed = self._changed, set()
        try:
            await self._keep(changed)
        except BaseException:
            self.note(*changed)
            raise

    @abstractmethod
    async def _keep(self, changed: AbstractSet[T]) -> None:
        """Write these."""
