"""A loop on which time passes as soon as nothing else is to be done: for what is about seconds and needs no sockets."""

import asyncio
from collections.abc import Coroutine
from selectors import DefaultSelector, SelectorKey
from typing import TypeVar

T = TypeVar("T")


class HurriedSelector(DefaultSelector):
    """Waits for nobody; adds up how long it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return the ready events without waiting."""
        if timeout is None:  # nothing but another thread could wake this loop
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.skipped += max(timeout, 0.0)
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """Its seconds are those that it was to wait, and no others."""

    def __init__(self) -> None:
        self._hurried = HurriedSelector()
        super().__init__(self._hurried)

    def time(self) -> float:
        """Seconds skipped so far."""
        return self._hurried.skipped


def hurried(story: Coroutine[object, object, T]) -> T:
    """Run a coroutine on such a loop and return its result."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(story)
