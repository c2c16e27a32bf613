"""Turns at the database: calls that a client waits for go before background work."""

import asyncio
from collections import deque
from contextvars import ContextVar

HAS_TIME: ContextVar[bool] = ContextVar("has_time", default=False)
"""True in tasks whose result nobody waits for; set it in a task of its own."""


class Places:
    """Semaphore with two queues: urgent waiters first, each queue in order of arrival."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    @property
    def is_full(self) -> bool:
        """True if whoever comes has to wait."""
        return not self._free

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        (self._patient if HAS_TIME.get() else self._urgent).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()  # the place was handed over just before the cancellation
            raise

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """Hand the place to the next waiter, skipping waiters that gave up."""
        for line in (self._urgent, self._patient):
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._free += 1
